"""Who answers and who is asked: load balancers, target groups, listeners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import owner
from steps.aws.context import Aws, Look
from steps.aws.errors import gone
from steps.aws.listing import describe
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step, StepFailed

_TAGS_PER_CALL = 20


@dataclass(frozen=True, kw_only=True)
class LoadBalancer(Step):
    """An Application Load Balancer. Its id is its ARN; outputs: `dns_name`, `zone_id`, `name`."""

    kind = "load_balancer"
    noun = "load balancer"
    family = "load balancing"
    retry = Retry.KEY
    typical = 120.0
    patience = 900.0
    typical_delete = 60.0
    patience_delete = 2400.0
    load_balancer_name: str
    scheme: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.load_balancer_name

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "Name": self.load_balancer_name,
            "Type": "application",
            "Scheme": self.scheme,
            "Subnets": [job.id_of(subnet) for subnet in self.subnets],
            "SecurityGroups": [job.id_of(group) for group in self.groups],
        }

    mutable = frozenset({"SecurityGroups"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        pages = look.aws.clients.elbv2.get_paginator("describe_load_balancers").paginate()
        found = (raw for page in pages for raw in page["LoadBalancers"])
        return _ours(look.aws, records, found, "LoadBalancerName", "LoadBalancerArn")

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
        _set_attributes(job, self.attributes)
        return Ready(_names(seen.raw))

    def _set_groups(self, job: Job, seen: Seen) -> None:
        wanted = [job.id_of(group) for group in self.groups]
        if sorted(seen.raw.get("SecurityGroups", ())) != sorted(wanted):
            job.aws.clients.elbv2.set_security_groups(LoadBalancerArn=seen.id, SecurityGroups=wanted)
            job.notes.append(f"put it into its security group{'s' if len(wanted) > 1 else ''} again")

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Gone when its network interfaces are: until then they hold its subnets and security groups."""
        if seen is not None:
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


def _interfaces(job: Job) -> list[Mapping[str, Any]]:
    """A load balancer's interfaces are told by their description: `ELB app/NAME/HASH`, the end of its ARN."""
    if job.record.id is None:
        return []
    description = "ELB " + job.record.id.split(":loadbalancer/")[-1]
    filters = {"description": [description]}
    return list(describe(Look(job.aws), "describe_network_interfaces", "NetworkInterfaces", filters))


def _set_attributes(job: Job, wanted: Mapping[str, str]) -> None:
    found = job.aws.clients.elbv2.describe_load_balancer_attributes(LoadBalancerArn=job.id)["Attributes"]
    wrong = _differing(owner.mapping(found), wanted)
    if wrong:
        job.aws.clients.elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=job.id, Attributes=[{"Key": key, "Value": wanted[key]} for key in wrong]
        )
        if job.record.ready_at:
            job.notes.append(f"set {', '.join(wrong)}")


