"""IAM documents as pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
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


def managed(partition: str, name: str) -> str:
    """The ARN of one of AWS's own service-role policies."""
    return f"arn:{partition}:iam::aws:policy/service-role/{name}"


def _trust(service: str, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = dict(condition)
    return {"Version": "2012-10-17", "Statement": [statement]}
