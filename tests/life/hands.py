"""What people do to the further systems by hand: the things that they delete."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.life.systems import FURTHER, POSTGRES, Inside, System

Hand = Callable[[Inside], object]
INTERNAL, DATABASE, PUBLIC, SERVICES, _ = FURTHER


def parts(stack: Inside, step: str) -> list[str]:
    return stack.id_of(step).split("|")


def change_record(stack: Inside, step: str, action: str, values: list[str] | None = None) -> None:
    """Of a record set: delete it, or give it other values."""
    zone, name, kind, *_ = parts(stack, step)
    dns = stack.client("route53")
    found = dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (raw,) = (one for one in found if one["Name"] == name and one["Type"] == kind)
    if values is not None:
        raw = {"Name": name, "Type": kind, "TTL": 17, "ResourceRecords": [{"Value": one} for one in values]}
    change = {"Action": action, "ResourceRecordSet": raw}
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def deleted(step: str) -> Hand:
    return lambda stack: change_record(stack, step, "DELETE")


def given(step: str, *values: str) -> Hand:
    return lambda stack: change_record(stack, step, "UPSERT", list(values))


def asked(api: str, operation: str, /, **parameters: Any) -> Hand:
    """A call of boto3's. In texts `{step}` is the step's id, `{step#1}` the second of its parts."""

    def by_hand(stack: Inside) -> None:
        getattr(stack.client(api), operation)(**filled(stack, parameters))

    return by_hand


_ID = re.compile(r"\{([\w.-]+)(?:#(\d))?\}")


def filled(stack: Inside, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: filled(stack, item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(stack, item) for item in value]
    return _ID.sub(lambda found: _id(stack, *found.groups()), value) if isinstance(value, str) else value


def _id(stack: Inside, step: str, part: str | None) -> str:
    return parts(stack, step)[int(part)] if part else stack.id_of(step)


def scalable(**more: Any) -> dict[str, Any]:
    dimension = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    return {**dimension, "ResourceId": "service/public-api/web", **more}


def empty_profile(stack: Inside) -> None:
    both = {
        "InstanceProfileName": stack.id_of("instance-profile-database"),
        "RoleName": stack.id_of("role-database"),
    }
    stack.client("iam").remove_role_from_instance_profile(**both)


def delete_profile(stack: Inside) -> None:
    empty_profile(stack)
    stack.client("iam").delete_instance_profile(InstanceProfileName=stack.id_of("instance-profile-database"))


def delete_integration(stack: Inside) -> None:
    api, route = parts(stack, "route-post-graphql")
    stack.client("apigatewayv2").delete_route(ApiId=api, RouteId=route)
    asked(
        "apigatewayv2",
        "delete_integration",
        ApiId="{integration-graphql#0}",
        IntegrationId="{integration-graphql#1}",
    )(stack)


def delete_zone(stack: Inside) -> None:
    change_record(stack, "database-record", "DELETE")
    stack.client("route53").delete_hosted_zone(Id=stack.id_of("database-zone"))


def delete_public_zone(stack: Inside) -> None:
    change_record(stack, "record", "DELETE")
    change_record(stack, "certificate-record", "DELETE")
    stack.client("route53").delete_hosted_zone(Id=stack.id_of("zone"))


def delete_service(cluster: str, service: str) -> Hand:
    return asked("ecs", "delete_service", cluster=cluster, service=service, force=True)


DELETIONS: Mapping[System, Mapping[str, Hand]] = {
    INTERNAL: {
        "delegation": deleted("delegation"),
        "record": deleted("record"),
        "certificate-record": deleted("certificate-record"),
        "listener-443": asked("elbv2", "delete_listener", ListenerArn="{listener-443}"),
        "endpoint-logs": asked("ec2", "delete_vpc_endpoints", VpcEndpointIds=["{endpoint-logs}"]),
        "endpoint-s3": asked("ec2", "delete_vpc_endpoints", VpcEndpointIds=["{endpoint-s3}"]),
        "inline-policy-api-task-stack": asked(
            "iam", "delete_role_policy", RoleName="{role-api-task}", PolicyName="stack"
        ),
        "transit-gateway-attachment": asked(
            "ec2",
            "delete_transit_gateway_vpc_attachment",
            TransitGatewayAttachmentId="{transit-gateway-attachment}",
        ),
        "zone": delete_public_zone,
    },
    DATABASE: {
        "permission-graphql-post-graphql": asked(
            "lambda", "remove_permission", FunctionName="{function-graphql}", StatementId="api-post-graphql"
        ),
        "route-post-graphql": asked(
            "apigatewayv2", "delete_route", ApiId="{http-api}", RouteId="{route-post-graphql#1}"
        ),
        "integration-graphql": delete_integration,
        "stage": asked("apigatewayv2", "delete_stage", ApiId="{http-api}", StageName="$default"),
        "http-api": asked("apigatewayv2", "delete_api", ApiId="{http-api}"),
        "instance-profile-database": delete_profile,
        "database-record": deleted("database-record"),
        "database-zone": delete_zone,
        "database": asked("ec2", "terminate_instances", InstanceIds=["{database}"]),
        "function-graphql": asked("lambda", "delete_function", FunctionName="{function-graphql}"),
        "log-group-api": asked("logs", "delete_log_group", logGroupName="{log-group-api}"),
    },
    PUBLIC: {
        "scaling-policy-web-cpu": asked(
            "application-autoscaling", "delete_scaling_policy", **scalable(PolicyName="web-cpu")
        ),
        "scalable-target-web": asked("application-autoscaling", "deregister_scalable_target", **scalable()),
        "service-web": delete_service("public-api", "web"),
        "listener-80": asked("elbv2", "delete_listener", ListenerArn="{listener-80}"),
    },
    SERVICES: {
        "listener-rule-backend": asked("elbv2", "delete_rule", RuleArn="{listener-rule-backend}"),
        "listener-80": asked("elbv2", "delete_listener", ListenerArn="{listener-80}"),
        "service-backend": delete_service("multi-service", "backend"),
        "service-webapp": delete_service("multi-service", "webapp"),
    },
    POSTGRES: {
        "database": asked("rds", "delete_db_instance", DBInstanceIdentifier="{database}", SkipFinalSnapshot=True),
    },
}
