"""Lambda: limits of names, numbers, runtimes and variables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.utils import get_service_model

from provisioner.sandbox import backends, functions
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_CALLS = ("CreateFunction", "UpdateFunctionConfiguration")
_RECORDED = "LocalStack's recordings of AWS"
_ROLE = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
# What no function can be created with or updated to any more.
_DEPRECATED = frozenset(
    {
        "nodejs",
        "nodejs4.3",
        "nodejs6.10",
        "nodejs8.10",
        "nodejs10.x",
        "nodejs12.x",
        "nodejs14.x",
        "nodejs4.3-edge",
        "java8",
        "python2.7",
        "python3.6",
        "python3.7",
        "dotnetcore1.0",
        "dotnetcore2.0",
        "dotnetcore2.1",
        "dotnetcore3.1",
        "go1.x",
        "ruby2.5",
        "ruby2.7",
        "provided",
        "custom",
    }
)
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
_VARIABLES = "Lambda was unable to configure your environment variables because the environment variables you have"
_MOST_VARIABLES = 4096
_MOST_LAYERS = 5
_MOST_TAGS = 50
_STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)


def _most(limit: int) -> Callable[[Any], str]:
    return lambda value: "" if value <= limit else f"Member must have value less than or equal to {limit}"


def _least(limit: int) -> Callable[[Any], str]:
    return lambda value: "" if value >= limit else f"Member must have value greater than or equal to {limit}"


def _longest(limit: int) -> Callable[[Any], str]:
    return lambda value: "" if len(value) <= limit else f"Member must have length less than or equal to {limit}"


def _like(pattern: str) -> Callable[[Any], str]:
    fits = re.compile(pattern)
    return lambda value: (
        "" if fits.fullmatch(value) else f"Member must satisfy regular expression pattern: {pattern}"
    )


# What a parameter must satisfy, by its path.
_CONSTRAINTS: Mapping[str, Sequence[Callable[[Any], str]]] = {
    "role": (_like(_ROLE),),
    "handler": (_longest(128), _like(r"[^\s]+")),
    "description": (_longest(256),),
    "timeout": (_least(1), _most(900)),
    "memorySize": (_least(128), _most(10240)),
    "ephemeralStorage.size": (_least(512), _most(10240)),
    "architectures": (_longest(1),),
    "loggingConfig.logGroup": (_longest(512), _like(r"[\.\-_/#A-Za-z0-9]+")),
}


@before("lambda", *_CALLS, "UpdateFunctionCode", source=f"Lambda API Reference; {_RECORDED}", first=True)
def values_are_within_their_limits(call: Call) -> None:
    """ValidationException, naming the value, the parameter and the constraint."""
    for path, constraints in _CONSTRAINTS.items():
        value = _value(call.parameters, path)
        wrong = [text for check in constraints if value is not None and (text := check(value))]
        if wrong:
            raise _invalid(path, value, wrong[0])


@before("lambda", *_CALLS, "UpdateFunctionCode", source=_RECORDED)
def architectures_exist(call: Call) -> None:
    """ValidationException for what is neither x86_64 nor arm64."""
    wanted = call.parameters.get("Architectures") or []
    if not set(wanted) <= {"x86_64", "arm64"}:
        allowed = "Member must satisfy enum value set: [x86_64, arm64], Member must not be null"
        raise _invalid("architectures", wanted, f"Member must satisfy constraint: [{allowed}]")


@before("lambda", "CreateFunction", source=_RECORDED)
def names_are_short(call: Call) -> None:
    """InvalidParameterValueException for a name of more than 64 characters; ValidationException for no name."""
    given = call.parameters["FunctionName"]
    functions.split(call)
    if ":" not in given and len(given) > 64:
        found = f"Value '{given}' at 'functionName' failed to satisfy constraint"
        text = f"1 validation error detected: {found}: Member must have length less than or equal to 64"
        raise Refusal(functions.INVALID, text)


@before("lambda", *_CALLS, source=f"Lambda Developer Guide: runtimes; {_RECORDED}")
def runtimes_are_supported(call: Call) -> None:
    """InvalidParameterValueException for one that does not exist or is deprecated."""
    wanted = call.parameters.get("Runtime")
    if wanted in _DEPRECATED:
        end = "is no longer supported for creating or updating AWS Lambda functions."
        text = f"The runtime parameter of {wanted} {end}"
        hint = "We recommend you use a supported runtime while creating or updating functions."
        raise Refusal(functions.INVALID, f"{text} {hint}")
    if wanted is not None and wanted not in _runtimes():
        known = ", ".join(name for name in _runtimes() if name not in _DEPRECATED)
        text = f"Value {wanted} at 'runtime' failed to satisfy constraint"
        raise Refusal(
            functions.INVALID, f"{text}: Member must satisfy enum value set: [{known}] or be a valid ARN"
        )


@before("lambda", "CreateFunction", source="Lambda API Reference: CreateFunction")
def packages_need_a_runtime_and_a_handler(call: Call) -> None:
    """InvalidParameterValueException for a zip without one of them."""
    missing = [name for name in ("Runtime", "Handler") if not call.parameters.get(name)]
    if missing and call.parameters.get("PackageType", "Zip") == "Zip":
        text = "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        raise Refusal(functions.INVALID, text)


@before("lambda", *_CALLS, source="Lambda Developer Guide: reserved environment variables; serverless/serverless")
def variables_are_not_reserved(call: Call) -> None:
    """InvalidParameterValueException for one that is Lambda's own."""
    if reserved := _RESERVED & _variables(call).keys():
        text = f"{_VARIABLES} provided contains reserved keys that are currently not supported for modification."
        raise Refusal(
            functions.INVALID, f"{text} Reserved keys used in this request: {', '.join(sorted(reserved))}"
        )


