"""IAM: what things may be called, and what is said of those that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

_SOURCE = "IAM User Guide: IAM and AWS STS quotas"
_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|(/[!-~]+/)")
# Tab, line feed, carriage return and what Latin-1 can print.
_DESCRIPTION = re.compile(r"[\t\n\r -~\u00a1-\u00ff]*")

# Parameter -> how long it may be, and the calls in which it names something new.
_LENGTHS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "RoleName": (64, ("CreateRole",)),
    "UserName": (64, ("CreateUser",)),
    "GroupName": (128, ("CreateGroup",)),
    "InstanceProfileName": (128, ("CreateInstanceProfile",)),
    "PolicyName": (128, ("CreatePolicy", "PutRolePolicy", "PutUserPolicy", "PutGroupPolicy")),
}
_NEW = tuple({action for _, actions in _LENGTHS.values() for action in actions})


@before("iam", *_NEW, source=_SOURCE)
def names_are_short_and_plain(call: Call) -> None:
    """ValidationError for a name that is too long or holds anything but letters, digits and `+=,.@_-`."""
    for parameter, (longest, actions) in _LENGTHS.items():
        name = str(call.parameters.get(parameter, "x"))
        if call.action not in actions:
            continue
        member = parameter[0].lower() + parameter[1:]
        if len(name) > longest:
            raise _violation(name, member, f"Member must have length less than or equal to {longest}")
        if not _NAME.fullmatch(name):
            allowed = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
            raise Refusal("ValidationError", f"The specified value for {member} is invalid. {allowed}")


@before("iam", *_NEW, source=_SOURCE)
def paths_and_descriptions_are_plain(call: Call) -> None:
    """ValidationError for a path without slashes at its ends, and for a description that is not Latin-1."""
    path, description = call.parameters.get("Path", "/"), call.parameters.get("Description", "")
    if not _PATH.fullmatch(path):
        begins = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
        raise Refusal("ValidationError", f"The specified value for path is invalid. {begins}")
    if len(description) > 1000:
        raise _violation(description, "description", "Member must have length less than or equal to 1000")
    if not _DESCRIPTION.fullmatch(description):
        pattern = r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*"
        raise _violation(description, "description", f"Member must satisfy regular expression pattern: {pattern}")


@before("iam", "CreateRole", "UpdateRole", source="IAM API Reference: CreateRole")
def sessions_last_one_to_twelve_hours(call: Call) -> None:
    """ValidationError for a MaxSessionDuration beyond 3600 to 43200 seconds."""
    seconds = call.parameters.get("MaxSessionDuration", 3600)
    if not 3600 <= seconds <= 43200:
        bound = "greater than or equal to 3600" if seconds < 3600 else "less than or equal to 43200"
        raise _violation(seconds, "maxSessionDuration", f"Member must have value {bound}")


@before("iam", "CreateRole", "CreateUser", "CreateGroup", "CreateInstanceProfile", source=_SOURCE)
def names_are_unique_whatever_their_case(call: Call) -> None:
    """EntityAlreadyExists (409) for a name that is taken, if only in other letters."""
    for parameter, kind, known in _things(call):
        name = str(call.parameters.get(parameter, ""))
        if name and any(one.lower() == name.lower() for one in known):
            raise Refusal("EntityAlreadyExists", _TAKEN[kind].format(name), 409)


@before("iam", "*", source="IAM API Reference: common errors")
def what_is_named_must_be_there(call: Call) -> None:
    """NoSuchEntity (404) for a role, user, group or instance profile that does not exist."""
    for parameter, kind, known in _things(call):
        name = call.parameters.get(parameter)
        new = call.action in _LENGTHS[parameter][1]
        if name and not new and name not in known:
            raise Refusal("NoSuchEntity", _MISSING[kind].format(name), 404)


@before("iam", "Create*", "Tag*", source="IAM User Guide: tagging IAM resources")
def tags_of_aws_are_its_own(call: Call) -> None:
    """InvalidInput for tag keys that begin with `aws:`."""
    for tag in call.parameters.get("Tags", ()):
        if tag["Key"].lower().startswith("aws:"):
            raise Refusal("InvalidInput", f"Tag keys that begin with aws: are reserved: {tag['Key']}")


_TAKEN = {
    "role": "Role with name {} already exists.",
    "user": "User with name {} already exists.",
    "group": "Group with name {} already exists.",
    "profile": "Instance Profile {} already exists.",
}
_MISSING = {
    "role": "The role with name {} cannot be found.",
    "user": "The user with name {} cannot be found.",
    "group": "The group with name {} cannot be found.",
    "profile": "Instance Profile {} cannot be found.",
}


def _things(call: Call) -> Iterable[tuple[str, str, Iterable[str]]]:
    """What there is, by the parameter that names it."""
    iam = backends.iam(call)
    yield "RoleName", "role", [role.name for role in iam.get_roles()]
    yield "UserName", "user", iam.users
    yield "GroupName", "group", iam.groups
    yield "InstanceProfileName", "profile", iam.instance_profiles


def _violation(value: Any, member: str, constraint: str) -> Refusal:
    message = (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )
    return Refusal("ValidationError", message)
