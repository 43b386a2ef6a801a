"""Where names are kept: hosted zones, the stack's own and the user's."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import route53
from steps.aws.context import Aws, Look
from steps.aws.errors import gone
from steps.aws.holders.holder import Holder
from steps.aws.record_sets import RECORDS
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step, StepFailed
from steps.observed import Existing

_AT_APEX = frozenset({"NS", "SOA"})
_TAGS_PER_CALL = 10
_SETS_PER_CALL = 50
_TOLD = 20


class NoSuchZone(Exception):
    """What the user named cannot be used. `what` is wrong with it, `fix` is what to do."""

    def __init__(self, what: str, fix: str) -> None:
        self.what, self.fix = what, fix
        super().__init__(f"{what}. Fix: {fix}.")


@dataclass(frozen=True, kw_only=True)
class HostedZone(Step):
    """A hosted zone: public, or private in one VPC. Outputs: `zone_name`; of a public one `name_servers`.

    Names are not unique. What makes a zone ours is the reference with which it was made, for it bears no tags
    until it is settled (Route 53 API reference, CreateHostedZone). Records may be made before it is in sync.
    """

    kind = "hosted_zone"
    noun = "hosted zone"
    family = "DNS"
    retry = Retry.TOKEN
    typical_delete = 2.0
    zone_name: str
    vpc: str | None = None
    comment: str = ""

    def request(self, job: Job) -> dict[str, Any]:
        config = {"PrivateZone": self.vpc is not None, **({"Comment": self.comment} if self.comment else {})}
        request = {"Name": self.zone_name, "HostedZoneConfig": config}
        if self.vpc is None:
            return request
        return {**request, "VPC": {"VPCId": job.id_of(self.vpc), "VPCRegion": job.aws.region}}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        dns = look.aws.clients.dns
        asked = [record for record in records if record.request]
        for name in sorted({record.request["Name"] for record in asked}):
            ids = {record.id for record in asked}
            references = {record.token: record.name for record in asked if record.id is None}
            for raw in route53.zones_named(dns, name):
                zone, reference = route53.short(raw["Id"]), raw["CallerReference"]
                if zone in ids:
                    yield Seen(zone, raw)
                elif reference in references:
                    tags = look.aws.owner.of(references[reference])
                    yield Seen(zone, {**dns.get_hosted_zone(Id=zone)}, tags)

    def create(self, job: Job) -> Made:
        answer = job.aws.once.dns.create_hosted_zone(**job.record.request, CallerReference=job.record.token)
        return Made(route53.short(answer["HostedZone"]["Id"]), _names(answer))

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        return _names(seen.raw) if "HostedZone" in seen.raw else {}

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if job.record.ready_at is None:
            tags = job.aws.owner.pairs(self.name)
            for start in range(0, len(tags), _TAGS_PER_CALL):
                job.aws.clients.dns.change_tags_for_resource(
                    ResourceType="hostedzone", ResourceId=job.id, AddTags=tags[start : start + _TAGS_PER_CALL]
                )
        return Ready(job.record.outputs)

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        move = "remove it, or destroy with --force-records"
        others = _others(job.aws, seen.id)
        return [Holder(route53.told(raw), "record in the zone", "not this stack's", move=move) for raw in others]

    @classmethod
    def objection(cls, job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
        others = [raw for raw in _others(job.aws, seen.id) if _id(seen.id, raw) not in ours]
        return _refusal(others) if others and RECORDS not in job.aws.forced else None

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """The stack's own records have gone before: whatever is left beside the zone's NS and SOA is others'."""
        if seen is None:
            return Gone()
        others = _others(job.aws, seen.id)
        if others and RECORDS not in job.aws.forced:
            raise _refusal(others)
        for start in range(0, len(others), _SETS_PER_CALL):
            batch = others[start : start + _SETS_PER_CALL]
            route53.change(job.aws.clients.dns, seen.id, "DELETE", *batch)
        job.aws.clients.dns.delete_hosted_zone(Id=seen.id)
        return Gone()


def _names(answer: Any) -> dict[str, Any]:
    """What CreateHostedZone and GetHostedZone tell of a zone's names."""
    name = {"zone_name": route53.plain(answer["HostedZone"]["Name"])}
    servers = answer.get("DelegationSet", {}).get("NameServers")
    return {**name, "name_servers": list(servers)} if servers else name


def _others(aws: Aws, zone: str) -> list[route53.RecordSet]:
    """Every record set but the two that a zone is born with: theirs alone may be left when it is deleted."""
    found = route53.everything(aws.clients.dns, zone)
    apex = next((raw["Name"] for raw in found if raw["Type"] == "SOA"), "")
    return [raw for raw in found if not (raw["Name"] == apex and raw["Type"] in _AT_APEX)]


def _refusal(others: Sequence[route53.RecordSet]) -> StepFailed:
    why = f"the zone holds records that this stack did not make: {_list(others)}"
    return StepFailed(why, "remove them, or destroy with --force-records")


def _id(zone: str, raw: route53.RecordSet) -> str:
    return str(route53.Place(zone, route53.canonical(raw["Name"]), raw["Type"]))


def _list(sets: Sequence[route53.RecordSet]) -> str:
    more = [f"and {len(sets) - _TOLD} more"] if len(sets) > _TOLD else []
    return ", ".join([*map(route53.told, sets[:_TOLD]), *more])


@dataclass(frozen=True, kw_only=True)
class ExistingZone(Existing):
    """A hosted zone of the user's own, by its id. Outputs: `zone_name`; of a public one `name_servers`."""

    kind = "existing_zone"
    noun = "hosted zone"
    family = "DNS"

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for given in sorted({record.key for record in records if record.key}):
            try:
                answer = look.aws.clients.dns.get_hosted_zone(Id=given)
            except ClientError as error:
                if gone(error):
                    continue
                raise
            yield Seen(route53.short(given), {**answer}, key=given)

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("not seen yet")
        if owner := seen.raw["HostedZone"].get("LinkedService"):
            why = f"hosted zone {self.given} is managed by {owner.get('ServicePrincipal', 'another service')}"
            raise StepFailed(why, "give a zone whose records you may change, then resume")
        return Ready(_names(seen.raw))


def find_zone(aws: Aws, name: str, way: str = "", *, private: bool = False) -> str:
    """The id of the public (or private) zone of exactly that name; `way` leads to the account that has it.

    Zones that another service manages, as Cloud Map does its namespaces', are none to make records in. Raises
    NoSuchZone where there is none or more than one; errors of AWS's pass through.
    """
    kind = "private" if private else "public"
    found = [
        route53.short(zone["Id"])
        for zone in route53.zones_named(aws.at(way).clients.dns, name)
        if zone["Config"].get("PrivateZone", False) is private and not zone.get("LinkedService")
    ]
    if not found:
        where = f" in the account of {way}" if way else ""
        raise NoSuchZone(f"there is no {kind} hosted zone {name}{where}", "make it first, or correct the name")
    if len(found) > 1:
        raise NoSuchZone(
            f"{len(found)} {kind} hosted zones are named {name}: {', '.join(found)}", "give the zone's id"
        )
    return found[0]
