"""Who is asked first: load balancers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from state.record import Record
from steps.aws import owner
from steps.aws.context import Look
from steps.aws.elbv2 import differing, named, pairs
from steps.aws.listing import describe
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step, StepFailed

_PROTECTION = "deletion_protection.enabled"
_TYPICAL = {"application": 120.0, "network": 150.0}


@dataclass(frozen=True, kw_only=True)
class LoadBalancer(Step):
    """An Application or Network Load Balancer. Its id is its ARN; outputs: `dns_name`, `zone_id`, `name`.

    `attributes` are set right when they differ; those that are not named stay as they are. A network load balancer
    that is made without security groups never gets one (ELB API reference, SetSecurityGroups).
    """

    kind = "load_balancer"
    noun = "load balancer"
    family = "load balancing"
    retry = Retry.KEY
    typical = _TYPICAL["application"]
    patience = 900.0
    typical_delete = 60.0
    patience_delete = 2400.0
    load_balancer_name: str
    scheme: Literal["internal", "internet-facing"]
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    type: Literal["application", "network"] = "application"
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Of one kind, but not of one pace; the instance is frozen, so this is the way to say so.
        object.__setattr__(self, "typical", _TYPICAL[self.type])

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.load_balancer_name

    def request(self, job: Job) -> dict[str, Any]:
        groups = [job.id_of(group) for group in self.groups]
        return {
            "Name": self.load_balancer_name,
            "Type": self.type,
            "Scheme": self.scheme,
            "Subnets": [job.id_of(subnet) for subnet in self.subnets],
            **({"SecurityGroups": groups} if groups else {}),
        }

    mutable = frozenset({"SecurityGroups"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return named(look, records, "LoadBalancer")

    def create(self, job: Job) -> Made:
        tags = job.aws.owner.pairs(self.name)
        answer = job.aws.once.elbv2.create_load_balancer(**job.record.request, Tags=tags)
        raw = answer["LoadBalancers"][0]
        return Made(raw["LoadBalancerArn"], _names(raw))

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        return _names(seen.raw)

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        state = seen.raw["State"]["Code"] if seen else "provisioning"
        if seen and state == "failed":
            why = seen.raw["State"].get("Reason", "AWS gave no reason")
            raise StepFailed(f"load balancer {self.load_balancer_name} failed: {why}", "destroy, then provision")
        if seen is None or state not in ("active", "active_impaired"):
            return Pending(state)
        self._set_groups(job, seen)
        self._set_attributes(job)
        return Ready(_names(seen.raw))

    def _set_groups(self, job: Job, seen: Seen) -> None:
        wanted, found = [job.id_of(group) for group in self.groups], seen.raw.get("SecurityGroups", [])
        if sorted(found) == sorted(wanted):
            return
        if not found or not wanted:
            made = f"load balancer {self.load_balancer_name} was made {'with' if found else 'without'}"
            why = f"{made} security groups, and AWS neither adds the first one nor takes the last one away"
            raise StepFailed(why, "destroy, then provision")
        job.aws.clients.elbv2.set_security_groups(LoadBalancerArn=seen.id, SecurityGroups=wanted)
        job.notes.append(f"put it into its security group{'s' if len(wanted) > 1 else ''} again")

    def _set_attributes(self, job: Job) -> None:
        wrong = differing(_attributes(job), self.attributes)
        if wrong:
            job.aws.clients.elbv2.modify_load_balancer_attributes(
                LoadBalancerArn=job.id, Attributes=pairs(self.attributes, wrong)
            )
        if wrong and job.record.ready_at:
            job.notes.append(f"set {', '.join(wrong)}")

    @classmethod
    def objection(cls, job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
        """AWS would say OperationNotPermitted; whoever switched the protection on is told how to switch it off."""
        if _attributes(job).get(_PROTECTION) != "true":
            return None
        return StepFailed(
            f"load balancer {seen.raw['LoadBalancerName']} is protected against deletion",
            "set load_balancer.deletion_protection = false and provision, then destroy",
        )

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Gone when its network interfaces are: until then they hold its subnets and security groups."""
        if seen is not None:
            if objection := cls.objection(job, seen, ()):
                raise objection
            job.aws.clients.elbv2.delete_load_balancer(LoadBalancerArn=seen.id)
            return Pending("deleting")
        left = len(_interfaces(job))
        return Pending(f"{left} of its network interfaces left") if left else Gone()


def _names(raw: Mapping[str, Any]) -> dict[str, str]:
    """Its names, which it has from birth: functions may be told them while it is provisioning."""
    return {
        "dns_name": raw["DNSName"],
        "zone_id": raw["CanonicalHostedZoneId"],
        "name": raw["LoadBalancerName"],
    }


def _attributes(job: Job) -> dict[str, str]:
    answer = job.aws.clients.elbv2.describe_load_balancer_attributes(LoadBalancerArn=job.id)
    return owner.mapping(answer["Attributes"])


def _interfaces(job: Job) -> list[Mapping[str, Any]]:
    """A load balancer's interfaces are told by their description, which holds the end of its ARN:
    `ELB app/NAME/HASH` or `ELB net/NAME/HASH`. Source: terraform-provider-aws, elbv2/load_balancer.go.
    """
    if job.record.id is None:
        return []
    description = "ELB " + job.record.id.split(":loadbalancer/")[-1]
    filters = {"description": [description]}
    return list(describe(Look(job.aws), "describe_network_interfaces", "NetworkInterfaces", filters))
