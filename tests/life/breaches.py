"""How people break a deployed stack by hand, what `verify` then says, and what it names to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.life.systems import Inside, System

SHORT = ("functions.wrong-group.timeout=1", "functions.outside-vpc.timeout=1", "functions.caller.timeout=1")
PRIVATE_LAMBDA = System("private-lambda", SHORT)
INTERNAL_API, DATABASE = System("internal-api"), System("lambda-database", ("functions.graphql.timeout=4",))
PUBLIC_API, MULTI_SERVICE = System("public-api"), System("multi-service")
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/api:1.0"
EVERYBODY = [{"CidrIp": "0.0.0.0/0"}]


@dataclass(frozen=True)
class Breach:
    """`by` breaks it; then `what` fails with these words in its reason, and one of its fixes begins with `fix`."""

    by: Callable[[Inside], object]
    what: str
    why: str
    fix: str = "provisioner resume"


def revoked(step: str, *, egress: bool = False) -> Callable[[Inside], object]:
    """Somebody takes a rule of a security group away."""

    def revoke(stack: Inside) -> None:
        record, ec2 = stack.state().records[step], stack.client("ec2")
        call = ec2.revoke_security_group_egress if egress else ec2.revoke_security_group_ingress
        call(GroupId=(record.key or "").split("|")[0], SecurityGroupRuleIds=[record.id])

    return revoke


def opened(group: str, port: int, **peer: Any) -> Callable[[Inside], object]:
    """Somebody lets more in; the peer is a network, or a step's group."""

    def authorize(stack: Inside) -> None:
        pairs = [{"GroupId": stack.id_of(peer["of"])}] if "of" in peer else []
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": pairs}
        rule["IpRanges"] = peer.get("ranges", [])
        stack.client("ec2").authorize_security_group_ingress(GroupId=stack.id_of(group), IpPermissions=[rule])

    return authorize


def route_gone(step: str) -> Callable[[Inside], object]:
    def delete(stack: Inside) -> None:
        table, destination = (stack.state().records[step].key or "").split("|")
        stack.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock=destination)

    return delete


def endpoint_gone(stack: Inside) -> None:
    stack.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[stack.id_of("endpoint-ecr.api")])


def endpoint_without_name(stack: Inside) -> None:
    ec2, endpoint = stack.client("ec2"), stack.id_of("endpoint-logs")
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=False)


def layers_without_route(stack: Inside) -> None:
    ec2, endpoint = stack.client("ec2"), stack.id_of("endpoint-s3")
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=found["RouteTableIds"])


def delegation_gone(stack: Inside) -> None:
    _change(stack, str(stack.state().records["delegation"].request["HostedZoneId"]), "NS", "DELETE")


def alias_gone(stack: Inside) -> None:
    _change(stack, stack.id_of("zone"), "A", "DELETE")


def _change(stack: Inside, zone: str, kind: str, action: str) -> None:
    dns = stack.client("route53")
    known = dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (found,) = [one for one in known if one["Type"] == kind and one["Name"] == "api.example.com."]
    changes = [{"Action": action, "ResourceRecordSet": found}]
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


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


def no_other_origins(stack: Inside) -> None:
    stack.client("apigatewayv2").delete_cors_configuration(ApiId=stack.id_of("http-api"))


def detached(stack: Inside) -> None:
    attachment = stack.id_of("transit-gateway-attachment")
    stack.client("ec2").delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)


def path_rule_gone(stack: Inside) -> None:
    stack.client("elbv2").delete_rule(RuleArn=stack.id_of("listener-rule-backend"))


def nothing_more(stack: Inside) -> None:
    """What was done before it breaks this, too."""


BREACHES = (
    (
        PRIVATE_LAMBDA,
        Breach(
            revoked("rule-load-balancer-from-function-caller-80"),
            "caller gets an answer of web",
            "Task timed out after 1.00 seconds; it hangs: security-group-load-balancer: no rule lets tcp 80 in",
        ),
        Breach(
            route_gone("route-private-us-east-1a-internet"),
            "web reaches the registry of amazon/amazon-ecs-sample",
            "it hangs: route-table-private-us-east-1a: no route",
        ),
        Breach(
            opened("security-group-load-balancer", 80, of="security-group-function-wrong-group"),
            "wrong-group (control) gets no answer of web",
            'it is answered: HTTP 200, "Simple PHP App"',
            "aws ec2 revoke-security-group-ingress",
        ),
    ),
    (
        INTERNAL_API,
        Breach(endpoint_gone, "endpoint-ecr.api is available", "somebody has deleted it"),
        Breach(
            revoked("rule-endpoints-from-10.20.0.0-16-443"),
            "api reaches its log",
            "security-group-endpoints: no rule lets tcp 443 in",
        ),
        Breach(
            revoked("rule-service-api-from-load-balancer-80"),
            "the load balancer reaches the tasks of api",
            "no rule",
        ),
        Breach(delegation_gone, "api.example.com is delegated to its name servers", "has no NS record"),
        Breach(alias_gone, "api.example.com stands for the load balancer", "its zone has no address"),
        Breach(
            also_without_encryption,
            "the load balancer listens at 443 and nowhere else",
            "it listens at 80, too",
            "aws elbv2 delete-listener",
        ),
        Breach(route_gone("route-private-us-east-1a-10.64.0.0-16"), "10.64.0.0/16 reaches api", "no way back"),
    ),
    (
        INTERNAL_API,
        Breach(layers_without_route, f"api reaches the registry of {IMAGE}", "no route"),
        Breach(detached, "the transit gateway is attached", "attachment"),
        Breach(endpoint_without_name, "endpoint-logs is available", "private DNS is off"),
    ),
    (
        DATABASE,
        Breach(no_other_origins, "POST /graphql: pages of other origins may ask", "Access-Control-Allow-Origin"),
        Breach(
            database_with_address,
            "the database has no public address",
            "eni-",
            "aws ec2 disassociate-address --association-id eipassoc-",
        ),
        Breach(
            revoked("rule-function-graphql-to-database-27017", egress=True),
            "graphql reaches database",
            "security-group-function-graphql: no rule lets tcp 27017 out",
        ),
        Breach(
            opened("security-group-database", 27017, ranges=EVERYBODY),
            "internet does not reach the database",
            "at 27017 is open to it: security-group-database lets tcp 27017 in from 0.0.0.0/0",
            "aws ec2 revoke-security-group-ingress",
        ),
        Breach(
            out_through_the_internet_gateway,
            "graphql reaches its secrets (secretsmanager)",
            "a function's interface never uses a public address",
        ),
    ),
    (
        PUBLIC_API,
        Breach(
            revoked("rule-load-balancer-from-0.0.0.0-0-80"),
            "internet reaches web",
            "security-group-load-balancer: no rule lets tcp 80 in",
        ),
        Breach(
            route_gone("route-private-us-east-1a-internet"),
            "web reaches the registry of public.ecr.aws/docker/library/nginx:latest",
            "no route",
        ),
    ),
    (
        MULTI_SERVICE,
        Breach(path_rule_gone, "backend gets its paths", '"backend" is not in the answer', ""),
        Breach(nothing_more, "internet reaches backend", "no rule of the load balancer sends"),
        Breach(
            revoked("rule-service-backend-from-service-webapp-5000"),
            "webapp reaches http://backend:5000",
            "security-group-service-backend: no rule lets tcp 5000 in",
        ),
    ),
)
