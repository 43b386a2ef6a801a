"""A destroy that others' things are in the way of says whose they are and what to do, and removes none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from provisioner import operation
from provisioner.events import Event, Started, StepEvent
from provisioner.run import Refused
from provisioner.schedule import Failed
from provisioner.stop import Stop
from steps.base import StepFailed
from steps.network import InternetGatewayAttachment, Subnet, Vpc
from steps.routing import RouteTable
from steps.security import SecurityGroup
from tests.life.conftest import Bring
from tests.life.permissions import become, refused, without
from tests.life.systems import Inside, System, Told
from tests.life.tool import NAME, REGION, Tool
from tests.sandbox.principals import new_role, trusting
from tests.sandbox.world import VPC_ACCESS, zipped
from tests.sandbox_fixture import Sandbox

SYSTEM = System(NAME)
SUBNET = f"subnet-private-{REGION}a"
TABLE = f"route-table-private-{REGION}a"
PUBLIC = f"subnet-public-{REGION}a"
GROUP = "security-group-function-caller"
HELD = "security-group-service-web"
Hand = Callable[[Inside], str]


def instance(stack: Inside) -> str:
    return launched(stack, SubnetId=stack.id_of(SUBNET))


def launched(stack: Inside, **place: Any) -> str:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "bastion"}]}]
    made = stack.client("ec2").run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=tags,
        **place,
    )
    return str(made["Instances"][0]["InstanceId"])


def interface(stack: Inside) -> str:
    asked = {"SubnetId": stack.id_of(SUBNET), "Description": "of the bastion that was"}
    made = stack.client("ec2").create_network_interface(**asked)
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def endpoint(stack: Inside) -> str:
    service = f"com.amazonaws.{REGION}.s3"
    made = stack.client("ec2").create_vpc_endpoint(VpcId=stack.id_of("vpc"), ServiceName=service)
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def nat_gateway(stack: Inside) -> str:
    asked: Any = {"SubnetId": stack.id_of(SUBNET), "ConnectivityType": "private"}
    return str(stack.client("ec2").create_nat_gateway(**asked)["NatGateway"]["NatGatewayId"])


def balancer(stack: Inside) -> str:
    subnets = [stack.id_of(SUBNET), stack.id_of(f"subnet-private-{REGION}b")]
    made = stack.client("elbv2").create_load_balancer(Name="theirs", Subnets=subnets, Scheme="internal")
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def database(stack: Inside) -> str:
    rds = stack.client("rds")
    subnets = [stack.id_of(SUBNET), stack.id_of(f"subnet-private-{REGION}b")]
    rds.create_db_subnet_group(DBSubnetGroupName="theirs", DBSubnetGroupDescription="theirs", SubnetIds=subnets)
    rds.create_db_instance(
        DBInstanceIdentifier="theirs",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="theirs",
        ManageMasterUserPassword=True,
        DBSubnetGroupName="theirs",
    )
    return "theirs"


class Watched(Told):
    """Destroys a stack while somebody does something between its last look and its first call."""

    def __init__(self, stack: Inside, hand: Callable[[], object]) -> None:
        super().__init__()
        self.inside, self.hand = stack, hand
        self.held: Callable[[], object] = lambda: None
        """Done when somebody is told to hold something."""

    def tell(self, event: Event) -> None:
        super().tell(event)
        if isinstance(event, Started):
            self.hand()
        elif isinstance(event, StepEvent) and event.said.startswith("held by"):
            self.held()

    def down(self) -> None:
        operation.destroy(self.inside.system.example, self.inside.options, self, Stop())

    def failures(self) -> dict[str, StepFailed]:
        """With what each step fails."""
        with pytest.raises(Failed) as failed:
            self.down()
        return {one.lane: one.error for one in failed.value.failures if isinstance(one.error, StepFailed)}

    def said(self, step: str) -> list[str]:
        return [one.said for one in self.events if isinstance(one, StepEvent) and one.step == step]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting is given up after two of AWS's minutes, not twenty."""
    for cls in (Subnet, Vpc, SecurityGroup, RouteTable, InternetGatewayAttachment):
        monkeypatch.setattr(cls, "patience_delete", 120.0)


def subnet(stack: Inside) -> str:
    made = stack.client("ec2").create_subnet(VpcId=stack.id_of("vpc"), CidrBlock="10.0.200.0/24")
    return str(made["Subnet"]["SubnetId"])


def table(stack: Inside) -> str:
    return str(stack.client("ec2").create_route_table(VpcId=stack.id_of("vpc"))["RouteTable"]["RouteTableId"])


