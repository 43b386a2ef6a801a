"""What users, groups, roles and managed policies have been given, as it has taken effect.

A change of policies is told by IAM at once and obeyed by services after a while: until then they go by what was
before the oldest change that has not reached them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.permissions.documents import Malformed, identity_policy
from provisioner.sandbox.permissions.policies import Policy

Subject = Role | User | Group | ManagedPolicy


@dataclass(frozen=True)
class Holding:
    """What policies say of one subject; documents and ARNs, as IAM keeps them."""

    inline: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    boundary: str = ""
    trust: str = ""
    document: str = ""


class Boundaries:
    """The permissions boundaries of users, by id, which moto does not keep."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}


class Changes:
    """What each subject had before a change, and until when that counts, oldest first; by id."""

    def __init__(self) -> None:
        self.before: dict[str, list[tuple[float, Holding]]] = {}


def home(site: Site) -> Site:
    """IAM is global: its notes are kept apart from any region's."""
    return Site(site.account, "global", site.world)


def will_change(call: Call) -> None:
    """Note what the subjects that the call names have now: services go by it for a while longer."""
    delay = call.world.latencies.seconds("iam.policy.effective")
    if not delay:
        return
    until, before = call.world.clock.now() + delay, home(call).ledger(Changes).before
    for subject in _named(call):
        before.setdefault(subject.id, []).append((until, _now(call, subject)))


def holding(site: Site, subject: Subject) -> Holding:
    """What the subject has, as far as it has taken effect."""
    changes = home(site).ledger(Changes).before.get(subject.id, [])
    now = site.world.clock.now()
    return next((had for until, had in changes if until > now), None) or _now(site, subject)


def identity_policies(site: Site, subject: Role | User | Group) -> tuple[Policy, ...]:
    """All policies of a user, role or group: inline, attached, and those of a user's groups."""
    iam = backends.iam(site)
    holdings = [holding(site, subject)]
    holdings += [holding(site, iam.groups[name]) for name in holdings[0].groups if name in iam.groups]
    return tuple(policy for held in holdings for policy in _policies(site, held))


def boundary(site: Site, subject: Role | User) -> tuple[Policy, ...] | None:
    """The permissions boundary; None if there is none."""
    arn = holding(site, subject).boundary
    return tuple(_read(_document(site, arn))) if arn else None


def _policies(site: Site, held: Holding) -> Iterator[Policy]:
    for text in held.inline:
        yield from _read(text)
    for arn in held.attached:
        yield from _read(_document(site, arn))


def _document(site: Site, arn: str) -> str:
    policy = backends.iam(site).managed_policies.get(arn)
    return holding(site, policy).document if policy else ""


def _read(text: str) -> Iterator[Policy]:
    """A document that nobody can read (moto lets some pass) allows nothing."""
    try:
        yield identity_policy(text)
    except Malformed:
        return


def _named(call: Call) -> Iterator[Subject]:
    iam, asked = backends.iam(call), call.parameters
    yield from (role for role in iam.get_roles() if role.name == asked.get("RoleName"))
    for known, name in ((iam.users, "UserName"), (iam.groups, "GroupName"), (iam.managed_policies, "PolicyArn")):
        if found := known.get(asked.get(name, "")):
            yield found


def _now(site: Site, subject: Subject) -> Holding:
    if isinstance(subject, ManagedPolicy):
        return Holding(document=next(one.document for one in subject.versions if one.is_default))
    given: dict[str, Any] = {
        "inline": tuple(subject.policies.values()),
        "attached": tuple(subject.managed_policies),
    }
    if isinstance(subject, Role):
        given["trust"] = subject.assume_role_policy_document
        given["boundary"] = subject.permissions_boundary_arn or ""
    if isinstance(subject, User):
        given["groups"] = tuple(_groups(backends.iam(site), subject))
        given["boundary"] = home(site).ledger(Boundaries).of.get(subject.id, "")
    return Holding(**given)


def _groups(iam: IAMBackend, user: User) -> Iterator[str]:
    return (group.name for group in iam.groups.values() if user in group.users)
