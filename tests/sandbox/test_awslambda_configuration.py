"""What functions may be configured with, and what their packages of code may be."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.rules.awslambda_code import packages_are_whole_and_small
from provisioner.sandbox.world import Nature, World
from tests.sandbox.lambdas import LambdaNetwork
from tests.sandbox.world import refused, zipped
from tests.sandbox_fixture import REGION, Sandbox

INVALID = "InvalidParameterValueException"
VALIDATION = "ValidationException"


@pytest.fixture
def network(sandbox: Sandbox) -> LambdaNetwork:
    return LambdaNetwork(sandbox)


def wanted(network: LambdaNetwork, **more: Any) -> dict[str, Any]:
    """What CreateFunction takes."""
    role = more.pop("Role", None) or network.new_role("r", "lambda.amazonaws.com")
    usual = {"FunctionName": "f", "Runtime": "python3.12", "Handler": "a.b", "Code": {"ZipFile": zipped()}}
    return {**usual, "Role": role, **more}


def refuse(network: LambdaNetwork, code: str, **more: Any) -> str:
    """Assert that neither CreateFunction nor, with the same parameters, an update takes it; the message."""
    network.new_function("there")
    update = network.functions.update_function_configuration
    assert refused(update, code, FunctionName="there", **more)
    return refused(network.functions.create_function, code, **wanted(network, **more))


@pytest.mark.parametrize(
    ("most", "too_much", "text"),
    [
        ({"Timeout": 900}, {"Timeout": 901}, "Value '901' at 'timeout'"),
        ({"MemorySize": 10240}, {"MemorySize": 10241}, "Value '10241' at 'memorySize'"),
        ({"Handler": "a" * 128}, {"Handler": "a" * 129}, "at 'handler'"),
        ({"Handler": "a.b"}, {"Handler": "a b"}, "at 'handler'"),
        ({"Description": "d" * 256}, {"Description": "d" * 257}, "at 'description'"),
        (
            {"EphemeralStorage": {"Size": 10240}},
            {"EphemeralStorage": {"Size": 10241}},
            "Value '10241' at 'ephemeralStorage.size'",
        ),
        (
            {"LoggingConfig": {"LogGroup": "/a/b"}},
            {"LoggingConfig": {"LogGroup": "/a b"}},
            "Value '/a b' at 'loggingConfig.logGroup'",
        ),
    ],
)
def test_limits(network: LambdaNetwork, most: dict[str, Any], too_much: dict[str, Any], text: str) -> None:
    message = refuse(network, VALIDATION, **too_much)
    assert message.startswith("1 validation error detected: ")
    assert text in message
    network.functions.create_function(**wanted(network, Role=network.role("r"), **most))


def test_a_role_is_an_arn(network: LambdaNetwork) -> None:
    refused(network.functions.create_function, VALIDATION, **wanted(network, Role="somebody"))


def test_names(network: LambdaNetwork) -> None:
    create = network.functions.create_function
    given = wanted(network)
    message = refused(create, INVALID, **{**given, "FunctionName": "f" * 65})
    assert message.endswith("Member must have length less than or equal to 64")
    assert create(**{**given, "FunctionName": "f" * 64})["FunctionName"] == "f" * 64
    refused(create, VALIDATION, **{**given, "FunctionName": "no.dots"})


def test_a_name_is_used_once(network: LambdaNetwork) -> None:
    given = wanted(network)
    network.functions.create_function(**given)
    message = refused(network.functions.create_function, "ResourceConflictException", **given)
    assert message.startswith("Function already exist: f")


def test_runtimes(network: LambdaNetwork) -> None:
    assert "is no longer supported" in refuse(network, INVALID, Runtime="python3.7")
    network.functions.delete_function(FunctionName="there")
    network.delete_role("r")
    network.delete_role("there-role")
    message = refuse(network, INVALID, Runtime="python9")
    assert message.startswith("Value python9 at 'runtime' failed to satisfy constraint")
    network.functions.create_function(**wanted(network, Role=network.role("r"), Runtime="python3.13"))


@pytest.mark.parametrize("missing", ["Runtime", "Handler"])
def test_a_package_needs_a_runtime_and_a_handler(network: LambdaNetwork, missing: str) -> None:
    given = wanted(network)
    network.functions.create_function(**{**given, "FunctionName": "whole"})
    del given[missing]
    refused(network.functions.create_function, INVALID, **given)


def test_reserved_variables(network: LambdaNetwork) -> None:
    environment = {"Variables": {"AWS_REGION": "a", "_HANDLER": "b", "MINE": "c"}}
    message = refuse(network, INVALID, Environment=environment)
    assert message.endswith("Reserved keys used in this request: AWS_REGION, _HANDLER")
    fine = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/x", "TZ": "CET"}}
    network.functions.update_function_configuration(FunctionName="there", Environment=fine)


def test_variables_have_four_kilobytes(network: LambdaNetwork) -> None:
    message = refuse(network, INVALID, Environment={"Variables": {"LONG": "x" * 4086}})
    assert "exceeded the 4KB limit" in message
    fine = {"Variables": {"LONG": "x" * 4085}}
    network.functions.update_function_configuration(FunctionName="there", Environment=fine)


def test_levels_need_the_json_format(network: LambdaNetwork) -> None:
    refuse(network, INVALID, LoggingConfig={"LogFormat": "Text", "ApplicationLogLevel": "INFO"})
    fine: Any = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO"}
    network.functions.update_function_configuration(FunctionName="there", LoggingConfig=fine)
    told = network.functions.get_function_configuration(FunctionName="there")["LoggingConfig"]
    assert told == {**fine, "LogGroup": "/aws/lambda/there"}


def test_layers(network: LambdaNetwork) -> None:
    layer = network.functions.publish_layer_version(LayerName="l", Content={"ZipFile": zipped()})[
        "LayerVersionArn"
    ]
    message = refuse(network, INVALID, Layers=[layer[:-1] + "9"])
    assert message == f"Layer version {layer[:-1]}9 does not exist."
    many = [layer] * 6
    refused(network.functions.update_function_configuration, INVALID, FunctionName="there", Layers=many)
    network.functions.update_function_configuration(FunctionName="there", Layers=[layer])


def test_architectures(network: LambdaNetwork) -> None:
    given = wanted(network)
    for wrong in (["x86_64", "arm64"], ["X86_64"]):
        message = refused(network.functions.create_function, VALIDATION, **given, Architectures=wrong)
        assert f"Value '[{', '.join(wrong)}]' at 'architectures'" in message
    network.functions.create_function(**given, Architectures=["arm64"])
    update = network.functions.update_function_code
    refused(update, VALIDATION, FunctionName="f", ZipFile=zipped(), Architectures=["mips"])


def test_tags(network: LambdaNetwork) -> None:
    given = wanted(network)
    many = {f"k{number}": "v" for number in range(51)}
    refused(network.functions.create_function, INVALID, **given, Tags=many)
    many.popitem()
    network.functions.create_function(**given, Tags=many)


def test_packages_must_be_zips(network: LambdaNetwork) -> None:
    given, update = wanted(network), network.functions.update_function_code
    message = refused(network.functions.create_function, INVALID, **{**given, "Code": {"ZipFile": b"no zip"}})
    assert message == "Could not unzip uploaded file. Please check your file, then try to upload again."
    network.functions.create_function(**given)
    refused(update, INVALID, FunctionName="f", ZipFile=zipped()[:-5])
    broken = bytearray(zipped())
    broken[broken.index(b"return")] ^= 1
    refused(update, INVALID, FunctionName="f", ZipFile=bytes(broken))


def test_packages_have_limits(network: LambdaNetwork) -> None:
    given = wanted(network)
    code = {"ZipFile": told_as(262_144_000)}
    message = refused(network.functions.create_function, INVALID, **{**given, "Code": code})
    assert message == "Unzipped size must be smaller than 262144000 bytes"


def test_packages_are_uploaded_up_to_50_megabytes() -> None:
    world = World(Nature(), lambda: None)
    for size, code in ((52_428_800, INVALID), (52_428_801, "RequestEntityTooLargeException")):
        parameters = {"Code": {"ZipFile": bytes(size)}}  # the one that is small enough is no zip
        with pytest.raises(Refusal, match=code):
            packages_are_whole_and_small(Call("1", REGION, world, "lambda", "CreateFunction", parameters))


def told_as(size: int) -> bytes:
    """A package whose directory says that its file is so large."""
    package = bytearray(zipped())
    entry = package.rindex(b"PK\x01\x02")
    package[entry + 24 : entry + 28] = size.to_bytes(4, "little")
    return bytes(package)


def test_zips_stay_zips(network: LambdaNetwork) -> None:
    network.new_function()
    update = network.functions.update_function_code
    refused(update, INVALID, FunctionName="hello", ImageUri="123456789012.dkr.ecr.eu-central-1.amazonaws.com/a:b")


def test_a_dry_run_updates_nothing(network: LambdaNetwork) -> None:
    former = network.new_function()["CodeSha256"]
    network.functions.get_function(FunctionName="hello")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.py", "def b(event, context): pass")
    update = network.functions.update_function_code
    told = update(FunctionName="hello", ZipFile=buffer.getvalue(), DryRun=True, Architectures=["arm64"])
    assert told["CodeSha256"] != former
    now = network.functions.get_function(FunctionName="hello")["Configuration"]
    assert (now["CodeSha256"], now["LastUpdateStatus"]) == (former, "Successful")
    assert now["Architectures"] == ["x86_64"]
    assert update(FunctionName="hello", ZipFile=buffer.getvalue())["CodeSha256"] == told["CodeSha256"]


def test_revisions(network: LambdaNetwork) -> None:
    first = network.new_function()["RevisionId"]
    update = network.functions.update_function_configuration
    assert network.functions.get_function(FunctionName="hello")["Configuration"]["RevisionId"] == first
    second = update(FunctionName="hello", Timeout=4, RevisionId=first)["RevisionId"]
    assert second != first
    refused(update, "PreconditionFailedException", FunctionName="hello", Timeout=5, RevisionId=first)
    code = network.functions.update_function_code
    refused(code, "PreconditionFailedException", FunctionName="hello", ZipFile=zipped(), RevisionId=first)
    code(FunctionName="hello", ZipFile=zipped(), RevisionId=second)


def test_what_it_is_given_comes_back(network: LambdaNetwork) -> None:
    target = {"TargetArn": "arn:aws:sqs:eu-central-1:123456789012:dead"}
    network.new_function(DeadLetterConfig=target)
    told = network.functions.get_function(FunctionName="hello")["Configuration"]
    assert told["DeadLetterConfig"] == target
    assert told["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"}
    changes: dict[str, Any] = {"EphemeralStorage": {"Size": 1024}, "TracingConfig": {"Mode": "Active"}}
    answer = network.functions.update_function_configuration(FunctionName="hello", **changes)
    told = network.functions.get_function(FunctionName="hello")["Configuration"]
    assert {name: told[name] for name in changes} == {name: answer[name] for name in changes} == changes


def test_account_settings(network: LambdaNetwork) -> None:
    network.new_function()
    network.functions.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=300)
    told = network.functions.get_account_settings()
    assert told["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert told["AccountLimit"]["UnreservedConcurrentExecutions"] == 700
    assert told["AccountUsage"] == {"TotalCodeSize": len(zipped()), "FunctionCount": 1}


def test_a_hundred_stay_unreserved(network: LambdaNetwork) -> None:
    network.new_function()
    put = network.functions.put_function_concurrency
    put(FunctionName="hello", ReservedConcurrentExecutions=900)
    message = refused(put, INVALID, FunctionName="hello", ReservedConcurrentExecutions=901)
    assert message.endswith("below its minimum value of [100].")
    network.new_function("other")
    refused(put, INVALID, FunctionName="other", ReservedConcurrentExecutions=1)
    put(FunctionName="other", ReservedConcurrentExecutions=0)


def test_how_runtimes_are_updated(network: LambdaNetwork) -> None:
    functions, arn = network.functions, network.new_function()["FunctionArn"]
    told = functions.get_runtime_management_config(FunctionName="hello")
    assert (told["UpdateRuntimeOn"], told["FunctionArn"]) == ("Auto", arn)
    put = functions.put_runtime_management_config
    put(FunctionName="hello", UpdateRuntimeOn="FunctionUpdate")
    assert functions.get_runtime_management_config(FunctionName="hello")["UpdateRuntimeOn"] == "FunctionUpdate"
    refused(put, INVALID, FunctionName="hello", UpdateRuntimeOn="Manual")
    refused(put, "ResourceNotFoundException", FunctionName="nobody", UpdateRuntimeOn="Auto")


def test_deleting(network: LambdaNetwork) -> None:
    delete = network.functions.delete_function
    message = refused(delete, "ResourceNotFoundException", FunctionName="nobody")
    assert message.endswith(":function:nobody")
    network.new_function()
    refused(delete, INVALID, FunctionName="hello", Qualifier="$LATEST")
    refused(delete, INVALID, FunctionName="hello", Qualifier="alias")
    delete(FunctionName="hello")
    refused(delete, "ResourceNotFoundException", FunctionName="hello")
    assert network.functions.list_functions()["Functions"] == []
