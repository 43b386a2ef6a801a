"""Who may assume a role: what services check before they take one, and STS for everybody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moto.iam.models import Role

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.permissions import holdings
from provisioner.sandbox.permissions.conditions import Context
from provisioner.sandbox.permissions.documents import Malformed, trust_policy
from provisioner.sandbox.permissions.policies import Decision, Request, decide

# Services that say for whom they assume a role, and how the ARN of that begins.
_SOURCES: Mapping[str, str] = {
    "ecs-tasks.amazonaws.com": "arn:aws:ecs:{region}:{account}:task/any",
    "ecs.amazonaws.com": "arn:aws:ecs:{region}:{account}:service/any",
    "apigateway.amazonaws.com": "arn:aws:apigateway:{region}::/apis/any",
    "vpc-flow-logs.amazonaws.com": "arn:aws:ec2:{region}:{account}:vpc-flow-log/any",
}


class RoleBirths:
    """When each role was created and after how long services know it, by name."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.usable: dict[str, float] = {}


def births(site: Site) -> RoleBirths:
    """IAM is global: its notes are kept apart from any region's."""
    return holdings.home(site).ledger(RoleBirths)


def assumable(site: Site, arn: str, principal: str, service: str) -> bool:
    """Whether a service may use the role: it exists, trusts the service's principal, and is known everywhere."""
    role = find(site, arn)
    return role is not None and trusts_service(site, role, principal) and not too_young(site, arn, service)


def too_young(site: Site, arn: str, service: str) -> bool:
    """Whether the role is too young to be known everywhere, or for the fault `unassumable` of this service."""
    name, notes = arn.rpartition("/")[2], births(site)
    age = site.world.clock.now() - notes.at.get(name, float("-inf"))
    needed = site.world.faults.youngest_usable("unassumable", service)
    return age < max(needed, notes.usable.get(name, 0.0))


def find(site: Site, arn: str) -> Role | None:
    return next((role for role in backends.iam(site).get_roles() if role.arn == arn), None)


def trusts_service(site: Site, role: Role, principal: str) -> bool:
    """Whether the role lets this service assume it for something of this account and region."""
    context = {}
    if source := _SOURCES.get(principal):
        arn = source.format(region=site.region, account=site.account)
        context = {"aws:SourceAccount": site.account, "aws:SourceArn": arn}
    return trust(site, role, {"Service": {principal}}, Context(context)) is Decision.ALLOWED


def trust(
    site: Site,
    role: Role,
    principals: Mapping[str, Iterable[str]],
    context: Context,
    action: str = "sts:AssumeRole",
) -> Decision:
    """What the role's trust policy, as it has taken effect, says of these principals."""
    try:
        policy = trust_policy(holdings.holding(site, role).trust)
    except Malformed:
        return Decision.IMPLICIT_DENY
    names = {kind: frozenset(values) for kind, values in principals.items()}
    return decide([policy], Request(action, role.arn, context, names))
