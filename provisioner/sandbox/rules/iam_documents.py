"""IAM: policy documents must be well formed, name principals that exist, and fit in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.sandbox import backends, trust
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.permissions.documents import Malformed, identity_policy, trust_policy
from provisioner.sandbox.permissions.policies import Policy
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

_ACCOUNT = re.compile(r"\d{12}")
_ENTITY = re.compile(r"arn:[\w-]+:(?P<service>iam|sts)::(?P<account>\d{12}):(?P<name>.+)")
_SERVICE = re.compile(r"[\w-]+(\.[\w-]+)*\.amazonaws\.com(\.cn)?")
_SIZES: Mapping[str, int] = {"RoleName": 10240, "UserName": 2048, "GroupName": 5120}
_MANAGED_SIZE = 6144
_TRUST_SIZE = 2048


@before("iam", "Put*Policy", "CreatePolicy", "CreatePolicyVersion", source="IAM User Guide: policy grammar")
def policies_are_well_formed(call: Call) -> None:
    """MalformedPolicyDocument for what is no JSON, has unknown elements, condition operators, or a Principal."""
    _read(identity_policy, call.parameters["PolicyDocument"])


@before("iam", "CreateRole", source="terraform-provider-aws: internal/service/iam/role.go")
def new_roles_trust_somebody(call: Call) -> None:
    """MalformedPolicyDocument for a trust policy that is none or names a principal that does not exist (yet)."""
    _trusts(call, call.parameters["AssumeRolePolicyDocument"])


@before("iam", "UpdateAssumeRolePolicy", source="terraform-provider-aws: internal/service/iam/role.go")
def roles_trust_somebody(call: Call) -> None:
    """MalformedPolicyDocument for a trust policy that is none or names a principal that does not exist (yet)."""
    _trusts(call, call.parameters["PolicyDocument"])


@before("iam", "Put*Policy", source="IAM User Guide: IAM and AWS STS quotas")
def inline_policies_fit_in(call: Call) -> None:
    """LimitExceeded (409) for more than 10,240, 5,120 or 2,048 bytes in all of a role's, group's or user's."""
    for parameter, most in _SIZES.items():
        if name := call.parameters.get(parameter):
            kind = parameter.removesuffix("Name").lower()
            others = [
                text for policy, text in _inline(call, kind, name) if policy != call.parameters["PolicyName"]
            ]
            if sum(map(_size, [*others, call.parameters["PolicyDocument"]])) > most:
                message = f"Maximum policy size of {most} bytes exceeded for {kind} {name}"
                raise Refusal("LimitExceeded", message, 409)


@before("iam", "CreatePolicy", "CreatePolicyVersion", source="IAM User Guide: IAM and AWS STS quotas")
def managed_policies_fit_in(call: Call) -> None:
    """LimitExceeded (409) for more than 6,144 characters, not counting white space."""
    if _size(call.parameters["PolicyDocument"]) > _MANAGED_SIZE:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for PolicySize: {_MANAGED_SIZE}", 409)


def _trusts(call: Call, document: str) -> None:
    policy = _read(trust_policy, document)
    for kind, name in _principals(policy):
        if not _exists(call, kind, name):
            said = "SERVICE" if kind == "Service" else kind
            raise Refusal("MalformedPolicyDocument", f'Invalid principal in policy: "{said}":"{name}"')
    if _size(document) > _TRUST_SIZE:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {_TRUST_SIZE}", 409)


def _read(reader: Callable[[str], Policy], document: str) -> Policy:
    try:
        return reader(document)
    except Malformed as error:
        raise Refusal("MalformedPolicyDocument", str(error)) from None


def _principals(policy: Policy) -> Iterator[tuple[str, str]]:
    for statement in policy.statements:
        for kind, clause in (statement.principals or {}).items():
            yield from ((kind, name) for name in clause.values)


def _exists(call: Call, kind: str, name: str) -> bool:
    """Whether there is such a principal, and IAM knows it already."""
    if name == "*" or kind == "Federated":
        return True
    if kind == "Service":
        return _SERVICE.fullmatch(name) is not None
    if kind != "AWS" or _ACCOUNT.fullmatch(name):
        return kind == "AWS"
    entity = _ENTITY.fullmatch(name)
    return entity is not None and (entity["name"] == "root" or _known(call, entity))


def _known(call: Call, entity: re.Match[str]) -> bool:
    home = Site(entity["account"], call.region, call.world)
    iam = backends.iam(home)
    if entity["service"] == "sts":
        return entity["name"].startswith("assumed-role/")
    if any(user.arn == entity[0] for user in iam.users.values()):
        return True
    notes, name = trust.births(home), entity["name"].rpartition("/")[2]
    age = call.world.clock.now() - notes.at.get(name, float("-inf"))
    return trust.find(home, entity[0]) is not None and age >= notes.usable.get(name, 0.0)


def _inline(call: Call, kind: str, name: str) -> Iterator[tuple[str, str]]:
    iam = backends.iam(call)
    roles = {role.name: role for role in iam.get_roles()}
    things: dict[str, Mapping[str, Any]] = {"role": roles, "user": iam.users, "group": iam.groups}
    if thing := things[kind].get(name):
        yield from thing.policies.items()


def _size(document: str) -> int:
    """White space between the parts of the JSON does not count."""
    return len(json.dumps(json.loads(document), separators=(",", ":"), ensure_ascii=False))