def group(stack: Inside) -> str:
    """One that lets the stack's function in."""
    ec2 = stack.client("ec2")
    made = str(ec2.create_security_group(GroupName="theirs", Description="-", VpcId=stack.id_of("vpc"))["GroupId"])
    peer = {"UserIdGroupPairs": [{"GroupId": stack.id_of(GROUP)}]}
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **peer}
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[rule])
    return made


OBJECTIONABLE: dict[str, tuple[Hand, str]] = {
    "EC2 instance": (instance, "aws ec2 terminate-instances --instance-ids {}"),
    "unused network interface": (interface, "aws ec2 delete-network-interface --network-interface-id {}"),
    "VPC endpoint": (endpoint, "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}"),
    "NAT gateway": (nat_gateway, "aws ec2 delete-nat-gateway --nat-gateway-id {}"),
    "load balancer": (balancer, "aws elbv2 delete-load-balancer --load-balancer-arn {}"),
    "DB instance": (database, "aws rds delete-db-instance --db-instance-identifier {}"),
    "security group": (group, "aws ec2 delete-security-group --group-id {}"),
    "subnet": (subnet, "aws ec2 delete-subnet --subnet-id {}"),
    "route table": (table, "aws ec2 delete-route-table --route-table-id {}"),
}
AGELESS = ("unused network interface", "security group", "subnet", "route table")
"""AWS tells no time of these."""


def test_all_that_would_keep_the_vpc_is_named_before_anything_is_deleted(bring: Bring) -> None:
    stack = bring(SYSTEM)
    stack.up()
    made = {noun: make(stack) for noun, (make, _) in OBJECTIONABLE.items()}
    stack.sandbox.advance(300)
    before = stack.inventory()
    stack.sandbox.forget_calls()
    with pytest.raises(Refused) as found:
        stack.down()
    said = str(found.value)
    assert "nothing was deleted" in said
    lines = [line.strip() for line in said.splitlines()]
    for noun, (_, command) in OBJECTIONABLE.items():
        (named,) = [line for line in lines if line.startswith(f"{made[noun]} ({noun}")]
        assert "not this stack's" in named
        assert ("less than a minute old" in named) == (noun not in AGELESS), named
        assert any(command.format(made[noun]) in line for line in lines), noun
    assert stack.mutations() == []
    assert stack.inventory() == before


def test_once_it_is_removed_the_stack_goes(bring: Bring) -> None:
    stack = bring(SYSTEM)
    stack.up()
    theirs = instance(stack)
    with pytest.raises(Refused, match=theirs):
        stack.down()
    stack.client("ec2").terminate_instances(InstanceIds=[theirs])
    stack.sandbox.advance(120)
    stack.down()
    assert stack.inventory() == stack.before


