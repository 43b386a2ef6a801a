"""Between HTTP and Python, for any service: moto's parsers and serialisers, botocore's models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from botocore.awsrequest import HeadersDict
from botocore.model import Shape
from botocore.parsers import ResponseParser, create_parser
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.world import World

Reply = tuple[int, dict[str, str], "str | bytes"]


class _Wired(ServiceException):
    """A refusal in the form that moto's serialisers take."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code, refusal.message)


def read(response: BaseResponse, world: World) -> Call | None:
    """The call that the request makes; None if its service has no operation of that kind."""
    action = response._get_action()
    if not action or action not in get_service_model(response.boto3_service_name).operation_names:
        return None
    # Parsing leaves its result in the response object, where moto's own handlers must not find it.
    had = dict(vars(response))
    response.parse_parameters(response.normalized_request)
    parameters = _plain(response.params)
    vars(response).clear()
    vars(response).update(had)
    return Call(
        service=response.boto3_service_name,
        action=action,
        account=response.current_account,
        region=response.region,
        parameters=parameters,
        world=world,
        key=response.access_key,
    )


def answer(response: BaseResponse, result: Mapping[str, Any]) -> Reply:
    """The reply that gives the client this answer, which looks as boto3 gives it."""
    result = {key: value for key, value in result.items() if key != "ResponseMetadata"}
    status, headers, body = response.serialized(ActionResult(result))
    return _status(response, result) or status, headers, body


def changed(response: BaseResponse, result: Mapping[str, Any]) -> Reply:
    """The same for an answer that moto has given and rules have changed: it is in its final form."""
    vars(response)["RESPONSE_KEY_PATH_TO_TRANSFORMER"] = {}
    return answer(response, result)


def _status(response: BaseResponse, result: Mapping[str, Any]) -> int | None:
    """The status that the answer itself tells, as Lambda's Invoke has it; None for all others."""
    model = get_service_model(response.boto3_service_name)
    shape = model.operation_model(response._get_action()).output_shape
    members = shape.members.items() if shape else ()
    named = (name for name, member in members if member.serialization.get("location") == "statusCode")
    return next((result[name] for name in named if name in result), None)


def refuse(response: BaseResponse, refusal: Refusal) -> Reply:
    """The reply from which boto3 raises a ClientError with the refusal's code, message and status."""
    _, headers, body = response.serialized(ActionResult(_Wired(refusal)))
    return refusal.status, headers, body


def parse(response: BaseResponse, reply: Reply) -> dict[str, Any]:
    """The answer as boto3 would give it."""
    status, headers, body = reply
    model = get_service_model(response.boto3_service_name)
    shape = model.operation_model(response._get_action()).output_shape
    raw = body.encode() if isinstance(body, str) else body
    given = {"status_code": status, "headers": HeadersDict(headers), "body": raw}
    parser = _parser(response.determine_response_protocol(model))
    # botocore takes None for an operation without output, whatever its stubs say.
    return cast("dict[str, Any]", parser.parse(given, cast("Shape", shape)))


@cache
def _parser(protocol: str) -> ResponseParser:
    return create_parser(protocol)


def error_code(response: BaseResponse, reply: Reply) -> str | None:
    """The error code in the reply, None if it is a success or says nothing."""
    if reply[0] < 400 or not reply[2]:
        return None
    try:
        return cast("str | None", parse(response, reply).get("Error", {}).get("Code"))
    except Exception:  # whatever botocore makes of a body that is none of AWS's
        return None


def _plain(value: Any) -> Any:
    """Plain dicts and lists, whatever mapping type a service has moto's parser use."""
    if hasattr(value, "original_dict"):
        value = value.original_dict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
