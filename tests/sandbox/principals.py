"""Users and roles with policies, made with plain boto3, and clients that act as them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.sandbox_fixture import REGION, Sandbox

ACCOUNT = "123456789012"
_NUMBERS = itertools.count(1)
_SESSION: Any = boto3.Session()

Statement = Mapping[str, Any]


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str | Sequence[str] = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: str | Sequence[str] = "*", **more: Any) -> Statement:
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource, **more}


def trusting(principal: Any, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return document(statement)


class Principal:
    """Somebody with keys of the sandbox's."""

    def __init__(self, sandbox: Sandbox, keys: Mapping[str, str]) -> None:
        self.sandbox = sandbox
        self.keys = keys

    def client(self, service: str, region: str = REGION) -> Any:
        return _SESSION.client(
            service,
            region_name=region,
            endpoint_url=self.sandbox.endpoint,
            config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
            aws_session_token=self.keys.get("SessionToken"),
        )

    def assume(self, role: str, **more: Any) -> Principal:
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="session", **more)
        return Principal(self.sandbox, answer["Credentials"])


class User(Principal):
    """An IAM user with an inline policy of these statements."""

    def __init__(self, sandbox: Sandbox, *statements: Statement) -> None:
        self.name = f"user-{next(_NUMBERS)}"
        iam = sandbox.client("iam")
        iam.create_user(UserName=self.name)
        if statements:
            iam.put_user_policy(UserName=self.name, PolicyName="own", PolicyDocument=document(*statements))
        super().__init__(sandbox, iam.create_access_key(UserName=self.name)["AccessKey"])
        self.arn = f"arn:aws:iam::{ACCOUNT}:user/{self.name}"


def in_account(sandbox: Sandbox, account: str, service: str) -> Any:
    """A client that acts as the root of another account."""
    client = Principal(sandbox, {"AccessKeyId": "testing", "SecretAccessKey": "testing"}).client(service)

    def sign(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    client.meta.events.register("before-send", sign)
    return client


def new_role(sandbox: Sandbox, name: str, trust: str, *statements: Statement, account: str = ACCOUNT) -> str:
    """A role with an inline policy; its ARN."""
    iam = in_account(sandbox, account, "iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return str(arn)


def enforce(sandbox: Sandbox, *, on: bool = True) -> None:
    sandbox.ask("POST", "permissions", {"enforce": on})


def code_of(call: Any, **parameters: Any) -> str:
    """The error code with which the call ends, empty if it succeeds."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