def _differing(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    return [key for key, value in wanted.items() if found.get(key) != value]


def _ours(
    aws: Aws, records: Sequence[Record], found: Iterable[Mapping[str, Any]], name: str, arn: str
) -> list[Seen]:
    """Of all things listed, those with a name or ARN of ours; with tags where they are not recorded."""
    ids, names = {record.id for record in records}, {record.key for record in records}
    picked = [raw for raw in found if raw[arn] in ids or raw[name] in names]
    tags = dict(_tags(aws, [raw[arn] for raw in picked if raw[arn] not in ids]))
    return [Seen(raw[arn], raw, tags.get(raw[arn]), key=raw[name]) for raw in picked]


def _tags(aws: Aws, arns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    for start in range(0, len(arns), _TAGS_PER_CALL):
        answer = aws.clients.elbv2.describe_tags(ResourceArns=arns[start : start + _TAGS_PER_CALL])
        for description in answer["TagDescriptions"]:
            yield description["ResourceArn"], owner.mapping(description["Tags"])


@dataclass(frozen=True, kw_only=True)
class TargetGroup(Step):
    """An HTTP target group of IP addresses. `health_check` holds parameters of the creating call (seconds)."""

    kind = "target_group"
    noun = "target group"
    family = "load balancing"
    retry = Retry.KEY
    vpc: str
    target_group_name: str
    port: int
    health_check: Mapping[str, Any]
    attributes: Mapping[str, str] = field(default_factory=dict)

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.target_group_name

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "Name": self.target_group_name,
            "Protocol": "HTTP",
            "Port": self.port,
            "VpcId": job.id_of(self.vpc),
            "TargetType": "ip",
            **self.health_check,
        }

    mutable = frozenset(
        {
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
        pages = look.aws.clients.elbv2.get_paginator("describe_target_groups").paginate()
        found = (raw for page in pages for raw in page["TargetGroups"])
        return _ours(look.aws, records, found, "TargetGroupName", "TargetGroupArn")

    def create(self, job: Job) -> str:
        tags = job.aws.owner.pairs(self.name)
        answer = job.aws.once.elbv2.create_target_group(**job.record.request, Tags=tags)
        return answer["TargetGroups"][0]["TargetGroupArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        elbv2 = job.aws.clients.elbv2
        wrong = list(self.attributes)
        if seen:
            self._set_health_check(job, seen)
            answer = elbv2.describe_target_group_attributes(TargetGroupArn=seen.id)
            wrong = _differing(owner.mapping(answer["Attributes"]), self.attributes)
        if wrong:
            pairs = [{"Key": key, "Value": self.attributes[key]} for key in wrong]
            elbv2.modify_target_group_attributes(TargetGroupArn=job.id, Attributes=pairs)  # type: ignore[arg-type]
        if wrong and seen:
            job.notes.append(f"set {', '.join(wrong)}")
        return Ready({"name": self.target_group_name})

    def _set_health_check(self, job: Job, seen: Seen) -> None:
        if wrong := _differing(seen.raw, self.health_check):
            parameters: Any = {key: self.health_check[key] for key in wrong}
            job.aws.clients.elbv2.modify_target_group(TargetGroupArn=seen.id, **parameters)
            job.notes.append(f"set {', '.join(wrong)}")

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.elbv2.delete_target_group(TargetGroupArn=seen.id)


@dataclass(frozen=True, kw_only=True)
class Listener(Step):
    """An HTTP listener that forwards to one target group. Its load balancer may still be provisioning."""

    kind = "listener"
    noun = "listener"
    family = "load balancing"
    retry = Retry.KEY
    load_balancer: str
    target_group: str
    port: int

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.load_balancer]}|{self.port}" if self.load_balancer in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "LoadBalancerArn": job.id_of(self.load_balancer),
            "Protocol": "HTTP",
            "Port": self.port,
            "DefaultActions": self._actions(job),
        }

    def _actions(self, job: Job) -> list[Any]:
        return [{"Type": "forward", "TargetGroupArn": job.id_of(self.target_group)}]

    mutable = frozenset({"DefaultActions"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for balancer in sorted({record.key.split("|")[0] for record in records if record.key}):
            for raw in _listeners(look, balancer):
                yield Seen(raw["ListenerArn"], raw, key=f"{balancer}|{raw['Port']}")

    def create(self, job: Job) -> str:
        tags = job.aws.owner.pairs(self.name)
        answer = job.aws.once.elbv2.create_listener(**job.record.request, Tags=tags)
        return answer["Listeners"][0]["ListenerArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        wanted = job.id_of(self.target_group)
        if seen and [action.get("TargetGroupArn") for action in seen.raw["DefaultActions"]] != [wanted]:
            job.aws.clients.elbv2.modify_listener(ListenerArn=seen.id, DefaultActions=self._actions(job))
            job.notes.append(f"forwards to {self.target_group} again")
        return Ready()

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.elbv2.delete_listener(ListenerArn=seen.id)


def _listeners(look: Look, balancer: str) -> list[Mapping[str, Any]]:
    try:
        pages = look.aws.clients.elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
        return [raw for page in pages for raw in page["Listeners"]]
    except ClientError as error:
        if gone(error):
            return []
        raise
