"""IAM: what is new takes a while to reach those who are to obey it."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import holdings
from provisioner.sandbox.registry import Answer, after, before
from provisioner.sandbox.trust import births

_SOURCE = "IAM User Guide: changes are not always immediately visible"
_CHANGES = (
    "Put*Policy",
    "Delete*Policy",
    "Attach*Policy",
    "Detach*Policy",
    "*PermissionsBoundary",
    "UpdateAssumeRolePolicy",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "AddUserToGroup",
    "RemoveUserFromGroup",
)


@after("iam", "CreateRole", "CreateServiceLinkedRole", source=_SOURCE)
def role_is_young(call: Call, answer: Answer) -> None:
    """No service can assume a new role for some seconds, although IAM tells it at once."""
    name, notes = answer["Role"]["RoleName"], births(call)
    notes.at[name] = call.world.clock.now()
    notes.usable[name] = call.world.latencies.seconds("iam.role.usable")


@before("iam", *_CHANGES, source=_SOURCE)
def changes_take_effect_later(call: Call) -> None:
    """Policies put, attached or taken away count for callers and roles some seconds later."""
    holdings.will_change(call)
