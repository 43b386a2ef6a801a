"""What functions reach, by really running them."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from typing import Any

import pytest

from tests.sandbox.balanced_lab import BalancedLab
from tests.sandbox.world import Network
from tests.sandbox_fixture import Sandbox

_CODE = """
import os, urllib.request

def handler(event, context):
    try:
        with urllib.request.urlopen(event["url"], timeout=0.2) as answer:
            return [answer.status, answer.read().decode()]
    except Exception as error:
        return [type(error).__name__, str(error)]
"""


class Functions(BalancedLab):
    """A lab with an internal load balancer before nginx, and functions."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.listen(self.b, 80, image="nginx")
        self.name = self.new_balancer()["DNSName"]
        arn = self.elbv2.describe_load_balancers()["LoadBalancers"][0]
        self.let_in(self.groups[1], group=self.balancing)
        self.new_listener(arn, self.new_targets("web", self.b))
        self.functions = sandbox.client("lambda")

    def call(self, url: str, *, inside: bool = True) -> Any:
        """What a function gets from there; it is in subnet a, or in no VPC."""
        name = "inside" if inside else "outside"
        network = {"SubnetIds": self.subnets[:1], "SecurityGroupIds": self.groups[:1]} if inside else {}
        if not self.functions.list_functions()["Functions"]:
            self.functions.create_function(
                FunctionName=name,
                Role=self.role(),
                Runtime="python3.12",
                Handler="a.handler",
                Code={"ZipFile": _zipped()},
                VpcConfig=network,
                Timeout=10,
            )
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps({"url": url}))
        return json.loads(answer["Payload"].read())

    def role(self) -> str:
        role = Network.new_role(self, "runner", "lambda.amazonaws.com")  # type: ignore[arg-type]
        policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
        self.sandbox.client("iam").attach_role_policy(RoleName="runner", PolicyArn=policy)
        return role


@pytest.fixture
def lab(sandbox: Sandbox) -> Functions:
    return Functions(sandbox)


def test_a_function_in_the_vpc_reaches_the_load_balancer(lab: Functions) -> None:
    status, body = lab.call(f"http://{lab.name}/")
    assert (status, "Welcome to nginx!" in body) == (200, True)
    status, body = lab.call(f"http://{lab.name}/nothing")
    assert (status, "404" in body) == ("HTTPError", True)


def test_without_the_rule_it_waits_in_vain(lab: Functions) -> None:
    everybody = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    lab.ec2.revoke_security_group_ingress(GroupId=lab.balancing, IpPermissions=[everybody])
    assert "timed out" in lab.call(f"http://{lab.name}/")[1]
    lab.let_in(lab.balancing, group=lab.groups[0])
    assert lab.call(f"http://{lab.name}/")[0] == 200


def test_a_function_outside_of_the_vpc_waits_in_vain(lab: Functions) -> None:
    assert "timed out" in lab.call(f"http://{lab.name}/", inside=False)[1]
    assert lab.call("https://www.elsewhere.org/", inside=False)[0] == 200


def test_names_that_nobody_has(lab: Functions) -> None:
    assert "Name or service not known" in lab.call("http://nobody.invalid/")[1]


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.py"), textwrap.dedent(_CODE))
    return buffer.getvalue()
