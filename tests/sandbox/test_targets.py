"""Targets and their health, with probes that find what the test says; the clock is the sandbox's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import pytest

from provisioner.sandbox.call import Site
from provisioner.sandbox.elb import targets
from provisioner.sandbox.embedded import embedded
from provisioner.sandbox.network import health
from provisioner.sandbox.network.health import Probe
from provisioner.sandbox.world import World
from tests.sandbox.world import refused

_REGION, _ACCOUNT = "eu-central-1", "123456789012"
_GOOD = Probe(True)
_SLOW = Probe(False, "Target.Timeout", "Request timed out")
_WRONG = Probe(False, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]")
# Nothing but health checks takes any time, unless a test says so.
_AT_ONCE = ("load_balancer.active", "network_load_balancer.active", "target.network", "load_balancer.interfaces")


@cache
def _client(service: str) -> Any:
    return boto3.Session(region_name=_REGION).client(service)  # type: ignore[call-overload]


@dataclass
class Stage:
    """A VPC with two zones in a sandbox of real time, a load balancer in the first, and what probes find."""

    world: World
    finds: Probe = _GOOD
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.latencies.override(dict.fromkeys(_AT_ONCE, 0.0))
        self.ec2, self.elbv2 = _client("ec2"), _client("elbv2")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [self.subnet(number, zone) for number, zone in enumerate("abc")]
        self.group = self.ec2.create_security_group(GroupName="g", Description="d", VpcId=self.vpc)["GroupId"]

    @property
    def site(self) -> Site:
        return Site(_ACCOUNT, _REGION, self.world)

    def subnet(self, number: int, zone: str) -> str:
        wanted = {"CidrBlock": f"10.0.{number}.0/24", "AvailabilityZone": f"{_REGION}{zone}"}
        return str(self.ec2.create_subnet(VpcId=self.vpc, **wanted)["Subnet"]["SubnetId"])

    def targets(self, protocol: str = "HTTP", **more: Any) -> str:
        """A target group: healthy after 3 intervals of 10 s, unhealthy after 2, where a new one needs just one."""
        wanted = {
            "VpcId": self.vpc,
            "TargetType": "ip",
            "Port": 80,
            "HealthCheckIntervalSeconds": 10,
            "HealthyThresholdCount": 3,
            "UnhealthyThresholdCount": 2,
            **more,
        }
        answer = self.elbv2.create_target_group(Name="web", Protocol=protocol, **wanted)
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def listen(self, group: str, protocol: str = "HTTP") -> str:
        """A load balancer in the first two zones that forwards to the target group; its listener."""
        wanted = {"Name": "web", "Subnets": self.subnets[:2], "Scheme": "internal"}
        kind = "application" if protocol == "HTTP" else "network"
        answer = self.elbv2.create_load_balancer(**wanted, Type=kind)
        forward = [{"Type": "forward", "TargetGroupArn": group}]
        arn = answer["LoadBalancers"][0]["LoadBalancerArn"]
        made = self.elbv2.create_listener(LoadBalancerArn=arn, Port=80, Protocol=protocol, DefaultActions=forward)
        return str(made["Listeners"][0]["ListenerArn"])

    def served(self, protocol: str = "HTTP", **more: Any) -> str:
        """A target group behind a load balancer."""
        group = self.targets(protocol, **more)
        self.listen(group, protocol)
        return group

    def register(self, group: str, address: str = "10.0.0.9", **more: Any) -> None:
        self.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, **more}])

    def told(self, group: str, **more: Any) -> list[dict[str, Any]]:
        answer = self.elbv2.describe_target_health(TargetGroupArn=group, **more)
        found: list[dict[str, Any]] = answer["TargetHealthDescriptions"]
        return found

    def health(self, group: str) -> dict[str, str]:
        """Of the only target."""
        (one,) = self.told(group)
        found: dict[str, str] = one["TargetHealth"]
        return found

    def state(self, group: str) -> str:
        return self.health(group)["State"]

    def after(self, seconds: float, group: str) -> str:
        """The only target's state when so many more seconds have passed."""
        self.world.clock.advance(seconds)
        return self.state(group)

    def change(self, finds: Probe) -> None:
        """From now on probes find this, as after a rule was taken away."""
        rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        wanted = {"GroupId": self.group, "IpPermissions": [rule]}
        self.ec2.authorize_security_group_ingress(**wanted)
        self.ec2.revoke_security_group_ingress(**wanted)
        self.finds = finds


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with embedded("real") as made:
        yield made


@pytest.fixture
def stage(world: World, monkeypatch: pytest.MonkeyPatch) -> Stage:
    world.reset()
    made = Stage(world)

    def probe(site: Site, *asked: Any) -> Probe:
        made.asked.append(asked)
        return made.finds

    monkeypatch.setattr(health, "probe", probe)
    return made


