"""Invocations, which really run the handler."""

from __future__ import annotations

import base64
import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from provisioner.sandbox import runtime
from provisioner.sandbox.call import Site
from provisioner.sandbox.embedded import embedded
from provisioner.sandbox.refusal import Refusal
from tests.sandbox.lambdas import LambdaNetwork
from tests.sandbox.world import refused
from tests.sandbox_fixture import REGION, Sandbox

CONFLICT = "ResourceConflictException"


@pytest.fixture
def network(sandbox: Sandbox) -> LambdaNetwork:
    return LambdaNetwork(sandbox)


def packed(**files: str) -> bytes:
    """A package; double underscores in the names stand for folders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name.replace('__', '/')}.py"), text)
    return buffer.getvalue()


def made(network: LambdaNetwork, code: str = "", name: str = "hello", **more: Any) -> None:
    """A function whose handler is `app.handler`."""
    role = more.pop("Role", None) or network.new_role(f"{name}-role", "lambda.amazonaws.com")
    package = more.pop("package", None) or packed(app=code)
    wanted = {"Runtime": "python3.12", "Handler": "app.handler", "FunctionName": name, "Role": role}
    network.functions.create_function(Code={"ZipFile": package}, **{**wanted, **more})


def invoked(network: LambdaNetwork, event: Any = None, name: str = "hello", **more: Any) -> dict[str, Any]:
    payload = {} if event is None else {"Payload": json.dumps(event)}
    answer: dict[str, Any] = network.functions.invoke(FunctionName=name, **payload, **more)
    return answer


def told(network: LambdaNetwork, event: Any = None, name: str = "hello", **more: Any) -> Any:
    """What the handler returned."""
    answer = invoked(network, event, name, **more)
    raw = answer["Payload"].read()
    assert "FunctionError" not in answer, raw
    return json.loads(raw)


def failed(network: LambdaNetwork, name: str = "hello", **more: Any) -> dict[str, Any]:
    """The error that the caller got."""
    answer = invoked(network, None, name, **more)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    error: dict[str, Any] = json.loads(answer["Payload"].read())
    return error


def logged(network: LambdaNetwork, group: str = "/aws/lambda/hello") -> list[str]:
    logs = network.sandbox.client("logs")
    return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]


def eventually(true: Callable[[], bool]) -> None:
    """Assert that it becomes so: nobody waits for the invocation of an event."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_handler_runs(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): return {'double': event['n'] * 2, 'text': 'é'}")
    answer = invoked(network, {"n": 21})
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert json.loads(answer["Payload"].read()) == {"double": 42, "text": "é"}
    assert "LogResult" not in answer


def test_an_event_is_an_empty_object_unless_given(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): return event")
    assert told(network) == {}
    assert told(network, [1, "two"]) == [1, "two"]


def test_a_handler_may_lie_in_a_package(network: LambdaNetwork) -> None:
    app = "from src.other import n\ndef go(event, context): return n"
    package = packed(src__app=app, src__other="n = 7")
    made(network, package=package, Handler="src/app.go")
    assert told(network) == 7
    made(network, name="dotted", package=package, Handler="src.app.go")
    assert told(network, name="dotted") == 7


