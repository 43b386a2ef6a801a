"""What names lead to: record sets, and the delegation of a zone by the one above it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import record_sets
from steps.aws.context import Look
from steps.aws.errors import gone
from steps.aws.route53 import Place, canonical, values
from steps.aws.route53 import RecordSet as Raw
from steps.base import Gone, Job, Made, Pending, Piece, Ready, Retry, Seen, Step, StepFailed


@dataclass(frozen=True, kw_only=True)
class RecordSet(Step):
    """A record set of simple routing: `values` as Route 53 writes them (a TXT value in quotes), or an alias.

    `zone` is the step whose id is the zone's, `alias` the one whose outputs `dns_name` and `zone_id` are the
    target. Id: `ZONE|name|TYPE`; output: `name`. A record set that was there before is never taken over, and one
    that somebody has changed to lead elsewhere is left at destroy. TTL in seconds; an alias has none.
    """

    kind = "record_set"
    noun = "record set"
    gives_way = "delete that record, or choose another name for it in the stack file"
    family = "DNS"
    retry = Retry.KEY
    mutable = record_sets.MUTABLE
    typical = 30.0
    patience = 1800.0
    zone: str
    record_name: str
    type: str
    ttl: int = 60
    values: tuple[tuple[Piece, ...], ...] = ()
    alias: str | None = None

    def key(self, ids: Mapping[str, str]) -> str | None:
        if self.zone not in ids:
            return None
        return str(Place(ids[self.zone], canonical(self.record_name), self.type))

    def request(self, job: Job) -> dict[str, Any]:
        place = {
            "HostedZoneId": job.id_of(self.zone),
            "Name": canonical(self.record_name),
            "Type": self.type,
        }
        if self.alias is None:
            texts = [{"Value": job.joined(pieces)} for pieces in self.values]
            return {**place, "TTL": self.ttl, "ResourceRecords": texts}
        target = {
            "HostedZoneId": job.output(self.alias, "zone_id"),
            "DNSName": job.output(self.alias, "dns_name"),
            "EvaluateTargetHealth": False,
        }
        return {**place, "AliasTarget": target}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return record_sets.sightings(look, records)

    def create(self, job: Job) -> Made:
        return record_sets.create(job, job.aws)

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        pending = record_sets.settle(job, job.aws, self.request(job), seen)
        return pending or Ready({"name": self.record_name.removesuffix(".")})

    @classmethod
    def objection(cls, job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
        return record_sets.objection(job, seen)

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        return record_sets.delete(job, job.aws, seen)


@dataclass(frozen=True, kw_only=True)
class Delegation(Step):
    """The NS record with which the zone above sends to the stack's own; that may be in another account (`way`).

    It needs the zone and so goes before it: a name that is sent to name servers where the zone is no more can be
    taken by whoever gets the same servers. For that reason it is also removed when only some of its servers are
    the zone's. Id: `ZONE|name|NS|WAY`. TTL in seconds.
    """

    kind = "delegation"
    noun = "delegation"
    gives_way = "delete that delegation, or choose another name for the zone in the stack file"
    family = "DNS"
    retry = Retry.KEY
    mutable = record_sets.MUTABLE
    typical = 30.0
    patience = 1800.0
    record_name: str
    zone: str
    parent_zone_id: str
    way: str = ""
    ttl: int = 300

    def key(self, ids: Mapping[str, str]) -> str | None:
        return str(Place.of(self._place()))

    def _place(self) -> dict[str, Any]:
        name = canonical(self.record_name)
        return {"HostedZoneId": self.parent_zone_id, "Name": name, "Type": "NS", "Way": self.way}

    def request(self, job: Job) -> dict[str, Any]:
        servers = [{"Value": server} for server in job.output(self.zone, "name_servers")]
        return {**self._place(), "TTL": self.ttl, "ResourceRecords": servers}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return record_sets.sightings(look, records)

    def create(self, job: Job) -> Made:
        try:
            return record_sets.create(job, job.aws.at(self.way))
        except ClientError as error:
            if gone(error):
                why = f"there is no hosted zone {self.parent_zone_id} to delegate {self.record_name} in"
                raise StepFailed(why, "correct the parent zone in the stack file, then resume") from error
            raise

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        pending = record_sets.settle(job, job.aws.at(self.way), self.request(job), seen)
        return pending or Ready({"name": self.record_name.removesuffix(".")})

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        way = Place.read(seen.id).way if seen else ""
        return record_sets.delete(job, job.aws.at(way), seen, _share_a_server)


def _share_a_server(one: Raw, other: Raw) -> bool:
    return not set(values(one)).isdisjoint(values(other))
