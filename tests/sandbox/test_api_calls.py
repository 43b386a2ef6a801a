"""HTTP APIs that answer: routes, events, answers, CORS, and what goes wrong."""

from __future__ import annotations

import base64
import http.client
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.lambdas import LambdaNetwork
from tests.sandbox.network_lab import ACCOUNT
from tests.sandbox_fixture import REGION, Sandbox

ECHO = "def handler(event, context): return event"
NOT_FOUND = (404, {"message": "Not Found"})
BROKEN = (500, {"message": "Internal Server Error"})
UNAVAILABLE = (503, {"message": "Service Unavailable"})
ORIGIN = "https://app.example.com"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str]

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def both(self) -> tuple[int, Any]:
        return self.status, self.told


class Front:
    """An HTTP API whose only stage is deployed at each change, and functions for it."""

    def __init__(self, sandbox: Sandbox, **more: Any) -> None:
        self.network = LambdaNetwork(sandbox)
        self.client: Any = sandbox.client("apigatewayv2")
        self.id: str = self.client.create_api(Name="front", ProtocolType="HTTP", **more)["ApiId"]
        self.host = f"{self.id}.execute-api.{REGION}.amazonaws.com"
        self.stage()

    def stage(self, name: str = "$default", **more: Any) -> None:
        self.client.create_stage(ApiId=self.id, StageName=name, AutoDeploy=True, **more)

    def function(self, code: str = ECHO, name: str = "hello", allowed: str = "*/*", **more: Any) -> str:
        """Its ARN; nothing `allowed` is without permission."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), code)
        made = self.network.functions.create_function(
            FunctionName=name,
            Role=self.network.new_role(f"{name}-role", "lambda.amazonaws.com"),
            Runtime="python3.12",
            Handler="app.handler",
            Code={"ZipFile": buffer.getvalue()},
            **more,
        )
        if allowed:
            self.allow(allowed, name)
        return str(made["FunctionArn"])

    def allow(self, what: str, name: str = "hello", **more: str) -> None:
        wanted = {
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}/{what}",
        }
        self.network.functions.add_permission(FunctionName=name, StatementId="api", **{**wanted, **more})

    def route(self, function: str, *keys: str, **more: Any) -> None:
        wanted = {"IntegrationType": "AWS_PROXY", "IntegrationUri": function, "PayloadFormatVersion": "2.0"}
        made = self.client.create_integration(ApiId=self.id, **{**wanted, **more})
        for key in keys or ("$default",):
            self.client.create_route(ApiId=self.id, RouteKey=key, Target=f"integrations/{made['IntegrationId']}")

    def ask(
        self, path: str = "/", method: str = "GET", body: str | bytes = b"", host: str = "", **more: str
    ) -> Answer:
        """The answer to `curl -H 'Host: ...'`; further headers with underscores for hyphens."""
        place = urlsplit(self.network.sandbox.endpoint)
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
        headers = {"Host": host or self.host, **{name.replace("_", "-"): value for name, value in more.items()}}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            cookies = answer.headers.get_all("Set-Cookie") or []
            return Answer(answer.status, told, answer.read(), cookies)
        finally:
            connection.close()


@pytest.fixture
def front(sandbox: Sandbox) -> Front:
    return Front(sandbox)


def given(front: Front, code: str) -> Answer:
    """What a client gets of what this expression gives."""
    front.route(front.function(f"def handler(event, context): return {code}"))
    return front.ask()


def test_a_function_gets_an_event_of_format_2(front: Front) -> None:
    front.route(front.function(), "POST /pets/{id}")
    answer = front.ask(
        "/pets/a%20b?x=1&y=&x=2%263",
        "POST",
        '{"name": "Rex"}',
        Content_Type="application/json",
        Cookie="one=1; two=2",
        User_Agent="curl/8",
        X_Own="yes",
    )
    event = answer.told
    assert answer.status == 200
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "POST /pets/{id}", "/pets/a b")
    assert event["rawQueryString"] == "x=1&y=&x=2%263"
    assert event["queryStringParameters"] == {"x": "1,2&3", "y": ""}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["cookies"] == ["one=1", "two=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"name": "Rex"}', False)
    headers = event["headers"]
    assert "cookie" not in headers
    assert (headers["host"], headers["x-own"], headers["content-length"]) == (front.host, "yes", "15")
    assert (headers["x-forwarded-proto"], headers["x-forwarded-for"]) == ("https", "203.0.113.10")
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == (ACCOUNT, front.id, "$default")
    assert (context["domainName"], context["domainPrefix"]) == (front.host, front.id)
    assert context["http"] == {
        "method": "POST",
        "path": "/pets/a b",
        "protocol": "HTTP/1.1",
        "sourceIp": "203.0.113.10",
        "userAgent": "curl/8",
    }
    assert context["requestId"] == answer.headers["apigw-requestid"]


def test_it_is_reached_from_wherever_its_name_is(front: Front) -> None:
    front.route(front.function())
    url = f"https://{front.host}/a"
    asked = {"account": ACCOUNT, "region": REGION, "url": url, "from": "internet"}
    answer = front.network.sandbox.ask("POST", "network/fetch", asked)
    assert (answer["status"], json.loads(answer["body"])["rawPath"]) == (200, "/a")


def test_an_event_says_nothing_of_what_is_not_there(front: Front) -> None:
    front.route(front.function())
    event = front.ask("/").told
    missing = {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"}
    assert not missing & event.keys()
    assert (event["routeKey"], event["rawQueryString"], event["isBase64Encoded"]) == ("$default", "", False)


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/x-www-form-urlencoded"])
def test_what_is_no_text_comes_in_base64(front: Front, kind: str) -> None:
    front.route(front.function())
    event = front.ask("/", "PUT", b"a=\xff", Content_Type=kind).told
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"a=\xff"


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/pets", "GET /pets"),
        ("POST", "/pets", "ANY /pets"),
        ("GET", "/pets/dog", "GET /pets/dog"),
        ("GET", "/pets/cat", "GET /pets/{kind}"),
        ("GET", "/pets/dog/1", "GET /{rest+}"),
        ("POST", "/pets/dog", "$default"),
        ("GET", "/", "$default"),
        ("GET", "/pets/", "GET /{rest+}"),
    ],
)
def test_the_route_that_fits_best_is_taken(front: Front, method: str, path: str, key: str) -> None:
    every = ("ANY /pets", "GET /{rest+}", "GET /pets/{kind}", "GET /pets/dog", "GET /pets", "$default")
    front.route(front.function("def handler(event, context): return event['routeKey']"), *every)
    assert front.ask(path, method).body.decode() == key


def test_what_no_route_fits_is_not_found(front: Front) -> None:
    front.route(front.function(), "GET /pets")
    assert front.ask("/pets").status == 200
    assert front.ask("/dogs").both == NOT_FOUND
    assert front.ask("/pets", "POST").both == NOT_FOUND
    assert front.ask("/pets", host=f"nothing.execute-api.{REGION}.amazonaws.com").both == NOT_FOUND
    assert front.ask("/pets", host=f"{front.id}.execute-api.us-west-2.amazonaws.com").both == NOT_FOUND


def test_a_stage_with_a_name_is_in_the_path(front: Front) -> None:
    front.stage("v1", StageVariables={"colour": "red"})
    front.route(front.function(), "GET /pets", "GET /")
    event = front.ask("/v1/pets").told
    assert (event["routeKey"], event["rawPath"], event["requestContext"]["stage"]) == (
        "GET /pets",
        "/v1/pets",
        "v1",
    )
    assert event["stageVariables"] == {"colour": "red"}
    assert front.ask("/v1").told["routeKey"] == "GET /"
    front.client.delete_stage(ApiId=front.id, StageName="$default")
    assert front.ask("/v1/pets").status == 200
    assert front.ask("/pets").both == NOT_FOUND


def test_an_api_without_its_own_name_is_not_found(front: Front) -> None:
    front.route(front.function())
    assert front.ask().status == 200
    front.client.update_api(ApiId=front.id, DisableExecuteApiEndpoint=True)
    assert front.ask().both == NOT_FOUND


def test_changes_arrive_when_they_are_deployed(front: Front) -> None:
    front.route(front.function(), "GET /a")
    front.network.sandbox.latencies({"api.deployed": 20})
    front.route(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:hello", "GET /b")
    assert front.ask("/b").both == NOT_FOUND
    front.network.sandbox.advance(21)
    assert front.ask("/b").status == 200


@pytest.mark.parametrize(
    ("code", "body"), [("{'a': 'é'}", '{"a": "é"}'), ("'hello'", "hello"), ("[1]", "[1]"), ("None", "null")]
)
def test_without_a_status_all_is_the_body(front: Front, code: str, body: str) -> None:
    answer = given(front, code)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body.decode() == body


def test_an_answer_may_say_everything(front: Front) -> None:
    answer = given(
        front,
        "{'statusCode': 201, 'headers': {'Content-Type': 'text/html', 'X-N': 7, 'X-B': True},"
        " 'cookies': ['a=1; Secure', 'b=2'], 'body': 'PGI+', 'isBase64Encoded': True}",
    )
    assert (answer.status, answer.body) == (201, b"<b>")
    assert [answer.headers[name] for name in ("content-type", "x-n", "x-b")] == ["text/html", "7", "true"]
    assert answer.cookies == ["a=1; Secure", "b=2"]


def test_an_answer_is_text_unless_it_says_more(front: Front) -> None:
    answer = given(front, "{'statusCode': '404', 'body': 'no'}")
    assert (answer.status, answer.body) == (404, b"no")
    assert answer.headers["content-type"] == "text/plain;charset=UTF-8"


@pytest.mark.parametrize("code", ["1 / 0", "{'statusCode': 'x'}", "{'statusCode': 200, 'body': {}}"])
def test_what_is_no_answer_is_an_error(front: Front, code: str) -> None:
    assert given(front, code).both == BROKEN


@pytest.mark.parametrize(
    ("allowed", "works"),
    [
        ("*/*", True),
        ("*/*/pets/{id}", True),
        ("$default/GET/pets/{id}", True),
        ("", False),
        ("*/*/dogs", False),
        ("*/POST/pets/{id}", False),
        ("v1/*/pets/{id}", False),
    ],
)
def test_a_function_must_let_the_api_invoke_it(front: Front, allowed: str, works: bool) -> None:
    front.route(front.function(allowed=allowed), "GET /pets/{id}")
    answer = front.ask("/pets/1")
    assert answer.status == 200 if works else answer.both == BROKEN


def test_a_function_must_let_api_gateway_in_and_nobody_else(front: Front) -> None:
    function = front.function(allowed="")
    front.route(function)
    front.allow("*/$default", Principal="events.amazonaws.com")
    assert front.ask().both == BROKEN
    front.network.functions.remove_permission(FunctionName="hello", StatementId="api")
    front.allow("*/$default")
    assert front.ask().status == 200
    front.network.functions.delete_function(FunctionName="hello")
    assert front.ask().both == BROKEN


def test_what_takes_too_long_is_unavailable(front: Front) -> None:
    slow = front.function("import time\ndef handler(event, context): time.sleep(0.3)")
    front.route(slow, "GET /hasty", TimeoutInMillis=50)
    front.route(slow, "GET /patient")
    assert front.ask("/hasty").both == UNAVAILABLE
    assert front.ask("/patient").status == 200


def test_what_is_throttled_is_unavailable(front: Front) -> None:
    front.route(front.function())
    front.network.functions.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=0)
    assert front.ask().both == UNAVAILABLE


def test_other_integrations_say_that_they_are_not_emulated(front: Front) -> None:
    front.route(
        "https://example.test", IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", PayloadFormatVersion="1.0"
    )
    answer = front.ask()
    assert answer.status == 501
    assert "NotImplementedByEmulator" in answer.told["message"]


CORS = {
    "AllowOrigins": [ORIGIN, "http://*"],
    "AllowMethods": ["GET", "POST"],
    "AllowHeaders": ["content-type"],
    "ExposeHeaders": ["x-own"],
    "AllowCredentials": True,
    "MaxAge": 300,
}


def cors_of(answer: Answer) -> dict[str, str]:
    prefix = "access-control-"
    return {name.removeprefix(prefix): value for name, value in answer.headers.items() if name.startswith(prefix)}


def preflight(front: Front, origin: str = ORIGIN) -> Answer:
    return front.ask("/pets", "OPTIONS", Origin=origin, Access_Control_Request_Method="POST")


def test_preflight_requests_are_answered_by_the_api(sandbox: Sandbox) -> None:
    front = Front(sandbox, CorsConfiguration=CORS)
    front.route(front.function(), "POST /pets")
    answer = preflight(front)
    assert (answer.status, answer.body) == (204, b"")
    assert cors_of(answer) == {
        "allow-origin": ORIGIN,
        "allow-methods": "GET,POST",
        "allow-headers": "content-type",
        "expose-headers": "x-own",
        "allow-credentials": "true",
        "max-age": "300",
    }
    assert cors_of(preflight(front, "http://anywhere"))["allow-origin"] == "http://anywhere"
    other = preflight(front, "https://evil.example.com")
    assert (other.status, cors_of(other)) == (204, {})
    assert front.ask("/pets", "OPTIONS").both == NOT_FOUND


def test_the_configuration_outweighs_what_functions_say(sandbox: Sandbox) -> None:
    front = Front(sandbox, CorsConfiguration=CORS)
    own = "{'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': 'own', 'X-Own': 'yes'}}"
    front.route(front.function(f"def handler(event, context): return {own}"))
    answer = front.ask(Origin=ORIGIN)
    assert cors_of(answer) == {"allow-origin": ORIGIN, "expose-headers": "x-own", "allow-credentials": "true"}
    assert answer.headers["x-own"] == "yes"
    assert cors_of(front.ask()) == {}
    front.client.delete_cors_configuration(ApiId=front.id)
    assert cors_of(front.ask(Origin=ORIGIN)) == {"allow-origin": "own"}
    assert preflight(front).status == 200


def test_any_origin_is_told_as_such(sandbox: Sandbox) -> None:
    front = Front(sandbox, CorsConfiguration={"AllowOrigins": ["*"]})
    front.route(front.function())
    assert cors_of(preflight(front)) == {"allow-origin": "*"}
    assert cors_of(front.ask(Origin=ORIGIN)) == {"allow-origin": "*"}
