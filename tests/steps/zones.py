"""What the tests of names stand on: zones of somebody's own, in this account or in another one, by plain boto3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.principals import in_account, new_role, trusting
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import ACCOUNT, REGION

OTHER = "210987654321"
PARENT = "example.test"
Answer = Mapping[str, Any]


class Zone:
    """A public zone that is none of the stack's."""

    def __init__(self, client: Any, name: str = PARENT, **more: Any) -> None:
        self.client = client
        made = client.create_hosted_zone(Name=name, CallerReference=f"theirs {name} {sorted(more)}", **more)
        self.id = str(made["HostedZone"]["Id"]).rpartition("/")[2]

    def put(self, name: str, kind: str, *values: str, ttl: int = 60, action: str = "UPSERT", **more: Any) -> None:
        change(self.client, self.id, action, name, kind, *values, ttl=ttl, **more)

    def records(self) -> dict[tuple[str, str], Answer]:
        return records(self.client, self.id)


def change(
    client: Any, zone: str, action: str, name: str, kind: str, *values: str, ttl: int = 60, **more: Any
) -> None:
    one = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": {**one, **more}}]}
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def records(client: Any, zone: str) -> dict[tuple[str, str], Answer]:
    """Everything in a zone beside its own NS and SOA records, by name without its last dot and type."""
    found = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    apex = client.get_hosted_zone(Id=zone)["HostedZone"]["Name"]
    return {
        (one["Name"].removesuffix("."), one["Type"]): one
        for one in found
        if not (one["Name"] == apex and one["Type"] in ("NS", "SOA"))
    }


def values(one: Answer) -> list[str]:
    return [value["Value"] for value in one["ResourceRecords"]]


def in_other_account(sandbox: Sandbox) -> tuple[Zone, str]:
    """The zone `example.test` in another account, and the way to it: a role that this account may assume."""
    role = new_role(sandbox, "dns", trusting({"AWS": ACCOUNT}), account=OTHER)
    return Zone(in_account(sandbox, OTHER, "route53")), f"role:{role}"


def route53(sandbox: Sandbox) -> Any:
    return sandbox.client("route53", REGION)
