"""Who answers behind a load balancer: target groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from state.record import Record
from steps.aws import owner
from steps.aws.context import Look
from steps.aws.elbv2 import differing, named, pairs
from steps.aws.holders.holder import Holder
from steps.base import Job, Ready, Retry, Seen, Step


@dataclass(frozen=True, kw_only=True)
class TargetGroup(Step):
    """A target group of IP addresses. Output: `name`.

    `health_check` holds parameters of the creating call (times in seconds), sent as they are: which of them go
    with which protocol is the caller's business. Name: up to 32 letters, digits and hyphens.
    """

    kind = "target_group"
    noun = "target group"
    family = "load balancing"
    retry = Retry.KEY
    vpc: str
    target_group_name: str
    port: int
    protocol: Literal["HTTP", "TCP"] = "HTTP"
    health_check: Mapping[str, Any]
    attributes: Mapping[str, str] = field(default_factory=dict)

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.target_group_name

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "Name": self.target_group_name,
            "Protocol": self.protocol,
            "Port": self.port,
            "VpcId": job.id_of(self.vpc),
            "TargetType": "ip",
            **self.health_check,
        }

    # Source: ELB API reference, ModifyTargetGroup.
    mutable = frozenset(
        {
            "HealthCheckProtocol",
            "HealthCheckPort",
            "HealthCheckPath",
            "HealthCheckIntervalSeconds",
            "HealthCheckTimeoutSeconds",
            "HealthyThresholdCount",
            "UnhealthyThresholdCount",
            "Matcher",
        }
    )

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return named(look, records, "TargetGroup")

    def create(self, job: Job) -> str:
        tags = job.aws.owner.pairs(self.name)
        answer = job.aws.once.elbv2.create_target_group(**job.record.request, Tags=tags)
        return answer["TargetGroups"][0]["TargetGroupArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready:
        elbv2 = job.aws.clients.elbv2
        wrong = list(self.attributes)
        if seen:
            self._set_health_check(job, seen)
            answer = elbv2.describe_target_group_attributes(TargetGroupArn=seen.id)
            wrong = differing(owner.mapping(answer["Attributes"]), self.attributes)
        if wrong:
            elbv2.modify_target_group_attributes(TargetGroupArn=job.id, Attributes=pairs(self.attributes, wrong))
        if wrong and seen:
            job.notes.append(f"set {', '.join(wrong)}")
        return Ready({"name": self.target_group_name})

    def _set_health_check(self, job: Job, seen: Seen) -> None:
        if wrong := differing(seen.raw, self.health_check):
            parameters: Any = {key: self.health_check[key] for key in wrong}
            job.aws.clients.elbv2.modify_target_group(TargetGroupArn=seen.id, **parameters)
            job.notes.append(f"set {', '.join(wrong)}")

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        return [_forwarding(arn) for arn in seen.raw.get("LoadBalancerArns", ())]

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.elbv2.delete_target_group(TargetGroupArn=seen.id)


def _forwarding(balancer: str) -> Holder:
    look = f"aws elbv2 describe-listeners --load-balancer-arn {balancer}"
    move = f"have its listeners and rules forward elsewhere (`{look}`), or delete it"
    return Holder(balancer, "load balancer that forwards to it", move=move)