def test_the_environment_is_lambdas_own(network: LambdaNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os\ndef handler(event, context): return dict(os.environ)"
    made(network, code, Environment={"Variables": {"MINE": "yes"}}, MemorySize=256)
    seen = told(network)
    expected = {
        "MINE": "yes",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "hello",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/hello",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "_HANDLER": "app.handler",
        "TZ": ":UTC",
    }
    assert {name: seen[name] for name in expected} == expected
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not {"PYTHONPATH", "VIRTUAL_ENV", "USER", "MOTO_ACCOUNT_ID", "PYTEST_CURRENT_TEST"} & seen.keys()
    assert not [name for name in seen if name.startswith("MOTO")]


def test_its_credentials_are_its_roles(network: LambdaNetwork) -> None:
    code = (
        "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']"
    )
    made(network, code, Timeout=30, MemorySize=256)
    assert told(network).endswith(":assumed-role/hello-role/hello")


def test_nothing_of_the_sandbox_can_be_imported(network: LambdaNetwork) -> None:
    code = (
        "import importlib\n"
        "def handler(event, context):\n"
        "    found = []\n"
        "    for name in event:\n"
        "        try:\n"
        "            importlib.import_module(name)\n"
        "            found.append(name)\n"
        "        except ImportError:\n"
        "            pass\n"
        "    return found"
    )
    made(network, code, Timeout=30)
    assert told(network, ["provisioner", "moto", "pytest", "click", "botocore", "json"]) == ["botocore", "json"]


def test_the_context_tells_of_the_invocation(network: LambdaNetwork) -> None:
    code = (
        "def handler(event, context):\n"
        "    left = context.get_remaining_time_in_millis()\n"
        "    told = [context.function_name, context.function_version, context.memory_limit_in_mb,\n"
        "            context.invoked_function_arn, context.log_group_name, context.client_context.custom['a'],\n"
        "            context.client_context.client.app_title, context.identity.cognito_identity_id]\n"
        "    return [told, left, context.aws_request_id, context.log_stream_name]"
    )
    made(network, code, Timeout=5)
    client = {"custom": {"a": 1}, "client": {"app_title": "t"}, "env": {}}
    given = base64.b64encode(json.dumps(client).encode()).decode()
    seen, left, request, stream = told(network, ClientContext=given)
    arn = network.functions.get_function(FunctionName="hello")["Configuration"]["FunctionArn"]
    assert seen == ["hello", "$LATEST", "128", arn, "/aws/lambda/hello", 1, "t", None]
    assert 4000 < left <= 5000
    assert len(request) == 36
    assert time.strftime("%Y/%m/%d/[$LATEST]", time.gmtime()) in stream
    refused(
        network.functions.invoke,
        "InvalidRequestContentException",
        FunctionName="hello",
        ClientContext="no base64 {",
    )


def test_what_is_loaded_stays_loaded(network: LambdaNetwork) -> None:
    made(network, "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n")
    assert [told(network), told(network)] == [1, 2]
    network.functions.update_function_configuration(FunctionName="hello", MemorySize=256)
    assert told(network) == 1


def test_two_at_once_run_in_two_environments(network: LambdaNetwork) -> None:
    code = "import os, time\ndef handler(event, context):\n    time.sleep(0.2)\n    return os.getpid()"
    made(network, code)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(told(network))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2


def test_it_sees_the_sandbox_as_aws_only(network: LambdaNetwork) -> None:
    code = (
        "import urllib.request\n"
        "def handler(event, context):\n"
        "    urllib.request.urlopen(event + '/_sandbox/identity')"
    )
    made(network, code, Timeout=30)
    answer = json.loads(invoked(network, network.sandbox.endpoint)["Payload"].read())
    assert answer["errorType"] == "URLError"
    assert "Connection refused" in answer["errorMessage"]


def test_its_place_in_the_vpc_decides_what_it_reaches(network: LambdaNetwork) -> None:
    """Outside of VPCs it has the internet; in a VPC without a way out there is no answer, not even a refusal."""
    code = (
        "import socket\n"
        "def handler(event, context):\n"
        "    with socket.create_connection(('sts.eu-central-1.amazonaws.com', 443), timeout=0.2):\n"
        "        return 'connected'"
    )
    made(network, code, Timeout=10)
    assert told(network) == "connected"
    network.functions.update_function_configuration(FunctionName="hello", VpcConfig=network.in_vpc())
    network.functions.get_function(FunctionName="hello")
    assert failed(network)["errorType"] == "TimeoutError"


def test_an_exception_is_told_with_its_stack(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context):\n    raise ValueError('boom')")
    error = failed(network)
    assert (error["errorMessage"], error["errorType"]) == ("boom", "ValueError")
    assert len(error["requestId"]) == 36
    (frame,) = error["stackTrace"]
    assert "line 2, in handler\n    raise ValueError('boom')" in frame
    text = next(line for line in logged(network) if line.startswith("[ERROR]"))
    assert text.startswith("[ERROR] ValueError: boom\nTraceback (most recent call last):\n")
    assert "\u00a0\u00a0File" in text


@pytest.mark.parametrize(
    ("code", "handler", "kind", "message"),
    [
        (
            "import nothing_of_this_name",
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app'",
        ),
        (
            "",
            "other.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        ("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("1 / 0", "app.handler", "ZeroDivisionError", "division by zero"),
    ],
)
def test_what_cannot_be_loaded(network: LambdaNetwork, code: str, handler: str, kind: str, message: str) -> None:
    made(network, code, Handler=handler)
    error = failed(network)
    assert error["errorType"] == kind
    assert error["errorMessage"].startswith(message)
    assert failed(network)["errorType"] == kind


def test_an_answer_must_be_json(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): return {1, 2}")
    error = failed(network)
    assert error["errorType"] == "Runtime.MarshalError"
    assert error["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"


def test_a_process_that_ends(network: LambdaNetwork) -> None:
    made(network, "import os, sys\ndef handler(event, context):\n    sys.exit(0) if not event else os._exit(3)")
    error = failed(network)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited without providing a reason")
    answer = json.loads(invoked(network, {"a": 1})["Payload"].read())
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")


def test_a_function_that_takes_too_long(network: LambdaNetwork) -> None:
    code = "import time\ndef handler(event, context):\n    print('begun')\n    time.sleep(event.get('wait', 60))"
    made(network, code, Timeout=1)
    began = time.monotonic()
    error = failed(network)
    assert 1 <= time.monotonic() - began < 3
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].startswith("RequestId: ")
    assert error["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    lines = logged(network)
    assert "begun\n" in lines
    assert any("Task timed out after 1.00 seconds" in line for line in lines)
    assert "Status: timeout" in lines[-1]
    assert told(network, {"wait": 0}) is None


def test_a_function_that_takes_too_much_memory(network: LambdaNetwork) -> None:
    code = "def handler(event, context):\n    kept = b'x' * (event['mib'] << 20)\n    return len(kept) >> 20"
    made(network, code, Timeout=30)
    assert told(network, {"mib": 20}) == 20
    answer = json.loads(invoked(network, {"mib": 200})["Payload"].read())
    assert answer["errorType"] == "Runtime.OutOfMemory"
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")


def test_payloads_have_limits(network: LambdaNetwork) -> None:
    made(
        network,
        "def handler(event, context): return 'x' * event['size'] if 'size' in event else 0",
        MemorySize=512,
    )
    big = {"x": "y" * 6_291_456}
    with pytest.raises(Exception, match="RequestTooLargeException"):
        invoked(network, big)
    with pytest.raises(Exception, match="RequestTooLargeException"):
        invoked(network, {"x": "y" * 1_048_576}, InvocationType="Event")
    assert told(network, {"x": "y" * 1_048_576}) == 0
    assert len(told(network, {"size": 6_000_000})) == 6_000_000
    answer = invoked(network, {"size": 6_291_600})
    assert json.loads(answer["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_payload_must_be_json(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): return event")
    wrong: Any = b"not json"
    refused(network.functions.invoke, "InvalidRequestContentException", FunctionName="hello", Payload=wrong)


def test_the_end_of_the_log_comes_along(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context):\n    print('x' * event['n'])")
    log = base64.b64decode(invoked(network, {"n": 3}, LogType="Tail")["LogResult"]).decode()
    assert log.startswith("START RequestId: ")
    assert "\nxxx\nEND RequestId: " in log
    assert "\nREPORT RequestId: " in log
    assert len(base64.b64decode(invoked(network, {"n": 9000}, LogType="Tail")["LogResult"])) == 4096


def test_the_log_gets_into_its_group(network: LambdaNetwork) -> None:
    code = (
        "import logging, sys\n"
        "def handler(event, context):\n"
        "    print('out')\n"
        "    print('err', file=sys.stderr)\n"
        "    logging.getLogger().warning('two\\nlines')\n"
        "    logging.getLogger().info('nothing')"
    )
    made(network, code)
    told(network)
    told(network)
    first = logged(network)[:6]
    request = first[0].split()[2]
    assert first[0] == f"START RequestId: {request} Version: $LATEST\n"
    assert first[1:3] == ["out\n", "err\n"]
    assert first[3].startswith("[WARNING]\t")
    assert first[3].endswith(f"Z\t{request}\ttwo\nlines\n")
    assert first[4] == f"END RequestId: {request}\n"
    parts = [part.split(": ")[0] for part in first[5].split("\t")]
    figures = ["Duration", "Billed Duration", "Memory Size", "Max Memory Used", "Init Duration"]
    assert parts == ["REPORT RequestId", *figures, "\n"]
    assert "Init Duration" not in logged(network)[-1]
    streams = network.sandbox.client("logs").describe_log_streams(logGroupName="/aws/lambda/hello")["logStreams"]
    assert len(streams) == 1


def test_the_log_may_go_elsewhere(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): print('here')", LoggingConfig={"LogGroup": "/mine"})
    told(network)
    assert "here\n" in logged(network, "/mine")


def test_without_permission_there_is_no_log(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): print('here')")
    network.take_permissions("hello-role")
    told(network)
    assert not network.sandbox.client("logs").describe_log_groups()["logGroups"]


def test_an_event_is_run_behind_the_callers_back(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): print('ran')")
    answer = invoked(network, InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    eventually(lambda: bool(network.sandbox.client("logs").describe_log_groups()["logGroups"]))
    assert "ran\n" in logged(network)


def test_an_event_that_fails_is_tried_again(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): raise ValueError(event)")
    invoked(network, "now", InvocationType="Event")

    def errors() -> int:
        return len([line for line in logged(network) if line.startswith("[ERROR] ValueError: now")])

    eventually(lambda: bool(network.sandbox.client("logs").describe_log_groups()["logGroups"]))
    eventually(lambda: errors() == 3)
    time.sleep(0.1)
    assert errors() == 3


def test_a_dry_run_runs_nothing(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): print('ran')")
    assert invoked(network, InvocationType="DryRun")["StatusCode"] == 204
    assert not network.sandbox.client("logs").describe_log_groups()["logGroups"]


def test_a_function_must_be_active(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.active": 3})
    made(network, "def handler(event, context): return 1")
    message = refused(network.functions.invoke, CONFLICT, FunctionName="hello")
    assert message.endswith("The function is currently in the following state: Pending")
    network.sandbox.advance(4)
    assert told(network) == 1


def test_an_update_in_progress_leaves_the_former_code(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): return 'old'")
    network.functions.get_function(FunctionName="hello")
    network.sandbox.latencies({"lambda.updated": 2})
    code = packed(app="def handler(event, context): return 'new'")
    network.functions.update_function_code(FunctionName="hello", ZipFile=code)
    assert told(network) == "old"
    network.sandbox.advance(3)
    assert told(network) == "new"


def test_versions_stay_as_they_were(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): return context.function_version + ' old'")
    assert network.functions.publish_version(FunctionName="hello")["Version"] == "1"
    code = packed(app="def handler(event, context): return context.function_version + ' new'")
    network.functions.update_function_code(FunctionName="hello", ZipFile=code)
    network.functions.create_alias(FunctionName="hello", Name="live", FunctionVersion="1")
    assert told(network) == "$LATEST new"
    assert told(network, Qualifier="1") == "1 old"
    assert told(network, name="hello:1") == "1 old"
    assert invoked(network, Qualifier="live")["ExecutedVersion"] == "1"
    arn = network.functions.get_function(FunctionName="hello")["Configuration"]["FunctionArn"]
    assert told(network, name=f"{arn}:1") == "1 old"


def test_the_function_must_be_there(network: LambdaNetwork) -> None:
    message = refused(network.functions.invoke, "ResourceNotFoundException", FunctionName="nobody")
    assert message.endswith(":function:nobody")
    made(network, "def handler(event, context): return 1")
    refused(network.functions.invoke, "ResourceNotFoundException", FunctionName="hello", Qualifier="7")
    refused(network.functions.invoke, "InvalidParameterValueException", FunctionName="hello:1", Qualifier="2")


def test_reserved_concurrency_is_a_limit(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): return 1")
    network.functions.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=0)
    refused(network.functions.invoke, "TooManyRequestsException", FunctionName="hello")
    network.functions.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=1)
    assert [told(network), told(network)] == [1, 1]


def test_only_python_runs(network: LambdaNetwork) -> None:
    made(network, "", Runtime="nodejs22.x")
    refused(network.functions.invoke, "NotImplementedByEmulator", FunctionName="hello")


def test_a_role_made_again_cannot_read_the_environment(network: LambdaNetwork) -> None:
    made(network, "def handler(event, context): return 1", Environment={"Variables": {"AA": "b"}})
    assert told(network) == 1
    network.delete_role("hello-role")
    refused(network.functions.invoke, "AccessDeniedException", FunctionName="hello")
    network.new_role("hello-role", "lambda.amazonaws.com")
    refused(network.functions.invoke, "KMSAccessDeniedException", FunctionName="hello")
    environment: Any = {"Variables": {"AA": "c"}}
    network.functions.update_function_configuration(FunctionName="hello", Environment=environment)
    network.functions.get_function(FunctionName="hello")
    assert told(network) == 1


def test_layers_come_along(network: LambdaNetwork) -> None:
    code = packed(python__greeting="word = 'from a layer'")
    layer = network.functions.publish_layer_version(LayerName="words", Content={"ZipFile": code})
    handler = "import greeting\ndef handler(event, context): return greeting.word"
    made(network, handler, Layers=[layer["LayerVersionArn"]])
    assert told(network) == "from a layer"


def test_files_are_its_own(network: LambdaNetwork) -> None:
    code = (
        "import os, tempfile\n"
        "def handler(event, context):\n"
        "    open(os.path.join(tempfile.gettempdir(), 'x'), 'w').close()\n"
        "    return [os.getcwd(), os.environ['LAMBDA_TASK_ROOT'], sorted(os.listdir('.')), tempfile.gettempdir()]"
    )
    made(network, code)
    current, root, files, temporary = told(network)
    assert current == root
    assert files == ["app.py"]
    assert str(network.sandbox.home) in temporary


def test_a_reset_ends_what_runs(network: LambdaNetwork) -> None:
    made(network, "import os\ndef handler(event, context): return [os.getpid(), os.getcwd()]")
    pid, folder = told(network)
    network.sandbox.reset()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not list(network.sandbox.home.glob("functions-*"))
    assert str(network.sandbox.home) in folder


def test_a_service_may_have_a_function_run() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    code = "def handler(event, context):\n    print('here')\n    return event['n'] + 1"
    with embedded() as world:
        session = boto3.Session(region_name=REGION)
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = session.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        wanted: dict[str, Any] = {"FunctionName": "hello", "Runtime": "python3.12", "Handler": "app.handler"}
        package = packed(app=code)
        made = session.client("lambda").create_function(**wanted, Role=role, Code={"ZipFile": package})
        site, arn = Site("123456789012", REGION, world), made["FunctionArn"]
        outcome = runtime.invoke(site, arn, b'{"n": 1}')
        assert (outcome.payload, outcome.error, outcome.version) == (b"2", None, "$LATEST")
        assert "\nhere\n" in outcome.log
        assert runtime.invoke(site, arn, b"{}").error == "Unhandled"
        with pytest.raises(Refusal, match="Function not found"):
            runtime.invoke(site, f"{arn}x", b"{}")
