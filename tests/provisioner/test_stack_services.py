"""The services of a stack file: sizes, copies, health, variables, and who calls whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.checks.capacity import FARGATE_MEMORY
from tests.provisioner.stack_files import BALANCER, FUNCTION, IN_ECR, REGION, SERVICE, WORKER, loaded, problems

_S = BALANCER + SERVICE
_SCALED = "[services.web.scaling]\nminimum = 2\nmaximum = 4\n"
_CPU = _SCALED + "cpu = 60\n"
_CONNECT = "[service_connect]\n"
_POSTGRES = "[database]\nengine = 'postgres'\n"
_CLUSTER = "[cluster]\nexisting = 'shared'\n"
_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:key"
_ENDPOINTS = "[network]\negress = 'endpoints'\nendpoints = ['secretsmanager']\n"

REFUSED = [
    (_S + "cpu = 300", "services.web.cpu", "use 256; there are 256, 512, 1024"),
    (_S + "memory = 600", "services.web.memory", "use 512; with cpu 256 there are 512, 1024, 2048"),
    (_S + "cpu = 1024", "services.web.memory", "use 2048; with cpu 1024 there are 2048 to 8192 in steps of 1024"),
    (
        _S + "health_check = { interval = 5, timeout = 5 }",
        "services.web.health_check.timeout",
        "less than the interval, which is 5",
    ),
    (
        _S + "container_health_check = { command = ['curl', 'localhost'] }",
        "services.web.container_health_check.command",
        'write ["CMD-SHELL", "curl localhost"]',
    ),
    (_S + _SCALED, "services.web.scaling", "add cpu, memory or requests_per_target"),
    (
        _S + _CPU.replace("minimum = 2", "minimum = 5"),
        "services.web.scaling.minimum",
        "more than the most, which are 4",
    ),
    (_S + "count = 5\n" + _CPU, "services.web.count", "not between the bounds of scaling, 2 and 4"),
    (_S + "count = 1\n" + _CPU, "services.web.count", "leave it out, for scaling decides"),
    (_S + "count = 0\n" + _CPU, "services.web.count", "of no copies no load is measured"),
    (
        BALANCER + "type = 'network'\nclients = ['10.0.0.0/8']\n" + SERVICE + _SCALED + "requests_per_target = 9",
        "services.web.scaling.requests_per_target",
        "use cpu or memory instead",
    ),
    (
        WORKER + _SCALED.replace("web", "worker") + "requests_per_target = 9",
        "services.worker.scaling.requests_per_target",
        "only an application load balancer counts requests",
    ),
    (_S + "maximum_percent = 100", "services.web.maximum_percent", "of 1 copy no fewer than 1 and no more than 1"),
    (_S + "count = 4\nmaximum_percent = 120", "services.web.maximum_percent", "none can be replaced"),
    (_S + "minimum_percent = 50\nmaximum_percent = 150", "services.web.maximum_percent", "lower minimum_percent"),
    (
        _S + "minimum_percent = 51\nmaximum_percent = 100\n" + _CPU,
        "services.web.maximum_percent",
        "of 2 copies no fewer than 2 and no more than 2",
    ),
    (_CONNECT + _S + "calls = ['wroker']\n" + WORKER, "services.web.calls", 'did you mean "worker"?'),
    (_CONNECT + _S + "calls = ['web']", "services.web.calls", "is the service itself"),
    (_CONNECT + _S + "calls = ['worker', 'worker']\n" + WORKER, "services.web.calls", "is named twice"),
    (_S + "calls = ['worker']\n" + WORKER, "services.web.calls", "add a table [service_connect]"),
    (_S + "calls = ['database']", "services.web.calls", "add a table [database], or remove the call"),
    (
        WORKER.replace("worker", "database") + FUNCTION + "calls = ['database']",
        "services.database",
        "give the service another name",
    ),
    (
        WORKER.replace("worker", "database") + _POSTGRES + FUNCTION + "calls = ['database']",
        "services.database",
        "is the database of the stack",
    ),
    (
        _S + f"environment = {{ KEY = 'a' }}\nsecrets = {{ KEY = '{_SECRET}' }}",
        "services.web.secrets.KEY",
        "keep one of the two",
    ),
    (
        _S + f"calls = ['database']\nsecrets = {{ DATABASE_HOST = '{_SECRET}' }}\n" + _POSTGRES,
        "services.web.secrets.DATABASE_HOST",
        'is set by calls = ["database"], too',
    ),
    (
        REGION
        + _ENDPOINTS
        + WORKER.replace("nginx", IN_ECR)
        + f"secrets = {{ KEY = '{_SECRET.replace('us-east-1', 'eu-west-1')}' }}",
        "services.worker.secrets.KEY",
        "endpoints lead to services in us-east-1 only",
    ),
    (
        _S + "environment = { URL = '${services.web.connect_url}' }",
        "services.web.environment.URL",
        'did you mean "services.web.url"?',
    ),
    (WORKER + "environment = { URL = '${load_balancer.url}' }", "services.worker.environment.URL", "leave it out"),
    (_CLUSTER + "container_insights = true", "cluster.container_insights", "is left as it is"),
]
TAKEN = [
    _S + "container_health_check = { command = ['CMD-SHELL', 'curl localhost'] }",
    _S + _CPU,
    _S + "count = 2\n" + _CPU,
    _S + "count = 0",
    _S + _SCALED + "requests_per_target = 1000",
    _S + "minimum_percent = 75\ncount = 2",
    _S + "minimum_percent = 0\nmaximum_percent = 100",
    _S + "count = 0\nmaximum_percent = 100",
    _S + "spot = true\narchitecture = 'arm64'",
    _CONNECT + _S + "calls = ['worker']\n" + WORKER,
    _CONNECT + _S + "calls = ['worker']\n" + WORKER + "calls = ['web']",
    _S + "calls = ['database']\n" + _POSTGRES,
    WORKER.replace("worker", "database"),
    _S + "environment = { URL = '${load_balancer.url}/x', SELF = '${services.web.url}', REST = '$HOME ${' }",
    _CONNECT + WORKER + "environment = { URL = '${services.worker.connect_url}' }",
    _S + f"environment = {{ OTHER = 'a' }}\nsecrets = {{ KEY = '{_SECRET}' }}",
    # With the internet ECS reads secrets in any region: their ARNs name it.
    REGION + _S + f"secrets = {{ KEY = '{_SECRET.replace('us-east-1', 'eu-west-1')}' }}",
    _CLUSTER + WORKER,
]


@pytest.mark.parametrize(("text", "key", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert words in str(found[key])


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [(cpu, memory) for cpu, choice in FARGATE_MEMORY.items() for memory in (choice[0], choice[-1])],
)
def test_fargate_sizes_that_exist(tmp_path: Path, cpu: int, memory: int) -> None:
    assert loaded(tmp_path, f"{_S}cpu = {cpu}\nmemory = {memory}")
