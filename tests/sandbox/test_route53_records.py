"""Changes of records."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.dns import elb_zones
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import REGION, Sandbox

Change = dict[str, Any]


def change(action: str, name: str, kind: str, *values: str, ttl: int = 60, **more: Any) -> Change:
    record = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}
    return {"Action": action, "ResourceRecordSet": {**record, **more}}


def alias(name: str, target: str, zone: str, kind: str = "A", action: str = "CREATE") -> Change:
    where = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": False}
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "AliasTarget": where}}


class Zone:
    """A zone `example.test` and what one does to it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.client: Any = sandbox.client("route53")
        made = self.client.create_hosted_zone(Name="example.test", CallerReference="zone")
        self.id: str = made["HostedZone"]["Id"].rpartition("/")[2]

    def change(self, *changes: Change) -> dict[str, Any]:
        answer = self.client.change_resource_record_sets(
            HostedZoneId=self.id, ChangeBatch={"Changes": list(changes)}
        )
        info: dict[str, Any] = answer["ChangeInfo"]
        return info

    def refuse(self, *changes: Change, code: str = "InvalidChangeBatch") -> str:
        before = self.records()
        batch = {"Changes": list(changes)}
        message = refused(self.client.change_resource_record_sets, code, HostedZoneId=self.id, ChangeBatch=batch)
        assert self.records() == before
        return message

    def records(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All but the zone's own two."""
        found = self.client.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"]
        return {
            (record["Name"], record["Type"]): record for record in found if record["Type"] not in ("NS", "SOA")
        }

    def own(self, kind: str) -> dict[str, Any]:
        found = self.client.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"]
        own: dict[str, Any] = next(record for record in found if record["Type"] == kind)
        return own


@pytest.fixture
def zone(sandbox: Sandbox) -> Zone:
    return Zone(sandbox)


def test_create_is_done_once(zone: Zone) -> None:
    zone.change(change("CREATE", "WWW.example.test", "A", "192.0.2.1"))
    message = zone.refuse(change("CREATE", "www.example.test.", "A", "192.0.2.2"))
    assert (
        message
        == "[Tried to create resource record set [name='www.example.test.', type='A'] but it already exists]"
    )


def test_delete_wants_the_very_record(zone: Zone) -> None:
    brief = "[name='www.example.test.', type='A']"
    zone.change(change("CREATE", "www.example.test", "A", "192.0.2.1", "192.0.2.2"))
    for wrong in (
        change("DELETE", "www.example.test", "A", "192.0.2.1"),
        change("DELETE", "www.example.test", "A", "192.0.2.1", "192.0.2.2", ttl=61),
    ):
        why = "but the values provided do not match the current values"
        assert zone.refuse(wrong) == f"[Tried to delete resource record set {brief} {why}]"
    gone = change("DELETE", "www.example.test", "A", "192.0.2.2", "192.0.2.1")
    zone.change(gone)
    assert zone.refuse(gone) == f"[Tried to delete resource record set {brief} but it was not found]"


def test_upsert_makes_or_replaces(zone: Zone) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        zone.change(change("UPSERT", "www.example.test", "A", address))
        (record,) = zone.records().values()
        assert record["ResourceRecords"] == [{"Value": address}]


def test_a_batch_is_done_whole_or_not_at_all(zone: Zone) -> None:
    message = zone.refuse(
        change("CREATE", "new.example.test", "A", "192.0.2.1"),
        change("DELETE", "old.example.test", "A", "192.0.2.1"),
        change("DELETE", "older.example.test", "A", "192.0.2.1"),
    )
    assert message.count("but it was not found") == 2
    zone.change(change("CREATE", "www.example.test", "A", "192.0.2.1"))
    zone.change(
        change("DELETE", "www.example.test", "A", "192.0.2.1"),
        change("CREATE", "www.example.test", "A", "192.0.2.9"),
    )
    assert zone.records()["www.example.test.", "A"]["ResourceRecords"] == [{"Value": "192.0.2.9"}]


def test_a_record_is_changed_once_a_batch(zone: Zone) -> None:
    one = change("UPSERT", "www.example.test", "A", "192.0.2.1")
    assert "invalid set of changes for a resource record set 'A www.example.test.'" in zone.refuse(one, one)


def test_too_many_records_for_one_batch(zone: Zone) -> None:
    values = [f"10.0.{high}.{low}" for high in range(2) for low in range(200)]
    batch = [change("UPSERT", f"r{number}.example.test", "A", *values) for number in range(2)]
    assert "limit of 1000 exceeded" in zone.refuse(*batch)
    zone.change(*({**one, "Action": "CREATE"} for one in batch))


def test_other_names_are_not_the_zones(zone: Zone) -> None:
    for name in ("www.example.other", "myexample.test"):
        message = zone.refuse(change("CREATE", name, "A", "192.0.2.1"))
        assert message == f"[RRSet with DNS name {name}. is not permitted in zone example.test.]"


def test_a_cname_stands_alone(zone: Zone) -> None:
    cname = change("CREATE", "www.example.test", "CNAME", "a.other.test")
    address = change("CREATE", "www.example.test", "A", "192.0.2.1")
    assert "at apex in zone example.test." in zone.refuse(change("CREATE", "example.test", "CNAME", "a.test"))
    assert "conflicts" in zone.refuse(cname, address)
    zone.change(cname)
    assert "a conflicting RRSet of type CNAME" in zone.refuse(address)
    zone.change({**cname, "Action": "DELETE"}, address)
    assert "as it conflicts with other records" in zone.refuse(cname)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("A", "192.0.2.256"),
        ("A", "a.example.test"),
        ("AAAA", "192.0.2.1"),
        ("CNAME", "with space.test"),
        ("CNAME", "a..test"),
        ("NS", ""),
        ("TXT", "unquoted"),
        ("TXT", '"' + "x" * 256 + '"'),
        ("MX", "mail.example.test"),
        ("MX", "70000 mail.example.test"),
        ("SRV", "1 2 host.example.test"),
        ("CAA", "issue amazon.com"),
    ],
)
def test_values_that_the_type_does_not_have(zone: Zone, kind: str, value: str) -> None:
    message = zone.refuse(change("CREATE", "x.example.test", kind, value))
    assert "Invalid Resource Record: 'FATAL problem: " in message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("A", "192.0.2.255"),
        ("AAAA", "2001:db8::1"),
        ("CNAME", "_x.acm-validations.aws."),
        ("NS", "ns-1.awsdns-01.com"),
        ("TXT", '"one" "two \\"quoted\\""'),
        ("MX", "10 mail.example.test"),
        ("SRV", "1 2 80 host.example.test"),
        ("CAA", '0 issue "amazon.com"'),
    ],
)
def test_values_that_the_type_has(zone: Zone, kind: str, value: str) -> None:
    zone.change(change("CREATE", "x.example.test", kind, value))
    found = zone.client.list_resource_record_sets(
        HostedZoneId=zone.id, StartRecordName="x.example.test", MaxItems="1"
    )
    assert found["ResourceRecordSets"][0]["ResourceRecords"] == [{"Value": value}]


