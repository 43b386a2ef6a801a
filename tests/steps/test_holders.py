"""Who keeps something from being deleted: what AWS tells, in words, with its age and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.schedule import Failed
from state.record import Record
from steps.aws.holders import interfaces, parts, strangers
from steps.aws.holders.holder import Holder, advice, age, listed
from steps.base import Job, StepFailed
from steps.existing_network import ExistingVpc
from steps.network import Subnet, Vpc
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import ACCOUNT, REGION, Lab
from tests.steps.networks import network

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
UUID = "0b7b3b4a-5b0f-4d0a-8f0e-6a1f0c9d2e11"
BALANCERS = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer"
DELETED = "it goes by itself within minutes: what it belongs to is deleted"


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (7200, "2 hours"),
        (86400, "1 day"),
        (86400 * 400, "400 days"),
    ],
)
def test_ages(seconds: float, said: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == said


STAYS = Holder("i-1", 'EC2 instance "web"', "not this stack's", NOW - timedelta(days=3), move="aws ec2 end i-1")
PASSES = Holder("eni-1", "network interface of Lambda", passes="Lambda frees it by itself")


def test_a_holder_is_told_with_its_age_and_what_to_do() -> None:
    assert STAYS.told(NOW) == 'i-1 (EC2 instance "web", not this stack\'s, 3 days old): aws ec2 end i-1'
    assert PASSES.told(NOW) == "eni-1 (network interface of Lambda): Lambda frees it by itself"


def test_while_it_waits_no_age_is_said_which_would_be_news_every_minute() -> None:
    assert listed([STAYS]) == 'i-1 (EC2 instance "web", not this stack\'s): aws ec2 end i-1'
    assert listed([STAYS, PASSES, STAYS, PASSES, STAYS]).endswith("; and 2 more")


def test_the_advice_depends_on_whether_all_go_by_themselves() -> None:
    assert advice([PASSES]).splitlines() == ["resume later: what holds it goes by itself:", PASSES.told(NOW)]
    head, *lines = advice([PASSES, STAYS]).splitlines()
    assert head == "remove what holds it, then resume:"
    assert len(lines) == 2


DESCRIBED: dict[str, tuple[str, str, str]] = {
    "ELB app/web/50dc6c495c0c9188": ("load balancer app/web/50dc6c495c0c9188", DELETED, ""),
    "ELB net/web/50dc6c495c0c9188": ("load balancer net/web/50dc6c495c0c9188", DELETED, ""),
    "ELB old": (
        "Classic Load Balancer old",
        "",
        "aws elb delete-load-balancer --load-balancer-name old",
    ),
    "Interface for NAT Gateway nat-0a1": ("NAT gateway nat-0a1", DELETED, ""),
    "VPC Endpoint Interface vpce-0a1": ("VPC endpoint vpce-0a1", DELETED, ""),
    f"AWS Lambda VPC ENI-my-function-{UUID}": (
        "Lambda function my-function",
        "Lambda frees it by itself, usually within 20 minutes after the last function that used it",
        "",
    ),
    f"arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/{UUID}": (
        "an ECS task",
        "it goes by itself, usually within a minute, once its task has stopped",
        "if the task is not this stack's, scale its service to 0 or `aws ecs stop-task` it",
    ),
    "RDSNetworkInterface": ("RDS", "", "delete the DB instance, cluster or proxy that it belongs to"),
    "EFS mount target for fs-0a1 (fsmt-0b2)": (
        "EFS mount target fsmt-0b2",
        "",
        "aws efs delete-mount-target --mount-target-id fsmt-0b2",
    ),
    "ElastiCache cache-001": (
        "ElastiCache cluster cache-001",
        "",
        "aws elasticache delete-cache-cluster --cache-cluster-id cache-001 (or its replication group)",
    ),
    "Route 53 Resolver: rslvr-in-0a1:rni-0b2": (
        "Route 53 Resolver endpoint rslvr-in-0a1",
        "",
        "aws route53resolver delete-resolver-endpoint --resolver-endpoint-id rslvr-in-0a1",
    ),
    "Amazon EKS shop": ("EKS cluster shop", "", "aws eks delete-cluster --name shop"),
}


def interface(description: str = "", **more: Any) -> dict[str, Any]:
    return {
        "NetworkInterfaceId": "eni-1",
        "VpcId": "vpc-1",
        "SubnetId": "subnet-1",
        "Description": description,
        "Groups": [{"GroupId": "sg-1"}],
        "InterfaceType": "interface",
        "RequesterManaged": True,
        "Status": "in-use",
        "Attachment": {"AttachTime": NOW},
        **more,
    }


@pytest.mark.parametrize("description", DESCRIBED)
def test_what_services_write_on_their_interfaces_says_whose_they_are(lab: Lab, description: str) -> None:
    what, passes, move = DESCRIBED[description]
    (found,) = interfaces.told(lab.aws, [interface(description)])
    assert found == Holder("eni-1", f"network interface of {what}", "", NOW, passes, move)


class Refusing:
    """A client of which every call is refused."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    def can_paginate(self, operation: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            self.tried.append(operation)
            raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, operation)

        return call


