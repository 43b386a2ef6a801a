"""The ways in which people break a deployed stack by hand, and what is to be said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.life.explained import customers
from tests.life.hands import asked
from tests.life.hands_changes import default_group
from tests.life.systems import Inside

By = Callable[[Inside], object]
EVERYBODY = [{"CidrIp": "0.0.0.0/0"}]


@dataclass(frozen=True)
class Breach:
    """`by` breaks it; then `what` fails with these words in its reason, and one of its fixes begins with `fix`."""

    by: By
    what: str
    why: str
    fix: str = "provisioner resume"


Rows = tuple[tuple[Breach, ...], ...]
"""Of one system. Those of a row are made at the same time; the rows come one after the other, each to a stack that
the fixes of the one before have made whole."""
FUNCTIONS, SERVICES = "the functions are as they were made", "the services are as they were made"
PUBLIC_IMAGE = "public.ecr.aws/docker/library/nginx:latest"
_REVISION = (
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions"),
    *("requiresCompatibilities", "cpu", "memory"),
)
NAT = "route-private-us-east-1a-internet"


def revoked(step: str, *, egress: bool = False) -> By:
    """Somebody takes a rule of a security group away."""
    way = "egress" if egress else "ingress"

    def revoke(stack: Inside) -> None:
        record, ec2 = stack.state().records[step], stack.client("ec2")
        call = getattr(ec2, f"revoke_security_group_{way}")
        call(GroupId=(record.key or "").split("|")[0], SecurityGroupRuleIds=[record.id])

    return revoke


def opened(group: str, port: int, **peer: Any) -> By:
    """Somebody lets more in; the peer is a network, or a step's group."""

    def authorize(stack: Inside) -> None:
        pairs = [{"GroupId": stack.id_of(peer["of"])}] if "of" in peer else []
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": pairs}
        rule["IpRanges"] = peer.get("ranges", [])
        stack.client("ec2").authorize_security_group_ingress(GroupId=stack.id_of(group), IpPermissions=[rule])

    return authorize


def route_gone(step: str) -> By:
    def delete(stack: Inside) -> None:
        table, destination = (stack.state().records[step].key or "").split("|")
        stack.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock=destination)

    return delete


def denied(number: int, network: str, ports: tuple[int, int], *, egress: bool) -> By:
    """Somebody has the VPC's network ACL deny ports of a network."""

    def deny(stack: Inside) -> None:
        here = [{"Name": "vpc-id", "Values": [stack.id_of("vpc")]}]
        (acl,) = stack.client("ec2").describe_network_acls(Filters=here)["NetworkAcls"]
        stack.client("ec2").create_network_acl_entry(
            NetworkAclId=acl["NetworkAclId"],
            RuleNumber=number,
            Protocol="6",
            RuleAction="deny",
            Egress=egress,
            CidrBlock=network,
            PortRange={"From": ports[0], "To": ports[1]},
        )

    return deny


def policy_gone(step: str) -> By:
    return asked("iam", "detach_role_policy", RoleName=f"{{{step}#0}}", PolicyArn=f"{{{step}#1}}")


def endpoint_gone(service: str) -> By:
    return asked("ec2", "delete_vpc_endpoints", VpcEndpointIds=[f"{{endpoint-{service}}}"])


def endpoint(service: str, **more: Any) -> By:
    return asked("ec2", "modify_vpc_endpoint", VpcEndpointId=f"{{endpoint-{service}}}", **more)


def function(name: str, **more: Any) -> By:
    return asked("lambda", "update_function_configuration", FunctionName=f"{{function-{name}}}", **more)


def moved(name: str, subnets: Iterable[str] = (), group: str = "") -> By:
    """A function in other subnets, as a member of another group; without subnets it is in no VPC."""
    groups = [f"{{security-group-function-{group}}}"] if group else []
    places = [f"{{subnet-{one}}}" for one in subnets]
    return function(name, VpcConfig={"SubnetIds": places, "SecurityGroupIds": groups})


