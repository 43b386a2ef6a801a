"""What the tests of functions, APIs and permissions stand on: roles, functions with real code, and their calls."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from steps.base import Need
from steps.functions import Function
from steps.identity import Role
from steps.policies import lambda_trust
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import Lab

ECHO = "def handler(event, context): return {'statusCode': 200, 'body': event['rawPath']}"


def package(code: str) -> bytes:
    """A zip with this as `app.py`; the same code gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), code)
    return buffer.getvalue()


def digest(package: bytes) -> str:
    return base64.b64encode(hashlib.sha256(package).digest()).decode()


CODE = package(ECHO)
OTHER = package("def handler(event, context): return 'other'")


def lab_with_code(sandbox: Sandbox, folder: Path, stack: str = "lab") -> Lab:
    lab = Lab(sandbox, folder, stack=stack)
    lab.aws = replace(lab.aws, payloads={digest(code): code for code in (CODE, OTHER)})
    return lab


def role(name: str = "role", **more: Any) -> Role:
    return Role(name=name, role_name=f"lab-{name}", trust=lambda_trust(), **more)


def function(name: str = "hello", **more: Any) -> Function:
    wanted: dict[str, Any] = {
        "name": name,
        "needs": (Need("role"),),
        "function_name": f"lab-{name}",
        "role": "role",
        "handler": "app.handler",
        "runtime": "python3.12",
        "architecture": "x86_64",
        "timeout": 3,
        "memory": 128,
        "code_sha256": digest(CODE),
    }
    return Function(**{**wanted, **more})


def told(lab: Lab, name: str = "hello") -> dict[str, Any]:
    """The function's configuration as Lambda tells it."""
    answer: dict[str, Any] = lab.client("lambda").get_function(FunctionName=f"lab-{name}")
    return {**answer["Configuration"], **answer.get("Concurrency", {})}


def statements(lab: Lab, name: str = "hello") -> dict[str, Mapping[str, Any]]:
    """The function's policy, by statement id."""
    client = lab.client("lambda")
    try:
        policy = client.get_policy(FunctionName=f"lab-{name}")["Policy"]
    except client.exceptions.ResourceNotFoundException:
        return {}
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: Mapping[str, str]


def ask(lab: Lab, url: str, path: str = "/", method: str = "GET", **headers: str) -> Answer:
    """What the internet gets from this address; hyphens of header names are written as underscores."""
    place = urlsplit(lab.sandbox.endpoint)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, headers={"Host": str(urlsplit(url).hostname), **named})
        answer = connection.getresponse()
        lowered = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, answer.read().decode(), lowered)
    finally:
        connection.close()


def lost(sandbox: Sandbox, action: str) -> None:
    """The next answers of a creating call are lost, though it is carried out."""
    sandbox.faults([{"action": action, "do": "drop-after", "times": 2}])
