"""What a task needs from elsewhere before it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.fargate import EXECUTION_POLICY, Fargate
from tests.sandbox_fixture import Sandbox

ACCOUNT, AREA = "123456789012", "eu-central-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{AREA}.amazonaws.com"
INIT = "ResourceInitializationError: unable to pull secrets or registry auth"
LOGGER = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
    "failed to create Cloudwatch log stream: "
)
OPTIONS = {"awslogs-group": "/ecs/app", "awslogs-region": AREA, "awslogs-stream-prefix": "app"}
LOG: dict[str, Any] = {"logConfiguration": {"logDriver": "awslogs", "options": OPTIONS}}


@pytest.fixture
def fargate(sandbox: Sandbox) -> Iterator[Fargate]:
    """With AWS's own times, and a cluster."""
    sandbox.become("scaled=1")
    made = Fargate(sandbox)
    made.ecs.create_cluster(clusterName="main")
    yield made
    sandbox.become("instant")


def outcome(fargate: Fargate, image: str = "nginx:1", **more: Any) -> str:
    """Why a task of that container does not start; nothing if it does."""
    role = more.pop("role", None)
    extra = {"executionRoleArn": role} if role else {}
    definition = fargate.new_definition(container={"image": image, **more}, **extra)
    network = fargate.placement()
    answer = fargate.ecs.run_task(
        cluster="main", launchType="FARGATE", taskDefinition=definition, networkConfiguration=network
    )
    fargate.sandbox.advance(180)
    described = fargate.ecs.describe_tasks(cluster="main", tasks=[answer["tasks"][0]["taskArn"]])
    (task,) = described["tasks"]
    if task["lastStatus"] == "RUNNING":
        return ""
    assert task["stopCode"] == "TaskFailedToStart"
    return str(task["stoppedReason"])


def role(fargate: Fargate, *policies: str) -> str:
    """An execution role that is old enough to be used."""
    made = fargate.new_execution_role(*policies)
    fargate.sandbox.advance(60)
    return made


def allow(fargate: Fargate, *actions: str) -> None:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client = fargate.sandbox.client("iam")
    client.put_role_policy(RoleName="execution", PolicyName="more", PolicyDocument=document)
    fargate.sandbox.advance(60)


def repository(fargate: Fargate, tag: str = "1") -> str:
    """A repository with one image, which is returned."""
    client = fargate.sandbox.client("ecr")
    client.create_repository(repositoryName="team/app")
    layer = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 1, "digest": "sha256:0"}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:1"},
        "layers": [layer],
    }
    client.put_image(repositoryName="team/app", imageManifest=json.dumps(manifest), imageTag=tag)
    return f"{REGISTRY}/team/app:{tag}"


@pytest.mark.parametrize(
    "image", ["nginx", "amazon/amazon-ecs-sample", "public.ecr.aws/nginx/nginx:1", "ghcr.io/a/b"]
)
def test_public_images_are_pulled_from_the_internet(fargate: Fargate, image: str) -> None:
    assert outcome(fargate, image) == ""


def test_without_a_way_out_the_pull_times_out_after_its_tries(fargate: Fargate) -> None:
    fargate.close_internet()
    definition = fargate.new_definition()
    network = fargate.placement()
    fargate.ecs.run_task(
        cluster="main", launchType="FARGATE", taskDefinition=definition, networkConfiguration=network
    )
    fargate.sandbox.advance(160)
    assert fargate.statuses() == ["PENDING"]
    fargate.sandbox.advance(20)
    (task,) = fargate.tasks("STOPPED")
    assert task["stoppedReason"].startswith(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
        "docker.io/library/nginx:1: failed to do request: Head "
        '"https://registry-1.docker.io/v2/library/nginx/manifests/1": dial tcp '
    )
    assert task["stoppedReason"].endswith(":443: i/o timeout")
    assert task["containers"][0]["reason"] == task["stoppedReason"]
    assert "startedAt" not in task


def test_a_private_task_needs_more_than_an_internet_gateway(fargate: Fargate) -> None:
    closed = fargate.placement(assignPublicIp="DISABLED")
    fargate.ecs.run_task(
        cluster="main",
        launchType="FARGATE",
        taskDefinition=fargate.new_definition(),
        networkConfiguration=closed,
    )
    fargate.sandbox.advance(200)
    (task,) = fargate.tasks("STOPPED")
    assert task["stopCode"] == "TaskFailedToStart"


