"""Functions' own addresses: what may be asked of them, and what the internet gets there."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.lambdas import LambdaNetwork
from tests.sandbox.world import refused
from tests.sandbox_fixture import REGION, Sandbox

ECHO = "def handler(event, context): return {'statusCode': 200, 'body': __import__('json').dumps(event)}"
HERE = {"FunctionName": "hello"}
INVALID = "ValidationException"
ORIGIN = "https://app.example.com"
FORBIDDEN = "Forbidden. For troubleshooting Function URL authorization issues"


class Front:
    """A function with a URL, and what one asks there."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.network = LambdaNetwork(sandbox)
        self.client: Any = self.network.functions
        self.url = ""

    def function(self, code: str = ECHO, **more: Any) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), code)
        role = self.network.new_role("role", "lambda.amazonaws.com")
        wanted = {"Role": role, "Runtime": "python3.12", "Handler": "app.handler", **more}
        self.client.create_function(**HERE, Code={"ZipFile": buffer.getvalue()}, **wanted)

    def open(self, *, via: bool = True, **more: Any) -> None:
        """Give it a URL and let everybody in; `via`: also with what AWS wants besides since October 2025."""
        self.url = self.client.create_function_url_config(**HERE, **{"AuthType": "NONE", **more})["FunctionUrl"]
        self.let_in("one", "lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
        if via:
            self.let_in("two", "lambda:InvokeFunction", InvokedViaFunctionUrl=True)

    def let_in(self, statement: str, action: str, **more: Any) -> None:
        self.client.add_permission(**HERE, StatementId=statement, Action=action, Principal="*", **more)

    def ask(self, path: str = "/", method: str = "GET", **more: str) -> tuple[int, dict[str, str], str]:
        place = urlsplit(self.network.sandbox.endpoint)
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
        headers = {"Host": str(urlsplit(self.url).hostname)}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, told, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def front(sandbox: Sandbox) -> Front:
    return Front(sandbox)


def test_the_url_is_as_aws_writes_it(front: Front) -> None:
    front.function()
    made = front.client.create_function_url_config(**HERE, AuthType="NONE")
    assert made["FunctionUrl"].endswith(f".lambda-url.{REGION}.on.aws/")
    told = front.client.get_function_url_config(**HERE)
    assert (told["FunctionUrl"], told["InvokeMode"]) == (made["FunctionUrl"], "BUFFERED")
    assert "Cors" not in told


def test_an_empty_cors_configuration_takes_it_away(front: Front) -> None:
    front.function()
    cors = {"AllowOrigins": [ORIGIN]}
    front.client.create_function_url_config(**HERE, AuthType="NONE", Cors=cors)
    front.client.update_function_url_config(**HERE, AuthType="AWS_IAM")
    assert front.client.get_function_url_config(**HERE)["Cors"] == cors
    front.client.update_function_url_config(**HERE, Cors={})
    told = front.client.get_function_url_config(**HERE)
    assert (told["AuthType"], "Cors" in told) == ("AWS_IAM", False)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"AuthType": "SOME"}, "authType"),
        ({"Cors": {"AllowMethods": ["GET", "OPTIONS"]}}, "cors.allowMethods"),
        ({"Cors": {"AllowMethods": list("ABCDEFG")}}, "cors.allowMethods"),
        ({"Cors": {"MaxAge": 86_401}}, "cors.maxAge"),
        ({"InvokeMode": "STREAM"}, "invokeMode"),
    ],
)
def test_what_may_be_asked_for(front: Front, given: dict[str, Any], where: str) -> None:
    front.function()
    wanted = {"AuthType": "NONE", **given}
    assert where in refused(front.client.create_function_url_config, INVALID, **HERE, **wanted)


def test_a_public_url_is_answered_by_the_function(front: Front) -> None:
    front.function()
    front.open()
    status, _, body = front.ask("/a/b?x=1", X_Own="yes")
    event = json.loads(body)
    assert status == 200
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a/b")
    assert (event["headers"]["x-own"], event["queryStringParameters"]) == ("yes", {"x": "1"})
    assert event["requestContext"]["domainName"] == urlsplit(front.url).hostname
    assert event["requestContext"]["accountId"] == "anonymous"


def test_nobody_gets_in_without_both_permissions(front: Front) -> None:
    front.function()
    front.open(via=False)
    status, _, body = front.ask()
    assert (status, json.loads(body)["Message"].startswith(FORBIDDEN)) == (403, True)
    front.let_in("two", "lambda:InvokeFunction")
    assert front.ask()[0] == 200
    front.client.remove_permission(**HERE, StatementId="one")
    assert front.ask()[0] == 403


def test_a_url_for_principals_lets_nobody_in_unsigned(front: Front) -> None:
    front.function()
    front.open(AuthType="AWS_IAM")
    assert front.ask()[0] == 403
    assert front.ask(Authorization="AWS4-HMAC-SHA256 Credential=x")[0] == 501


def test_a_url_that_is_gone_answers_no_more(front: Front) -> None:
    front.function()
    front.open()
    front.client.delete_function_url_config(**HERE)
    assert front.ask()[0] == 403
    front.client.create_function_url_config(**HERE, AuthType="NONE")
    assert front.ask()[0] == 403
    front.client.delete_function(**HERE)
    assert front.ask()[0] == 403


def test_browsers_are_told_what_they_may(front: Front) -> None:
    front.function()
    front.open(Cors={"AllowOrigins": [ORIGIN], "AllowMethods": ["POST"], "MaxAge": 5})
    status, headers, _ = front.ask("/", "OPTIONS", Origin=ORIGIN, Access_Control_Request_Method="POST")
    assert (status, headers["access-control-allow-methods"], headers["access-control-max-age"]) == (
        200,
        "POST",
        "5",
    )
    assert front.ask(Origin=ORIGIN)[1]["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in front.ask(Origin="https://other.example.com")[1]


@pytest.mark.parametrize(
    "code",
    ["def handler(event, context): raise ValueError", "def handler(event, context): return {'statusCode': 'x'}"],
)
def test_a_function_that_fails(front: Front, code: str) -> None:
    front.function(code)
    front.open()
    status, _, body = front.ask()
    assert (status, body) == (502, "Internal Server Error")


def test_a_function_that_may_not_run(front: Front) -> None:
    front.function()
    front.open()
    front.client.put_function_concurrency(**HERE, ReservedConcurrentExecutions=0)
    told = front.client.get_function(**HERE)["Concurrency"]
    assert told == {"ReservedConcurrentExecutions": 0}
    assert front.ask()[0] == 429
    front.client.delete_function_concurrency(**HERE)
    assert "Concurrency" not in front.client.get_function(**HERE)
    assert front.ask()[0] == 200
