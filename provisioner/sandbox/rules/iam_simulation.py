"""IAM: the policy simulator, by the same evaluation that callers are held to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.iam.models import Group, Role, User

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import callers, holdings
from provisioner.sandbox.permissions.callers import Grants
from provisioner.sandbox.permissions.conditions import Context
from provisioner.sandbox.permissions.documents import Malformed, identity_policy
from provisioner.sandbox.permissions.policies import Decision, Policy, Request
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, instead

_SOURCE = "IAM API Reference: SimulatePrincipalPolicy"


@instead("iam", "SimulatePrincipalPolicy", source=_SOURCE)
def what_a_principal_may_do(call: Call) -> Answer:
    """NoSuchEntity (404) for who is not there; else what its policies say of each action on each resource."""
    grants = _grants(call, call.parameters["PolicySourceArn"])
    more = _policies(call, "PolicyInputList")
    boundary = _policies(call, "PermissionsBoundaryPolicyInputList") or grants.boundary
    return _simulated(call, Grants((*grants.identity, *more), boundary))


@instead("iam", "SimulateCustomPolicy", source="IAM API Reference: SimulateCustomPolicy")
def what_policies_allow(call: Call) -> Answer:
    """What the given policies say of each action on each resource."""
    boundary = _policies(call, "PermissionsBoundaryPolicyInputList")
    return _simulated(call, Grants(_policies(call, "PolicyInputList"), boundary or None))


def _grants(call: Call, arn: str) -> Grants:
    iam = backends.iam(call)
    subjects: list[Role | User | Group] = [*iam.get_roles(), *iam.users.values(), *iam.groups.values()]
    found = next((subject for subject in subjects if subject.arn == arn), None)
    if isinstance(found, Group):
        return Grants(holdings.identity_policies(call, found))
    if found is not None:
        return callers.grants(call, found)
    raise Refusal("NoSuchEntity", f"The entity with ARN {arn} cannot be found.", 404)


def _policies(call: Call, parameter: str) -> tuple[Policy, ...]:
    try:
        return tuple(identity_policy(text) for text in call.parameters.get(parameter, ()))
    except Malformed as error:
        raise Refusal("InvalidInput", str(error)) from None


def _simulated(call: Call, grants: Grants) -> Answer:
    context = Context(
        {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in call.parameters.get("ContextEntries", ())}
    )
    resources = call.parameters.get("ResourceArns") or ["*"]
    results = [
        _result(grants, Request(action, resource, context))
        for action in call.parameters["ActionNames"]
        for resource in resources
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


def _result(grants: Grants, request: Request) -> dict[str, Any]:
    if ":" not in request.action:
        raise Refusal("InvalidInput", f"Invalid Action name: {request.action}")
    judgement = grants.judge(request)
    result: dict[str, Any] = {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": judgement.decision.value,
        "MatchedStatements": [],
        "MissingContextValues": sorted(set(_missing(grants, request))),
    }
    if grants.boundary is not None:
        allowed = Grants(grants.boundary).judge(request).decision is Decision.ALLOWED
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    return result


def _missing(grants: Grants, request: Request) -> Iterator[str]:
    """Condition keys that statements on this action ask for and the caller did not give."""
    for policy in (*grants.identity, *(grants.boundary or ())):
        for statement in policy.statements:
            if statement.speaks_of(request.action):
                yield from (one.key for one in statement.conditions if not request.context.of(one.key))
