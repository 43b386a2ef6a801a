"""moto as this sandbox wants it: no Docker, no images of machines, few managed policies, empty at will."""

from __future__ import annotations

import json
import os
from typing import Any

# Read by moto when its settings or backends are first imported.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")

import moto.backends as backends
import moto.ec2.models.elastic_ip_addresses as elastic_ips
import moto.iam.models as iam
from moto.core.config import default_user_config
from moto.ec2.utils import random_public_ip
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.moto_api import state_manager
from moto.moto_api._internal.models import moto_api_backend

MANAGED_POLICIES = (
    "AmazonECSTaskExecutionRolePolicy",
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "AWSXRayDaemonWriteAccess",
    "AdministratorAccess",
    "AmazonAPIGatewayPushToCloudWatchLogs",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonS3ReadOnlyAccess",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchAgentServerPolicy",
    "PowerUserAccess",
    "SecretsManagerReadWrite",
)
"""The AWS managed policies that exist here. Any name that moto knows may be added; all 1,500 take a second."""


def configure() -> None:
    """Set moto up, once, before its first request."""
    chosen = {name: _managed_policy(name) for name in MANAGED_POLICIES}
    vars(iam)["aws_managed_policies_data"] = json.dumps(chosen)
    default_user_config["iam"]["load_aws_managed_policies"] = True
    default_user_config["lambda"]["use_docker"] = False
    vars(elastic_ips)["random_ip"] = random_public_ip  # moto's elastic addresses are loopback's
    # moto reads its own folder for each request, two hundred looks at the disk, and behind a lock.
    known = frozenset(backends.list_of_moto_modules())
    vars(backends)["list_of_moto_modules"] = lambda: known
    _calm()


def _managed_policy(name: str) -> Any:
    """As moto knows it; found in its text, for to parse the five megabytes takes long."""
    key = f'\n "{name}":'
    begin = aws_managed_policies_data.index(key) + len(key)
    return json.JSONDecoder().raw_decode(aws_managed_policies_data, begin)[0]


def empty() -> None:
    """Forget everything in every account and region."""
    moto_api_backend.reset()
    _calm()


def _calm() -> None:
    """Keep tasks running: moto would move one on to its end each time that it is described."""
    state_manager.set_transition("ecs::task", {"progression": "time", "seconds": 10**9})
