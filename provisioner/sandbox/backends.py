"""moto's models of one account and region: the only place that knows where they are kept."""

from __future__ import annotations

from collections.abc import Iterator

from moto.acm.models import AWSCertificateManagerBackend, acm_backends
from moto.apigatewayv2.models import ApiGatewayV2Backend, apigatewayv2_backends
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, applicationautoscaling_backends
from moto.awslambda.models import LambdaBackend
from moto.awslambda.utils import get_backend as lambda_backend
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ecr.models import ECRBackend, ecr_backends
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.iam.models import IAMBackend, iam_backends
from moto.logs.models import LogsBackend, logs_backends
from moto.ram.models import ResourceAccessManagerBackend, ram_backends
from moto.rds.models import RDSBackend, rds_backends
from moto.route53.models import Route53Backend, route53_backends
from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends
from moto.servicediscovery.models import ServiceDiscoveryBackend, servicediscovery_backends
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends
from moto.sts.models import STSBackend, sts_backends

from provisioner.sandbox.call import Site


def accounts() -> list[str]:
    """Those that have, or had, anything that is seen across accounts: zones, load balancers."""
    return sorted({*route53_backends, *elbv2_backends})


def every_api_gateway() -> Iterator[ApiGatewayV2Backend]:
    """Of all accounts and regions that have, or had, any."""
    for account in list(apigatewayv2_backends):
        yield from list(apigatewayv2_backends[account].values())


def every_ec2() -> Iterator[EC2Backend]:
    """Of all accounts and regions that have, or had, any."""
    for account in list(ec2_backends):
        yield from list(ec2_backends[account].values())


def every_elbv2() -> Iterator[ELBv2Backend]:
    """Of all accounts and regions that have, or had, any."""
    for account in list(elbv2_backends):
        yield from list(elbv2_backends[account].values())


def acm(site: Site) -> AWSCertificateManagerBackend:
    return acm_backends[site.account][site.region]


def apis(site: Site) -> ApiGatewayV2Backend:
    return apigatewayv2_backends[site.account][site.region]


def autoscaling(site: Site) -> ApplicationAutoscalingBackend:
    return applicationautoscaling_backends[site.account][site.region]


def ec2(site: Site) -> EC2Backend:
    return ec2_backends[site.account][site.region]


def databases(site: Site) -> RDSBackend:
    return rds_backends[site.account][site.region]


def ecr(site: Site) -> ECRBackend:
    return ecr_backends[site.account][site.region]


def ecs(site: Site) -> EC2ContainerServiceBackend:
    return ecs_backends[site.account][site.region]


def elbv2(site: Site) -> ELBv2Backend:
    return elbv2_backends[site.account][site.region]


def functions(site: Site) -> LambdaBackend:
    return lambda_backend(site.account, site.region)


def iam(site: Site) -> IAMBackend:
    return iam_backends[site.account]["aws"]


def logs(site: Site) -> LogsBackend:
    return logs_backends[site.account][site.region]


def namespaces(site: Site) -> ServiceDiscoveryBackend:
    return servicediscovery_backends[site.account][site.region]


def parameters(site: Site) -> SimpleSystemManagerBackend:
    return ssm_backends[site.account][site.region]


def secrets(site: Site) -> SecretsManagerBackend:
    return secretsmanager_backends[site.account][site.region]


def zones(site: Site) -> Route53Backend:
    return route53_backends[site.account]["aws"]


def sts(site: Site) -> STSBackend:
    return sts_backends[site.account]["global"]


def shares(account: str, region: str) -> ResourceAccessManagerBackend:
    return ram_backends[account][region]
