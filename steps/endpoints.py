"""Private ways from a VPC to AWS's services: VPC endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from steps.aws.context import Aws, Look
from steps.aws.errors import Cause, verdict
from steps.aws.listing import ListedStep, Listing, describe
from steps.aws.owner import mapping
from steps.base import Gone, Job, Pending, Ready, Retry, Seen, StepFailed

_ANSWERS_AFTER = 25.0
"""Seconds until an interface endpoint that is `available` really answers. Source: amplify-category-api#1875."""
_FAILED = ("failed", "rejected", "expired")
_STANDING = ("available", "pending")
_ENDED = ("deleting", "deleted", *_FAILED)


def _spelt(*states: str) -> frozenset[str]:
    """The EC2 API reference writes states with a capital letter, its examples of answers without."""
    return frozenset({*states, *(state.capitalize() for state in states)})


def endpoints_of(aws: Aws, vpc: str) -> list[str]:
    """The services, such as `ecr.api`, that have an endpoint in a VPC, by which their own names lead to it.

    A second one of the same names is refused (EC2 API reference, CreateVpcEndpoint, PrivateDnsEnabled).
    """
    prefix = f"com.amazonaws.{aws.region}."
    found = describe(Look(aws), "describe_vpc_endpoints", "VpcEndpoints", {"vpc-id": [vpc]})
    return [raw["ServiceName"].removeprefix(prefix) for raw in found if _serves(raw)]


def _serves(raw: Mapping[str, Any]) -> bool:
    named = raw["VpcEndpointType"] == "Gateway" or raw.get("PrivateDnsEnabled", False)
    return named and raw["State"].lower() in _STANDING


