"""What hands have deleted of the further systems is made again, what they have changed is set right, and told.

The usual suite does all that can be done to one system at once; `make test-complete` one thing at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from provisioner.events import Outcome
from tests.life.conftest import Bring
from tests.life.systems import FURTHER, POSTGRES, Inside, Life, System

Lived = Callable[[System], Life]
Hand = Callable[[Inside], object]
INTERNAL, DATABASE, PUBLIC, SERVICES, _ = FURTHER
SECONDS = 300.0
"""AWS's, after which everything that was asked for by hand has happened."""


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
    """A call of boto3's. In texts, `{step}` is the step's id, `{step.0}` the first of its parts."""

    def by_hand(stack: Inside) -> None:
        getattr(stack.client(api), operation)(**filled(stack, parameters))

    return by_hand


class Ids(dict[str, Any]):
    def __init__(self, stack: Inside) -> None:
        super().__init__()
        self.stack = stack

    def __missing__(self, step: str) -> Any:
        whole = self.stack.id_of(step)
        return type("Id", (str,), {f"_{place}": part for place, part in enumerate(whole.split("|"))})(whole)


def filled(stack: Inside, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: filled(stack, item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(stack, item) for item in value]
    return value.format_map(Ids(stack)) if isinstance(value, str) else value


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
        ApiId="{integration-graphql._0}",
        IntegrationId="{integration-graphql._1}",
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
            "apigatewayv2", "delete_route", ApiId="{http-api}", RouteId="{route-post-graphql._1}"
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


@pytest.mark.parametrize(
    ("system", "step"), [(system, step) for system, steps in DELETIONS.items() for step in steps], ids=str
)
def test_what_was_deleted_by_hand_is_made_again_and_told(
    bring: Bring, undisturbed: Lived, system: System, step: str
) -> None:
    life = undisturbed(system)
    stack = bring(system)
    stack.up()
    DELETIONS[system][step](stack)
    stack.sandbox.advance(SECONDS / 600)
    stack.up()
    assert stack.inventory() == life.standing
    assert stack.told.outcomes()[step] is Outcome.REMADE
    stack.sandbox.forget_calls()
    stack.up()
    assert stack.mutations() == []
    stack.down()
    assert stack.inventory() == stack.before


def other_role(stack: Inside) -> None:
    """Another role in the instance's profile."""
    empty_profile(stack)
    both = {
        "InstanceProfileName": stack.id_of("instance-profile-database"),
        "RoleName": stack.id_of("role-graphql-function"),
    }
    stack.client("iam").add_role_to_instance_profile(**both)


def default_group(stack: Inside, vpc: str) -> str:
    filters: Any = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    found: str = stack.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    return found


def other_groups(service: str, operation: str, **parameters: Any) -> Hand:
    """The VPC's default group where there was the stack's own: `{group}`."""

    def by_hand(stack: Inside) -> None:
        group = default_group(stack, stack.id_of("vpc"))
        known = {key: [group] if value == ["{group}"] else value for key, value in parameters.items()}
        asked(service, operation, **known)(stack)

    return by_hand


def tracking(value: float) -> dict[str, Any]:
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    return {"TargetValue": value, "PredefinedMetricSpecification": metric}


CHANGES: Mapping[System, Mapping[str, Hand]] = {
    INTERNAL: {
        "delegation": given("delegation", "ns1.example.net.", "ns2.example.net."),
        "record": given("record", "10.9.9.9"),
        "certificate-record": given("certificate-record", "elsewhere.example.net."),
        "listener-443": asked(
            "elbv2", "modify_listener", ListenerArn="{listener-443}", SslPolicy="ELBSecurityPolicy-2016-08"
        ),
        "endpoint-logs": asked(
            "ec2",
            "modify_vpc_endpoint",
            VpcEndpointId="{endpoint-logs}",
            RemoveSubnetIds=["{subnet-private-us-east-1b}"],
        ),
        "endpoint-s3": asked(
            "ec2",
            "modify_vpc_endpoint",
            VpcEndpointId="{endpoint-s3}",
            RemoveRouteTableIds=["{route-table-private-us-east-1b}"],
        ),
        "transit-gateway-attachment": asked(
            "ec2",
            "modify_transit_gateway_vpc_attachment",
            TransitGatewayAttachmentId="{transit-gateway-attachment}",
            RemoveSubnetIds=["{subnet-private-us-east-1b}"],
        ),
        "inline-policy-api-task-stack": asked(
            "iam",
            "put_role_policy",
            RoleName="{role-api-task}",
            PolicyName="stack",
            PolicyDocument=(
                '{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"*"}}]}}'
            ),
        ),
        "load-balancer": asked(
            "elbv2",
            "modify_load_balancer_attributes",
            LoadBalancerArn="{load-balancer}",
            Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}],
        ),
    },
    DATABASE: {
        "http-api": asked(
            "apigatewayv2", "update_api", ApiId="{http-api}", CorsConfiguration={"AllowOrigins": ["https://a.b"]}
        ),
        "integration-graphql": asked(
            "apigatewayv2",
            "update_integration",
            ApiId="{http-api}",
            IntegrationId="{integration-graphql._1}",
            TimeoutInMillis=5000,
        ),
        "stage": asked("apigatewayv2", "delete_access_log_settings", ApiId="{http-api}", StageName="$default"),
        "database": asked("ec2", "stop_instances", InstanceIds=["{database}"]),
        "database-record": given("database-record", "10.9.9.9"),
        "instance-profile-database": other_role,
        "secret-database": asked("secretsmanager", "update_secret", SecretId="{secret-database}", Description="x"),
        "function-graphql": asked(
            "lambda", "update_function_configuration", FunctionName="{function-graphql}", MemorySize=512
        ),
    },
    PUBLIC: {
        "scaling-policy-web-cpu": asked(
            "application-autoscaling",
            "put_scaling_policy",
            **scalable(
                PolicyName="web-cpu",
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration=tracking(17.0),
            ),
        ),
        "scalable-target-web": asked(
            "application-autoscaling", "register_scalable_target", **scalable(MinCapacity=1, MaxCapacity=3)
        ),
        "listener-80": asked(
            "elbv2",
            "modify_listener",
            ListenerArn="{listener-80}",
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
        ),
    },
    SERVICES: {
        "listener-rule-backend": asked(
            "elbv2",
            "modify_rule",
            RuleArn="{listener-rule-backend}",
            Conditions=[{"Field": "path-pattern", "Values": ["/elsewhere"]}],
        ),
        "namespace": lambda stack: stack.client("servicediscovery").update_http_namespace(
            Id=stack.state().records["namespace"].outputs["arn"].rpartition("/")[2],
            Namespace={"Description": "x"},
        ),
        "service-backend": asked(
            "ecs",
            "update_service",
            cluster="multi-service",
            service="backend",
            serviceConnectConfiguration={"enabled": False},
        ),
        "service-webapp": asked(
            "ecs", "update_service", cluster="multi-service", service="webapp", desiredCount=3
        ),
    },
    POSTGRES: {
        "database": other_groups(
            "rds",
            "modify_db_instance",
            DBInstanceIdentifier="{database}",
            VpcSecurityGroupIds=["{group}"],
            BackupRetentionPeriod=3,
            ApplyImmediately=True,
        ),
    },
}


@pytest.mark.parametrize(
    ("system", "step"), [(system, step) for system, steps in CHANGES.items() for step in steps], ids=str
)
def test_what_was_changed_by_hand_is_set_right_and_told(
    bring: Bring, undisturbed: Lived, system: System, step: str
) -> None:
    life = undisturbed(system)
    stack = bring(system)
    stack.up()
    CHANGES[system][step](stack)
    stack.sandbox.advance(SECONDS / 600)
    assert stack.inventory() != life.standing
    stack.up()
    assert stack.inventory() == life.standing
    assert stack.told.outcomes()[step] is Outcome.SET_RIGHT
    stack.sandbox.forget_calls()
    stack.up()
    assert stack.mutations() == []
    stack.down()
    assert stack.inventory() == stack.before
