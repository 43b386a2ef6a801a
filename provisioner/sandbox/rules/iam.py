"""IAM."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.registry import Answer, after
from provisioner.sandbox.trust import births


@after("iam", "CreateRole", source="IAM User Guide: changes are not always immediately visible")
def role_is_young(call: Call, answer: Answer) -> None:
    """Note when it was created: see the fault `unassumable`."""
    births(call).at[answer["Role"]["RoleName"]] = call.world.clock.now()
