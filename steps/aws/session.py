"""The only place that builds boto3 sessions and clients: lazily, once each, shared by all threads."""

from __future__ import annotations

import os
from datetime import datetime
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

if TYPE_CHECKING:
    from types_boto3_acm import ACMClient
    from types_boto3_apigatewayv2 import ApiGatewayV2Client
    from types_boto3_application_autoscaling import ApplicationAutoScalingClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_ecs import ECSClient
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_rds import RDSClient
    from types_boto3_route53 import Route53Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_servicediscovery import ServiceDiscoveryClient
    from types_boto3_ssm import SSMClient
    from types_boto3_sts import STSClient

Session = boto3.Session

_CONNECTIONS = 32
_ATTEMPTS = 8
"""Tries of one request that is safe to repeat: with the standard mode's back-off about a minute of throttling."""
_OF_ENVIRONMENT = "env"
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

    @property
    def ends(self) -> datetime | None:
        """When the credentials end that nobody renews; None where botocore renews them, or does not know.

        It knows of those in the environment what AWS_CREDENTIAL_EXPIRATION says, and can only read that again.
        Source: botocore's EnvProvider.
        """
        found = self._session.get_credentials()
        ends: datetime | None = getattr(found, "_expiry_time", None)  # there is no public way
        return ends if found is not None and found.method == _OF_ENVIRONMENT else None

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

    @cached_property
    def acm(self) -> ACMClient:
        client: ACMClient = self._make("acm")
        return client

    @cached_property
    def apis(self) -> ApiGatewayV2Client:
        client: ApiGatewayV2Client = self._make("apigatewayv2")
        return client

    @cached_property
    def databases(self) -> RDSClient:
        client: RDSClient = self._make("rds")
        return client

    @cached_property
    def discovery(self) -> ServiceDiscoveryClient:
        client: ServiceDiscoveryClient = self._make("servicediscovery")
        return client

    @cached_property
    def dns(self) -> Route53Client:
        client: Route53Client = self._make("route53")
        return client

    @cached_property
    def images(self) -> Any:
        """ECR. (No types are installed for this and the two others that are `Any`.)"""
        return self._make("ecr")

    @cached_property
    def quotas(self) -> Any:
        """Service Quotas."""
        return self._make("service-quotas")

    @cached_property
    def tagging(self) -> Any:
        """Resource Groups Tagging API."""
        return self._make("resourcegroupstaggingapi")

    @cached_property
    def parameters(self) -> SSMClient:
        client: SSMClient = self._make("ssm")
        return client

    @cached_property
    def scaling(self) -> ApplicationAutoScalingClient:
        client: ApplicationAutoScalingClient = self._make("application-autoscaling")
        return client

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        client: SecretsManagerClient = self._make("secretsmanager")
        return client


_NOBODYS = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}
"""botocore's own settings of where it looks, with what they are instead."""


def session(profile: str | None, region: str | None) -> boto3.Session:
    """boto3's own session: environment, profile, instance role and all the rest as boto3 decides."""
    return boto3.Session(profile_name=profile, region_name=region)


def sandbox_session(region: str) -> boto3.Session:
    """A session for the local sandbox, which asks for no real credentials and must be given none.

    Profiles and files of the user's do not count: there may be none, or wrong ones.
    """
    made = botocore.session.Session({name: (None, None, value, None) for name, value in _NOBODYS.items()})
    return boto3.Session(
        aws_access_key_id="sandbox", aws_secret_access_key="sandbox", region_name=region, botocore_session=made
    )


def clients(made: boto3.Session, endpoint: str | None = None) -> Clients:
    """Clients that retry: for reads and for calls that are safe to repeat."""
    return Clients(made, _config(made), endpoint)


def single_attempt_clients(made: boto3.Session, endpoint: str | None = None) -> Clients:
    """Clients that send a request once: for creating calls, which the caller repeats after a look."""
    return Clients(made, Config(**_COMMON, retries={"mode": "standard", "total_max_attempts": 1}), endpoint)


class Elsewhere:
    """Clients of other accounts, made once each: through a role that this caller may assume, or another profile.

    What it is given is `role:ARN` or `profile:NAME`. In a sandbox there are no profiles: there `profile:` is here.
    """

    def __init__(self, made: boto3.Session, endpoint: str | None = None) -> None:
        self._made = made
        self._endpoint = endpoint
        self._known: dict[str, tuple[Clients, Clients]] = {}
        self._guard = Lock()

    def __call__(self, way: str) -> tuple[Clients, Clients]:
        with self._guard:
            if way not in self._known:
                other = self._session(way)
                self._known[way] = clients(other, self._endpoint), single_attempt_clients(other, self._endpoint)
            return self._known[way]

    def _session(self, way: str) -> boto3.Session:
        kind, _, name = way.partition(":")
        if kind == "role":
            return self._assuming(name)
        return self._made if self._endpoint else session(name, self._made.region_name)

    def _assuming(self, role: str) -> boto3.Session:
        """A session whose credentials are fetched when first needed and renewed before they end."""
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=partial(
                self._made.client, endpoint_url=self._endpoint, region_name=self._made.region_name
            ),
            source_credentials=self._made.get_credentials(),
            role_arn=role,
            extra_args={"RoleSessionName": "provisioner"},
        )
        made = botocore.session.get_session()
        made._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # there is no public way
            method="assume-role", refresh_using=fetcher.fetch_credentials
        )
        return boto3.Session(botocore_session=made, region_name=self._made.region_name)


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
