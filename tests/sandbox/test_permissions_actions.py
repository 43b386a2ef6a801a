"""What each call must be allowed: actions and resources."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import actions
from provisioner.sandbox.world import Nature, World

REGION, ACCOUNT = "eu-central-1", "999999999999"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:"
ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:"
IAM = f"arn:aws:iam::{ACCOUNT}:"
GATEWAY = f"arn:aws:apigateway:{REGION}::"
PAIRS = [{"Key": "a", "Value": "b"}]
LOWER = [{"key": "a", "value": "b"}]
LB = f"{ELB}loadbalancer/app/web/50dc6c495c0c9188"
LISTENER = f"{ELB}listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"

ASKED: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("ec2", "DescribeVpcs", {"VpcIds": ["vpc-1"]}, ["ec2:DescribeVpcs *"]),
    ("ec2", "DescribeVpcAttribute", {"VpcId": "vpc-1"}, [f"ec2:DescribeVpcAttribute {EC2}vpc/vpc-1"]),
    ("ec2", "CreateVpc", {"CidrBlock": "x"}, [f"ec2:CreateVpc {EC2}vpc/*"]),
    (
        "ec2",
        "CreateSubnet",
        {"VpcId": "vpc-1", "TagSpecifications": [{"ResourceType": "subnet", "Tags": PAIRS}]},
        [
            f"ec2:CreateSubnet {EC2}subnet/*",
            f"ec2:CreateSubnet {EC2}vpc/vpc-1",
            f"ec2:CreateTags {EC2}subnet/*",
        ],
    ),
    (
        "ec2",
        "CreateNatGateway",
        {"SubnetId": "subnet-1", "AllocationId": "eipalloc-1"},
        [
            f"ec2:CreateNatGateway {EC2}natgateway/*",
            f"ec2:CreateNatGateway {EC2}elastic-ip/eipalloc-1",
            f"ec2:CreateNatGateway {EC2}subnet/subnet-1",
        ],
    ),
    (
        "ec2",
        "CreateTags",
        {"Resources": ["nat-1", "sgr-1", "tgw-attach-1"], "Tags": PAIRS},
        [
            f"ec2:CreateTags {EC2}natgateway/nat-1",
            f"ec2:CreateTags {EC2}security-group-rule/sgr-1",
            f"ec2:CreateTags {EC2}transit-gateway-attachment/tgw-attach-1",
        ],
    ),
    (
        "ec2",
        "AuthorizeSecurityGroupIngress",
        {"GroupId": "sg-1", "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": PAIRS}]},
        [
            f"ec2:AuthorizeSecurityGroupIngress {EC2}security-group/sg-1",
            f"ec2:CreateTags {EC2}security-group-rule/*",
        ],
    ),
    (
        "ec2",
        "CreateVpcEndpoint",
        {"VpcId": "vpc-1", "SubnetIds": ["subnet-1", "subnet-2"], "PrivateDnsEnabled": True},
        [
            f"ec2:CreateVpcEndpoint {EC2}vpc/vpc-1",
            f"ec2:CreateVpcEndpoint {EC2}vpc-endpoint/*",
            f"ec2:CreateVpcEndpoint {EC2}subnet/subnet-1",
            f"ec2:CreateVpcEndpoint {EC2}subnet/subnet-2",
            "ec2:DescribeVpcs *",
            "ec2:DescribeSubnets *",
            "route53:AssociateVPCWithHostedZone *",
        ],
    ),
    (
        "ec2",
        "RunInstances",
        {"ImageId": "ami-1", "SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1"]},
        [
            f"ec2:RunInstances arn:aws:ec2:{REGION}::image/ami-1",
            f"ec2:RunInstances {EC2}instance/*",
            f"ec2:RunInstances {EC2}network-interface/*",
            f"ec2:RunInstances {EC2}volume/*",
            f"ec2:RunInstances {EC2}security-group/sg-1",
            f"ec2:RunInstances {EC2}subnet/subnet-1",
        ],
    ),
    ("ec2", "DescribeFlowLogs", {}, ["ec2:DescribeFlowLogs *"]),
    (
        "elbv2",
        "CreateLoadBalancer",
        {"Name": "web", "Tags": PAIRS},
        [
            f"elasticloadbalancing:CreateLoadBalancer {ELB}loadbalancer/app/web/*",
            f"iam:CreateServiceLinkedRole {IAM}role/aws-service-role/elasticloadbalancing.amazonaws.com/"
            "AWSServiceRoleForElasticLoadBalancing",
            f"elasticloadbalancing:AddTags {ELB}loadbalancer/app/web/*",
        ],
    ),
    (
        "elbv2",
        "CreateListener",
        {"LoadBalancerArn": LB, "Tags": PAIRS},
        [
            f"elasticloadbalancing:CreateListener {LB}",
            f"elasticloadbalancing:AddTags {LISTENER.rpartition('/')[0]}/*",
        ],
    ),
    (
        "elbv2",
        "CreateRule",
        {"ListenerArn": LISTENER, "Tags": PAIRS},
        [
            f"elasticloadbalancing:CreateRule {LISTENER}",
            f"elasticloadbalancing:AddTags {LISTENER.replace(':listener', ':listener-rule')}/*",
        ],
    ),
    (
        "elbv2",
        "CreateTargetGroup",
        {"Name": "web"},
        [f"elasticloadbalancing:CreateTargetGroup {ELB}targetgroup/web/*"],
    ),
    ("elbv2", "DeleteLoadBalancer", {"LoadBalancerArn": LB}, [f"elasticloadbalancing:DeleteLoadBalancer {LB}"]),
    ("elbv2", "DescribeTags", {"ResourceArns": [LB]}, ["elasticloadbalancing:DescribeTags *"]),
    (
        "ecs",
        "RegisterTaskDefinition",
        {"family": "app", "executionRoleArn": f"{IAM}role/x", "tags": LOWER},
        [
            f"ecs:RegisterTaskDefinition {ECS}task-definition/app:*",
            f"iam:PassRole {IAM}role/x",
            f"ecs:TagResource {ECS}task-definition/app:*",
        ],
    ),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": "app"}, ["ecs:DescribeTaskDefinition *"]),
    (
        "ecs",
        "UpdateService",
        {"cluster": f"{ECS}cluster/main", "service": f"{ECS}service/main/web"},
        [f"ecs:UpdateService {ECS}service/main/web"],
    ),
    ("ecs", "DeleteService", {"service": "web"}, [f"ecs:DeleteService {ECS}service/default/web"]),
    (
        "ecs",
        "DescribeServices",
        {"cluster": "main", "services": ["a", "b"]},
        [f"ecs:DescribeServices {ECS}service/main/a", f"ecs:DescribeServices {ECS}service/main/b"],
    ),
    (
        "ecs",
        "DescribeTasks",
        {"cluster": "main", "tasks": ["0a"]},
        [f"ecs:DescribeTasks {ECS}task/main/0a"],
    ),
    ("lambda", "Invoke", {"FunctionName": "f"}, [f"lambda:InvokeFunction {LAMBDA}function:f"]),
    (
        "lambda",
        "Invoke",
        {"FunctionName": f"{LAMBDA}function:f", "Qualifier": "live"},
        [f"lambda:InvokeFunction {LAMBDA}function:f:live"],
    ),
    (
        "lambda",
        "CreateFunction",
        {"FunctionName": "f", "Role": f"{IAM}role/x", "Tags": {"a": "b"}},
        [
            f"lambda:CreateFunction {LAMBDA}function:f",
            f"iam:PassRole {IAM}role/x",
            f"lambda:TagResource {LAMBDA}function:f",
        ],
    ),
    (
        "logs",
        "CreateLogGroup",
        {"logGroupName": "/aws/lambda/f", "tags": {"a": "b"}},
        [
            f"logs:CreateLogGroup {LOGS}log-group:/aws/lambda/f:log-stream:",
            f"logs:TagResource {LOGS}log-group:/aws/lambda/f",
        ],
    ),
    ("logs", "DescribeLogGroups", {}, [f"logs:DescribeLogGroups {LOGS}log-group::log-stream:"]),
    (
        "iam",
        "CreateRole",
        {"RoleName": "r", "Path": "/apps/", "Tags": PAIRS},
        [f"iam:CreateRole {IAM}role/apps/r", f"iam:TagRole {IAM}role/apps/r"],
    ),
    (
        "iam",
        "AttachRolePolicy",
        {"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/X"},
        [f"iam:AttachRolePolicy {IAM}role/r"],
    ),
    (
        "iam",
        "AddRoleToInstanceProfile",
        {"InstanceProfileName": "p", "RoleName": "r"},
        [f"iam:AddRoleToInstanceProfile {IAM}instance-profile/p", f"iam:PassRole {IAM}role/r"],
    ),
    ("iam", "ListRoles", {}, ["iam:ListRoles *"]),
    ("route53", "CreateHostedZone", {"Name": "x."}, ["route53:CreateHostedZone *"]),
    (
        "route53",
        "ChangeResourceRecordSets",
        {"HostedZoneId": "Z1"},
        ["route53:ChangeResourceRecordSets arn:aws:route53:::hostedzone/Z1"],
    ),
    ("route53", "GetChange", {"Id": "C1"}, ["route53:GetChange arn:aws:route53:::change/C1"]),
    ("apigatewayv2", "CreateApi", {"Name": "x"}, [f"apigateway:POST {GATEWAY}/apis"]),
    ("apigatewayv2", "GetRoutes", {"ApiId": "a1"}, [f"apigateway:GET {GATEWAY}/apis/a1/routes"]),
    (
        "apigatewayv2",
        "DeleteIntegration",
        {"ApiId": "a1", "IntegrationId": "i1"},
        [f"apigateway:DELETE {GATEWAY}/apis/a1/integrations/i1"],
    ),
    (
        "servicediscovery",
        "CreatePrivateDnsNamespace",
        {"Name": "x", "Vpc": "vpc-1"},
        [
            "servicediscovery:CreatePrivateDnsNamespace *",
            "route53:CreateHostedZone *",
            "route53:ListHostedZonesByName *",
            "ec2:DescribeVpcs *",
        ],
    ),
    (
        "acm",
        "RequestCertificate",
        {"DomainName": "x", "Tags": PAIRS},
        [
            "acm:RequestCertificate *",
            f"acm:AddTagsToCertificate arn:aws:acm:{REGION}:{ACCOUNT}:certificate/*",
        ],
    ),
    (
        "ecr",
        "CreateRepository",
        {"repositoryName": "a/b"},
        [f"ecr:CreateRepository arn:aws:ecr:{REGION}:{ACCOUNT}:repository/a/b"],
    ),
    (
        "cloudwatch",
        "PutMetricAlarm",
        {"AlarmName": "x"},
        [f"cloudwatch:PutMetricAlarm arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:x"],
    ),
    (
        "ssm",
        "GetParameter",
        {"Name": "/a/b"},
        [f"ssm:GetParameter arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/a/b"],
    ),
    ("resourcegroupstaggingapi", "GetResources", {}, ["tag:GetResources *"]),
    ("service-quotas", "ListServices", {}, ["servicequotas:ListServices *"]),
    ("sts", "GetCallerIdentity", {}, []),
    ("sts", "DecodeAuthorizationMessage", {}, ["sts:DecodeAuthorizationMessage *"]),
]


@pytest.mark.parametrize(
    ("service", "action", "parameters", "expected"), ASKED, ids=[f"{row[0]}-{row[1]}" for row in ASKED]
)
def test_what_a_call_must_be_allowed(
    service: str, action: str, parameters: dict[str, Any], expected: list[str]
) -> None:
    world = World(Nature(), lambda: None)
    call = Call(ACCOUNT, REGION, world, service=service, action=action, parameters=parameters)
    assert [f"{ask.action} {ask.resource}" for ask in actions.asks(call)] == expected
