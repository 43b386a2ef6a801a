"""CloudWatch Logs: names, retention from a fixed list, groups that are protected from deletion."""

from __future__ import annotations

import re
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_RETENTIONS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)
_CLASSES = frozenset(("STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"))
_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_STREAM = re.compile(r"[^:*]{1,512}")
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s.:/=+\-@]{0,256}")
_MAX_TAGS = 50
_PATTERN = "Member must satisfy regular expression pattern: "
_PROTECTED = "deletionProtectionEnabled"


class Settings:
    """What moto does not keep of log groups, by their names: the class and the protection, as they are told."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, Any]] = {}


@before(
    "logs",
    "CreateLogGroup",
    "DeleteLogGroup",
    "PutRetentionPolicy",
    "DeleteRetentionPolicy",
    "CreateLogStream",
    "DeleteLogStream",
    source="CloudWatch Logs API Reference: CreateLogGroup",
)
def names_of_groups(call: Call) -> None:
    """InvalidParameterException for a group's name that is too long, empty or has other characters."""
    name = call.parameters["logGroupName"]
    if not _NAME.fullmatch(name):
        raise _invalid("logGroupName", name, f"{_PATTERN}[\\.\\-_/#A-Za-z0-9]+")


@before("logs", "CreateLogGroup", source="CloudWatch Logs API Reference: CreateLogGroup")
def own_names_are_reserved(call: Call) -> None:
    """InvalidParameterException for names that begin with `aws/`."""
    if call.parameters["logGroupName"].startswith("aws/"):
        message = "Log groups starting with AWS/ are reserved for AWS."
        raise Refusal("InvalidParameterException", message)


@before("logs", "CreateLogGroup", source="CloudWatch Logs API Reference: CreateLogGroup")
def classes_of_groups(call: Call) -> None:
    """InvalidParameterException for an unknown class."""
    kind = call.parameters.get("logGroupClass", "STANDARD")
    if kind not in _CLASSES:
        constraint = f"Member must satisfy enum value set: [{', '.join(sorted(_CLASSES))}]"
        raise _invalid("logGroupClass", kind, constraint)


@before("logs", "CreateLogStream", source="CloudWatch Logs API Reference: CreateLogStream")
def names_of_streams(call: Call) -> None:
    """InvalidParameterException for a stream's name with a colon or an asterisk, or one that is too long."""
    name = call.parameters["logStreamName"]
    if not _STREAM.fullmatch(name):
        raise _invalid("logStreamName", name, f"{_PATTERN}[^:*]*")


@before("logs", "CreateLogStream", source="CloudWatch Logs API Reference: CreateLogStream")
def streams_are_unique(call: Call) -> None:
    """ResourceAlreadyExistsException for a stream that its group has."""
    group = backends.logs(call).groups.get(call.parameters["logGroupName"])
    if group is not None and call.parameters["logStreamName"] in group.streams:
        raise Refusal("ResourceAlreadyExistsException", "The specified log stream already exists")


@before("logs", "PutRetentionPolicy", source="CloudWatch Logs API Reference: PutRetentionPolicy")
def retention_is_from_a_list(call: Call) -> None:
    """InvalidParameterException for any number of days that is not in the list."""
    days = call.parameters["retentionInDays"]
    if days not in _RETENTIONS:
        values = ", ".join(map(str, sorted(_RETENTIONS)))
        raise _invalid("retentionInDays", days, f"Member must satisfy enum value set: [{values}]")


@before(
    "logs", "CreateLogGroup", "TagResource", "TagLogGroup", source="CloudWatch Logs API Reference: TagResource"
)
def tags_of_groups(call: Call) -> None:
    """InvalidParameterException for keys and values with other characters, too long, or of AWS's own prefix."""
    for key, value in call.parameters.get("tags", {}).items():
        if not _TAG_KEY.fullmatch(key) or key.lower().startswith("aws:"):
            raise _invalid("tags", key, f"{_PATTERN}([\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]+)")
        if not _TAG_VALUE.fullmatch(value):
            raise _invalid("tags", value, f"{_PATTERN}([\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*)")


@before("logs", "TagResource", "UntagResource", "ListTagsForResource", source="CloudWatch Logs API Reference")
def tags_need_their_group(call: Call) -> None:
    """ResourceNotFoundException for the tags of a group that is not there."""
    _, is_group, name = _plain(call.parameters["resourceArn"]).partition(":log-group:")
    if is_group and name not in backends.logs(call).groups:
        raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")


@before("logs", "CreateLogGroup", "TagResource", source="CloudWatch Logs API Reference: TagResource")
def number_of_tags(call: Call) -> None:
    """TooManyTagsException (for a new group InvalidParameterException) for more than fifty."""
    new = call.parameters.get("tags", {})
    arn = _plain(call.parameters.get("resourceArn", ""))
    had = backends.logs(call).list_tags_for_resource(arn) if arn else {}
    if len({**had, **new}) > _MAX_TAGS:
        code = "TooManyTagsException" if arn else "InvalidParameterException"
        raise Refusal(code, f"A resource can have no more than {_MAX_TAGS} tags.")


@after("logs", "CreateLogGroup", source="CloudWatch Logs API Reference: CreateLogGroup")
def class_and_protection_are_kept(call: Call, answer: Answer) -> None:
    """Both can be given with the group."""
    given = {key: call.parameters[key] for key in ("logGroupClass", _PROTECTED) if key in call.parameters}
    call.ledger(Settings).of[call.parameters["logGroupName"]] = given


@instead("logs", "PutLogGroupDeletionProtection", source="CloudWatch Logs API Reference")
def protection_is_put(call: Call) -> Answer:
    """On or off, by the group's name or ARN; ResourceNotFoundException without the group."""
    name = _plain(call.parameters["logGroupIdentifier"]).rpartition(":")[2]
    if name not in backends.logs(call).groups:
        raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
    call.ledger(Settings).of.setdefault(name, {})[_PROTECTED] = call.parameters[_PROTECTED]
    return {}


@before("logs", "DeleteLogGroup", source="CloudWatch Logs User Guide: protecting log groups from deletion")
def protected_groups_stay(call: Call) -> None:
    """ValidationException while the protection is on."""
    if call.ledger(Settings).of.get(call.parameters["logGroupName"], {}).get(_PROTECTED):
        message = "Cannot delete log group with deletion protection enabled. Disable deletion protection first."
        raise Refusal("ValidationException", message)


@after("logs", "DeleteLogGroup", source="from memory")
def nothing_is_left_of_a_group(call: Call, answer: Answer) -> None:
    """A group of the same name begins without the former one's tags, class and protection."""
    name = call.parameters["logGroupName"]
    call.ledger(Settings).of.pop(name, None)
    arn = f"arn:aws:logs:{call.region}:{call.account}:log-group:{name}"
    backends.logs(call).tagger.delete_all_tags_for_resource(arn)


@after("logs", "DescribeLogGroups", source="CloudWatch Logs API Reference: LogGroup")
def class_and_protection_are_told(call: Call, answer: Answer) -> None:
    """`STANDARD` and unprotected unless something else was asked for."""
    kept = call.ledger(Settings).of
    for group in answer["logGroups"]:
        group.update({"logGroupClass": "STANDARD", _PROTECTED: False, **kept.get(group["logGroupName"], {})})


def _plain(arn: str) -> str:
    return arn.removesuffix(":*")


def _invalid(parameter: str, value: object, constraint: str) -> Refusal:
    message = (
        f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: {constraint}"
    )
    return Refusal("InvalidParameterException", message)
