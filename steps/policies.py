"""IAM documents as pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def document(policy: Mapping[str, Any]) -> str:
    """A policy as the API takes it; the same policy always gives the same text."""
    return json.dumps(policy, sort_keys=True, separators=(",", ":"))


def ecs_tasks_trust(partition: str, region: str, account: str) -> dict[str, Any]:
    """Lets ECS tasks of this account and region, and nobody's else, use the role (the confused deputy problem).

    Never narrower than `*`: a role is made before the cluster, and ECS checks it without naming one.
    Source: Amazon ECS developer guide, "Amazon ECS task execution IAM role".
    """
    return _trust(
        "ecs-tasks.amazonaws.com",
        {
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:ecs:{region}:{account}:*"},
            "StringEquals": {"aws:SourceAccount": account},
        },
    )


def lambda_trust() -> dict[str, Any]:
    """Lets Lambda use the role. Lambda sends no source when it assumes an execution role: no condition fits."""
    return _trust("lambda.amazonaws.com")


def ec2_trust() -> dict[str, Any]:
    """Lets EC2 instances use the role, by their instance profile."""
    return _trust("ec2.amazonaws.com")


def managed(partition: str, name: str) -> str:
    """The ARN of one of AWS's own service-role policies."""
    return f"arn:{partition}:iam::aws:policy/service-role/{name}"


def exec_statement() -> dict[str, Any]:
    """What a task's role must allow so that `aws ecs execute-command` gets into its containers.

    These actions know no resources. Source: Amazon ECS developer guide, "Monitor Amazon ECS containers with ECS
    Exec".
    """
    verbs = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
    return _allow([f"ssmmessages:{verb}" for verb in verbs], [("*",)])


def reads_secrets(secrets: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Lets the role read these secrets. Every entry is the pieces of an ARN."""
    return _allow(["secretsmanager:GetSecretValue"], secrets)


def reads_parameters(parameters: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Lets the role read these Systems Manager parameters. Every entry is the pieces of an ARN."""
    return _allow(["ssm:GetParameters"], parameters)


def decrypts(keys: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Lets the role decrypt with these KMS keys; AWS's own keys (aws/secretsmanager, aws/ssm) need it not.

    Source: Amazon ECS developer guide, "Pass sensitive data to an Amazon ECS container".
    """
    return _allow(["kms:Decrypt"], keys)


def _allow(actions: Sequence[str], resources: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _trust(service: str, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = dict(condition)
    return {"Version": "2012-10-17", "Statement": [statement]}
