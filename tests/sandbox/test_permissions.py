"""Callers are held to their policies, where the sandbox has been told to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.principals import (
    ACCOUNT,
    Principal,
    User,
    allow,
    code_of,
    deny,
    document,
    enforce,
    new_role,
    trusting,
)
from tests.sandbox.world import Network, refused, zipped
from tests.sandbox_fixture import REGION, Sandbox

EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
TAGS = [{"ResourceType": "vpc", "Tags": [{"Key": "team", "Value": "red"}]}]


def test_nobody_is_held_to_anything_at_first(sandbox: Sandbox) -> None:
    User(sandbox).client("ec2").create_vpc(CidrBlock="10.0.0.0/16")


def test_switched_on_and_off_again_and_gone_with_a_reset(sandbox: Sandbox) -> None:
    ec2 = User(sandbox).client("ec2")
    for on, code in ((True, "UnauthorizedOperation"), (False, "")):
        enforce(sandbox, on=on)
        assert code_of(ec2.create_vpc, CidrBlock="10.0.0.0/16") == code
    enforce(sandbox)
    sandbox.reset()
    User(sandbox).client("ec2").create_vpc(CidrBlock="10.0.0.0/16")


def test_keys_that_are_not_of_aws_are_root(sandbox: Sandbox) -> None:
    enforce(sandbox)
    sandbox.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    assert sandbox.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


def test_what_is_allowed_passes_and_the_rest_does_not(sandbox: Sandbox) -> None:
    enforce(sandbox)
    user = User(sandbox, allow("ec2:CreateVpc", "ec2:DescribeVpcs"))
    vpc = user.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert user.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]
    message = refused(user.client("ec2").delete_vpc, "UnauthorizedOperation", VpcId=vpc)
    assert message.startswith(
        f"You are not authorized to perform this operation. User: {user.arn} is not authorized to perform: "
        f"ec2:DeleteVpc on resource: {EC2}:vpc/{vpc} because no identity-based policy allows the ec2:DeleteVpc "
        "action. Encoded authorization failure message: "
    )
    sandbox.client("ec2").describe_vpcs(VpcIds=[vpc])


def test_an_explicit_denial_is_told(sandbox: Sandbox) -> None:
    enforce(sandbox)
    user = User(sandbox, allow("*"), deny("ecs:CreateCluster"))
    message = refused(user.client("ecs").create_cluster, "AccessDeniedException", clusterName="main")
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main"
    assert message == (
        f"User: {user.arn} is not authorized to perform: ecs:CreateCluster on resource: {arn} "
        "with an explicit deny in an identity-based policy"
    )


REFUSED: list[tuple[str, str, dict[str, Any], str, int]] = [
    ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", 403),
    ("elbv2", "describe_load_balancers", {}, "AccessDenied", 403),
    ("iam", "list_roles", {}, "AccessDenied", 403),
    ("sts", "decode_authorization_message", {"EncodedMessage": "x"}, "AccessDenied", 403),
    ("ecs", "list_clusters", {}, "AccessDeniedException", 400),
    ("logs", "describe_log_groups", {}, "AccessDeniedException", 400),
    ("acm", "list_certificates", {}, "AccessDeniedException", 400),
    ("servicediscovery", "list_namespaces", {}, "AccessDeniedException", 400),
    ("lambda", "list_functions", {}, "AccessDeniedException", 403),
    ("apigatewayv2", "get_apis", {}, "AccessDeniedException", 403),
    ("route53", "list_hosted_zones", {}, "AccessDenied", 403),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "code", "status"), REFUSED)
def test_each_service_says_no_in_its_own_way(
    sandbox: Sandbox, service: str, operation: str, parameters: dict[str, Any], code: str, status: int
) -> None:
    enforce(sandbox)
    client = User(sandbox).client(service)
    with pytest.raises(client.exceptions.ClientError) as caught:
        getattr(client, operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    if operation != "decode_authorization_message":
        getattr(User(sandbox, allow("*")).client(service), operation)(**parameters)


def test_why_ec2_said_no_can_be_decoded(sandbox: Sandbox) -> None:
    enforce(sandbox)
    user = User(sandbox, allow("sts:DecodeAuthorizationMessage"), deny("ec2:CreateVpc"))
    message = refused(user.client("ec2").create_vpc, "UnauthorizedOperation", CidrBlock="10.0.0.0/16")
    encoded = message.rpartition(" ")[2]
    decoded = user.client("sts").decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    told = json.loads(decoded)
    assert (told["allowed"], told["explicitDeny"]) == (False, True)
    assert told["context"]["action"] == "ec2:CreateVpc"
    assert told["context"]["resource"] == f"{EC2}:vpc/*"
    assert told["context"]["principal"]["arn"] == user.arn
    keys = {item["key"]: item["values"]["items"][0]["value"] for item in told["context"]["conditions"]["items"]}
    assert keys["aws:RequestedRegion"] == keys["ec2:Region"] == REGION
    sts = user.client("sts")
    refused(sts.decode_authorization_message, "InvalidAuthorizationMessageException", EncodedMessage="abc")


def test_a_dry_run_tells_whether_one_may(sandbox: Sandbox) -> None:
    enforce(sandbox)
    wanted: dict[str, Any] = {"CidrBlock": "10.0.0.0/16", "DryRun": True}
    may, may_not = User(sandbox, allow("ec2:CreateVpc")), User(sandbox)
    assert code_of(may.client("ec2").create_vpc, **wanted) == "DryRunOperation"
    assert code_of(may_not.client("ec2").create_vpc, **wanted) == "UnauthorizedOperation"
    assert not [vpc for vpc in sandbox.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]


def test_everybody_may_ask_who_they_are(sandbox: Sandbox) -> None:
    enforce(sandbox)
    user = User(sandbox, deny("*"))
    assert user.client("sts").get_caller_identity()["Arn"] == user.arn


UNKNOWN = {"AccessKeyId": "AKIAQQQQQQQQQQQQQQQQ", "SecretAccessKey": "x"}
BAD_KEYS = [
    ("ec2", "describe_vpcs", "AuthFailure", "RequestExpired"),
    ("sts", "get_caller_identity", "InvalidClientTokenId", "ExpiredToken"),
    ("iam", "list_roles", "InvalidClientTokenId", "ExpiredToken"),
    ("route53", "list_hosted_zones", "InvalidClientTokenId", "ExpiredToken"),
    ("ecs", "list_clusters", "UnrecognizedClientException", "ExpiredTokenException"),
    ("lambda", "list_functions", "UnrecognizedClientException", "ExpiredTokenException"),
]


@pytest.mark.parametrize(("service", "operation", "unknown", "expired"), BAD_KEYS)
def test_keys_of_nobody_and_sessions_that_are_over(
    sandbox: Sandbox, service: str, operation: str, unknown: str, expired: str
) -> None:
    stranger = getattr(Principal(sandbox, UNKNOWN).client(service), operation)
    assert code_of(stranger) == ""
    role = new_role(sandbox, "worker", trusting({"AWS": ACCOUNT}), allow("*"))
    session = User(sandbox, allow("sts:AssumeRole")).assume(role)
    enforce(sandbox)
    assert code_of(stranger) == unknown
    worker = getattr(session.client(service), operation)
    assert code_of(worker) == ""
    sandbox.advance(3601)
    assert code_of(worker) == expired


def test_an_inactive_key_is_of_no_use(sandbox: Sandbox) -> None:
    user = User(sandbox, allow("*"))
    enforce(sandbox)
    key = {"UserName": user.name, "AccessKeyId": user.keys["AccessKeyId"]}
    sandbox.client("iam").update_access_key(Status="Inactive", **key)
    assert code_of(user.client("ecs").list_clusters) == "UnrecognizedClientException"
    sandbox.client("iam").update_access_key(Status="Active", **key)
    assert code_of(user.client("ecs").list_clusters) == ""


def test_policies_come_from_the_user_its_groups_and_attachments(sandbox: Sandbox) -> None:
    iam, user = sandbox.client("iam"), User(sandbox, allow("ecs:ListClusters"))
    enforce(sandbox)
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document(allow("lambda:ListFunctions")))
    arn = policy["Policy"]["Arn"]
    calls = [
        user.client("ecs").list_clusters,
        user.client("lambda").list_functions,
        user.client("elbv2").describe_load_balancers,
        user.client("logs").describe_log_groups,
    ]
    assert [bool(code_of(call)) for call in calls] == [False, True, True, True]
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="own", PolicyDocument=document(allow("elasticloadbalancing:*")))
    iam.add_user_to_group(GroupName="g", UserName=user.name)
    assert [bool(code_of(call)) for call in calls] == [False, False, False, True]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("logs:*")), SetAsDefault=True)
    assert [bool(code_of(call)) for call in calls] == [False, True, False, False]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.remove_user_from_group(GroupName="g", UserName=user.name)
    iam.delete_user_policy(UserName=user.name, PolicyName="own")
    assert [bool(code_of(call)) for call in calls] == [True, False, True, True]


def test_a_boundary_limits_what_is_allowed(sandbox: Sandbox) -> None:
    iam, user = sandbox.client("iam"), User(sandbox, allow("*"))
    enforce(sandbox)
    policy = iam.create_policy(PolicyName="most", PolicyDocument=document(allow("ecs:*")))
    arn = policy["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=arn)
    assert code_of(user.client("ecs").list_clusters) == ""
    message = refused(user.client("lambda").list_functions, "AccessDeniedException")
    assert message.endswith("because no permissions boundary allows the lambda:ListFunctions action")
    boundary = iam.get_user(UserName=user.name)["User"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"] == arn
    refused(iam.delete_policy, "DeleteConflict", PolicyArn=arn)
    iam.delete_user_permissions_boundary(UserName=user.name)
    assert code_of(user.client("lambda").list_functions) == ""
    refused(iam.delete_user_permissions_boundary, "NoSuchEntity", UserName=user.name)
    iam.delete_policy(PolicyArn=arn)


def test_a_role_may_what_its_policies_boundary_and_session_allow(sandbox: Sandbox) -> None:
    iam, user = sandbox.client("iam"), User(sandbox, allow("sts:AssumeRole"))
    role = new_role(sandbox, "worker", trusting({"AWS": ACCOUNT}), allow("ecs:*", "lambda:*"))
    enforce(sandbox)
    worker = user.assume(role)
    arn = worker.client("sts").get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/session"
    assert code_of(worker.client("ecs").list_clusters) == ""
    message = refused(worker.client("iam").list_roles, "AccessDenied")
    assert f"User: {arn} is not authorized to perform: iam:ListRoles on resource: *" in message
    limited = user.assume(role, Policy=document(allow("ecs:ListClusters")))
    assert code_of(limited.client("ecs").list_clusters) == ""
    message = refused(limited.client("lambda").list_functions, "AccessDeniedException")
    assert message.endswith("because no session policy allows the lambda:ListFunctions action")
    policy = iam.create_policy(PolicyName="most", PolicyDocument=document(allow("lambda:*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=policy)
    assert code_of(worker.client("ecs").list_clusters) == "AccessDeniedException"
    assert code_of(worker.client("lambda").list_functions) == ""


def test_who_makes_something_with_tags_must_be_allowed_to_tag(sandbox: Sandbox) -> None:
    enforce(sandbox)
    user = User(sandbox, allow("ec2:CreateVpc"))
    wanted: dict[str, Any] = {"CidrBlock": "10.0.0.0/16", "TagSpecifications": TAGS}
    message = refused(user.client("ec2").create_vpc, "UnauthorizedOperation", **wanted)
    assert f"ec2:CreateTags on resource: {EC2}:vpc/*" in message
    on_creation = {"StringEquals": {"ec2:CreateAction": "CreateVpc", "aws:RequestTag/team": "red"}}
    user = User(sandbox, allow("ec2:CreateVpc"), allow("ec2:CreateTags", Condition=on_creation))
    vpc = user.client("ec2").create_vpc(**wanted)["Vpc"]["VpcId"]
    later = {"Resources": [vpc], "Tags": [{"Key": "team", "Value": "red"}]}
    assert code_of(user.client("ec2").create_tags, **later) == "UnauthorizedOperation"


def test_tags_of_the_request_and_of_the_resource_decide(sandbox: Sandbox) -> None:
    enforce(sandbox)
    ours = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    red = {"StringEquals": {"aws:RequestTag/team": "red"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    user = User(
        sandbox,
        allow("ec2:CreateVpc", "ec2:CreateTags", Condition=red),
        allow("ec2:DeleteVpc", "ec2:CreateSubnet", resource=f"{EC2}:vpc/*", Condition=ours),
        allow("ec2:CreateSubnet", resource=f"{EC2}:subnet/*"),
    )
    ec2 = user.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=TAGS)["Vpc"]["VpcId"]
    assert code_of(ec2.create_vpc, CidrBlock="10.0.0.0/16") == "UnauthorizedOperation"
    more = [{"ResourceType": "vpc", "Tags": [*TAGS[0]["Tags"], {"Key": "x", "Value": "y"}]}]
    assert code_of(ec2.create_vpc, CidrBlock="10.0.0.0/16", TagSpecifications=more) == "UnauthorizedOperation"
    theirs = sandbox.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    assert code_of(ec2.create_subnet, VpcId=theirs, CidrBlock="10.1.0.0/24") == "UnauthorizedOperation"
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    sandbox.client("ec2").delete_subnet(SubnetId=subnet)
    assert code_of(ec2.delete_vpc, VpcId=theirs) == "UnauthorizedOperation"
    ec2.delete_vpc(VpcId=vpc)


def test_each_resource_of_a_call_must_be_allowed(network: Network) -> None:
    enforce(network.sandbox)
    kinds = ("natgateway", "subnet", "elastic-ip")
    wanted = {"SubnetId": network.subnets[0], "AllocationId": network.new_address()}
    for missing in kinds:
        others = [f"{EC2}:{kind}/*" for kind in kinds if kind != missing]
        user = User(network.sandbox, allow("ec2:CreateNatGateway", resource=others))
        message = refused(user.client("ec2").create_nat_gateway, "UnauthorizedOperation", **wanted)
        assert f"ec2:CreateNatGateway on resource: {EC2}:{missing}/" in message
    user = User(network.sandbox, allow("ec2:CreateNatGateway", resource=[f"{EC2}:{kind}/*" for kind in kinds]))
    user.client("ec2").create_nat_gateway(**wanted)


def test_where_something_is_can_decide(network: Network) -> None:
    enforce(network.sandbox)
    other = network.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    here = {"ArnEquals": {"ec2:Vpc": f"{EC2}:vpc/{network.vpc}"}}
    user = User(network.sandbox, allow("ec2:DeleteSubnet", Condition=here))
    subnet = network.ec2.create_subnet(VpcId=other, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    assert code_of(user.client("ec2").delete_subnet, SubnetId=subnet) == "UnauthorizedOperation"
    user.client("ec2").delete_subnet(SubnetId=network.subnets[0])


def test_the_region_can_decide(sandbox: Sandbox) -> None:
    enforce(sandbox)
    user = User(sandbox, allow("*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    assert code_of(user.client("ecs").list_clusters) == "AccessDeniedException"
    assert code_of(user.client("ecs", "eu-west-1").list_clusters) == ""


def test_who_the_caller_is_can_decide(sandbox: Sandbox) -> None:
    user = User(
        sandbox,
        allow("ecs:ListClusters", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}),
        allow("iam:CreateAccessKey", resource=f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"),
        allow("lambda:ListFunctions", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}),
        allow("elasticloadbalancing:*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
    )
    enforce(sandbox)
    assert code_of(user.client("ecs").list_clusters) == "AccessDeniedException"
    sandbox.client("iam").tag_user(UserName=user.name, Tags=[{"Key": "team", "Value": "red"}])
    assert code_of(user.client("ecs").list_clusters) == ""
    assert code_of(user.client("iam").create_access_key, UserName=user.name) == ""
    assert code_of(user.client("iam").create_access_key, UserName=User(sandbox).name) == "AccessDenied"
    assert code_of(user.client("lambda").list_functions) == ""
    assert code_of(user.client("elbv2").describe_load_balancers) == "AccessDenied"


def test_roles_are_handed_on_by_who_may(network: Network) -> None:
    role = network.new_role("tasks", "ecs-tasks.amazonaws.com")
    enforce(network.sandbox)
    wanted: dict[str, Any] = {
        "family": "app",
        "taskRoleArn": role,
        "containerDefinitions": [{"name": "app", "image": "nginx:1", "memory": 128}],
    }
    user = User(network.sandbox, allow("ecs:*"))
    message = refused(user.client("ecs").register_task_definition, "AccessDeniedException", **wanted)
    assert f"is not authorized to perform: iam:PassRole on resource: {role} because" in message
    for service, code in (("lambda", "AccessDeniedException"), ("ecs-tasks", "")):
        to = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
        user = User(network.sandbox, allow("ecs:*"), allow("iam:PassRole", resource=role, Condition=to))
        assert code_of(user.client("ecs").register_task_definition, **wanted) == code


def test_tasks_get_the_roles_of_their_definition(network: Network) -> None:
    role = network.new_role("tasks", "ecs-tasks.amazonaws.com")
    definition = network.new_definition(taskRoleArn=role)
    network.ecs.create_cluster(clusterName="main")
    subnets = {"awsvpcConfiguration": {"subnets": network.subnets, "securityGroups": [network.group]}}
    wanted = {"cluster": "main", "launchType": "FARGATE", "networkConfiguration": subnets}
    enforce(network.sandbox)
    for name in (definition, "app"):
        user = User(network.sandbox, allow("ecs:RunTask"))
        message = refused(user.client("ecs").run_task, "AccessDeniedException", taskDefinition=name, **wanted)
        assert f"iam:PassRole on resource: {role} " in message
        user = User(
            network.sandbox, allow("ecs:RunTask", resource=definition), allow("iam:PassRole", resource=role)
        )
        user.client("ecs").run_task(taskDefinition=name, **wanted)


def test_instances_get_the_role_of_their_profile(network: Network) -> None:
    role = network.new_role("machines", "ec2.amazonaws.com")
    iam = network.sandbox.client("iam")
    profile = iam.create_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="machines")
    wanted = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "DryRun": True}
    enforce(network.sandbox)
    for given in ({"Name": "p"}, {"Arn": profile}):
        user = User(network.sandbox, allow("ec2:RunInstances"))
        message = refused(
            user.client("ec2").run_instances, "UnauthorizedOperation", IamInstanceProfile=given, **wanted
        )
        assert f"iam:PassRole on resource: {role} " in message
        user = User(network.sandbox, allow("ec2:RunInstances"), allow("iam:PassRole", resource=role))
        refused(user.client("ec2").run_instances, "DryRunOperation", IamInstanceProfile=given, **wanted)


def test_an_association_is_its_table_and_its_subnet(network: Network) -> None:
    table = network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    pair = {"RouteTableId": table, "SubnetId": network.subnets[0]}
    association = network.ec2.associate_route_table(**pair)["AssociationId"]
    enforce(network.sandbox)
    first = allow("ec2:DisassociateRouteTable", resource=f"{EC2}:route-table/{table}")
    second = allow("ec2:DisassociateRouteTable", resource=f"{EC2}:subnet/{network.subnets[0]}")
    user = User(network.sandbox, first)
    ec2 = user.client("ec2")
    message = refused(ec2.disassociate_route_table, "UnauthorizedOperation", AssociationId=association)
    assert f"on resource: {EC2}:subnet/{network.subnets[0]} " in message
    User(network.sandbox, first, second).client("ec2").disassociate_route_table(AssociationId=association)


def test_the_cluster_can_decide(sandbox: Sandbox) -> None:
    for name in ("main", "other"):
        sandbox.client("ecs").create_cluster(clusterName=name)
    enforce(sandbox)
    main = {"ArnEquals": {"ecs:cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main"}}
    ecs = User(sandbox, allow("ecs:ListServices", Condition=main)).client("ecs")
    assert code_of(ecs.list_services, cluster="main") == ""
    assert code_of(ecs.list_services, cluster="other") == "AccessDeniedException"


def test_lambda_looks_at_the_network_with_the_callers_eyes(network: Network) -> None:
    role = network.new_role("functions", "lambda.amazonaws.com")
    network.sandbox.client("iam").attach_role_policy(
        RoleName="functions", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )
    enforce(network.sandbox)
    wanted = {
        "FunctionName": "f",
        "Role": role,
        "Runtime": "python3.12",
        "Handler": "a.b",
        "Code": {"ZipFile": zipped()},
        "VpcConfig": network.in_vpc(),
    }
    given = ["lambda:CreateFunction", "iam:PassRole"]
    for action in ("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"):
        user = User(network.sandbox, allow(*given))
        message = refused(user.client("lambda").create_function, "AccessDeniedException", **wanted)
        assert f"make sure your request credentials have permission to {action} for " in message
        given.append(f"ec2:{action}")
    User(network.sandbox, allow(*given)).client("lambda").create_function(**wanted)


def test_a_functions_tags_are_told_to_who_may_list_them(network: Network) -> None:
    network.new_function(Tags={"team": "red"})
    enforce(network.sandbox)
    user = User(network.sandbox, allow("lambda:GetFunction"))
    answer = user.client("lambda").get_function(FunctionName="hello")
    assert "Tags" not in answer
    assert answer["TagsError"]["ErrorCode"] == "AccessDeniedException"
    user = User(network.sandbox, allow("lambda:GetFunction", "lambda:ListTags"))
    answer = user.client("lambda").get_function(FunctionName="hello")
    assert answer["Tags"] == {"team": "red"}
    assert "TagsError" not in answer


def test_the_first_use_of_a_service_makes_its_role(network: Network) -> None:
    enforce(network.sandbox)
    elb = {"Name": "web", "Subnets": network.subnets, "Scheme": "internal"}
    user = User(network.sandbox, allow("elasticloadbalancing:*", "ecs:*"))
    message = refused(user.client("elbv2").create_load_balancer, "AccessDenied", **elb)
    role = "elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"
    assert (
        f"iam:CreateServiceLinkedRole on resource: arn:aws:iam::{ACCOUNT}:role/aws-service-role/{role}" in message
    )
    message = refused(user.client("ecs").create_cluster, "InvalidParameterException", clusterName="main")
    assert message.startswith("Unable to assume the service linked role.")
    ecs = {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}
    first = User(network.sandbox, allow("ecs:*"), allow("iam:CreateServiceLinkedRole", Condition=ecs))
    first.client("ecs").create_cluster(clusterName="main")
    assert network.sandbox.client("iam").get_role(RoleName="AWSServiceRoleForECS")
    user.client("ecs").create_cluster(clusterName="second")


def test_changes_take_effect_after_a_while(sandbox: Sandbox) -> None:
    user, iam = User(sandbox), sandbox.client("iam")
    enforce(sandbox)
    sandbox.latencies({"iam.policy.effective": 10})
    clusters = user.client("ecs").list_clusters
    own = {"UserName": user.name, "PolicyName": "own"}
    iam.put_user_policy(PolicyDocument=document(allow("ecs:*")), **own)
    assert iam.get_user_policy(**own)["PolicyDocument"]
    assert code_of(clusters) == "AccessDeniedException"
    sandbox.advance(11)
    assert code_of(clusters) == ""
    iam.delete_user_policy(**own)
    assert code_of(clusters) == ""
    sandbox.advance(11)
    assert code_of(clusters) == "AccessDeniedException"


def test_a_new_version_of_a_policy_takes_a_while_too(sandbox: Sandbox) -> None:
    user, iam = User(sandbox), sandbox.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(allow("ecs:*")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    enforce(sandbox)
    sandbox.latencies({"iam.policy.effective": 10})
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("logs:*")), SetAsDefault=True)
    assert code_of(user.client("ecs").list_clusters) == ""
    sandbox.advance(11)
    assert code_of(user.client("ecs").list_clusters) == "AccessDeniedException"
    assert code_of(user.client("logs").describe_log_groups) == ""


def test_in_a_timed_profile_nothing_is_effective_at_once(sandbox: Sandbox) -> None:
    sandbox.ask("POST", "reset", {"profile": "scaled=1"})
    try:
        user = User(sandbox, allow("ecs:*"))
        enforce(sandbox)
        assert code_of(user.client("ecs").list_clusters) == "AccessDeniedException"
        sandbox.advance(5)
        assert code_of(user.client("ecs").list_clusters) == ""
    finally:
        sandbox.ask("POST", "reset", {"profile": "instant"})
