"""The parts of the analysis: entries, networks, listener rules, services' hosts, zones; and how it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.reach import acls, judge, ranges, rules, services, zones
from provisioner.reach.parts import Listener, ListenerRule, RecordSet, Zone
from provisioner.reach.rules import Request
from provisioner.reach.things import AclEntry
from provisioner.reach.trail import Stopped, Trail, Unseen
from tests.provisioner.reach_snapshots import ALL, snapshot

SMALL = st.integers(0, 12)


def entry(number: int, allows: bool, one: int, other: int) -> AclEntry:
    return AclEntry(number, True, allows, "6", ALL, (min(one, other), max(one, other)))


ENTRIES = st.lists(
    st.builds(entry, st.integers(1, 9), st.booleans(), SMALL, SMALL), max_size=6, unique_by=lambda one: one.number
)


@given(entries=ENTRIES, low=SMALL, high=SMALL)
def test_each_port_is_decided_by_the_first_entry_that_speaks_of_it(
    entries: list[AclEntry], low: int, high: int
) -> None:
    ports = min(low, high), max(low, high)

    def allowed(port: int) -> bool:
        spoken = [
            one for one in sorted(entries, key=lambda one: one.number) if one.ports[0] <= port <= one.ports[1]
        ]
        return bool(spoken) and spoken[0].allows

    denier, _ = acls.decide(entries, ports)
    assert (denier is None) is all(map(allowed, range(ports[0], ports[1] + 1)))


PREFIXES = st.builds(
    lambda third, length: str(ranges.network(f"10.0.{third}.0/{length}")), st.integers(0, 7), st.integers(20, 26)
)


@given(told=st.lists(PREFIXES, max_size=5))
def test_every_part_of_a_network_that_is_told_apart_is_asked_for(told: list[str]) -> None:
    whole = "10.0.0.0/21"
    found = ranges.pieces(whole, told, 99)
    assert found
    assert all(ranges.contains(whole, one) for one in found)
    for cidr in told:
        if ranges.network(cidr).subnet_of(ranges.network(whole)):
            assert any(ranges.contains(cidr, one) for one in found)


def test_somebody_on_the_internet_is_singled_out_by_nothing() -> None:
    told = [ALL, "198.51.100.0/24", "203.0.113.1/32"]
    assert not any(ranges.contains(cidr, ranges.somewhere(told)) for cidr in told[1:])


def listener(*conditions: dict[str, Any]) -> Listener:
    """Each condition sends to the target group of its number, everything else to the last."""
    made = [
        ListenerRule(f"rule-{number}", number, (one,), ({"Type": "forward", "TargetGroupArn": str(number)},))
        for number, one in enumerate(conditions, 1)
    ]
    rest = ListenerRule("rule-default", None, (), ({"Type": "forward", "TargetGroupArn": "rest"},))
    return Listener("listener", 80, "HTTP", (*made, rest))


def path(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


@pytest.mark.parametrize(
    ("condition", "request_", "met"),
    [
        (path("/api/profile"), Request("h", "/api/profile"), True),
        (path("/api/profile"), Request("h", "/api/profile/x"), False),
        (path("/api/profile/*"), Request("h", "/api/profile/x"), True),
        (path("/api/*"), Request("h", "/API/x"), False),
        (path("/a?c"), Request("h", "/abc"), True),
        ({"Field": "host-header", "Values": ["*.Example.org"]}, Request("api.example.ORG"), True),
        ({"Field": "host-header", "Values": ["*.example.org"]}, Request("example.org"), False),
        (
            {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
            Request("h", "/", "10.9.9.9"),
            True,
        ),
        ({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}}, Request("h"), False),
        (
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X", "Values": ["*"]}},
            Request("h"),
            False,
        ),
    ],
)
def test_which_rule_is_for_a_request(condition: dict[str, Any], request_: Request, met: bool) -> None:
    found = rules.groups(rules.action(rules.matching(listener(condition), request_)))
    assert found == (["1"] if met else ["rest"])


def test_an_example_of_what_a_rule_is_for_is_what_it_is_for() -> None:
    one = listener(path("/a*"), path("/b/*"), {"Field": "host-header", "Values": ["*.shop.org"]})
    for number in ("1", "2", "3"):
        (asked,) = rules.examples(one, [number])
        assert rules.groups(rules.action(rules.matching(one, asked))) == [number]


def test_weights_of_nothing_are_sent_nothing() -> None:
    several = [{"TargetGroupArn": "one", "Weight": 0}, {"TargetGroupArn": "two", "Weight": 1}]
    assert rules.groups({"Type": "forward", "ForwardConfig": {"TargetGroups": several}}) == ["two"]


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("logs.eu-central-1.amazonaws.com", "logs"),
        ("api.ecr.eu-central-1.amazonaws.com", "ecr.api"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "ecr.dkr"),
        ("bucket.s3.eu-central-1.amazonaws.com", "s3"),
        ("dualstack.logs.eu-central-1.amazonaws.com", "logs"),
        ("nothing.eu-central-1.amazonaws.com", None),
        ("web-1.eu-central-1.elb.amazonaws.com", None),
        ("www.example.org", None),
    ],
)
def test_hosts_of_services(host: str, service: str | None) -> None:
    found = services.named(host)
    assert (found.service if found else None) == service


@pytest.mark.parametrize(
    ("image", "hosts"),
    [
        ("nginx:1.27", ("registry-1.docker.io",)),
        ("amazon/amazon-ecs-sample", ("registry-1.docker.io",)),
        ("public.ecr.aws/docker/library/node:22", ("public.ecr.aws",)),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:1",
            (
                "api.ecr.eu-west-1.amazonaws.com",
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com",
            ),
        ),
    ],
)
def test_where_images_come_from(image: str, hosts: tuple[str, ...]) -> None:
    assert services.registry(image) == hosts


def zone(name: str, *records: RecordSet, private: bool = False) -> Zone:
    return Zone(f"Z-{name}", name, private, records)


ZONE = zone(
    "example.org.",
    RecordSet("a.example.org.", "A", ("10.0.0.1",)),
    RecordSet("b.example.org.", "CNAME", ("A.example.org",)),
    RecordSet("c.example.org.", "A", (), "dualstack.lb.example.net."),
    RecordSet("\\052.d.example.org.", "A", ("10.0.0.2",)),
    RecordSet("only.d.example.org.", "TXT", ('"x"',)),
)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("A.example.org", (["10.0.0.1"], "")),
        ("b.example.org", ([], "a.example.org")),
        ("c.example.org", ([], "lb.example.net")),
        ("any.d.example.org", (["10.0.0.2"], "")),
        ("deep.any.d.example.org", (["10.0.0.2"], "")),
    ],
)
def test_what_a_zone_answers(name: str, answer: tuple[list[str], str]) -> None:
    assert zones.answer(ZONE, name) == answer


@pytest.mark.parametrize("name", ["x.example.org", "only.d.example.org", "d.example.org"])
def test_what_a_zone_does_not_have(name: str) -> None:
    with pytest.raises(Stopped, match=f"no address for {name}"):
        zones.answer(ZONE, name)
    with pytest.raises(Unseen, match="may not be read"):
        zones.answer(replace(ZONE, records=None), name)


def servers(name: str, *values: str) -> RecordSet:
    return RecordSet(name, "NS", values)


def test_a_zone_is_heard_where_the_one_above_sends_to_it() -> None:
    own = zone("api.example.org.", servers("api.example.org.", "ns-1.aws.", "ns-2.aws."))
    above = zone("example.org.", servers("api.example.org.", "NS-2.aws"))
    trail = Trail()
    zones.delegated(trail, [above, own], own)
    assert not trail.doubts
    zones.delegated(trail, [own], own)
    assert len(trail.doubts) == 1
    with pytest.raises(Stopped, match="other name servers"):
        zones.delegated(trail, [zone("example.org.", servers("api.example.org.", "ns-9.aws")), own], own)
    with pytest.raises(Stopped, match="does not delegate"):
        zones.delegated(trail, [zone("example.org."), own], own)


def test_private_zones_hide_public_ones() -> None:
    inside = replace(
        zone("example.org.", RecordSet("a.example.org.", "A", ("10.0.1.10",)), private=True), vpcs=("vpc-1",)
    )
    outside = zone("example.org.", RecordSet("b.example.org.", "A", ("203.0.113.9",)))
    found = snapshot(zones=(inside, outside))
    assert judge(found, "eni-a", "a.example.org", 80).telling.target == "10.0.1.10"
    hidden = judge(found, "eni-a", "b.example.org", 80).stop
    assert hidden is not None
    assert "which hides what is public" in hidden.why
    (vpc,) = found.network.vpcs.values()
    plain = replace(found.network, vpcs={"vpc-1": replace(vpc, dns_hostnames=False)})
    seen = judge(replace(found, network=plain), "eni-a", "b.example.org", 80)
    assert seen.telling.target == "203.0.113.9"
