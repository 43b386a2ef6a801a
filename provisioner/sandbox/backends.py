"""moto's models of one account and region: the only place that knows where they are kept."""

from __future__ import annotations

from moto.awslambda.models import LambdaBackend
from moto.awslambda.utils import get_backend as lambda_backend
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.iam.models import IAMBackend, iam_backends

from provisioner.sandbox.call import Call


def ec2(call: Call) -> EC2Backend:
    return ec2_backends[call.account][call.region]


def ecs(call: Call) -> EC2ContainerServiceBackend:
    return ecs_backends[call.account][call.region]


def elbv2(call: Call) -> ELBv2Backend:
    return elbv2_backends[call.account][call.region]


def functions(call: Call) -> LambdaBackend:
    return lambda_backend(call.account, call.region)


def iam(call: Call) -> IAMBackend:
    return iam_backends[call.account]["aws"]
