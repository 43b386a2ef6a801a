"""IAM: what cannot be deleted or changed, because of what hangs on it or whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import holdings, service_roles
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before

_PROTECTED = (
    "DeleteRole",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "PutRolePolicy",
    "DeleteRolePolicy",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "UpdateAssumeRolePolicy",
)


@before("iam", *_PROTECTED, source="rebuy-de/aws-nuke#1028")
def service_linked_roles_are_protected(call: Call) -> None:
    """UnmodifiableEntity for a role that only its service may change."""
    role = service_roles.find(call, call.parameters["RoleName"])
    if role is not None and service_roles.linked(role):
        whose = f"Cannot perform the operation on the protected role '{role.name}'"
        raise Refusal("UnmodifiableEntity", f"{whose} - this role is only modifiable by AWS")


@before("iam", "DeletePolicy", source="ekristen/aws-nuke#464, gruntwork-io/cloud-nuke#972")
def attached_policies_stay(call: Call) -> None:
    """DeleteConflict (409) for a policy that somebody has, be it as boundary, or that has further versions."""
    arn = call.parameters["PolicyArn"]
    policy = backends.iam(call).managed_policies.get(arn)
    if policy is None:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.", 404)
    if any(arn in had for had in _had(call)):
        raise Refusal("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(policy.versions) > 1:
        more = "Before you delete a policy, you must delete the policy's versions."
        default = "The default version is deleted with the policy."
        raise Refusal("DeleteConflict", f"This policy has more than one version. {more} {default}", 409)


@before("iam", "DeleteUser", "DeleteGroup", source="IAM API Reference: DeleteUser, DeleteGroup")
def users_and_groups_go_bare(call: Call) -> None:
    """DeleteConflict (409) for one with keys, members, groups or policies."""
    iam = backends.iam(call)
    name = call.parameters["UserName" if call.action == "DeleteUser" else "GroupName"]
    thing: Any = iam.users[name] if call.action == "DeleteUser" else iam.groups[name]
    hindrances = {
        "must delete access keys first": getattr(thing, "access_keys", ()),
        "must remove users from group first": getattr(thing, "users", ()) or getattr(thing, "group_list", ()),
        "must detach all policies first": thing.managed_policies,
        "must delete policies first": thing.policies,
    }
    for what, hanging in hindrances.items():
        if hanging:
            raise Refusal("DeleteConflict", f"Cannot delete entity, {what}.", 409)


@before("iam", "AttachRolePolicy", "AttachUserPolicy", source="IAM API Reference: AttachRolePolicy")
def attached_twice_is_attached_once(call: Call) -> Answer | None:
    """moto would count the second time."""
    thing = _holder(call)
    return {} if thing is not None and call.parameters["PolicyArn"] in thing.managed_policies else None


@before(
    "iam",
    "RemoveRoleFromInstanceProfile",
    source="terraform-provider-aws: internal/service/iam/instance_profile.go",
)
def a_profile_gives_up_what_it_has(call: Call) -> None:
    """NoSuchEntity (404) for a role that the profile does not have."""
    profile, role = call.parameters["InstanceProfileName"], call.parameters["RoleName"]
    if role not in [one.name for one in backends.iam(call).instance_profiles[profile].roles]:
        raise Refusal("NoSuchEntity", f"The role {role} cannot be found in the instance profile {profile}.", 404)


def _holder(call: Call) -> Any:
    if name := call.parameters.get("RoleName"):
        return service_roles.find(call, name)
    return backends.iam(call).users.get(call.parameters["UserName"])


def _had(call: Call) -> Iterable[Iterable[str]]:
    """The ARNs of the policies that each role, user and group has."""
    iam = backends.iam(call)
    users: Mapping[str, str] = holdings.home(call).ledger(holdings.Boundaries).of
    yield users.values()
    for role in iam.get_roles():
        yield (*role.managed_policies, role.permissions_boundary_arn or "")
    yield from (user.managed_policies for user in iam.users.values())
    yield from (group.managed_policies for group in iam.groups.values())