def tasks(cluster: str, service: str, **more: Any) -> By:
    """A service's tasks in another place."""

    def update(stack: Inside) -> None:
        ecs, name = stack.client("ecs"), {"cluster": cluster, "service": service}
        (raw,) = ecs.describe_services(cluster=cluster, services=[service])["services"]
        place = {**raw["networkConfiguration"]["awsvpcConfiguration"], **more}
        ecs.update_service(**name, networkConfiguration={"awsvpcConfiguration": place})

    return update


def health_check(service: str, **more: Any) -> By:
    return asked("elbv2", "modify_target_group", TargetGroupArn=f"{{target-group-{service}}}", **more)


def nothing_more(stack: Inside) -> None:
    """What was done before it breaks this, too."""


def also_without_encryption(stack: Inside) -> None:
    elb, balancer = stack.client("elbv2"), stack.id_of("load-balancer")
    action = {"Type": "forward", "TargetGroupArn": stack.id_of("target-group-api")}
    elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=80, DefaultActions=[action])


def database_with_address(stack: Inside) -> None:
    ec2 = stack.client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=address, InstanceId=stack.id_of("database"))


def out_through_the_internet_gateway(stack: Inside) -> None:
    """As if the function's subnet were public: its interface has no public address all the same."""
    table, destination = (stack.state().records["route-private-us-east-1a-internet"].key or "").split("|")
    gateway = stack.id_of("internet-gateway")
    stack.client("ec2").replace_route(RouteTableId=table, DestinationCidrBlock=destination, GatewayId=gateway)


def balancer_in_the_default_group(stack: Inside) -> None:
    group = default_group(stack, stack.id_of("vpc"))
    stack.client("elbv2").set_security_groups(LoadBalancerArn=stack.id_of("load-balancer"), SecurityGroups=[group])


def rule_before_ours(stack: Inside) -> None:
    """It takes what the stack's rule for backend is for."""
    action = {"Type": "forward", "TargetGroupArn": stack.id_of("target-group-webapp")}
    conditions = [{"Field": "path-pattern", "Values": ["/api/*"]}]
    elb, listener = stack.client("elbv2"), stack.id_of("listener-80")
    elb.create_rule(ListenerArn=listener, Priority=1, Conditions=conditions, Actions=[action])


@dataclass(frozen=True)
class _Stands:
    """What `customers` wants of a stack."""

    stack: Inside

    @property
    def ec2(self) -> Any:
        return self.stack.client("ec2")


def public_image(stack: Inside) -> None:
    """Another revision of the tasks, of which VPC endpoints cannot bring the image."""
    ecs, (cluster, name) = stack.client("ecs"), stack.id_of("service-api").split("/")[-2:]
    (raw,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
    known = ecs.describe_task_definition(taskDefinition=raw["taskDefinition"])["taskDefinition"]
    asked_for = {key: known[key] for key in _REVISION}
    asked_for["containerDefinitions"][0]["image"] = PUBLIC_IMAGE
    made = ecs.register_task_definition(**asked_for)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=cluster, service=name, taskDefinition=made)


def customers_of_nobody(stack: Inside) -> None:
    """Others are attached to the transit gateway, too; the stack's attachment has no route table any more."""
    customers(_Stands(stack))
    stack.sandbox.advance(1)
    ec2, attachment = stack.client("ec2"), stack.id_of("transit-gateway-attachment")
    ec2.disassociate_transit_gateway_route_table(
        TransitGatewayRouteTableId=gateways_table(stack), TransitGatewayAttachmentId=attachment
    )


def customers_without_a_way(stack: Inside) -> None:
    """Whoever has the VPC of the customers, once attached, deletes its route to the stack's VPC."""
    ec2, filters = stack.client("ec2"), [{"Name": "cidr", "Values": ["10.64.0.0/16"]}]
    (vpc,) = (one["VpcId"] for one in ec2.describe_vpcs(Filters=filters)["Vpcs"])
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="10.20.0.0/16")


def gateways_table(stack: Inside) -> str:
    (one,) = stack.client("ec2").describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]
    return str(one["TransitGatewayRouteTableId"])