def test_values_are_different_ones(zone: Zone) -> None:
    message = zone.refuse(change("CREATE", "x.example.test", "A", "192.0.2.1", "192.0.2.1"))
    assert message == "[Duplicate Resource Record: '192.0.2.1']"
    zone.refuse(change("CREATE", "x.example.test", "CNAME", "a.test", "b.test"))


def test_times_to_live(zone: Zone) -> None:
    zone.refuse(change("CREATE", "x.example.test", "A", "192.0.2.1", ttl=2**31), code="InvalidInput")
    zone.change(change("CREATE", "x.example.test", "A", "192.0.2.1", ttl=2**31 - 1))
    bare = {"Name": "y.example.test", "Type": "A", "ResourceRecords": [{"Value": "192.0.2.1"}]}
    message = zone.refuse({"Action": "CREATE", "ResourceRecordSet": bare}, code="InvalidInput")
    assert "but found none" in message


def test_names_are_written_plain_or_in_octal(zone: Zone) -> None:
    zone.change(change("CREATE", "*.Sub.example.test", "A", "192.0.2.1"))
    assert list(zone.records()) == [("\\052.sub.example.test.", "A")]
    zone.change(change("DELETE", "\\052.sub.example.test", "A", "192.0.2.1"))
    assert zone.records() == {}
    assert "UnsupportedCharacter" in zone.refuse(change("CREATE", "caf\u00e9.example.test", "A", "192.0.2.1"))


def test_a_zone_keeps_its_own_records(zone: Zone) -> None:
    ns, soa = zone.own("NS"), zone.own("SOA")
    message = zone.refuse({"Action": "DELETE", "ResourceRecordSet": ns})
    assert "must contain at least one NS record" in message
    assert "exactly one SOA record" in zone.refuse({"Action": "DELETE", "ResourceRecordSet": soa})
    zone.change({"Action": "UPSERT", "ResourceRecordSet": {**ns, "TTL": 60}})
    assert zone.own("NS")["TTL"] == 60


def test_an_alias_leads_to_a_load_balancer(network: Network) -> None:
    zone = Zone(network.sandbox)
    balancer = network.new_balancer()
    told = network.elbv2.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]
    there, name = elb_zones.ALB[REGION], told["DNSName"]
    missing = name.replace("web", "wob")
    assert "but that target was not found" in zone.refuse(alias("a.example.test", missing, there))
    assert "does not lie within the target zone" in zone.refuse(
        alias("a.example.test", name, elb_zones.ALB["us-east-1"])
    )
    assert "was not found" in zone.refuse(alias("a.example.test", name, there, kind="TXT"))
    zone.change(alias("a.example.test", name.upper(), there), alias("b.example.test", f"dualstack.{name}", there))
    target = zone.records()["a.example.test.", "A"]["AliasTarget"]
    assert target == {"HostedZoneId": there, "DNSName": f"{name.lower()}.", "EvaluateTargetHealth": False}
    assert "TTL" not in zone.records()["a.example.test.", "A"]
    assert "already exists" in zone.refuse(change("CREATE", "a.example.test", "A", "192.0.2.1"))
    assert "do not match" in zone.refuse(change("DELETE", "a.example.test", "A", "192.0.2.1"))
    zone.change(alias("a.example.test", name, there, action="DELETE"))


def test_an_alias_leads_to_a_record_of_the_same_zone(zone: Zone) -> None:
    target = alias("b.example.test", "a.example.test", zone.id)
    assert "that target was not found" in zone.refuse(target)
    zone.change(change("CREATE", "a.example.test", "A", "192.0.2.1"), target)
    assert "does not lie" in zone.refuse(alias("c.example.test", "a.example.other", zone.id))


def test_an_alias_has_no_values(zone: Zone) -> None:
    both = alias("b.example.test", "a.example.test", zone.id)
    both["ResourceRecordSet"]["TTL"] = 60
    assert "more than one" in zone.refuse(both, code="InvalidInput")
