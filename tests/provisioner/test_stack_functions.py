"""The functions of a stack file: what they call, what they are told, and what Lambda takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provisioner.stack_files import BALANCER, FUNCTION, REGION, SERVICE, WORKER, loaded, problems

_ALL = BALANCER + SERVICE + FUNCTION
_FACING = BALANCER + "scheme = 'internet-facing'\n" + SERVICE + FUNCTION
_API = "[api]\nroutes = { 'GET /x' = 'caller' }\n"
_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:key"
_LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tools:1"
_ABROAD = REGION.replace("us-east-1", "eu-west-1")
_CORS = "[functions.caller.url.cors]\n"

REFUSED = [
    (_ALL + "calls = ['wbe']", "functions.caller.calls", 'did you mean "web"?'),
    (_ALL + "calls = ['web', 'web']", "functions.caller.calls", "named twice"),
    (_ALL + "calls = ['database']", "functions.caller.calls", "add a table [database], or remove the call"),
    (_ALL + "calls = ['worker']\n" + WORKER, "functions.caller.calls", "remove load_balanced = false from"),
    (_FACING + "calls = ['web']", "functions.caller.calls", 'use scheme = "internal"; or vpc = false'),
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
    (
        FUNCTION + f"environment = {{ KEY = 'a' }}\nsecrets = {{ KEY = '{_SECRET}' }}",
        "functions.caller.secrets.KEY",
        "keep one of the two",
    ),
    (
        _ABROAD + FUNCTION + f"secrets = {{ KEY = '{_SECRET}' }}",
        "functions.caller.secrets.KEY",
        "one of eu-west-1",
    ),
    (
        _ABROAD + FUNCTION + f"layers = ['{_LAYER}']",
        "functions.caller.layers",
        "is in us-east-1, and the function",
    ),
    (
        FUNCTION + f"layers = ['{_LAYER}', '{_LAYER.replace('tools:1', 'tools:2')}']",
        "functions.caller.layers",
        "one version of a layer",
    ),
    (FUNCTION + "timeout = 31\n" + _API, "functions.caller.timeout", "API Gateway ends every request after 30 s"),
    (
        FUNCTION + _CORS + "allow_credentials = true",
        "functions.caller.url.cors.allow_origins",
        "or set allow_credentials = false",
    ),
    (
        FUNCTION + _CORS + "allow_methods = ['GET', 'OPTIONS']",
        "functions.caller.url.cors.allow_methods",
        "takes no such method",
    ),
    (FUNCTION.replace("code", "nowhere"), "functions.caller.source", "there is no such folder"),
    (FUNCTION + "handler = 'other.handler'", "functions.caller.handler", "has no other.py"),
]
TAKEN = [
    _ALL + "environment = { URL = 'http://${load_balancer.dns_name}/x', REST = '$HOME ${' }",
    _ALL + "calls = ['web']\nenvironment = { FARGATE_ALB_URL = '${services.web.url}' }",
    _FACING + "vpc = false\nenvironment = { FARGATE_ALB_URL = '${load_balancer.dns_name}' }",
    FUNCTION + "calls = ['database']\n[database]\nengine = 'postgres'",
    FUNCTION + f"environment = {{ AB = '{'x' * 4087}' }}",
    REGION + FUNCTION + f"layers = ['{_LAYER}']\nsecrets = {{ KEY = '{_SECRET}' }}",
    FUNCTION + f"layers = ['{_LAYER}', '{_LAYER.replace('tools', 'other')}']",
    FUNCTION + "reserved_concurrency = 0\nephemeral_storage = 10240",
    FUNCTION + "timeout = 30\n" + _API,
    FUNCTION + "timeout = 900",
    FUNCTION + "[functions.caller.url]\nauth = 'none'\ncors = {}",  # everybody may call it, and so it is said
    FUNCTION + _CORS + "allow_origins = ['https://www.example.com']\nallow_credentials = true",
]


@pytest.mark.parametrize(("text", "key", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert words in str(found[key])


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text)
