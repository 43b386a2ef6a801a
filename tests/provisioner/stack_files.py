"""Stack files for tests: a sound one, and what becomes of it with other lines."""

from __future__ import annotations

from pathlib import Path

from provisioner.stack import Problem, Stack, StackError, load

SERVICE = """
[services.web]
image = "nginx"
port = 80
"""
FUNCTION = """
[functions.caller]
source = "code"
"""
BALANCER = "[load_balancer]\n"
WORKER = """
[services.worker]
image = "nginx"
port = 80
load_balanced = false
"""
IN_ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1"
REGION = 'region = "us-east-1"\n'
EVERYTHING = f"""
region = "us-east-1"
[network]
endpoints = ["secretsmanager", "ssmmessages"]
[network.transit_gateway]
id = "tgw-0a1b2c3d"
routes = ["10.64.0.0/16"]
[service_connect]
[load_balancer]
clients = ["10.64.0.0/16"]
[load_balancer.tls]
[dns]
zone = "api.example.com"
[dns.parent]
zone = "example.com"
[services.web]
image = "{IN_ECR}"
port = 80
exec = true
calls = ["back", "database"]
environment = {{ BACK = "${{services.back.connect_url}}" }}
policy = [{{ actions = ["s3:GetObject"], resources = ["*"] }}]
container_health_check = {{ command = ["CMD", "true"] }}
[services.web.scaling]
minimum = 1
maximum = 4
cpu = 60
[services.back]
image = "{IN_ECR}"
port = 5000
paths = ["/api", "/api/*"]
hosts = ["api.example.com"]
secrets = {{ KEY = "arn:aws:secretsmanager:us-east-1:123456789012:secret:key" }}
[functions.caller]
source = "code"
calls = ["web", "database"]
url = {{ auth = "iam" }}
[database]
engine = "postgres"
[api]
routes = {{ "POST /graphql" = "caller" }}
cors = {{ allow_methods = ["POST"] }}
[outputs]
url = "${{api.url}}/graphql"
"""
"""A stack file with every table, sound with NAT and with endpoints alike."""
HANDLER = "def handler(event, context):\n    return None\n"


def write(folder: Path, text: str, name: str = 'name = "shop"') -> Path:
    """A stack file with a payload folder `code` beside it."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "handler.py").write_text(HANDLER)
    file = folder / "stack.toml"
    file.write_text(f"{name}\n{text}", "utf-8")
    return file


def loaded(folder: Path, text: str, *overrides: str) -> Stack:
    return load(write(folder, text), overrides)


def problems(folder: Path, text: str, *overrides: str, name: str = 'name = "shop"') -> dict[str, Problem]:
    """What is wrong with the file, by key."""
    try:
        load(write(folder, text, name), overrides)
    except StackError as error:
        return {problem.key: problem for problem in error.problems}
    return {}
