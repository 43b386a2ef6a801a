"""What a stack file asks to be reached from subnets that do not have the internet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provisioner.stack_files import FUNCTION, IN_ECR, REGION, WORKER, loaded, problems

_ENDPOINTS = "[network]\negress = 'endpoints'\n"
_PUBLIC_IP = "[network]\negress = 'public-ip'\n"
_NONE = "[network]\negress = 'none'\n"
_OWN = WORKER.replace("nginx", IN_ECR)
_GIVEN = "[network]\nvpc_id = 'vpc-0a1b2c3d'\nprivate_subnet_ids = ['subnet-0000000a', 'subnet-0000000b']\n"
_DATABASE = "[database]\nengine = 'postgres'\n"
_MONGODB = "[database]\nengine = 'mongodb'\n" + FUNCTION + "calls = ['database']\n"
_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:key"
_PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/key"
_ANYWHERE = "egress = [{ cidr = '0.0.0.0/0', port = 5671 }]"
_SEND = "policy = [{ actions = ['sqs:SendMessage'], resources = ['*'] }]"

REFUSED = [
    (_NONE + WORKER, "network.egress", "can pull no image"),
    (_PUBLIC_IP + WORKER + "public_ip = false", "network.egress", 'or egress = "nat"'),
    (
        _NONE + "endpoints = ['ecr.api', 'ecr.dkr', 'logs']\n" + _OWN,
        "network.endpoints",
        '"s3" (ECR keeps the layers of images there)',
    ),
    (_NONE + "endpoints = ['s3', 'ecr.api']\n" + _OWN, "network.endpoints", 'add "ecr.dkr", "logs"'),
    (_NONE + "endpoints = ['s3', 'ecr.dkr', 'logs']\n" + _OWN, "network.endpoints", '"ecr.api" (it tells tasks'),
    (_ENDPOINTS + WORKER, "services.worker.image", "a pull-through cache copies public images"),
    (
        _ENDPOINTS + WORKER.replace("nginx", "public.ecr.aws/docker/library/nginx:1"),
        "services.worker.image",
        "private repositories of ECR only",
    ),
    (_GIVEN + "egress = 'endpoints'\n" + WORKER, "services.worker.image", 'or egress = "existing"'),
    (
        REGION + _ENDPOINTS + WORKER.replace("nginx", IN_ECR.replace("us-east-1", "eu-west-1")),
        "services.worker.image",
        "have ECR replicate it to us-east-1",
    ),
    (
        _ENDPOINTS + _OWN + f"secrets = {{ KEY = '{_SECRET}' }}",
        "services.worker.secrets.KEY",
        'add endpoints = ["secretsmanager"]',
    ),
    (_ENDPOINTS + _OWN + f"secrets = {{ KEY = '{_PARAMETER}' }}", "services.worker.secrets.KEY", '["ssm"]'),
    (_ENDPOINTS + _OWN + "exec = true", "services.worker.exec", 'add endpoints = ["ssmmessages"]'),
    (_ENDPOINTS + _OWN + "calls = ['database']\n" + _DATABASE, "services.worker.calls", '["secretsmanager"]'),
    (_ENDPOINTS + _OWN + _SEND, "services.worker.policy", 'add endpoints = ["sqs"]'),
    (_ENDPOINTS + _OWN + _SEND.replace("sqs", "kinesis"), "services.worker.policy", '["kinesis-streams"]'),
    (_NONE + FUNCTION + "calls = ['database']\n" + _DATABASE, "functions.caller.calls", '["secretsmanager"]'),
    (_PUBLIC_IP + FUNCTION + _SEND, "functions.caller.policy", 'nothing leads from the private subnets to "sqs"'),
    (_NONE + FUNCTION + _SEND.replace("sqs:Send", "dynamodb:Put"), "functions.caller.policy", '["dynamodb"]'),
    (
        _ENDPOINTS + FUNCTION + f"secrets = {{ KEY = '{_SECRET}' }}",
        "functions.caller.secrets.KEY",
        "secretsmanager",
    ),
    (_NONE + FUNCTION + _ANYWHERE, "functions.caller.egress", "a function in a VPC has no public address"),
    (
        _PUBLIC_IP + FUNCTION + _ANYWHERE.replace("0.0.0.0/0", "8.8.8.8/32"),
        "functions.caller.egress",
        "8.8.8.8/32",
    ),
    (_GIVEN + "egress = 'none'\n" + FUNCTION + _ANYWHERE, "functions.caller.egress", 'use egress = "existing"'),
    (_NONE + FUNCTION + _ANYWHERE.replace("5671", "443"), "functions.caller.egress", "or set vpc = false"),
    (
        _ENDPOINTS + "endpoints = ['secretsmanager']\n" + _MONGODB,
        "database.engine",
        "MongoDB's packages come from the internet",
    ),
]
TAKEN = [
    _PUBLIC_IP + WORKER,
    _NONE + WORKER + "public_ip = true",
    WORKER + _SEND + "\nexec = true",
    _ENDPOINTS + _OWN,
    _NONE + "endpoints = ['s3', 'ecr.api', 'ecr.dkr', 'logs']\n" + _OWN,
    REGION + _ENDPOINTS + _OWN,
    _GIVEN + WORKER + _SEND,
    _ENDPOINTS
    + f"endpoints = ['secretsmanager', 'ssm']\n{_OWN}secrets = {{ A = '{_SECRET}', B = '{_PARAMETER}' }}",
    _ENDPOINTS + "endpoints = ['ssmmessages', 'sqs']\n" + _OWN + _SEND + "\nexec = true",
    _ENDPOINTS + _OWN + _SEND.replace("sqs:SendMessage", "s3:GetObject"),
    _ENDPOINTS + _OWN + _SEND.replace("sqs:SendMessage", "*"),
    _ENDPOINTS + _OWN + _SEND.replace("actions", "effect = 'Deny', actions"),
    _NONE + FUNCTION + "vpc = false\n" + _SEND,
    # What Lambda does with the role, not the code, and from outside the VPC.
    _NONE
    + FUNCTION
    + "policy = [{ actions = ['logs:PutLogEvents', 'ec2:CreateNetworkInterface'], resources = ['*'] }]",
    _NONE + FUNCTION + _ANYWHERE.replace("0.0.0.0/0", "10.0.0.0/16"),
    _NONE + "endpoints = ['s3']\n" + FUNCTION + _ANYWHERE.replace("5671", "443"),
    "[network]\ncidr = '20.0.0.0/16'\negress = 'none'\n"
    + FUNCTION
    + _ANYWHERE.replace("0.0.0.0/0", "20.0.0.0/16"),
    FUNCTION + _ANYWHERE,
    _MONGODB,
]


@pytest.mark.parametrize(("text", "key", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert words in str(found[key])


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text)


def test_each_missing_endpoint_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    text = _ENDPOINTS + _OWN + _SEND + f"\nexec = true\nsecrets = {{ KEY = '{_SECRET}' }}"
    assert set(problems(tmp_path, text)) == {f"services.worker.{one}" for one in ("policy", "exec", "secrets.KEY")}