def test_one_good_check_makes_a_new_target_of_an_application_load_balancer_healthy(stage: Stage) -> None:
    group = stage.served()
    stage.register(group)
    assert stage.health(group) == {
        "State": "initial",
        "Reason": "Elb.InitialHealthChecking",
        "Description": "Initial health checks in progress",
    }
    assert stage.after(9, group) == "initial"
    stage.world.clock.advance(1)
    assert stage.health(group) == {"State": "healthy"}


def test_a_network_load_balancer_wants_all_checks_and_takes_longer(stage: Stage) -> None:
    stage.world.latencies.override({"target.network": 60})
    group = stage.served("TCP")
    stage.register(group)
    assert stage.after(89, group) == "initial"
    assert stage.after(1, group) == "healthy"


def test_what_is_probed(stage: Stage) -> None:
    group = stage.served(HealthCheckPath="/up", Matcher={"HttpCode": "204"})
    stage.register(group, "10.0.1.7", Port=8080)
    stage.state(group)
    interface, *rest = stage.asked[-1]
    assert interface.subnet.id == stage.subnets[1] and interface.description.startswith("ELB app/web/")
    assert rest == ["10.0.1.7", 8080, "HTTP", "/up", "204"]
    stage.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckPort="9000")
    (told,) = stage.told(group)
    assert stage.asked[-1][2] == 9000 and told["HealthCheckPort"] == "9000"


def test_a_target_that_never_answers_is_unhealthy_with_the_reason(stage: Stage) -> None:
    stage.finds = _SLOW
    group = stage.served()
    stage.register(group)
    assert stage.after(19, group) == "initial"
    stage.world.clock.advance(1)
    assert stage.health(group) == {
        "State": "unhealthy",
        "Reason": "Target.Timeout",
        "Description": "Request timed out",
    }
    stage.finds = _WRONG
    assert stage.health(group)["Description"] == "Health checks failed with these codes: [404]"


def test_a_change_counts_from_when_it_happened(stage: Stage) -> None:
    group = stage.served()
    stage.register(group)
    assert stage.after(100, group) == "healthy"
    stage.world.clock.advance(100)
    stage.change(_SLOW)
    assert stage.after(19, group) == "healthy"
    assert stage.after(1, group) == "unhealthy"
    stage.world.clock.advance(100)
    stage.change(_GOOD)
    assert stage.after(29, group) == "unhealthy"
    assert stage.after(1, group) == "healthy"


def test_a_short_failure_does_no_harm(stage: Stage) -> None:
    group = stage.served()
    stage.register(group)
    assert stage.after(10, group) == "healthy"
    stage.finds = _SLOW
    assert stage.after(15, group) == "healthy"
    stage.finds = _GOOD
    assert stage.after(1, group) == "healthy"
    stage.finds = _SLOW
    assert stage.after(15, group) == "healthy"


def test_a_target_group_without_a_listener(stage: Stage) -> None:
    group = stage.targets()
    stage.register(group)
    assert stage.health(group) == {
        "State": "unused",
        "Reason": "Target.NotInUse",
        "Description": "Target group is not configured to receive traffic from the load balancer",
    }
    stage.world.clock.advance(100)
    listener = stage.listen(group)
    assert stage.after(9, group) == "initial"
    assert stage.after(1, group) == "healthy"
    stage.elbv2.delete_listener(ListenerArn=listener)
    assert stage.state(group) == "unused"


def test_a_load_balancer_that_is_provisioning(stage: Stage) -> None:
    stage.world.latencies.override({"load_balancer.active": 60})
    group = stage.served()
    stage.register(group)
    assert stage.health(group)["Reason"] == "Elb.RegistrationInProgress"
    stage.world.clock.advance(69)
    assert stage.health(group)["Reason"] == "Elb.InitialHealthChecking"
    assert stage.after(1, group) == "healthy"


def test_a_zone_that_is_not_enabled(stage: Stage) -> None:
    group = stage.served()
    stage.register(group, "10.0.2.9")
    assert stage.health(group) == {
        "State": "unused",
        "Reason": "Target.NotInUse",
        "Description": "Target is in an Availability Zone that is not enabled for the load balancer",
    }
    (balancer,) = stage.elbv2.describe_load_balancers()["LoadBalancers"]
    stage.elbv2.set_subnets(LoadBalancerArn=balancer["LoadBalancerArn"], Subnets=stage.subnets)
    assert stage.state(group) == "initial"


