"""The ARNs of what IAM's actions name. IAM names things without their path, which is part of the ARN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions.templates import arn

# Of several names in one call, the first of these is what the call is about.
_NAMES = (
    ("InstanceProfileName", "instance-profile"),
    ("GroupName", "group"),
    ("RoleName", "role"),
    ("UserName", "user"),
)


def named(call: Call) -> Iterator[str]:
    """The ARN of the one thing that the call is about, if it is about one."""
    asked = call.parameters
    path = asked.get("Path", "/")
    if service := asked.get("AWSServiceName"):
        yield arn(call, "iam", f"role/aws-service-role/{service}/*")
        return
    for parameter, kind in _NAMES:
        if name := asked.get(parameter):
            yield arn_of(call, kind, name, path)
            return
    if call.action == "CreatePolicy":
        yield arn(call, "iam", f"policy{path}{asked.get('PolicyName', '')}")
    elif policy := asked.get("PolicyArn") or asked.get("PolicySourceArn"):
        yield policy


def arn_of(call: Call, kind: str, name: str, path: str = "/") -> str:
    """The ARN of what has this name, or would have it."""
    iam = backends.iam(call)
    kinds: Mapping[str, Mapping[str, Any]] = {
        "instance-profile": iam.instance_profiles,
        "group": iam.groups,
        "role": {role.name: role for role in iam.get_roles()},
        "user": iam.users,
    }
    known = kinds[kind].get(name)
    return str(known.arn) if known else arn(call, "iam", f"{kind}{path}{name}")