def test_on_the_screen_each_command_has_a_line_of_its_own(tool: Tool) -> None:
    tool.provisioned()
    ec2, subnet = tool.client("ec2"), tool.id_of(SUBNET)
    made = [ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"] for _ in "ab"]
    tool.sandbox.forget_calls()
    ended = tool.destroy()
    assert ended.code == 4, ended.text
    lines = [line.strip() for line in ended.err.splitlines()]
    for name in made:
        assert f"{name} (unused network interface, not this stack's)" in [line.rstrip(".") for line in lines]
        assert f"aws ec2 delete-network-interface --network-interface-id {name}" in lines
    assert tool.attempts() == []


def test_another_stack_is_named(bring: Bring) -> None:
    stack = bring(SYSTEM)
    stack.up()
    tags = [{"Key": "provisioner:stack", "Value": "shop"}, {"Key": "provisioner:stack-id", "Value": "other"}]
    stack.client("ec2").create_tags(Resources=[interface(stack)], Tags=tags)
    with pytest.raises(Refused, match="stack 'shop's"):
        stack.down()


def test_what_bears_the_owner_tag_is_no_strangers(bring: Bring) -> None:
    """As what a killed run has made and not recorded: nothing is said of it before the first call."""
    stack = bring(SYSTEM)
    stack.up()
    made = interface(stack)
    tags = [{"Key": "provisioner:stack-id", "Value": stack.state().stack_id}]
    stack.client("ec2").create_tags(Resources=[made], Tags=tags)
    stack.sandbox.forget_calls()
    Watched(stack, lambda: stack.client("ec2").delete_network_interface(NetworkInterfaceId=made)).down()
    assert stack.inventory() == stack.before


LATE: dict[str, tuple[Hand, str, str]] = {
    "instance": (
        instance,
        "network interface of EC2 instance {}",
        "aws ec2 terminate-instances --instance-ids {}",
    ),
    "interface": (
        interface,
        'unused network interface, "of the bastion that was"',
        "aws ec2 delete-network-interface --network-interface-id {}",
    ),
    "NAT gateway": (
        nat_gateway,
        "network interface of NAT gateway {}",
        "aws ec2 delete-nat-gateway --nat-gateway-id {}",
    ),
}
REMOVAL: dict[str, Callable[[Inside, str], object]] = {
    "instance": lambda stack, name: stack.client("ec2").terminate_instances(InstanceIds=[name]),
    "interface": lambda stack, name: stack.client("ec2").delete_network_interface(NetworkInterfaceId=name),
    "NAT gateway": lambda stack, name: stack.client("ec2").delete_nat_gateway(NatGatewayId=name),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", LATE)
def test_what_comes_while_it_is_destroyed_is_named_when_waiting_is_given_up(bring: Bring, kind: str) -> None:
    make, what, command = LATE[kind]
    stack, made = bring(SYSTEM), Made()
    stack.up()
    failure = Watched(stack, lambda: made.take(make(stack))).failures()[SUBNET]
    assert failure.code == "DependencyViolation"
    assert "held by eni-" in failure.why
    assert "remove what holds it, then resume" in failure.fix
    for text in (what.format(made.id), "not this stack's", command.format(made.id)):
        assert text in failure.fix
    assert (" old): " in failure.fix) == (kind != "interface")
    untouched(stack, made.id)
    REMOVAL[kind](stack, made.id)
    stack.sandbox.advance(120)
    stack.down()
    assert stack.inventory() == stack.before


class Made:
    """The id of what a hand made while something else went on."""

    id = ""

    def take(self, name: str) -> None:
        self.id = name

    def alone(self, stack: Inside, hand: Hand) -> None:
        """So that the log of calls has nothing of the hand's."""
        self.take(hand(stack))
        stack.sandbox.forget_calls()


def untouched(stack: Inside, *theirs: str) -> None:
    """No call that changes something names it."""
    calls = [json.dumps(call["parameters"]) for call in stack.sandbox.calls(mutating=True)]
    assert calls
    assert not [call for call in calls for name in theirs if name in call]


@pytest.mark.usefixtures("impatient")
def test_a_group_that_refers_to_ours_is_named_with_its_rule(bring: Bring) -> None:
    stack = bring(SYSTEM)
    stack.up()
    made = Made()
    failure = Watched(stack, lambda: made.alone(stack, group)).failures()[GROUP]
    assert f'ingress rule of security group {made.id} "theirs"' in failure.fix
    assert (
        f"aws ec2 revoke-security-group-ingress --group-id {made.id} --security-group-rule-ids sgr-" in failure.fix
    )
    assert "not this stack's" in failure.fix
    untouched(stack, made.id)
    stack.client("ec2").delete_security_group(GroupId=made.id)
    stack.down()
    assert stack.inventory() == stack.before


def test_public_addresses_keep_the_internet_gateway_and_are_named(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InternetGatewayAttachment, "patience_delete", 60.0)
    stack, made = bring(SYSTEM), Made()
    stack.up()
    place = {"DeviceIndex": 0, "SubnetId": stack.id_of(PUBLIC), "AssociatePublicIpAddress": True}
    watched = Watched(stack, lambda: made.take(launched(stack, NetworkInterfaces=[place])))
    failure = watched.failures()["internet-gateway-attachment"]
    assert "mapped public address" in failure.why
    assert f"network interface of EC2 instance {made.id}" in failure.fix
    assert f"aws ec2 terminate-instances --instance-ids {made.id}" in failure.fix
    untouched(stack, made.id)


def guarded(stack: Inside) -> str:
    """A security group as GuardDuty makes it."""
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "GuardDutyManaged", "Value": "true"}]}]
    asked: Any = {
        "GroupName": "theirs",
        "Description": "-",
        "VpcId": stack.id_of("vpc"),
        "TagSpecifications": tags,
    }
    return str(stack.client("ec2").create_security_group(**asked)["GroupId"])


def parts(stack: Inside) -> str:
    """A subnet, a network ACL, a route table and a security group, with spaces between their ids."""
    ec2, vpc = stack.client("ec2"), stack.id_of("vpc")
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    return " ".join((subnet(stack), acl, table(stack), guarded(stack)))


