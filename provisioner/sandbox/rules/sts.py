"""STS: who one is, who one may become, and for how long."""

from __future__ import annotations

import re

from moto.iam.models import Role

from provisioner.sandbox import backends, trust
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.permissions import callers, enforcement, holdings, messages, refusals, roles
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.permissions.callers import Caller, Judgement
from provisioner.sandbox.permissions.documents import Malformed, identity_policy
from provisioner.sandbox.permissions.policies import Decision, Policy, Request
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_SOURCE = "STS API Reference: AssumeRole"
_HOUR = 3600
_LONGEST = 43200
_SESSION = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


@instead("sts", "GetCallerIdentity", source="STS API Reference: GetCallerIdentity")
def everybody_may_ask_who_they_are(call: Call) -> Answer:
    """The user, the assumed role's session, or root for keys that are not AWS's."""
    caller = enforcement.known(call)
    return {"UserId": caller.id, "Account": caller.account, "Arn": caller.arn}


@before("sts", "AssumeRole", source=_SOURCE)
def sessions_are_named_and_limited(call: Call) -> None:
    """ValidationError for a bad session name or for longer than 12 hours, MalformedPolicyDocument for a policy."""
    name = call.parameters["RoleSessionName"]
    if not _SESSION.fullmatch(name):
        raise _violation(name, "roleSessionName", r"Member must satisfy regular expression pattern: [\w+=,.@-]*")
    seconds = call.parameters.get("DurationSeconds", _HOUR)
    if seconds > _LONGEST:
        raise _violation(seconds, "durationSeconds", f"Member must have value less than or equal to {_LONGEST}")
    _limits(call)


@before("sts", "AssumeRole", source=f"{_SOURCE}; IAM User Guide: policy evaluation logic")
def roles_choose_who_assumes_them(call: Call) -> None:
    """AccessDenied (403) if the role is not there (yet), does not trust the caller, or the caller may not."""
    caller, arn = enforcement.known(call), call.parameters["RoleArn"]
    keys = {"sts:RoleSessionName": call.parameters["RoleSessionName"]}
    if external := call.parameters.get("ExternalId"):
        keys["sts:ExternalId"] = external
    request = enforcement.request_of(call, caller, Ask("sts:AssumeRole", arn, keys))
    home, role = roles.find(call, arn)
    wanted = caller.judge(request) if call.world.enforcing else Judgement(Decision.ALLOWED)
    if role is None or _too_young(call, home, role) or not _trusted(home, role, caller, request, wanted):
        what = f"is not authorized to perform: sts:AssumeRole on resource: {arn}"
        denial = Refusal("AccessDenied", f"User: {caller.arn} {what}", 403)
        raise denial if wanted.allowed else refusals.denied(call, caller, Ask(request.action), request, wanted)


@before("sts", "AssumeRole", source="99designs/aws-vault#263; STS API Reference: AssumeRole")
def roles_limit_their_sessions(call: Call) -> None:
    """ValidationError for longer than the role's MaxSessionDuration, or than an hour from another role."""
    seconds = call.parameters.get("DurationSeconds", _HOUR)
    if seconds > _HOUR and enforcement.known(call).role:
        chained = "1 hour session limit for roles assumed by role chaining."
        raise Refusal("ValidationError", f"The requested DurationSeconds exceeds the {chained}")
    _, role = roles.find(call, call.parameters["RoleArn"])
    if role is not None and seconds > int(role.max_session_duration or _HOUR):
        limit = "the MaxSessionDuration set for this role."
        raise Refusal("ValidationError", f"The requested DurationSeconds exceeds {limit}")


@after("sts", "AssumeRole", source=_SOURCE)
def sessions_end(call: Call, answer: Answer) -> None:
    """After an hour, or as long as was asked for: ExpiredToken and the like from then on."""
    home, _ = roles.find(call, call.parameters["RoleArn"])
    key, seconds = answer["Credentials"]["AccessKeyId"], call.parameters.get("DurationSeconds", _HOUR)
    callers.begin_session(home, key, seconds, _limits(call))


@instead("sts", "DecodeAuthorizationMessage", source="STS API Reference: DecodeAuthorizationMessage")
def denials_can_be_decoded(call: Call) -> Answer:
    """InvalidAuthorizationMessageException for what is none."""
    try:
        return {"DecodedMessage": messages.decode(call.parameters["EncodedMessage"])}
    except ValueError:
        raise Refusal("InvalidAuthorizationMessageException", "The message is not valid") from None


def _trusted(home: Site, role: Role, caller: Caller, request: Request, wanted: Judgement) -> bool:
    """To be named by a role of the same account is enough; else the caller's own policies must allow it too."""
    root = f"arn:aws:iam::{caller.account}:root"
    by_name = trust.trust(home, role, caller.principals, request.context)
    everyone = {"AWS": caller.principals["AWS"] | {caller.account, root}}
    by_account = trust.trust(home, role, everyone, request.context)
    if Decision.EXPLICIT_DENY in (by_name, by_account, wanted.decision):
        return False
    if by_name is Decision.ALLOWED and home.account == caller.account:
        return True
    return by_account is Decision.ALLOWED and wanted.allowed


def _too_young(call: Call, home: Site, role: Role) -> bool:
    notes = trust.births(home)
    age = call.world.clock.now() - notes.at.get(role.name, float("-inf"))
    return age < notes.usable.get(role.name, 0.0)


def _limits(call: Call) -> tuple[Policy, ...]:
    """The session policies: one that is given, and managed ones of the role's account."""
    home, _ = roles.find(call, call.parameters["RoleArn"])
    known = backends.iam(home).managed_policies
    named = [known.get(one.get("arn", "")) for one in call.parameters.get("PolicyArns", ())]
    texts = [call.parameters.get("Policy"), *(holdings.holding(home, one).document for one in named if one)]
    try:
        return tuple(identity_policy(text) for text in texts if text)
    except Malformed as error:
        raise Refusal("MalformedPolicyDocument", str(error)) from None


def _violation(value: object, member: str, constraint: str) -> Refusal:
    what = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint"
    return Refusal("ValidationError", f"{what}: {constraint}")