def test_an_image_in_ecr_is_pulled_with_the_execution_role(fargate: Fargate) -> None:
    assert outcome(fargate, repository(fargate), role=role(fargate, EXECUTION_POLICY)) == ""


def test_a_role_that_may_not_ask_ecr_is_told(fargate: Fargate) -> None:
    image, execution = repository(fargate), role(fargate)
    told = outcome(fargate, image, role=execution)
    assert told.startswith(f"{INIT}: execution resource retrieval failed: unable to retrieve ecr registry auth")
    assert "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/execution/" in told
    assert "is not authorized to perform: ecr:GetAuthorizationToken on resource: *" in told
    allow(fargate, "ecr:GetAuthorizationToken")
    assert outcome(fargate, image, role=execution).endswith("403 Forbidden")
    allow(fargate, "ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    assert outcome(fargate, image, role=execution) == ""


def test_an_image_that_is_not_in_ecr_is_not_found(fargate: Fargate) -> None:
    repository(fargate, "1")
    execution = role(fargate, EXECUTION_POLICY)
    for missing in (f"{REGISTRY}/team/app:2", f"{REGISTRY}/team/other:1"):
        told = outcome(fargate, missing, role=execution)
        assert told.startswith("CannotPullContainerError: ")
        assert told.endswith(f"{missing}: not found")


def test_without_a_way_to_ecr_there_is_no_registry_auth(fargate: Fargate) -> None:
    image, execution = repository(fargate), role(fargate, EXECUTION_POLICY)
    fargate.close_internet()
    told = outcome(fargate, image, role=execution)
    assert told.startswith(
        f"{INIT}: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the "
        "task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: "
        f'Post "https://api.ecr.{AREA}.amazonaws.com/": dial tcp '
    )


HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}


def with_endpoints(fargate: Fargate, *, gateway: bool = True, registry: str = "") -> None:
    """Instead of the internet: endpoints for ECR that let the VPC in, and one for S3.

    The one for the registry may be in another group.
    """
    fargate.close_internet()
    ec2 = fargate.ec2
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=fargate.vpc, **{name: {"Value": True}})
    ec2.authorize_security_group_ingress(GroupId=fargate.group, IpPermissions=[HTTPS])
    for service, group in (("ecr.api", ""), ("ecr.dkr", registry)):
        ec2.create_vpc_endpoint(
            VpcId=fargate.vpc,
            ServiceName=f"com.amazonaws.{AREA}.{service}",
            VpcEndpointType="Interface",
            SubnetIds=fargate.subnets,
            SecurityGroupIds=[group or fargate.group],
            PrivateDnsEnabled=True,
        )
    if gateway:
        with_gateway(fargate)
    fargate.sandbox.advance(200)


def with_gateway(fargate: Fargate) -> None:
    fargate.ec2.create_vpc_endpoint(
        VpcId=fargate.vpc, ServiceName=f"com.amazonaws.{AREA}.s3", RouteTableIds=[fargate.routes]
    )
    fargate.sandbox.advance(60)


def test_endpoints_for_ecr_do_not_do_without_one_for_s3(fargate: Fargate) -> None:
    image, execution = repository(fargate), role(fargate, EXECUTION_POLICY)
    with_endpoints(fargate, gateway=False)
    told = outcome(fargate, image, role=execution)
    assert told.startswith("CannotPullContainerError: ")
    assert f"prod-{AREA}-starport-layer-bucket.s3.{AREA}.amazonaws.com" in told
    with_gateway(fargate)
    assert outcome(fargate, image, role=execution) == ""


def test_the_endpoint_of_the_registry_must_let_the_tasks_in(fargate: Fargate) -> None:
    image, execution, closed = repository(fargate), role(fargate, EXECUTION_POLICY), fargate.new_group("closed")
    with_endpoints(fargate, registry=closed)
    told = outcome(fargate, image, role=execution)
    assert told.startswith("CannotPullContainerError: ")
    assert f'Head "https://{REGISTRY}/v2/team/app/manifests/1": dial tcp 10.0.' in told
    fargate.ec2.authorize_security_group_ingress(GroupId=closed, IpPermissions=[HTTPS])
    assert outcome(fargate, image, role=execution) == ""


