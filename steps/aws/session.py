"""The only place that builds boto3 sessions and clients: lazily, once each, shared by all threads."""

from __future__ import annotations

import os
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ecs import ECSClient
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_sts import STSClient

_CONNECTIONS = 32
_ATTEMPTS = 8
"""Tries of one request that is safe to repeat: with the standard mode's back-off about a minute of throttling."""
_lock = Lock()
"""botocore sessions may not build two clients at a time; the clients themselves may be shared."""


class Clients:
    """The clients of one session. Each is made when it is first asked for: a client costs up to 0.1 s."""

    def __init__(self, session: boto3.Session, config: Config, endpoint: str | None = None) -> None:
        self._session = session
        self._config = config
        self._endpoint = endpoint

    def _make(self, service: Any) -> Any:
        with _lock:
            return self._session.client(service, config=self._config, endpoint_url=self._endpoint)

    @cached_property
    def ec2(self) -> EC2Client:
        client: EC2Client = self._make("ec2")
        return client

    @cached_property
    def elbv2(self) -> ElasticLoadBalancingv2Client:
        client: ElasticLoadBalancingv2Client = self._make("elbv2")
        return client

    @cached_property
    def ecs(self) -> ECSClient:
        client: ECSClient = self._make("ecs")
        return client

    @cached_property
    def iam(self) -> IAMClient:
        client: IAMClient = self._make("iam")
        return client

    @cached_property
    def functions(self) -> LambdaClient:
        client: LambdaClient = self._make("lambda")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self._make("logs")
        return client

    @cached_property
    def sts(self) -> STSClient:
        client: STSClient = self._make("sts")
        return client


def session(profile: str | None, region: str | None) -> boto3.Session:
    """boto3's own session: environment, profile, instance role and all the rest as boto3 decides."""
    return boto3.Session(profile_name=profile, region_name=region)


def sandbox_session(region: str) -> boto3.Session:
    """A session for the local sandbox, which asks for no real credentials and must be given none."""
    return boto3.Session(aws_access_key_id="sandbox", aws_secret_access_key="sandbox", region_name=region)


def clients(made: boto3.Session, endpoint: str | None = None) -> Clients:
    """Clients that retry: for reads and for calls that are safe to repeat."""
    return Clients(made, _config(made), endpoint)


def single_attempt_clients(made: boto3.Session, endpoint: str | None = None) -> Clients:
    """Clients that send a request once: for creating calls, which the caller repeats after a look."""
    return Clients(made, Config(**_COMMON, retries={"mode": "standard", "total_max_attempts": 1}), endpoint)


_COMMON: dict[str, Any] = {
    "max_pool_connections": _CONNECTIONS,
    "connect_timeout": 10,
    "read_timeout": 65,
    "user_agent_extra": "provisioner",
    "tcp_keepalive": True,
}


def _config(made: boto3.Session) -> Config:
    """Our retries, unless the user has set boto3's own (AWS_RETRY_MODE, AWS_MAX_ATTEMPTS, profile)."""
    profile = made._session.get_scoped_config()
    if any(name in os.environ for name in ("AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS")):
        return Config(**_COMMON)
    if profile.keys() & {"retry_mode", "max_attempts"}:
        return Config(**_COMMON)
    return Config(**_COMMON, retries={"mode": "standard", "total_max_attempts": _ATTEMPTS})
