"""How people break an internal API for other VPCs: what `verify` says, and what mends it."""

from __future__ import annotations

from tests.life import breaking
from tests.life.breaking import (
    PUBLIC_IMAGE,
    SERVICES,
    Breach,
    Rows,
    endpoint,
    endpoint_gone,
    revoked,
    route_gone,
)
from tests.life.hands import asked, deleted, given

CERTIFICATE = "the certificate is issued and fits its name"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/api:1.0"
CUSTOMERS = "10.64.0.0/16 reaches api"
INTERNAL: Rows = (
    (
        Breach(endpoint_gone("ecr.api"), "endpoint-ecr.api is available", "somebody has deleted it"),
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
        Breach(deleted("delegation"), "api.example.com is delegated to its name servers", "has no NS record"),
        Breach(deleted("record"), "api.example.com stands for the load balancer", "its zone has no address"),
        Breach(
            breaking.also_without_encryption,
            "the load balancer listens at 443 and nowhere else",
            "it listens at 80, too",
            "aws elbv2 delete-listener",
        ),
        Breach(route_gone("route-private-us-east-1a-10.64.0.0-16"), CUSTOMERS, "no way back"),
    ),
    (
        Breach(
            endpoint_gone("ecr.dkr"),
            f"api reaches the registry of {IMAGE}",
            "no route",
        ),
        Breach(
            endpoint("logs", RemoveSubnetIds=["{subnet-private-us-east-1b}"]),
            "endpoint-logs is available",
            "it is in subnet-private-us-east-1a only",
        ),
        Breach(
            given("delegation", "ns1.example.net.", "ns2.example.net."),
            "api.example.com is delegated to its name servers",
            "ns1.example.net, ns2.example.net, which are not its name servers",
        ),
        Breach(
            given("record", "10.9.9.9"),
            "api.example.com stands for the load balancer",
            "it stands for 10.9.9.9, not for",
        ),
        Breach(
            asked("elbv2", "modify_listener", ListenerArn="{listener-443}", Protocol="TCP"),
            "the load balancer listens at 443 and nowhere else",
            "it speaks TCP at 443, not TLS",
        ),
        Breach(revoked("rule-load-balancer-from-10.64.0.0-16-443"), CUSTOMERS, "no rule lets tcp 443 in"),
    ),
)
INTERNAL_FURTHER: Rows = (
    (
        Breach(
            endpoint("s3", RemoveRouteTableIds=[f"{{route-table-private-us-east-1{zone}}}" for zone in "ab"]),
            f"api reaches the registry of {IMAGE}",
            "no route",
        ),
        Breach(
            asked(
                "ec2",
                "delete_transit_gateway_vpc_attachment",
                TransitGatewayAttachmentId="{transit-gateway-attachment}",
            ),
            "the transit gateway is attached",
            "attachment",
        ),
        Breach(endpoint("logs", PrivateDnsEnabled=False), "endpoint-logs is available", "private DNS is off"),
        Breach(deleted("certificate-record"), CERTIFICATE, "ACM cannot renew it: its validation record"),
    ),
    (
        Breach(
            asked("ec2", "modify_vpc_attribute", VpcId="{vpc}", EnableDnsSupport={"Value": False}),
            "api reaches its log",
            "the VPC's resolver is off",
        ),
        Breach(
            asked(
                "ec2",
                "modify_transit_gateway_vpc_attachment",
                TransitGatewayAttachmentId="{transit-gateway-attachment}",
                RemoveSubnetIds=["{subnet-private-us-east-1b}"],
            ),
            CUSTOMERS,
            "no way back: it has no subnet in us-east-1b",
        ),
    ),
    (
        Breach(
            breaking.customers_of_nobody,
            CUSTOMERS,
            "no way back: it is associated with no route table of tgw-0123456789abcdef0",
            "aws ec2 associate-transit-gateway-route-table --transit-gateway-attachment-id tgw-attach-",
        ),
    ),
    (
        Breach(
            breaking.customers_without_a_way,
            CUSTOMERS,
            "no route fits 10.20.",
            "aws ec2 create-route --route-table-id rtb-",
        ),
    ),
    (
        Breach(breaking.public_image, f"api reaches the registry of {PUBLIC_IMAGE}", "no route"),
        Breach(
            endpoint("logs", RemoveSubnetIds=[f"{{subnet-private-us-east-1{zone}}}" for zone in "ab"]),
            "endpoint-logs is available",
            "it is in no subnet of the VPC",
        ),
        Breach(breaking.nothing_more, SERVICES, "api: its tasks are made of internal-api-api:2, not of"),
    ),
)
