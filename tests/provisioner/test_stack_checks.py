"""What depends on several values."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.stack_checks import FARGATE_MEMORY
from tests.provisioner.stack_files import BALANCER, FUNCTION, SERVICE, loaded, problems

_S = BALANCER + SERVICE
_ALL = _S + FUNCTION


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[network]\ncidr = '10.0.0.0/24'", "network.subnet_prefix", "at least 26"),
        ("[network]\ncidr = '10.0.0.0/28'", "network.subnet_prefix", "larger network.cidr"),
        (
            "[network]\ncidr = '10.0.0.0/24'\nsubnet_prefix = 25",
            "network.subnet_prefix",
            "4 subnets of /25 do not fit into 10.0.0.0/24, which has room for 2",
        ),
        ("[network]\navailability_zones = 3\ncidr = '10.0.0.0/22'", "network.subnet_prefix", "at least 25"),
        (_S + "[network]\nsubnet_prefix = 28", "network.subnet_prefix", "/27 or larger"),
        (_S + "[network]\navailability_zones = 1", "network.availability_zones", "needs two zones"),
        (
            "region = 'us-east-1'\n[network]\navailability_zones = ['us-east-1a', 'us-west-2a']",
            "network.availability_zones",
            '"us-west-2a" is not in region us-east-1',
        ),
        (SERVICE, "load_balancer", "add a table [load_balancer]"),
        (BALANCER, "load_balancer", "no service"),
        (_S + "[services.api]\nimage = 'a'\nport = 1", "services", "path rules, which are not yet supported"),
        (_S + "cpu = 300", "services.web.cpu", "use 256; there are 256, 512, 1024"),
        (_S + "memory = 600", "services.web.memory", "use 512; with cpu 256 there are 512, 1024, 2048"),
        (
            _S + "cpu = 1024",
            "services.web.memory",
            "use 2048; with cpu 1024 there are 2048 to 8192 in steps of 1024",
        ),
        (
            _S + "health_check = { interval = 5, timeout = 5 }",
            "services.web.health_check.timeout",
            "less than the interval, which is 5",
        ),
        (
            _S + "environment = { AB = '${load_balancer.dns_name}' }",
            "services.web.environment.AB",
            "not yet supported in services",
        ),
        (_ALL + "calls = ['wbe']", "functions.caller.calls", 'did you mean "web"?'),
        (_ALL + "calls = ['web', 'web']", "functions.caller.calls", "named twice"),
        (_ALL + "calls = ['web']\nvpc = false", "functions.caller.calls", "set vpc = true"),
        (
            FUNCTION + "vpc = false\negress = [{ cidr = '0.0.0.0/0', port = 443 }]",
            "functions.caller.egress",
            "set vpc = true",
        ),
        (
            FUNCTION + "egress = [{ cidr = '0.0.0.0/0', port = 443 }, { port = 443, cidr = '0.0.0.0/0' }]",
            "functions.caller.egress",
            "given twice",
        ),
        (
            _ALL + "environment = { URL = '${services.wbe.url}' }",
            "functions.caller.environment.URL",
            'did you mean "services.web.url"?',
        ),
        (
            FUNCTION + "environment = { URL = '${load_balancer.dns_name}' }",
            "functions.caller.environment.URL",
            "add a table [load_balancer]",
        ),
        (
            FUNCTION + f"environment = {{ AB = '{'x' * 4088}' }}",
            "functions.caller.environment",
            "4097 bytes, Lambda takes 4096",
        ),
        ("[tags]\nowner = 'a'\nOwner = 'b'", "tags.Owner", "only by case"),
        ("[tags]\n" + "\n".join(f"t{n} = ''" for n in range(48)), "tags", "remove 2"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert words in str(found[key])


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [(cpu, memory) for cpu, choice in FARGATE_MEMORY.items() for memory in (choice[0], choice[-1])],
)
def test_fargate_sizes_that_exist(tmp_path: Path, cpu: int, memory: int) -> None:
    assert loaded(tmp_path, f"{_S}cpu = {cpu}\nmemory = {memory}")


@pytest.mark.parametrize(
    "text",
    [
        _ALL + "environment = { URL = 'http://${load_balancer.dns_name}/x', REST = '$HOME ${' }",
        _ALL + "calls = ['web']\nenvironment = { FARGATE_ALB_URL = '${services.web.url}' }",
        FUNCTION + f"environment = {{ AB = '{'x' * 4087}' }}",
        "[network]\ncidr = '10.0.0.0/26'\nsubnet_prefix = 28",
        "[tags]\n" + "\n".join(f"t{n} = ''" for n in range(46)),
    ],
)
def test_what_is_taken(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "service", "key", "words"),
    [
        ("s" * 33, "web", "name", "by 1 character"),
        ("s" * 40, "web", "name", "load balancer would be named"),
        ("shop", "w" * 30, "services." + "w" * 30, "target group would be named"),
        ("shop", "w" * 30, "services." + "w" * 30, "by 3 characters together"),
        ("internal-shop", "web", "name", 'do not begin it with "internal-"'),
    ],
)
def test_names_that_would_break_awss_limits(tmp_path: Path, name: str, service: str, key: str, words: str) -> None:
    text = f'{BALANCER}[services.{service}]\nimage = "a"\nport = 80'
    assert words in str(problems(tmp_path, text, name=f'name = "{name}"')[key])


def test_a_function_with_a_long_name_tells_what_must_go(tmp_path: Path) -> None:
    found = problems(tmp_path, f'[functions.{"f" * 60}]\nsource = "code"')
    assert 'shorten the stack\'s name "shop" or "ffff' in next(iter(found.values())).fix
