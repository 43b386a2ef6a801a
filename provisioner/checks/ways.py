"""What must be reached from outside its own subnet, and by which way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from provisioner.checks.base import WAYS, Check
from provisioner.model import Stack, Statement
from provisioner.model.balancing import ANYWHERE
from provisioner.model.network import ENDPOINTS
from provisioner.stack_file.errors import Problem, listed

_HTTPS = 443
_PRIVATE_ECR = re.compile(r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/.+")
_FOR_TASKS = {
    "ecr.api": "it tells tasks where their image is",
    "ecr.dkr": "it hands out the image",
    "s3": "ECR keeps the layers of images there",
    "logs": "it takes the containers' logs",
}
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""Networks that the internet does not have. Source: RFC 1918, RFC 6598."""
_SAME = frozenset(
    {
        *("athena", "autoscaling", "batch", "cloudformation", "cloudtrail", "codebuild", "comprehend", "config"),
        *("dynamodb", "ec2", "ecs", "elasticache", "elasticloadbalancing", "events", "execute-api", "glue", "kms"),
        *("lambda", "logs", "polly", "rds", "rds-data", "redshift-data", "rekognition", "s3", "scheduler"),
        *("secretsmanager", "servicediscovery", "sns", "sqs", "ssm", "ssmmessages", "states", "sts", "textract"),
        *("transcribe", "translate", "xray"),
    }
)
_OTHER = {
    "bedrock": "bedrock-runtime",
    "cloudwatch": "monitoring",
    "ecr": "ecr.api",
    "firehose": "kinesis-firehose",
    "kinesis": "kinesis-streams",
    "ses": "email",
}
"""The name of a service's endpoint by the prefix of its actions, where the two differ; of services that are in
neither table nothing is known. Source: VPC user guide, "AWS services that integrate with AWS PrivateLink"."""
_LAMBDAS_OWN = (
    *("logs:", "xray:", "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces"),
    *("ec2:DetachNetworkInterface", "ec2:DeleteNetworkInterface"),
    *("ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
)
"""What Lambda does with the function's role, from outside the VPC."""


def reaches_internet(stack: Stack, public: bool = False) -> bool:
    """Whether there is a way to the internet: by a public address, from a public subnet, or else from the
    private subnets, by NAT, by a given VPC's own routes or by the transit gateway."""
    transit = stack.network.transit_gateway
    return public or stack.network.has_internet or (transit is not None and ANYWHERE in transit.routes)


def with_internet(stack: Stack) -> str:
    """What to set so that the private subnets have it."""
    return 'egress = "existing"' if stack.network.given else 'egress = "nat"'


def _cut_off(stack: Stack) -> list[str]:
    """The services whose tasks do not reach the internet."""
    return [name for name in stack.services if not reaches_internet(stack, stack.public_ip(name))]


def _tasks_can_start(stack: Stack, _: str) -> Iterator[Problem]:
    tasks, there = _cut_off(stack), stack.network.all_endpoints
    missing = [one for one in _FOR_TASKS if one not in there]
    if not tasks or not missing:
        return
    whose = f"tasks of {listed(tasks)}"
    if len(missing) == len(_FOR_TASKS):
        what = f"nothing leads out of the private subnets, so {whose} can pull no image"
        fix = f'use egress = "endpoints" for images in ECR, or {with_internet(stack)}'
        yield Problem("network.egress", stack.network.way_out, what, fix)
        return
    reasons = ", ".join(f'"{one}" ({_FOR_TASKS[one]})' for one in missing)
    what = f"{whose} cannot start through endpoints without {reasons}"
    fix = f'add {listed(missing)}, or use egress = "endpoints", which has all four'
    yield Problem("network.endpoints", stack.network.endpoints, what, fix)


def _image_is_reached(stack: Stack, name: str) -> Iterator[Problem]:
    image = stack.services[name].image
    usable = set(ENDPOINTS) & set(stack.network.all_endpoints)
    if reaches_internet(stack, stack.public_ip(name)) or not usable:
        return  # without any endpoint that is what must be told
    found = _PRIVATE_ECR.fullmatch(image)
    if found is None:
        what = "endpoints reach private repositories of ECR only, and this image is elsewhere"
        fix = (
            "use a repository of ECR (a pull-through cache copies public images into one): "
            f"ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME; or {with_internet(stack)}"
        )
        yield Problem(f"services.{name}.image", image, what, fix)
    elif stack.region and found["region"] != stack.region:
        what = f"endpoints reach ECR in {stack.region} only, and this image is in {found['region']}"
        fix = f"have ECR replicate it to {stack.region}, or use {with_internet(stack)}"
        yield Problem(f"services.{name}.image", image, what, fix)


def _service_reaches_apis(stack: Stack, name: str) -> Iterator[Problem]:
    service = stack.services[name]
    if reaches_internet(stack, stack.public_ip(name)):
        return
    wanted = dict(_by_policy(service.policy)) | dict(_by_secrets(service.secrets, "database" in service.calls))
    if service.exec:
        wanted |= {"ssmmessages": ("exec", True)}
    yield from _without_endpoint(stack, f"services.{name}", wanted)


def _function_reaches_apis(stack: Stack, name: str) -> Iterator[Problem]:
    function = stack.functions[name]
    if not function.vpc or reaches_internet(stack):
        return
    wanted = dict(_by_policy(function.policy, _LAMBDAS_OWN))
    wanted |= dict(_by_secrets(function.secrets, "database" in function.calls))
    yield from _without_endpoint(stack, f"functions.{name}", wanted)


Wanted = tuple[str, tuple[str, object]]
"""An endpoint, and the key and the value that ask for it."""


def _by_secrets(secrets: Mapping[str, str], database: bool) -> Iterator[Wanted]:
    if database:  # whose password is in Secrets Manager
        yield "secretsmanager", ("calls", "database")
    for variable, arn in secrets.items():
        yield arn.split(":")[2], (f"secrets.{variable}", arn)


def _by_policy(policy: tuple[Statement, ...], unless: tuple[str, ...] = ()) -> Iterator[Wanted]:
    allowed = (action for one in policy if one.effect == "Allow" for action in one.actions)
    for action in allowed:
        prefix = action.partition(":")[0]
        endpoint = prefix if prefix in _SAME else _OTHER.get(prefix)
        if endpoint and not action.startswith(unless):
            yield endpoint, ("policy", action)


def _without_endpoint(stack: Stack, place: str, wanted: Mapping[str, tuple[str, object]]) -> Iterator[Problem]:
    for endpoint, (key, value) in wanted.items():
        if endpoint not in stack.network.all_endpoints:
            what = f'nothing leads from the private subnets to "{endpoint}", which this needs'
            fix = f'add endpoints = ["{endpoint}"] to [network], or use {with_internet(stack)}'
            yield Problem(f"{place}.{key}", value, what, fix)


def _function_reaches_networks(stack: Stack, name: str) -> Iterator[Problem]:
    function = stack.functions[name]
    if not function.vpc or reaches_internet(stack):
        return
    for one in function.egress:
        by_endpoint = one.port == _HTTPS and stack.network.all_endpoints  # S3's has public addresses
        if not by_endpoint and _is_outside(stack, IPv4Network(one.cidr)):
            what = f"a function in a VPC has no public address, and no NAT gateway leads it to {one.cidr}"
            fix = f"use {with_internet(stack)}, or set vpc = false where it needs nothing of the VPC"
            yield Problem(f"functions.{name}.egress", one.cidr, what, fix)


def _is_outside(stack: Stack, network: IPv4Network) -> bool:
    """Whether it is on the internet, as far as can be known: a given VPC's own networks only AWS can tell."""
    if stack.network.given:
        return str(network) == ANYWHERE
    transit = stack.network.transit_gateway
    near = [IPv4Network(one) for one in (stack.network.cidr, *(transit.routes if transit else ()))]
    return not any(network.subnet_of(one) for one in (*_PRIVATE, *near))


def _mongodb_installs(stack: Stack, _: str) -> Iterator[Problem]:
    database = stack.database
    if database and database.engine == "mongodb" and not reaches_internet(stack):
        way = f'egress = "{stack.network.way_out}"'
        what = f"MongoDB's packages come from the internet, to which {way} gives its instance no way"
        fix = f'use {with_internet(stack)}, or engine = "postgres", which RDS installs'
        yield Problem("database.engine", "mongodb", what, fix)


_IPS = "services.?.public_ip"
CHECKS = (
    Check(
        "Tasks without the internet need endpoints to start: `ecr.api`, `ecr.dkr` and `s3` for their image, "
        '`logs` for their log. `egress = "endpoints"` has all four.',
        _tasks_can_start,
        (*WAYS, "services", _IPS),
    ),
    Check(
        "Tasks without the internet have images in a private repository of ECR in `region`: public.ecr.aws and "
        "Docker Hub are not reached through endpoints.",
        _image_is_reached,
        (*WAYS, "region", "services.*.image", "services.*.public_ip"),
        "services",
    ),
    Check(
        "Tasks without the internet have an endpoint for each service of AWS that they ask: `secretsmanager` or "
        '`ssm` for `secrets`, `secretsmanager` for `calls = ["database"]`, `ssmmessages` for `exec`, and those '
        "that their `policy` names.",
        _service_reaches_apis,
        (
            *(*WAYS, "services.*.public_ip", "services.*.policy", "services.*.secrets"),
            *("services.*.calls", "services.*.exec"),
        ),
        "services",
    ),
    Check(
        "Functions in the VPC, which never have a public address, have NAT or an endpoint for each service of AWS "
        "that their `secrets`, `calls` and `policy` name.",
        _function_reaches_apis,
        (
            *(*WAYS, "functions.*.vpc", "functions.*.policy", "functions.*.secrets"),
            "functions.*.calls",
        ),
        "functions",
    ),
    Check(
        "Functions in the VPC whose `egress` names networks of the internet have NAT.",
        _function_reaches_networks,
        (*WAYS, "network.cidr", "functions.*.vpc", "functions.*.egress"),
        "functions",
    ),
    Check(
        "MongoDB has a way to the internet, from where its instance installs it.",
        _mongodb_installs,
        (*WAYS, "database.engine"),
    ),
)