@dataclass(frozen=True, kw_only=True)
class VpcEndpoint(ListedStep):
    """An endpoint for one AWS service: routes in tables (`Gateway`) or an interface in each subnet (`Interface`).

    An interface endpoint without groups would get the VPC's default one, which lets nobody in but its own members.
    `private_dns` is of interface endpoints and needs a VPC with DNS support and DNS hostnames. Output: `dns_name`
    of an interface endpoint.
    """

    kind = "vpc_endpoint"
    noun = "VPC endpoint"
    family = "network"
    retry = Retry.TOKEN
    typical = 100.0
    patience = 900.0
    typical_delete = 60.0
    patience_delete = 1800.0
    listing = Listing(
        "describe_vpc_endpoints",
        "VpcEndpoints",
        "VpcEndpointId",
        "vpc-endpoint-id",
        going=_spelt("deleting"),
        spent=_spelt(*_FAILED),
        over=_spelt("deleted"),
    )
    vpc: str
    service: str
    type: Literal["Gateway", "Interface"]
    route_tables: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    private_dns: bool = True

    def request(self, job: Job) -> dict[str, Any]:
        """The type is always named: AWS takes `Gateway` where it is not."""
        return {
            "VpcId": job.id_of(self.vpc),
            "ServiceName": self.service,
            "VpcEndpointType": self.type,
            **self._settings(job),
        }

    def _settings(self, job: Job) -> dict[str, Any]:
        if self.type == "Gateway":
            return {"RouteTableIds": [job.id_of(table) for table in self.route_tables]}
        groups = {"SecurityGroupIds": [job.id_of(group) for group in self.groups]} if self.groups else {}
        return {
            "SubnetIds": [job.id_of(subnet) for subnet in self.subnets],
            **groups,
            "PrivateDnsEnabled": self.private_dns,
        }

    mutable = frozenset({"RouteTableIds", "SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled"})

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("vpc-endpoint", self.name)
        try:
            answer = job.aws.once.ec2.create_vpc_endpoint(
                **job.record.request, ClientToken=job.record.token, TagSpecifications=tags
            )
        except ClientError as error:
            _tell_of_rivals(job, error)
            raise
        return answer["VpcEndpoint"]["VpcEndpointId"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("pending")
        state = seen.raw["State"].lower()
        if state in _FAILED:
            raise _failure(seen, state)
        if state != "available":
            return Pending(state)
        if changes := self._changes(job, seen):
            return _set_right(job, seen, changes)
        return self._answering(job, seen)

    def _changes(self, job: Job, seen: Seen) -> dict[str, Any]:
        """The parameters of ModifyVpcEndpoint that are still wanting."""
        changes: dict[str, Any] = {}
        for name, wanted in self._settings(job).items():
            found = _FOUND[name](seen.raw)
            if name == "PrivateDnsEnabled":
                changes |= {name: wanted} if found != wanted else {}
            else:
                changes[f"Add{name}"] = [one for one in wanted if one not in found]
                changes[f"Remove{name}"] = sorted(set(found) - set(wanted))
        return {name: value for name, value in changes.items() if value != []}

    def _answering(self, job: Job, seen: Seen) -> Ready | Pending:
        """What needs a fresh interface endpoint should not start before it answers."""
        fresh = self.type == "Interface" and not job.record.ready_at
        if fresh and job.elapsed < job.memo.setdefault("available", job.elapsed) + _ANSWERS_AFTER:
            return Pending("available; it answers some seconds later")
        names = [entry["DnsName"] for entry in seen.raw.get("DnsEntries", ())]
        return Ready({"dns_name": names[0]} if names else {})

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Gone when its network interfaces are: until then they hold its subnets and security groups."""
        if seen is None:
            left = _interfaces(job)
            return Pending(f"its network interfaces go within minutes: {left}") if left else Gone()
        if not seen.going:
            _delete(job, seen.id)
        return Pending("deleting")


_FOUND: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "RouteTableIds": lambda raw: raw.get("RouteTableIds", []),
    "SubnetIds": lambda raw: raw.get("SubnetIds", []),
    "SecurityGroupIds": lambda raw: [group["GroupId"] for group in raw.get("Groups", ())],
    "PrivateDnsEnabled": lambda raw: bool(raw.get("PrivateDnsEnabled")),
}
"""Where a listing tells of each parameter."""


def _set_right(job: Job, seen: Seen, changes: Mapping[str, Any]) -> Pending:
    told = ", ".join(sorted({name.removeprefix("Add").removeprefix("Remove") for name in changes}))
    if job.once(f"change of {told}"):
        job.aws.clients.ec2.modify_vpc_endpoint(VpcEndpointId=seen.id, **changes)
        job.notes.append(f"set {told}")
    return Pending("modified, but not shown yet")


def _delete(job: Job, endpoint: str) -> None:
    """Raises ClientError: DeleteVpcEndpoints succeeds, and tells in its answer what it could not delete."""
    answer = job.aws.clients.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    for failure in answer.get("Unsuccessful", ()):
        told: Any = {"Error": dict(failure.get("Error", {}))}
        raise ClientError(told, "DeleteVpcEndpoints")


def _interfaces(job: Job) -> str:
    """They are told by their description."""
    if job.record.id is None:
        return ""
    filters = {"description": [f"VPC Endpoint Interface {job.record.id}"]}
    found = describe(Look(job.aws), "describe_network_interfaces", "NetworkInterfaces", filters)
    return ", ".join(raw["NetworkInterfaceId"] for raw in found)


def _failure(seen: Seen, state: str) -> StepFailed:
    error = seen.raw.get("LastError", {})
    why = error.get("Message") or seen.raw.get("FailureReason") or "AWS gives no reason"
    fix = "remove the cause and resume: this one is deleted first, then another is made"
    code = error.get("Code", state)
    return StepFailed(f"VPC endpoint {seen.id} is {state}: {why}", fix, "CreateVpcEndpoint", code)


def _tell_of_rivals(job: Job, error: ClientError) -> None:
    """Raises StepFailed where another endpoint has the names or routes; they may also be only late to be free."""
    found = verdict(error)
    if found.cause not in (Cause.EXISTS, Cause.NOT_YET):
        return
    if rivals := sorted(raw["VpcEndpointId"] for raw in _rivals(job)):
        vpc, service = job.record.request["VpcId"], job.record.request["ServiceName"]
        why = f"VPC {vpc} has an endpoint for {service} already: {', '.join(rivals)} ({found})"
        fix = "delete that one, or let the stack use it and make none of its own; then resume"
        raise StepFailed(why, fix, found.call, found.code) from error


def _rivals(job: Job) -> Iterable[Mapping[str, Any]]:
    asked = job.record.request
    filters = {"vpc-id": [asked["VpcId"]], "service-name": [asked["ServiceName"]]}
    for raw in describe(Look(job.aws), "describe_vpc_endpoints", "VpcEndpoints", filters):
        tables = set(raw.get("RouteTableIds", ())) & set(asked.get("RouteTableIds", ()))
        ours = job.aws.owner.owns(mapping(raw.get("Tags", ())))
        if (tables or raw.get("PrivateDnsEnabled")) and not ours and raw["State"].lower() not in _ENDED:
            yield raw
