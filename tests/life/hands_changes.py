"""What people do to the further systems by hand: the things that they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.life.hands import DATABASE, INTERNAL, PUBLIC, SERVICES, Hand, asked, empty_profile, given, scalable
from tests.life.systems import POSTGRES, Inside, System


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
                '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
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
            IntegrationId="{integration-graphql#1}",
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
