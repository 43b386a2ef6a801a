"""A stack that stands, what is said of who reaches whom in it, and what hands do to it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

from provisioner import operation
from provisioner.reach import Outcome, Snapshot, Verdict, judge, take
from provisioner.stop import Stop
from provisioner.verify.judging import answered
from provisioner.verify.scene import Scene, around
from steps.aws.context import Aws
from tests.life.systems import Inside
from tests.life.tool import REGION

_PATIENCE = 20


class Standing(Protocol):
    """A stack that stands, in a sandbox that does what hands ask of it."""

    @property
    def stack(self) -> Inside: ...

    @property
    def ec2(self) -> Any: ...


class Explained:
    """A stack that stands, and what is said of who reaches whom in it."""

    def __init__(self, stack: Inside) -> None:
        self.stack = stack
        self.seen: Snapshot | None = None
        self.up()

    def up(self, *overrides: str) -> None:
        self.seen = None
        self.stack.up(*overrides)

    def client(self, service: str) -> Any:
        """To change something by hand: what was seen is out of date then."""
        self.seen = None
        return self.stack.client(service)

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    @cached_property
    def aws(self) -> Aws:
        return operation.reading(self.stack.state(), self.stack.options)

    def look(self) -> Snapshot:
        self.seen = self.seen or take(self.aws, self.stack.state())
        return self.seen

    def ask(self, source: str, to: str, port: int | None = None, *, path: str = "") -> Verdict:
        """What `explain` says."""
        return answered(self.scene(), judge(self.look(), source, to, port, path=path))

    def scene(self) -> Scene:
        return around(self.look(), self.aws, self.stack.state())

    def reaches(self, source: str, to: str, **more: Any) -> Verdict:
        found = self.ask(source, to, **more)
        assert found.outcome is Outcome.REACHES, found.stop
        return found

    def stopped(self, source: str, to: str, why: str, change: str, **more: Any) -> Verdict:
        """Assert that it is stopped for this reason, and that this is said to open it."""
        found = self.ask(source, to, **more)
        assert found.stop is not None, found.outcome
        assert why in found.stop.why, found.stop
        assert found.fix is not None
        assert change in (found.fix.change, *found.fix.besides), found.fix
        return found

    def healed(self, *broken: tuple[str, str, str, str]) -> None:
        """Assert of each (from, to, why, step) that resuming is said to set the step right; and that it does."""
        for source, to, why, step in broken:
            found = self.stopped(source, to, why, f"provisioner resume {self.stack.system.example}")
            assert found.fix is not None
            assert step in found.fix.besides[0]
        self.seen = None
        operation.resume(self.stack.system.example, self.stack.options, self.stack.told, Stop())
        for source, to, *_ in broken:
            self.reaches(source, to)

    def id_of(self, step: str) -> str:
        return self.stack.id_of(step)

    def emptied(self, service: str, **more: Any) -> None:
        """Have no task of a service run, and none at its targets; `more` are other changes of the service."""
        ecs, (cluster, name) = self.client("ecs"), self.id_of(f"service-{service}").split("/")[-2:]
        ecs.update_service(cluster=cluster, service=name, desiredCount=0, **more)
        elb, group = self.client("elbv2"), self.id_of(f"target-group-{service}")
        for _ in range(_PATIENCE):
            tasks = ecs.list_tasks(cluster=cluster, serviceName=name)["taskArns"]
            if not tasks and not elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]:
                return
            self.stack.sandbox.advance(1)
        raise AssertionError(f"{service} has tasks or targets still")

    def revoke(self, step: str) -> None:
        """Take a security group's rule away."""
        rule = self.id_of(step)
        found = self.ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"][0]
        way = "egress" if found["IsEgress"] else "ingress"
        call = getattr(self.ec2, f"revoke_security_group_{way}")
        call(GroupId=found["GroupId"], SecurityGroupRuleIds=[rule])


def customers(stack: Standing) -> str:
    """Attach a VPC with the customers' network to the transit gateway; an interface in it."""
    ec2, gateway = stack.ec2, "tgw-0123456789abcdef0"
    vpc = ec2.create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.64.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"][
        "SubnetId"
    ]
    ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet])
    waiting = ec2.describe_transit_gateway_vpc_attachments(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    for one in waiting["TransitGatewayVpcAttachments"]:
        if one["State"] == "pendingAcceptance":
            ec2.accept_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=one["TransitGatewayAttachmentId"])
    stack.stack.sandbox.advance(1)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0][
        "RouteTableId"
    ]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.20.0.0/16", TransitGatewayId=gateway)
    made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    return str(made["NetworkInterfaceId"])


def unrecord(stack: Explained, step: str) -> None:
    """Delete a record set by hand."""
    dns = stack.client("route53")
    zone, name, kind = stack.id_of(step).split("|")[:3]
    found = dns.list_resource_record_sets(HostedZoneId=zone, StartRecordName=name, StartRecordType=kind)
    wanted = next(one for one in found["ResourceRecordSets"] if (one["Name"], one["Type"]) == (name, kind))
    changes = [{"Action": "DELETE", "ResourceRecordSet": wanted}]
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def carry_out(stack: Explained, command: str) -> None:
    """Do what a `create-network-acl-entry` of AWS's command line for all protocols does."""
    words = command.split()
    assert words[:3] == ["aws", "ec2", "create-network-acl-entry"]
    stack.ec2.create_network_acl_entry(
        NetworkAclId=words[words.index("--network-acl-id") + 1],
        Egress="--egress" in words,
        RuleNumber=int(words[words.index("--rule-number") + 1]),
        Protocol=words[words.index("--protocol") + 1],
        RuleAction="allow",
        CidrBlock=words[words.index("--cidr-block") + 1],
    )


def cidr_of(stack: Explained, interface: str) -> str:
    network = stack.look().network
    return network.subnets[network.interfaces[interface].subnet].cidr


def only(found: Any) -> Any:
    (one,) = found
    return one
