"""IAM: permissions boundaries, which moto keeps for roles only."""

from __future__ import annotations

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import holdings
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_SOURCE = "IAM User Guide: permissions boundaries"


@before("iam", "CreateRole", "CreateUser", "Put*PermissionsBoundary", source=_SOURCE)
def boundaries_are_policies(call: Call) -> None:
    """NoSuchEntity (404) for a boundary that is no managed policy."""
    arn = call.parameters.get("PermissionsBoundary")
    if arn and arn not in backends.iam(call).managed_policies:
        raise Refusal("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)


@instead("iam", "PutUserPermissionsBoundary", source=_SOURCE)
def a_user_gets_a_boundary(call: Call) -> Answer:
    """What the user may do at most."""
    user = backends.iam(call).users[call.parameters["UserName"]]
    _of_users(call)[user.id] = call.parameters["PermissionsBoundary"]
    return {}


@instead("iam", "DeleteUserPermissionsBoundary", source=_SOURCE)
def a_user_loses_the_boundary(call: Call) -> Answer:
    """NoSuchEntity (404) if there is none."""
    name = call.parameters["UserName"]
    if _of_users(call).pop(backends.iam(call).users[name].id, None) is None:
        raise Refusal("NoSuchEntity", f"The permissions boundary for user {name} cannot be found.", 404)
    return {}


@after("iam", "CreateUser", "GetUser", source=_SOURCE)
def users_tell_their_boundary(call: Call, answer: Answer) -> None:
    """The boundary that a user was created with or got later."""
    user = answer["User"]
    if call.action == "CreateUser" and (wanted := call.parameters.get("PermissionsBoundary")):
        _of_users(call)[user["UserId"]] = wanted
    if arn := _of_users(call).get(user["UserId"]):
        user["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": arn,
        }


def _of_users(call: Call) -> dict[str, str]:
    return holdings.home(call).ledger(holdings.Boundaries).of