@pytest.mark.usefixtures("impatient")
def test_all_that_keeps_a_vpc_is_named(bring: Bring) -> None:
    stack, made = bring(SYSTEM), Made()
    stack.up()
    watched = Watched(stack, lambda: made.alone(stack, parts))
    failure = watched.failures()["vpc"]
    net, acl, routes, other = made.id.split()
    for text in (
        f"{net} (subnet, not this stack's): aws ec2 delete-subnet --subnet-id {net}",
        f"{acl} (network ACL, not this stack's): aws ec2 delete-network-acl --network-acl-id {acl}",
        f"{routes} (route table, not this stack's): aws ec2 delete-route-table --route-table-id {routes}",
        f'{other} (security group "theirs", GuardDuty\'s): aws ec2 delete-security-group --group-id {other}',
    ):
        assert text in failure.fix.splitlines()
    assert "and 1 more (DependencyViolation" in watched.said("vpc")[-1]
    untouched(stack, net, acl, routes, other)


def test_a_group_of_guard_dutys_is_no_reason_to_refuse(bring: Bring) -> None:
    """It comes and goes with what GuardDuty watches; where it stays, the wait for the VPC names it."""
    stack = bring(SYSTEM)
    stack.up()
    made = guarded(stack)
    Watched(stack, lambda: stack.client("ec2").delete_security_group(GroupId=made)).down()
    assert stack.inventory() == stack.before


def in_our_table(stack: Inside) -> str:
    """A subnet of theirs, and its association with our route table."""
    made = subnet(stack)
    asked = {"RouteTableId": stack.id_of(TABLE), "SubnetId": made}
    return f"{made} {stack.client('ec2').associate_route_table(**asked)['AssociationId']}"


@pytest.mark.usefixtures("impatient")
def test_a_subnet_of_theirs_that_uses_our_route_table_is_named(bring: Bring) -> None:
    stack, made = bring(SYSTEM), Made()
    stack.up()
    failure = Watched(stack, lambda: made.take(in_our_table(stack))).failures()[TABLE]
    theirs, found = made.id.split()
    assert f"{found} (association of {theirs})" in failure.fix
    assert f"aws ec2 disassociate-route-table --association-id {found}" in failure.fix


def function(stack: Inside) -> str:
    """In the stack's subnet, with a group of the stack's that it can be known by."""
    made = new_role(stack.sandbox, "theirs", trusting({"Service": "lambda.amazonaws.com"}))
    stack.client("iam").attach_role_policy(RoleName="theirs", PolicyArn=VPC_ACCESS)
    stack.sandbox.advance(30)  # or Lambda could not assume the role yet
    stack.client("lambda").create_function(
        FunctionName="theirs",
        Role=made,
        Runtime="python3.12",
        Handler="a.b",
        Code={"ZipFile": zipped()},
        VpcConfig={"SubnetIds": [stack.id_of(SUBNET)], "SecurityGroupIds": [stack.id_of(HELD)]},
    )
    stack.sandbox.advance(300)
    return "theirs"


@pytest.mark.usefixtures("impatient")
def test_a_function_of_theirs_is_named_that_keeps_lambdas_interfaces(bring: Bring) -> None:
    stack = bring(SYSTEM)
    stack.up()
    function(stack)
    stack.sandbox.forget_calls()
    failures = Watched(stack, lambda: None).failures()
    (failure,) = {error.fix: error for step, error in failures.items() if step in (HELD, SUBNET)}.values()
    assert "network interface of Lambda function theirs, used by theirs" in failure.fix
    assert "aws lambda update-function-configuration --function-name theirs --vpc-config" in failure.fix
    untouched(stack, "theirs")


def test_lambdas_interfaces_are_told_to_go_by_themselves_and_waited_for(bring: Bring) -> None:
    stack = bring(SYSTEM)
    stack.up()
    function(stack)
    stack.sandbox.latencies({"lambda.interfaces": 1000.0})
    stack.client("lambda").delete_function(FunctionName="theirs")
    stack.sandbox.latencies({"lambda.interfaces": 0.1})
    watched = Watched(stack, lambda: None)
    watched.held = lambda: stack.sandbox.advance(1001)
    watched.down()
    said = [text for step in (HELD, SUBNET) for text in watched.said(step) if text.startswith("held by eni-")]
    assert said
    assert all("Lambda frees it by itself, usually within 20 minutes" in text for text in said)
    stack.client("iam").detach_role_policy(RoleName="theirs", PolicyArn=VPC_ACCESS)
    stack.client("iam").delete_role(RoleName="theirs")
    assert stack.inventory() == stack.before


READS = (
    "ec2:DescribeInstances",
    "ec2:DescribeVpcEndpoints",
    "rds:DescribeDBInstances",
)


def test_who_may_not_see_others_things_destroys_all_the_same(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(sandbox, monkeypatch, without(NAME, *READS))
    stack = bring(SYSTEM)
    stack.up()
    sandbox.forget_calls()
    stack.down()
    assert set(refused(sandbox.calls())) == {read.partition(":")[2] for read in READS}
    assert stack.inventory() == stack.before
