"""Tags of services that keep no rules of their own for them: what nobody may set, and how many there can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import tags
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

_MANY = 50
_RESERVED = "aws: prefixed tag key names are not allowed for external use."
_ACTIONS = ("Add*", "Change*", "Create*", "Register*", "Request*", "Run*", "Tag*")
# Where the calls that tag what exists name it.
_TAGGED = ("ResourceArns", "ResourceArn", "ResourceARN", "resourceArn", "CertificateArn", "Resource", "SecretId")
_SOURCE = "each service's guide: tag restrictions; the wording: public issue threads"


@dataclass(frozen=True)
class _Words:
    """A service's errors for a reserved key, with the key at {}, and for too many tags."""

    code: str
    many: str
    text: str = _RESERVED


_SERVICES: Mapping[str, _Words] = {
    "acm": _Words("InvalidTagException", "TooManyTagsException"),
    "apigatewayv2": _Words("BadRequestException", "BadRequestException"),
    "ecs": _Words("InvalidParameterException", "InvalidParameterException"),
    "elbv2": _Words("ValidationError", "TooManyTags", "Tag key '{}' cannot start with 'aws:'"),
    "lambda": _Words("InvalidParameterValueException", "InvalidParameterValueException"),
    "rds": _Words("InvalidParameterValue", "InvalidParameterValue"),
    "route53": _Words("InvalidInput", "InvalidInput"),
    "secretsmanager": _Words("InvalidParameterException", "InvalidParameterException"),
    "servicediscovery": _Words("InvalidInput", "TooManyTagsException"),
}


def _some_tags_are_reserved(call: Call) -> None:
    """The service's code for what is no value, for keys that begin with `aws:`, in whatever case."""
    words = _SERVICES[call.service]
    for key in tags.brought(call.parameters):
        if key.lower().startswith("aws:"):
            raise Refusal(words.code, words.text.format(key))


def _tags_are_fifty_at_most(call: Call) -> None:
    """TooManyTagsException or the service's like of it for more, counting those that the thing has."""
    new = tags.brought(call.parameters)
    if not new:
        return
    for former in [tags.of(call, arn) for arn in _tagged(call)] or [{}]:
        if len({**former, **new}) > _MANY:
            raise Refusal(_SERVICES[call.service].many, f"A resource can have no more than {_MANY} tags.")


def _tagged(call: Call) -> Iterator[str]:
    for name in _TAGGED:
        given = call.parameters.get(name, ())
        yield from [given] if isinstance(given, str) else given


for _service in _SERVICES:
    before(_service, *_ACTIONS, source=_SOURCE)(_some_tags_are_reserved)
    before(_service, *_ACTIONS, source=_SOURCE)(_tags_are_fifty_at_most)
