"""How many tasks a service has while its load changes: Application Auto Scaling of ECS services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from state.record import Phase, Record
from steps.aws.context import Aws, Look
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step

_NAMESPACE: Literal["ecs"] = "ecs"
_DIMENSION: Literal["ecs:service:DesiredCount"] = "ecs:service:DesiredCount"
_AT_ONCE = 50
_BOUNDS = ("MinCapacity", "MaxCapacity")
_TRACKING = "TargetTrackingScalingPolicyConfiguration"

Metric = Literal[
    "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"
]


@dataclass(frozen=True, kw_only=True)
class ScalableTarget(Step):
    """An ECS service whose number of tasks is scaled within bounds.

    The role for it is the service-linked one, which AWS makes at the first use.
    """

    kind = "scalable_target"
    noun = "scalable target"
    family = "scaling"
    retry = Retry.KEY
    mutable = frozenset(_BOUNDS)
    service: str
    cluster: str
    minimum: int
    maximum: int

    def key(self, ids: Mapping[str, str]) -> str | None:
        """The ResourceId, `service/CLUSTER/SERVICE`. Ids are ARNs, which end in the names."""
        if self.cluster not in ids or self.service not in ids:
            return None
        return "/".join(["service", *(ids[step].rpartition("/")[2] for step in (self.cluster, self.service))])

    def request(self, job: Job) -> dict[str, Any]:
        ids = {step: job.id_of(step) for step in (self.cluster, self.service)}
        return {
            "ServiceNamespace": _NAMESPACE,
            "ResourceId": self.key(ids),
            "ScalableDimension": _DIMENSION,
            **self._bounds(),
        }

    def _bounds(self) -> dict[str, Any]:
        return {"MinCapacity": self.minimum, "MaxCapacity": self.maximum}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Tags are read unless the target is the very one that is recorded. Another's is told by its ARN, for what
        it scales is the id of ours."""
        known = {record.outputs.get("arn") for record in records}
        for raw in _targets(look.aws, [record.key for record in records if record.key]):
            arn, resource = raw["ScalableTargetARN"], raw["ResourceId"]
            tags = None if arn in known else _tags(look.aws, arn)
            ours = tags is None or look.aws.owner.owns(tags)
            yield Seen(resource if ours else arn, raw, tags, key=resource)

    def create(self, job: Job) -> Made:
        tags = job.aws.owner.of(self.name)
        answer = job.aws.once.scaling.register_scalable_target(**job.record.request, Tags=tags)
        return Made(job.record.request["ResourceId"], {"arn": answer["ScalableTargetARN"]})

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        return {"arn": seen.raw["ScalableTargetARN"]}

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        """Other bounds are registered without tags: those are for a new one (Source: Application Auto Scaling API
        reference, RegisterScalableTarget)."""
        if seen is None:
            return Pending("not listed yet")
        if all(seen.raw[name] == value for name, value in self._bounds().items()):
            return Ready(self.known(seen))
        if job.once("bounds"):
            job.aws.clients.scaling.register_scalable_target(**_where(seen.raw), **self._bounds())
            job.notes.append(f"set the bounds to {self.minimum} and {self.maximum} tasks")
        return Pending("changing the bounds")

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Its policies and scheduled actions go with it."""
        if seen is None:
            return Gone()
        job.aws.clients.scaling.deregister_scalable_target(**_where(seen.raw))
        return Pending("deregistering")


@dataclass(frozen=True, kw_only=True)
class ScalingPolicy(Step):
    """Target tracking: as many tasks as keep a metric near `value`. Its alarms are made and deleted by AWS.

    `value` is in per cent of what the tasks have, or, of ALBRequestCountPerTarget, requests a target and minute.
    """

    kind = "scaling_policy"
    noun = "scaling policy"
    family = "scaling"
    retry = Retry.KEY
    mutable = frozenset({_TRACKING})
    target: str
    policy_name: str
    metric: Metric
    value: float
    load_balancer: str | None = None
    target_group: str | None = None
    cooldown_in: int = 300
    cooldown_out: int = 300
    """Seconds after tasks were removed or added in which no more are."""

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.target]}|{self.policy_name}" if self.target in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "PolicyName": self.policy_name,
            "ServiceNamespace": _NAMESPACE,
            "ResourceId": job.id_of(self.target),
            "ScalableDimension": _DIMENSION,
            "PolicyType": "TargetTrackingScaling",
            _TRACKING: self._tracking(job),
        }

    def _tracking(self, job: Job) -> dict[str, Any]:
        return {
            "TargetValue": float(self.value),
            "PredefinedMetricSpecification": self._metric(job),
            "ScaleInCooldown": self.cooldown_in,
            "ScaleOutCooldown": self.cooldown_out,
        }

    def _metric(self, job: Job) -> dict[str, str]:
        """A target group is named by the ends of its load balancer's ARN and of its own."""
        metric = {"PredefinedMetricType": str(self.metric)}
        if self.load_balancer is None or self.target_group is None:
            return metric
        balancer = job.id_of(self.load_balancer).partition(":loadbalancer/")[2]
        group = job.id_of(self.target_group).rpartition(":")[2]
        return {**metric, "ResourceLabel": f"{balancer}/{group}"}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """A policy bears no tags: one that was there before we asked for any is somebody else's."""
        begun = {record.key for record in records if record.phase is not Phase.PLANNED}
        for raw in _policies(look.aws, [record.key.partition("|")[2] for record in records if record.key]):
            key = f"{raw['ResourceId']}|{raw['PolicyName']}"
            yield Seen(raw["PolicyARN"], raw, None if key in begun else {}, key=key)

    def create(self, job: Job) -> str:
        return job.aws.once.scaling.put_scaling_policy(**job.record.request)["PolicyARN"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("not listed yet")
        wanted, found = self._tracking(job), seen.raw.get(_TRACKING, {})
        if all(found.get(name) == value for name, value in wanted.items()):
            return Ready()
        if job.once("policy"):
            job.aws.clients.scaling.put_scaling_policy(**self.request(job))
            job.notes.append("set the policy")
        return Pending("changing the policy")

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        job.aws.clients.scaling.delete_scaling_policy(PolicyName=seen.raw["PolicyName"], **_where(seen.raw))
        return Pending("deleting")


def _where(raw: Mapping[str, Any]) -> Any:
    """What names a scalable target, of the target itself or of something that belongs to it."""
    return {name: raw[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}


def _targets(aws: Aws, resources: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    pages = aws.clients.scaling.get_paginator("describe_scalable_targets")
    for some in _batches(resources):
        for page in pages.paginate(ServiceNamespace=_NAMESPACE, ResourceIds=some, ScalableDimension=_DIMENSION):
            yield from page["ScalableTargets"]


def _policies(aws: Aws, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Policies of these names, of any service."""
    pages = aws.clients.scaling.get_paginator("describe_scaling_policies")
    for some in _batches(names):
        for page in pages.paginate(ServiceNamespace=_NAMESPACE, PolicyNames=some):
            yield from page["ScalingPolicies"]


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    wanted = sorted(set(names))
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]


def _tags(aws: Aws, arn: str) -> Mapping[str, str]:
    return aws.clients.scaling.list_tags_for_resource(ResourceARN=arn)["Tags"]
