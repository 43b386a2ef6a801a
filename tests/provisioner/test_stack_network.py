"""The VPC of a stack file, its own or a given one, and what is behind the transit gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provisioner.stack_files import BALANCER, FUNCTION, IN_ECR, SERVICE, WORKER, loaded, problems

_GIVEN = "[network]\nvpc_id = 'vpc-0a1b2c3d'\n"
_PRIVATE = "private_subnet_ids = ['subnet-0000000a', 'subnet-0000000b']\n"
_PUBLIC = "public_subnet_ids = ['subnet-0000000c', 'subnet-0000000d']\n"
_TRANSIT = "[network.transit_gateway]\nid = 'tgw-0a1b2c3d'\n"
_FACING = BALANCER + "scheme = 'internet-facing'\n"
_POSTGRES = "[database]\nengine = 'postgres'\n" + FUNCTION + "calls = ['database']\n"

REFUSED = [
    ("[network]\ncidr = '10.0.0.0/24'", "network.subnet_prefix", "at least 26"),
    ("[network]\ncidr = '10.0.0.0/28'", "network.subnet_prefix", "larger network.cidr"),
    (
        "[network]\ncidr = '10.0.0.0/24'\nsubnet_prefix = 25",
        "network.subnet_prefix",
        "4 subnets of /25 do not fit into 10.0.0.0/24, which has room for 2",
    ),
    ("[network]\navailability_zones = 3\ncidr = '10.0.0.0/22'", "network.subnet_prefix", "at least 25"),
    (
        "region = 'us-east-1'\n[network]\navailability_zones = ['us-east-1a', 'us-west-2a']",
        "network.availability_zones",
        '"us-west-2a" is not in region us-east-1',
    ),
    ("[network]\negress = 'existing'", "network.egress", "name a VPC with vpc_id or vpc_tags"),
    (_GIVEN + "egress = 'nat'", "network.egress", "not added to a VPC that is yours"),
    (_GIVEN + "cidr = '10.0.0.0/16'", "network.cidr", "remove cidr, or remove vpc_id and vpc_tags"),
    (_GIVEN + "availability_zones = 2", "network.availability_zones", "is left as it is"),
    (_GIVEN + "subnet_prefix = 24", "network.subnet_prefix", "is left as it is"),
    (_GIVEN + "nat_gateways = 'one'", "network.nat_gateways", "is left as it is"),
    (_GIVEN + "vpc_tags = { Name = 'shared' }", "network.vpc_tags", "remove vpc_id or vpc_tags"),
    (
        _GIVEN + _PRIVATE + "private_subnet_tags = { tier = 'app' }",
        "network.private_subnet_tags",
        "remove private_subnet_ids or private_subnet_tags",
    ),
    (
        _GIVEN + _PUBLIC + "public_subnet_tags = { tier = 'web' }",
        "network.public_subnet_tags",
        "remove public_subnet_ids or public_subnet_tags",
    ),
    ("[network]\n" + _PRIVATE, "network.private_subnet_ids", "not the VPC that they are in"),
    ("[network]\npublic_subnet_tags = { a = 'b' }", "network.public_subnet_tags", "add vpc_id or vpc_tags"),
    (
        _GIVEN + "private_subnet_ids = ['subnet-0000000a', 'subnet-0000000a']",
        "network.private_subnet_ids",
        "is named twice",
    ),
    (
        _GIVEN + _PRIVATE + "public_subnet_ids = ['subnet-0000000a']",
        "network.public_subnet_ids",
        "as private and as public",
    ),
    (_GIVEN + _PUBLIC + BALANCER + SERVICE, "network.private_subnet_ids", "the internal load balancer"),
    (_GIVEN + _PRIVATE + _FACING + SERVICE, "network.public_subnet_ids", "the internet-facing load balancer"),
    (_GIVEN + WORKER, "network.private_subnet_ids", 'the tasks of service "worker"'),
    (_GIVEN + WORKER + "public_ip = true", "network.public_subnet_ids", "the public-IP tasks of"),
    (_GIVEN + _PRIVATE + "egress = 'public-ip'" + WORKER, "network.public_subnet_ids", "the public-IP tasks of"),
    (_GIVEN + FUNCTION, "network.private_subnet_ids", 'function "caller"'),
    (_GIVEN + FUNCTION + "vpc = false\n" + _TRANSIT, "network.private_subnet_ids", "the transit gateway's"),
    (_GIVEN + "endpoints = ['sqs']", "network.private_subnet_ids", "private_subnet_tags = { ... }"),
    ("[network]\nendpoints = ['s3', 'sqs', 's3']", "network.endpoints", "is listed twice"),
    ("[network]\negress = 'endpoints'\nendpoints = ['logs']", "network.endpoints", "is there with egress"),
    (_TRANSIT + "routes = ['10.64.0.0/16', '10.64.0.0/16']", "network.transit_gateway.routes", "is listed twice"),
    (_TRANSIT + "routes = ['10.0.4.0/24']", "network.transit_gateway.routes", "the VPC's own network 10.0.0.0/16"),
    (_TRANSIT + "routes = ['10.0.0.0/8']", "network.transit_gateway.routes", "only networks outside it"),
    (_TRANSIT + "routes = ['0.0.0.0/0']", "network.transit_gateway.routes", 'set egress = "none"'),
]
TAKEN = [
    "[network]\ncidr = '10.0.0.0/26'\nsubnet_prefix = 28",
    "region = 'us-east-1'\n[network]\navailability_zones = ['us-east-1a', 'us-east-1b']",
    _GIVEN,
    _GIVEN + "egress = 'existing'",
    "[network]\nvpc_tags = { Name = 'shared' }\nprivate_subnet_tags = { tier = 'app' }\n" + FUNCTION,
    _GIVEN + _PRIVATE + _PUBLIC + _FACING + SERVICE,
    _GIVEN + _PRIVATE + BALANCER + SERVICE,
    _GIVEN + _PUBLIC + WORKER + "public_ip = true",
    _GIVEN + _PUBLIC + "egress = 'public-ip'" + WORKER,
    _GIVEN + FUNCTION + "vpc = false",
    _GIVEN + "endpoints = ['s3', 'dynamodb']",  # routes, without an interface in a subnet
    _GIVEN + _PRIVATE + _TRANSIT + "routes = ['10.0.0.0/16']",
    "[network]\nendpoints = ['s3', 'sqs']",
    f"[network]\negress = 'endpoints'\nendpoints = ['sqs']\n{WORKER}".replace("nginx", IN_ECR),
    _TRANSIT + "routes = ['10.64.0.0/16', '10.65.0.0/16']",
    "[network]\negress = 'none'\n" + _TRANSIT + "routes = ['0.0.0.0/0']\n" + WORKER,
]


@pytest.mark.parametrize(("text", "key", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert words in str(found[key])


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text)


def test_everything_that_stands_in_unnamed_subnets_is_told(tmp_path: Path) -> None:
    found = problems(tmp_path, _GIVEN + "endpoints = ['sqs']\n" + _TRANSIT + _POSTGRES + WORKER)
    (told,) = found.values()
    for one in ("worker", "caller", "the database", "the interface endpoints", "the transit gateway's"):
        assert one in told.what


def test_without_knowing_the_vpc_nothing_is_said_of_what_depends_on_it(tmp_path: Path) -> None:
    text = "[network]\nvpc_id = 'mine'\negress = 'existing'\n" + _PRIVATE + WORKER
    assert set(problems(tmp_path, text)) == {"network.vpc_id"}
