"""Who calls, by the access key of the request, and what that caller may do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from moto.iam.models import Role, User
from moto.sts.models import AssumedRole

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.permissions import holdings
from provisioner.sandbox.permissions.policies import Decision, Policy, Request, decide

# What AWS's own keys look like; the others that clients of a sandbox use stand for the account's root.
_KEY = re.compile(r"A[KS]IA[A-Z2-7]{16}")


class BadKey(Exception):
    """Nobody has this key, or not any more."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__("expired" if expired else "unknown")
        self.expired = expired


class Sessions:
    """Until when the sessions of an account's roles last, in the sandbox's time, and what limits them; by key."""

    def __init__(self) -> None:
        self.ends: dict[str, float] = {}
        self.policies: dict[str, tuple[Policy, ...]] = {}


@dataclass(frozen=True)
class Judgement:
    """What was decided and because of which kind of policy, in AWS's words."""

    decision: Decision
    by: str = "identity-based policy"

    @property
    def allowed(self) -> bool:
        return self.decision is Decision.ALLOWED


@dataclass(frozen=True)
class Grants:
    """All that decides what somebody may do: each layer must allow it, and none may deny it."""

    identity: tuple[Policy, ...]
    boundary: tuple[Policy, ...] | None = None
    session: tuple[Policy, ...] | None = None

    def judge(self, request: Request) -> Judgement:
        layers = [
            ("identity-based policy", self.identity),
            ("permissions boundary", self.boundary),
            ("session policy", self.session),
        ]
        said = [Judgement(decide(policies, request), by) for by, policies in layers if policies is not None]
        for wanted in (Decision.EXPLICIT_DENY, Decision.IMPLICIT_DENY):
            if found := next((one for one in said if one.decision is wanted), None):
                return found
        return said[0]


@dataclass(frozen=True)
class Caller:
    """`grants` is None for root, who may do everything; `role` the ARN of the role that is assumed."""

    account: str
    arn: str
    id: str
    kind: str
    name: str = ""
    role: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    grants: Grants | None = None

    def judge(self, request: Request) -> Judgement:
        return self.grants.judge(request) if self.grants else Judgement(Decision.ALLOWED)

    @property
    def principals(self) -> Mapping[str, frozenset[str]]:
        """The names under which policies of resources may speak of the caller itself."""
        return {"AWS": frozenset({self.arn, self.role} - {""})}


def identify(call: Call, *, trusting: bool = False) -> Caller:
    """Raises BadKey for a key that looks like AWS's and is nobody's; who is `trusting` takes that for root's."""
    try:
        return _identified(call)
    except BadKey:
        if not trusting:
            raise
        return _root(call)


def _identified(call: Call) -> Caller:
    if user := _user(call):
        return _of_user(call, user)
    if session := backends.sts(call).get_assumed_role_from_access_key(call.key):
        return _of_session(call, session)
    if _KEY.fullmatch(call.key):
        raise BadKey
    return _root(call)


def _root(call: Call) -> Caller:
    return Caller(call.account, f"arn:aws:iam::{call.account}:root", call.account, "Account")


def begin_session(site: Site, key: str, seconds: float, policies: tuple[Policy, ...]) -> None:
    """Note when a session that begins now will end (where no time passes, in seconds of ours), and its limits."""
    timeless = site.world.latencies.profile.timeless
    lasts = seconds if timeless else site.world.latencies.scaled(seconds)
    notes = holdings.home(site).ledger(Sessions)
    notes.ends[key] = site.world.clock.now() + lasts
    notes.policies[key] = policies


def grants(site: Site, subject: Role | User) -> Grants:
    """What a role or user has been given, as it has taken effect."""
    return Grants(holdings.identity_policies(site, subject), holdings.boundary(site, subject))


def _user(call: Call) -> User | None:
    """The user whose active key it is."""
    for user in backends.iam(call).users.values():
        for key in user.access_keys:
            if key.access_key_id == call.key:
                if key.status != "Active":
                    raise BadKey
                return user
    return None


def _of_user(call: Call, user: User) -> Caller:
    tags = {tag["Key"]: tag["Value"] for tag in user.tags or ()}
    return Caller(call.account, user.arn, user.id, "User", user.name, tags=tags, grants=grants(call, user))


def _of_session(call: Call, session: AssumedRole) -> Caller:
    notes = holdings.home(call).ledger(Sessions)
    if notes.ends.get(session.access_key_id, float("inf")) <= call.world.clock.now():
        raise BadKey(expired=True)
    role = next((one for one in backends.iam(call).get_roles() if one.arn == session.role_arn), None)
    given = grants(call, role) if role else Grants(())
    if limits := notes.policies.get(session.access_key_id):
        given = replace(given, session=limits)
    tags = {tag["Key"]: tag["Value"] for tag in role.tags} if role else {}
    arn = f"arn:aws:sts::{call.account}:assumed-role/{session.role_arn.rpartition('/')[2]}/{session.session_name}"
    return Caller(call.account, arn, session.user_id, "AssumedRole", "", session.role_arn, tags, given)