def test_a_target_drains_for_as_long_as_the_group_says(stage: Stage) -> None:
    group = stage.served()
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
    stage.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=delay)
    stage.register(group)
    stage.after(10, group)
    target = [{"Id": "10.0.0.9"}]
    stage.elbv2.deregister_targets(TargetGroupArn=group, Targets=target)
    assert stage.health(group)["Reason"] == "Target.DeregistrationInProgress"
    assert targets.healthy(stage.site, group) == []
    assert stage.after(29, group) == "draining"
    stage.world.clock.advance(1)
    assert stage.told(group) == []
    (told,) = stage.told(group, Targets=target)
    assert told["TargetHealth"]["Reason"] == "Target.NotRegistered"
    stage.elbv2.deregister_targets(TargetGroupArn=group, Targets=target)  # nothing happens
    stage.register(group)
    assert stage.state(group) == "initial"


def test_an_unused_target_goes_at_once(stage: Stage) -> None:
    group = stage.targets()
    stage.register(group)
    stage.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9"}])
    assert stage.told(group) == []


def test_one_address_with_several_ports(stage: Stage) -> None:
    group = stage.served()
    stage.register(group)
    stage.register(group, Port=81)
    stage.register(group, Port=80)  # the same as the first
    assert [item["Target"]["Port"] for item in stage.told(group)] == [80, 81]
    stage.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 81}])
    assert sorted(item["TargetHealth"]["State"] for item in stage.told(group)) == ["draining", "initial"]


def test_where_requests_go(stage: Stage) -> None:
    group = stage.served()
    stage.register(group)
    assert targets.healthy(stage.site, group) == []
    stage.after(10, group)
    stage.register(group, "10.0.1.9")
    assert targets.healthy(stage.site, group) == [("10.0.0.9", 80)]
    stage.change(_SLOW)
    stage.world.clock.advance(20)
    assert targets.healthy(stage.site, group) == [
        ("10.0.0.9", 80),
        ("10.0.1.9", 80),
    ]  # none is healthy: all of them


def test_targets_of_services(stage: Stage) -> None:
    group = stage.served()
    targets.register(stage.site, group, "10.0.0.9", 80)
    assert targets.health(stage.site, group, "10.0.0.9").state == "initial"
    stage.world.clock.advance(10)
    assert targets.health(stage.site, group, "10.0.0.9", 80).state == "healthy"
    assert targets.health(stage.site, group, "10.0.0.9", 81).reason == "Target.NotRegistered"
    targets.deregister(stage.site, group, "10.0.0.9")
    assert targets.health(stage.site, group, "10.0.0.9").state == "draining"
    targets.register(stage.site, "arn:gone", "10.0.0.9", 80)
    assert targets.health(stage.site, "arn:gone", "10.0.0.9").reason == "Target.NotRegistered"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"Id": "10.1.0.9"}, "InvalidTarget"),
        ({"Id": "8.8.8.8"}, "InvalidTarget"),
        ({"Id": "8.8.8.8", "AvailabilityZone": "all"}, "InvalidTarget"),
        ({"Id": "web.example.com"}, "InvalidTarget"),
        ({"Id": "10.0.0.9", "Port": 65536}, "ValidationError"),
    ],
)
def test_addresses_that_are_refused(stage: Stage, target: dict[str, Any], code: str) -> None:
    group = stage.targets()
    refused(stage.elbv2.register_targets, code, TargetGroupArn=group, Targets=[target])
    assert stage.told(group) == []


def test_a_private_address_elsewhere(stage: Stage) -> None:
    group = stage.served()
    stage.register(group, "192.168.0.9", AvailabilityZone="all")
    assert stage.after(10, group) == "healthy"
    refused(
        stage.elbv2.register_targets, "TargetGroupNotFound", TargetGroupArn="arn:x", Targets=[{"Id": "10.0.0.9"}]
    )
    refused(stage.elbv2.describe_target_health, "TargetGroupNotFound", TargetGroupArn="arn:x")


def test_instances(stage: Stage) -> None:
    group = stage.served(TargetType="instance")
    image = stage.ec2.register_image(Name="image", RootDeviceName="/dev/sda1")["ImageId"]
    made = stage.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=stage.subnets[0])
    name, address = made["Instances"][0]["InstanceId"], made["Instances"][0]["PrivateIpAddress"]
    stage.world.clock.advance(600)
    call = stage.elbv2.register_targets
    refused(call, "InvalidTarget", TargetGroupArn=group, Targets=[{"Id": "i-0123456789abcdef0"}])
    stage.register(group, name)
    assert stage.after(10, group) == "healthy" and stage.asked[-1][1] == address
    stage.ec2.stop_instances(InstanceIds=[name])
    stage.world.clock.advance(600)
    assert stage.health(group) == {
        "State": "unused",
        "Reason": "Target.InvalidState",
        "Description": "Target is in the stopped state",
    }
    refused(call, "InvalidTarget", TargetGroupArn=group, Targets=[{"Id": name, "Port": 81}])