def blind(lab: Lab) -> Any:
    client = Refusing()
    names = ("ec2", "elbv2", "functions", "databases")
    return replace(lab.aws, clients=SimpleNamespace(**dict.fromkeys(names, client)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("description", "move"),
    [
        (
            "ELB app/web/50dc6c495c0c9188",
            f"aws elbv2 delete-load-balancer --load-balancer-arn {BALANCERS}/app/web/50dc6c495c0c9188",
        ),
        ("Interface for NAT Gateway nat-0a1", "aws ec2 delete-nat-gateway --nat-gateway-id nat-0a1"),
        ("VPC Endpoint Interface vpce-0a1", "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids vpce-0a1"),
        (
            "Network Interface for Transit Gateway Attachment tgw-attach-0a1",
            "aws ec2 delete-transit-gateway-vpc-attachment --transit-gateway-attachment-id tgw-attach-0a1",
        ),
    ],
)
def test_who_may_not_list_the_owners_is_told_what_the_description_says(
    lab: Lab, description: str, move: str
) -> None:
    (found,) = interfaces.told(blind(lab), [interface(description)])
    assert (found.passes, found.move, found.since) == ("", move, NOW)


def test_what_may_not_be_read_is_left_out(lab: Lab) -> None:
    aws = blind(lab)
    assert parts.of_vpc(aws, "vpc-1") == []
    assert parts.of_group(aws, "sg-1") == []
    assert parts.of_mapped_addresses(aws, "vpc-1") == []
    assert strangers.objection(aws, "vpc-1", ()) is None
    assert len(aws.clients.ec2.tried) > 10  # each was tried: a refused one does not end the others


@pytest.mark.parametrize(
    ("more", "what", "move"),
    [
        (
            {"RequesterManaged": False, "Status": "available", "Attachment": {}, "Description": "mine"},
            'unused network interface, "mine"',
            "aws ec2 delete-network-interface --network-interface-id eni-1",
        ),
        (
            {"Attachment": {"InstanceId": "i-1"}},
            "network interface of EC2 instance i-1",
            DELETED,
        ),
        (
            {"InterfaceType": "api_gateway_managed", "RequesterId": "amazon-apigateway"},
            "network interface of an API Gateway VPC link",
            "delete what it belongs to (asked for by amazon-apigateway), which takes it along",
        ),
        (
            {"Description": "something new", "RequesterId": "7"},
            'network interface of a service of AWS\'s, "something new"',
            "delete what it belongs to (asked for by 7), which takes it along",
        ),
    ],
)
def test_interfaces_that_no_service_has_written_on(lab: Lab, more: dict[str, Any], what: str, move: str) -> None:
    (found,) = interfaces.told(lab.aws, [interface(**more)])
    assert (found.what, found.passes or found.move) == (what, move)


@pytest.mark.parametrize(
    "more",
    [
        {"Status": "in-use"},
        {"RequesterManaged": True},
        {"InterfaceType": "lambda"},
        {"Description": f"AWS Lambda VPC ENI-f-{UUID}"},  # of no type of its own, once Lambda has let go of it
    ],
)
def test_only_a_persons_unused_interface_is_plain(more: dict[str, Any]) -> None:
    made = {"RequesterManaged": False, "Status": "available", "Attachment": {}}
    assert interfaces.plain(interface("mine", **made))
    assert not interfaces.plain(interface(**{"description": "mine", **made, **more}))


class Ground:
    """A network of the stack's, with things of others'."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.ec2 = lab.up(network()), lab.client("ec2")
        self.vpc, self.subnet, self.group = (lab.id_of(step) for step in ("vpc", "a", "group"))

    def instance(self, **tags: str) -> str:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        asked: dict[str, Any] = {"SubnetId": self.subnet, "SecurityGroupIds": [self.group]}
        if pairs:
            asked["TagSpecifications"] = [{"ResourceType": "instance", "Tags": pairs}]
        made = self.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **asked)
        return str(made["Instances"][0]["InstanceId"])

    def tag(self, name: str, **tags: str) -> None:
        self.ec2.create_tags(Resources=[name], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

    def endpoint(self, service: str = "s3", **tags: str) -> str:
        made = self.ec2.create_vpc_endpoint(VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.{service}")
        name = str(made["VpcEndpoint"]["VpcEndpointId"])
        if tags:
            self.tag(name, **tags)
        return name


@pytest.fixture
def ground(lab: Lab) -> Ground:
    return Ground(lab)


def named(holders: Sequence[Holder]) -> dict[str, Holder]:
    return {one.id: one for one in holders}


def test_an_instances_interface_is_told_as_the_instance_is(ground: Ground) -> None:
    made = ground.instance(Name="bastion", **{"provisioner:stack": "shop", "provisioner:stack-id": "1"})
    for found in (
        *interfaces.holding(ground.lab.aws, "subnet-id", ground.subnet),
        *parts.of_group(ground.lab.aws, ground.group),
    ):
        assert found.id.startswith("eni-")
        assert found.what == f'network interface of EC2 instance {made} "bastion"'
        assert found.whose == "stack 'shop's"
        assert found.since
        assert found.move == f"aws ec2 terminate-instances --instance-ids {made}"


def test_a_group_of_others_is_told_with_each_rule_that_speaks_of_ours(ground: Ground) -> None:
    ec2 = ground.ec2
    other = ec2.create_security_group(GroupName="theirs", Description="-", VpcId=ground.vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": ground.group}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    ec2.authorize_security_group_egress(GroupId=other, IpPermissions=[rule])
    ec2.authorize_security_group_ingress(GroupId=ground.group, IpPermissions=[rule])  # of itself: it holds nothing
    found = parts.of_group(ground.lab.aws, ground.group)
    assert sorted(one.move.partition(" --security-group-rule-ids sgr-")[0] for one in found) == [
        f"aws ec2 revoke-security-group-egress --group-id {other}",
        f"aws ec2 revoke-security-group-ingress --group-id {other}",
    ]
    assert {one.whose for one in found} == {"not this stack's"}


def test_what_keeps_a_vpc(ground: Ground) -> None:
    """Beside subnets and what is in them; what goes with a VPC is not told."""
    ec2, vpc = ground.ec2, ground.vpc
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    egress = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
    private = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpcId=vpc, VpnGatewayId=private)
    neighbour = ec2.create_vpc(CidrBlock="10.200.0.0/16")["Vpc"]["VpcId"]
    peering = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=neighbour)["VpcPeeringConnection"]
    offered = ec2.create_vpc_peering_connection(VpcId=neighbour, PeerVpcId=vpc)["VpcPeeringConnection"]
    elsewhere = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    guarding = ground.endpoint(GuardDutyManaged="true")
    found = named(parts.of_vpc(ground.lab.aws, vpc))
    own = {ground.lab.id_of(step) for step in ("a", "b", "table-1", "table-2", "group")}
    assert own < found.keys()
    assert {found[one].whose for one in own} == {"this stack's"}
    theirs = {
        gateway: f"aws ec2 detach-internet-gateway --internet-gateway-id {gateway} --vpc-id {vpc}",
        egress["EgressOnlyInternetGatewayId"]: "aws ec2 delete-egress-only-internet-gateway ",
        private: f"aws ec2 detach-vpn-gateway --vpn-gateway-id {private} --vpc-id {vpc}",
        peering["VpcPeeringConnectionId"]: "aws ec2 delete-vpc-peering-connection ",
        offered["VpcPeeringConnectionId"]: "aws ec2 reject-vpc-peering-connection ",
        guarding: f"aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {guarding}; GuardDuty makes it again",
    }
    assert found.keys() - own == theirs.keys()
    for name, move in theirs.items():
        assert found[name].move.startswith(move)
    assert found[guarding].whose == "GuardDuty's"
    assert elsewhere not in found


def test_only_what_is_certainly_somebody_elses_speaks_against_a_destroy(ground: Ground) -> None:
    owner = ground.lab.aws.owner
    theirs, recorded, gone = ground.instance(), ground.instance(), ground.instance()
    tagged = ground.instance(**{"provisioner:stack-id": owner.stack_id})
    ground.ec2.terminate_instances(InstanceIds=[gone])
    guarding = ground.endpoint(GuardDutyManaged="true")
    found = named(strangers.in_vpc(ground.lab.aws, ground.vpc, {recorded}))
    assert found.keys() == {theirs}
    assert {tagged, guarding} & found.keys() == set()
    refusal = strangers.objection(ground.lab.aws, ground.vpc, {recorded})
    assert refusal is not None
    assert refusal.fix.splitlines()[1:] == [f"aws ec2 terminate-instances --instance-ids {theirs}"]
    assert strangers.objection(ground.lab.aws, ground.vpc, {recorded, theirs}) is None


def test_a_vpc_of_the_users_own_is_asked_nothing() -> None:
    assert "objection" not in vars(ExistingVpc)
    assert "objection" in vars(Vpc)


def test_what_explains_a_wait_is_read_twice_a_minute_at_most() -> None:
    reads: list[float] = []

    def read(now: float) -> float:
        reads.append(now)
        return now

    answers: dict[str, tuple[float, Any]] = {}
    nothing: Any = None
    for elapsed in (0.0, 1.0, 29.0, 30.0, 45.0, 90.0):
        job = Job(nothing, Record("a", "subnet"), {}, elapsed=elapsed, answers=answers)
        assert job.lately("holders", partial(read, elapsed)) == reads[-1]
    assert reads == [0.0, 30.0, 90.0]


def test_a_subnet_says_who_holds_it_before_what_aws_says(ground: Ground) -> None:
    made = ground.instance()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Failed, match="held by eni-") as failed:
        patch.setattr(Subnet, "patience_delete", 6.0)
        patch.setattr(Vpc, "objection", classmethod(lambda *_: None))
        ground.lab.down()
    told = failed.value.failures[0].error
    assert isinstance(told, StepFailed)
    assert "(DependencyViolation: " in told.why
    command = f"aws ec2 terminate-instances --instance-ids {made}"
    assert command in told.fix
    assert command not in told.why