@before("lambda", *_CALLS, source=_RECORDED)
def variables_are_small(call: Call) -> None:
    """InvalidParameterValueException for more than 4 KB of them."""
    measured = json.dumps(_variables(call), separators=(",", ":"))
    if len(measured.encode()) > _MOST_VARIABLES:
        raise Refusal(
            functions.INVALID, f"{_VARIABLES} provided exceeded the 4KB limit. String measured: {measured}"
        )


@before("lambda", *_CALLS, source=f"Lambda API Reference: LoggingConfig; {_RECORDED}")
def levels_need_the_json_format(call: Call) -> None:
    """InvalidParameterValueException for log levels with the text format."""
    wanted = call.parameters.get("LoggingConfig") or {}
    if wanted.get("LogFormat", "Text") == "Text" and {"ApplicationLogLevel", "SystemLogLevel"} & wanted.keys():
        text = 'LogLevel is not supported when LogFormat is set to "Text".'
        hint = 'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.'
        raise Refusal(functions.INVALID, f"{text} {hint}")


@before("lambda", *_CALLS, source=_RECORDED)
def layers_exist(call: Call) -> None:
    """InvalidParameterValueException for one that does not, or for more than five."""
    wanted = call.parameters.get("Layers") or []
    if len(wanted) > _MOST_LAYERS:
        raise Refusal(functions.INVALID, "Cannot reference more than 5 layers.")
    for layer in wanted:
        if backends.functions(call).layers_versions_by_arn(layer) is None:
            raise Refusal(functions.INVALID, f"Layer version {layer} does not exist.")


@before("lambda", "CreateFunction", "TagResource", source=_RECORDED)
def tags_are_few(call: Call) -> None:
    """InvalidParameterValueException for more than 50."""
    if len(call.parameters.get("Tags") or {}) > _MOST_TAGS:
        raise Refusal(functions.INVALID, "Number of tags exceeds resource tag limit.")


@before("lambda", "UpdateFunctionConfiguration", "UpdateFunctionCode", source=_RECORDED)
def revision_is_the_latest(call: Call) -> None:
    """PreconditionFailedException (412) for another one."""
    function, wanted = functions.latest(call), call.parameters.get("RevisionId")
    if function and wanted and wanted != functions.notes(call, function).revision:
        raise Refusal("PreconditionFailedException", _STALE, 412)


@after("lambda", "UpdateFunctionConfiguration", source="Lambda API Reference: UpdateFunctionConfiguration")
def all_of_the_update_is_kept(call: Call, answer: Answer) -> None:
    """moto drops the storage, the key and the tracing."""
    function, given = functions.latest(call), call.parameters
    if function is None:
        return
    if "EphemeralStorage" in given:
        function.ephemeral_storage = given["EphemeralStorage"]["Size"]
    function.kms_key_arn = given.get("KMSKeyArn", function.kms_key_arn)
    function.tracing_config = given.get("TracingConfig", function.tracing_config)
    told = {"EphemeralStorage": {"Size": function.ephemeral_storage}, "TracingConfig": function.tracing_config}
    answer |= {**told, **({"KMSKeyArn": function.kms_key_arn} if function.kms_key_arn else {})}


def _value(parameters: Mapping[str, Any], path: str) -> Any:
    """The parameter at a path of AWS's spelling, None if it is not given."""
    value: Any = parameters
    for name in path.split("."):
        value = value.get(name[0].upper() + name[1:]) if isinstance(value, Mapping) else None
    return value


def _variables(call: Call) -> dict[str, str]:
    return (call.parameters.get("Environment") or {}).get("Variables") or {}


def _runtimes() -> list[str]:
    shape: Any = get_service_model("lambda").shape_for("Runtime")
    return list(shape.enum)


def _invalid(path: str, value: Any, text: str) -> Refusal:
    shown = f"[{', '.join(value)}]" if isinstance(value, list) else value
    found = f"Value '{shown}' at '{path}' failed to satisfy constraint: {text}"
    return Refusal("ValidationException", f"1 validation error detected: {found}")