def test_the_endpoint_of_ecr_must_let_the_tasks_in(fargate: Fargate) -> None:
    image, execution = repository(fargate), role(fargate, EXECUTION_POLICY)
    with_endpoints(fargate)
    fargate.ec2.revoke_security_group_ingress(GroupId=fargate.group, IpPermissions=[HTTPS])
    told = outcome(fargate, image, role=execution)
    assert told.startswith(f"{INIT}: The task cannot pull registry auth from Amazon ECR: ")
    assert f'Post "https://api.ecr.{AREA}.amazonaws.com/": dial tcp 10.0.' in told
    fargate.ec2.authorize_security_group_ingress(GroupId=fargate.group, IpPermissions=[HTTPS])
    assert outcome(fargate, image, role=execution) == ""


def test_endpoints_lead_to_no_public_registry(fargate: Fargate) -> None:
    with_endpoints(fargate)
    told = outcome(fargate, "amazon/amazon-ecs-sample")
    assert told.startswith("CannotPullContainerError: ")
    assert "registry-1.docker.io" in told
    fargate.open_internet()
    assert outcome(fargate, "amazon/amazon-ecs-sample") == ""


def test_a_log_group_must_exist_and_be_allowed(fargate: Fargate) -> None:
    execution = role(fargate)
    denied = outcome(fargate, role=execution, **LOG)
    assert denied.startswith(f"{LOGGER}AccessDeniedException: User: ")
    allow(fargate, "logs:CreateLogStream")
    missing = "ResourceNotFoundException: The specified log group does not exist. : exit status 1"
    assert outcome(fargate, role=execution, **LOG) == LOGGER + missing
    fargate.sandbox.client("logs").create_log_group(logGroupName="/ecs/app")
    assert outcome(fargate, role=execution, **LOG) == ""


def test_a_log_group_may_be_made_by_the_task(fargate: Fargate) -> None:
    execution = role(fargate, EXECUTION_POLICY)
    options = {**OPTIONS, "awslogs-create-group": "true"}
    making: dict[str, Any] = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    assert "logs:CreateLogGroup" in outcome(fargate, role=execution, **making)
    allow(fargate, "logs:CreateLogGroup")
    assert outcome(fargate, role=execution, **making) == ""
    groups = fargate.sandbox.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/ecs/app"]


def test_logs_need_a_way_to_cloudwatch(fargate: Fargate) -> None:
    execution = role(fargate, EXECUTION_POLICY)
    fargate.sandbox.client("logs").create_log_group(logGroupName="/ecs/app")
    fargate.close_internet()
    told = outcome(fargate, role=execution, **LOG)
    assert told.startswith(f"{LOGGER}RequestError: send request failed caused by: Post")
    assert f'"https://logs.{AREA}.amazonaws.com/"' in told


@pytest.mark.parametrize("kind", ["secretsmanager", "ssm"])
def test_secrets_must_exist_and_be_allowed(fargate: Fargate, kind: str) -> None:
    execution = role(fargate)
    client = fargate.sandbox.client(kind)
    if kind == "ssm":
        name, action = f"arn:aws:ssm:{AREA}:{ACCOUNT}:parameter/app/key", "ssm:GetParameters"
    else:
        made = client.create_secret(Name="key", SecretString="x")
        name, action = made["ARN"], "secretsmanager:GetSecretValue"
    wanted: dict[str, Any] = {"role": execution, "secrets": [{"name": "KEY", "valueFrom": name}]}
    told = outcome(fargate, **wanted)
    assert told.startswith(f"{INIT}: execution resource retrieval failed: unable to retrieve secret")
    assert f"is not authorized to perform: {action} on resource: {name}" in told
    allow(fargate, action)
    if kind == "ssm":
        assert outcome(fargate, **wanted).endswith(f"invalid parameters: {name}")
        client.put_parameter(Name="/app/key", Value="x", Type="String")
    else:
        other = {**wanted, "secrets": [{"name": "KEY", "valueFrom": f"{name}other"}]}
        assert "ResourceNotFoundException" in outcome(fargate, **other)
    assert outcome(fargate, **wanted) == ""


def test_a_pull_can_be_made_to_fail(fargate: Fargate) -> None:
    fargate.sandbox.faults([{"do": "pull-fails"}])
    assert outcome(fargate).endswith("i/o timeout")
    assert outcome(fargate) == ""
