"""Lambda: functions' own addresses, as AWS writes them and with what may be asked of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.sandbox import functions
from provisioner.sandbox.apis import function_urls
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_MODEL = "botocore's model of Lambda"
_CALLS = ("CreateFunctionUrlConfig", "UpdateFunctionUrlConfig")
_LONGEST_METHOD, _MOST_METHODS, _LONGEST_AGE = 6, 6, 86_400


def _one_of(*values: str) -> Callable[[Any], str]:
    allowed = ", ".join(values)
    return lambda value: "" if value in values else f"Member must satisfy enum value set: [{allowed}]"


def _age(value: Any) -> str:
    return "" if value <= _LONGEST_AGE else f"Member must have value less than or equal to {_LONGEST_AGE}"


def _methods(value: Any) -> str:
    if len(value) > _MOST_METHODS:
        return f"Member must have length less than or equal to {_MOST_METHODS}"
    if any(len(method) > _LONGEST_METHOD for method in value):
        short = f"Member must have length less than or equal to {_LONGEST_METHOD}"
        return f"Member must satisfy constraint: [{short}, Member must have length greater than or equal to 0]"
    return ""


# What a parameter must satisfy, by where it stands.
_CONSTRAINTS: Mapping[str, Callable[[Any], str]] = {
    "AuthType": _one_of("NONE", "AWS_IAM"),
    "InvokeMode": _one_of("BUFFERED", "RESPONSE_STREAM"),
    "Cors.AllowMethods": _methods,
    "Cors.MaxAge": _age,
}


@before("lambda", *_CALLS, source=f"{_MODEL}; aws/aws-cdk#25495, Worklytics/psoxy#911", first=True)
def urls_are_well_formed(call: Call) -> None:
    """ValidationException for another authorisation, an age over a day, or a method as long as OPTIONS."""
    for path, wrong in _CONSTRAINTS.items():
        value: Any = call.parameters
        for name in path.split("."):
            value = (value or {}).get(name)
        if value is not None and (text := wrong(value)):
            where = ".".join(name[0].lower() + name[1:] for name in path.split("."))
            shown = f"[{', '.join(value)}]" if isinstance(value, list) else value
            found = f"Value '{shown}' at '{where}' failed to satisfy constraint: {text}"
            raise Refusal("ValidationException", f"1 validation error detected: {found}")


@after("lambda", "CreateFunctionUrlConfig", source="Lambda API Reference: CreateFunctionUrlConfig")
def the_url_ends_in_a_slash(call: Call, answer: Answer) -> None:
    """As AWS tells it; moto leaves that out."""
    function = functions.latest(call)
    if function is not None and function.url_config is not None:
        function.url_config.url = f"{function.url_config.url.rstrip('/')}/"
        answer["FunctionUrl"] = function.url_config.url
        function_urls.note(call, function)
    _as_aws_tells_it(answer)


@after(
    "lambda", "UpdateFunctionUrlConfig", source="terraform-provider-aws: internal/service/lambda/function_url.go"
)
def an_empty_cors_configuration_takes_it_away(call: Call, answer: Answer) -> None:
    """moto keeps the former one."""
    function = functions.latest(call)
    if function is not None and function.url_config is not None and call.parameters.get("Cors") == {}:
        function.url_config.config["Cors"] = None
        answer["Cors"] = None
    _as_aws_tells_it(answer)


@after("lambda", "GetFunctionUrlConfig", source="Lambda API Reference: GetFunctionUrlConfig")
def urls_tell_their_mode(call: Call, answer: Answer) -> None:
    """BUFFERED where nothing else was asked for, in capitals."""
    _as_aws_tells_it(answer)


def _as_aws_tells_it(answer: Answer) -> None:
    answer["InvokeMode"] = str(answer.get("InvokeMode") or "BUFFERED").upper()
    if answer.get("Cors") is None:
        answer.pop("Cors", None)
