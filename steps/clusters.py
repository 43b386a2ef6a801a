"""Where tasks run on Fargate: an ECS cluster of the stack's own, or one that the user has already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from state.record import Record
from steps.aws import owner
from steps.aws.context import Look
from steps.base import Gone, Job, Pending, Ready, Retry, Seen, Step, StepFailed
from steps.observed import Existing

_CLUSTERS_PER_CALL = 100
_ENDED = "INACTIVE"
"""A memory of AWS's: the name is free."""


@dataclass(frozen=True, kw_only=True)
class Cluster(Step):
    """A cluster with at least these capacity providers: one more that somebody added stays, for services may use
    it, and then it cannot be taken away."""

    kind = "cluster"
    noun = "ECS cluster"
    family = "containers"
    retry = Retry.KEY
    mutable = frozenset({"settings", "capacityProviders"})
    typical = 5.0
    typical_delete = 2.0
    cluster_name: str
    container_insights: bool
    capacity_providers: tuple[str, ...] = ()

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.cluster_name

    def request(self, job: Job) -> dict[str, Any]:
        providers = {"capacityProviders": list(self.capacity_providers)} if self.capacity_providers else {}
        return {"clusterName": self.cluster_name, "settings": self._settings(), **providers}

    def _settings(self) -> list[Any]:
        return [{"name": "containerInsights", "value": "enabled" if self.container_insights else "disabled"}]

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Only what lives."""
        for raw in _described(look, [record.key for record in records if record.key]):
            going = raw["status"] == "DEPROVISIONING"
            tags = owner.mapping(raw.get("tags", ()))
            yield Seen(raw["clusterArn"], raw, tags, key=raw["clusterName"], going=going)

    def create(self, job: Job) -> str:
        tags = job.aws.owner.lower_pairs(self.name)
        return job.aws.once.ecs.create_cluster(**job.record.request, tags=tags)["cluster"]["clusterArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        status = seen.raw["status"] if seen else "PROVISIONING"
        if seen and status == "FAILED":
            raise StepFailed(f"cluster {self.cluster_name} is FAILED", "destroy, then provision")
        if not seen or status != "ACTIVE":
            return Pending(status)
        waiting = self._set_insights(job, seen) or self._add_providers(job, seen)
        return waiting or Ready(_outputs(seen.raw))

    def _set_insights(self, job: Job, seen: Seen) -> Pending | None:
        wanted, found = (sorted(map(_setting, told)) for told in (self._settings(), seen.raw.get("settings", ())))
        if found == wanted:
            return None
        if job.once("containerInsights"):
            job.aws.clients.ecs.update_cluster_settings(cluster=seen.id, settings=self._settings())
            job.notes.append("set Container Insights")
        return Pending("changing its settings")

    def _add_providers(self, job: Job, seen: Seen) -> Pending | None:
        """Every provider is named in the call: it takes away those that are not."""
        found: list[str] = seen.raw.get("capacityProviders", [])
        missing = [provider for provider in self.capacity_providers if provider not in found]
        if not missing:
            return None
        if job.once("capacityProviders"):
            job.aws.clients.ecs.put_cluster_capacity_providers(
                cluster=seen.id,
                capacityProviders=[*found, *missing],
                defaultCapacityProviderStrategy=seen.raw.get("defaultCapacityProviderStrategy", []),
            )
            job.notes.append(f"added {', '.join(missing)}")
        return Pending(f"adding {', '.join(missing)}")

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        if not seen.going:
            job.aws.clients.ecs.delete_cluster(cluster=seen.id)
        return Pending("deleting")


@dataclass(frozen=True, kw_only=True)
class ExistingCluster(Existing):
    """A cluster that the user has already, by name or ARN."""

    kind = "existing_cluster"
    noun = "ECS cluster"
    family = "containers"

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        given = [record.key for record in records if record.key]
        for raw in _described(look, given):
            for key in {raw["clusterName"], raw["clusterArn"]}.intersection(given):
                yield Seen(raw["clusterArn"], raw, key=key)

    @property
    def known_id(self) -> str | None:
        """Only where it is given by its ARN."""
        return self.given if self.given.startswith("arn:") else None

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        """Its outputs name its capacity providers: without FARGATE_SPOT it can run nothing there."""
        if seen is None or seen.raw["status"] != "ACTIVE":
            return Pending(seen.raw["status"] if seen else "looking for it")
        return Ready(_outputs(seen.raw))


def _described(look: Look, given: Iterable[str]) -> Iterable[Mapping[str, Any]]:
    """The clusters of these names or ARNs that live; what there is not is no error."""
    wanted = sorted(set(given))
    for start in range(0, len(wanted), _CLUSTERS_PER_CALL):
        named = wanted[start : start + _CLUSTERS_PER_CALL]
        answer = look.aws.clients.ecs.describe_clusters(clusters=named, include=["TAGS", "SETTINGS"])
        yield from (raw for raw in answer["clusters"] if raw["status"] != _ENDED)


def _setting(setting: Mapping[str, str]) -> tuple[str, str]:
    return setting["name"], setting["value"]


def _outputs(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": raw["clusterName"], "capacity_providers": sorted(raw.get("capacityProviders", ()))}
