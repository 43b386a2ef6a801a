"""What a load balancer does with what it is asked: listeners and their rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Look
from steps.aws.elbv2 import differing, forward, ours, tags
from steps.aws.errors import Cause, gone, verdict
from steps.base import Job, Pending, Ready, Retry, Seen, Step, StepFailed

_FIELDS = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}
"""What a rule goes by, and where the values of that are."""
_moves = Lock()
"""Rules move one at a time: what one has read of the others' places holds until it has moved."""


@dataclass(frozen=True, kw_only=True)
class Listener(Step):
    """One port of a load balancer, which may still be provisioning. It does one thing by default: it forwards to
    `target_group`, redirects to HTTPS on port `redirect_to` (301; host, path and query stay), or answers with the
    status `fixed`. `certificate` is the step that has its ARN as output `arn`.
    """

    kind = "listener"
    noun = "listener"
    gives_way = "delete that listener"
    family = "load balancing"
    retry = Retry.KEY
    load_balancer: str
    port: int
    protocol: Literal["HTTP", "HTTPS", "TCP", "TLS"] = "HTTP"
    target_group: str | None = None
    redirect_to: int | None = None
    fixed: int | None = None
    certificate: str | None = None
    ssl_policy: str | None = None

    def __post_init__(self) -> None:
        if [self.target_group, self.redirect_to, self.fixed].count(None) != 2:
            raise ValueError(f"{self.name}: exactly one of target_group, redirect_to and fixed")

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.load_balancer]}|{self.port}" if self.load_balancer in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {"LoadBalancerArn": job.id_of(self.load_balancer), **self._settings(job)}

    def _settings(self, job: Job) -> dict[str, Any]:
        """What both the creating and the modifying call take."""
        settings: dict[str, Any] = {
            "Protocol": self.protocol,
            "Port": self.port,
            "DefaultActions": [self._action(job)],
        }
        if self.certificate:
            settings["Certificates"] = [{"CertificateArn": job.output(self.certificate, "arn")}]
        if self.ssl_policy:
            settings["SslPolicy"] = self.ssl_policy
        return settings

    def _action(self, job: Job) -> dict[str, Any]:
        if self.target_group:
            return forward(job.id_of(self.target_group))
        if self.redirect_to:
            return {"Type": "redirect", "RedirectConfig": _elsewhere(self.redirect_to)}
        answer = {"StatusCode": str(self.fixed), "ContentType": "text/plain"}
        return {"Type": "fixed-response", "FixedResponseConfig": answer}

    mutable = frozenset({"DefaultActions", "Certificates", "SslPolicy"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return ours(look, records, (seen for place in _places(records) for seen in _listeners(look, place)))

    def create(self, job: Job) -> str:
        owner_tags = job.aws.owner.pairs(self.name)
        answer = job.aws.once.elbv2.create_listener(**job.record.request, Tags=owner_tags)
        return answer["Listeners"][0]["ListenerArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready:
        settings = self._settings(job)
        if seen and (wrong := differing(seen.raw, settings)):
            job.aws.clients.elbv2.modify_listener(ListenerArn=seen.id, **settings)
            job.notes.append(f"set {', '.join(wrong)}")
        return Ready()

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.elbv2.delete_listener(ListenerArn=seen.id)


def _elsewhere(port: int) -> dict[str, str]:
    """All of it is said, also what AWS would take for granted, so that a look shows whether it is still so."""
    kept = {"Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}
    return {"Protocol": "HTTPS", "Port": str(port), **kept, "StatusCode": "HTTP_301"}


def _places(records: Sequence[Record]) -> list[str]:
    """The load balancers or listeners in which these are: the first part of their keys."""
    return sorted({record.key.split("|")[0] for record in records if record.key})


def _listeners(look: Look, balancer: str) -> list[Seen]:
    pages = look.aws.clients.elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
    listed = _unless_gone(raw for page in pages for raw in page["Listeners"])
    return [Seen(raw["ListenerArn"], raw, key=f"{balancer}|{raw['Port']}") for raw in listed]


def _unless_gone(listing: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is in a load balancer or listener that is gone, is gone with it."""
    try:
        return list(listing)
    except ClientError as error:
        if gone(error):
            return []
        raise


@dataclass(frozen=True, kw_only=True)
class ListenerRule(Step):
    """What a listener does with requests for some `paths` or `hosts` (both if both are given): it forwards them.

    Rules are asked in the order of their `priority`, 1 to 50000, and two of a listener never have the same.
    """

    kind = "listener_rule"
    noun = "listener rule"
    gives_way = "delete that rule"
    family = "load balancing"
    retry = Retry.KEY
    listener: str
    priority: int
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    target_group: str

    def __post_init__(self) -> None:
        if not (self.paths or self.hosts):
            raise ValueError(f"{self.name}: at least one path or host")

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.listener]}|{self.priority}" if self.listener in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "ListenerArn": job.id_of(self.listener),
            "Priority": self.priority,
            "Conditions": self._conditions(),
            "Actions": [forward(job.id_of(self.target_group))],
        }

    def _conditions(self) -> list[Any]:
        wanted = zip(_FIELDS.items(), (self.paths, self.hosts), strict=True)
        return [{"Field": field, place: {"Values": list(values)}} for (field, place), values in wanted if values]

    mutable = frozenset({"Priority", "Conditions", "Actions"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return ours(look, records, (seen for place in _places(records) for seen in _rules(look, place)))

    def create(self, job: Job) -> str:
        owner_tags = job.aws.owner.pairs(self.name)
        answer = job.aws.once.elbv2.create_rule(**job.record.request, Tags=owner_tags)
        return answer["Rules"][0]["RuleArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Ready()
        self._set_contents(job, seen)
        return Ready() if seen.raw["Priority"] == str(self.priority) else self._set_priority(job, seen)

    def _set_contents(self, job: Job, seen: Seen) -> None:
        wanted = self.request(job)
        wrong = differing(seen.raw, {"Actions": wanted["Actions"]})
        if _values(seen.raw["Conditions"]) != _values(wanted["Conditions"]):
            wrong.append("Conditions")
        if wrong:
            changes: Any = {key: wanted[key] for key in wrong}
            job.aws.clients.elbv2.modify_rule(RuleArn=seen.id, **changes)
            job.notes.append(f"set {', '.join(wrong)}")

    def _set_priority(self, job: Job, seen: Seen) -> Ready | Pending:
        """Take the place; a rule of the stack's that has it still gets this one's in exchange, in the same call.

        So rules may move up, down or change places in whatever order their turns come: priorities are unique, so
        that a rule which is where it is to be is in nobody's way and never moved again.
        """
        wanted = str(self.priority)
        with _moves:
            places = {rule.id: rule.raw["Priority"] for rule in _rules(Look(job.aws), job.id_of(self.listener))}
            found = places.get(seen.id)
            if found is None:
                return Pending("it is in no listing")
            others = [arn for arn, place in places.items() if place == wanted and arn != seen.id]
            self._refuse_to_move(job, others)
            if found != wanted and (refused := _move(job, {seen.id: wanted, **dict.fromkeys(others, found)})):
                return Pending(refused)
        job.notes.append("set Priority")
        return Ready()

    def _refuse_to_move(self, job: Job, others: Sequence[str]) -> None:
        for arn, found in tags(job.aws, others):
            if not job.aws.owner.owns(found):
                why = f"priority {self.priority} is that of a rule which is not this stack's: {arn}"
                raise StepFailed(why, "choose another priority or remove that rule, then resume")

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.elbv2.delete_rule(RuleArn=seen.id)


def _move(job: Job, moves: Mapping[str, str]) -> str:
    """All at once or none. Returns what AWS says where it refuses a priority that yet another rule has."""
    wanted: list[Any] = [{"RuleArn": arn, "Priority": int(priority)} for arn, priority in moves.items()]
    try:
        job.aws.clients.elbv2.set_rule_priorities(RulePriorities=wanted)
    except ClientError as error:
        if verdict(error).cause is Cause.EXISTS:
            return str(verdict(error))
        raise
    return ""


def _rules(look: Look, listener: str) -> list[Seen]:
    """All but the default one, which goes with its listener."""
    pages = look.aws.clients.elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener)
    listed = _unless_gone(raw for page in pages for raw in page["Rules"] if not raw["IsDefault"])
    return [Seen(raw["RuleArn"], raw, key=f"{listener}|{raw['Priority']}") for raw in listed]


def _values(conditions: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What a rule goes by, in whatever order, and in either place where AWS describes values."""
    return {one["Field"]: sorted(one.get("Values") or _configured(one)) for one in conditions}


def _configured(condition: Mapping[str, Any]) -> list[str]:
    place = _FIELDS.get(condition["Field"], "")
    return list(condition.get(place, {}).get("Values", ()))
