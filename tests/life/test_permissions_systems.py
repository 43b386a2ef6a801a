"""The least policy of each system: enough for all of its life, and nothing of it is too much."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore import xform_name

from provisioner.schedule import Failed
from steps.base import StepFailed
from tests.life.conftest import Bring
from tests.life.permissions import FOLDER, allowed, asked, become, policy, refused, without
from tests.life.systems import Inside, System
from tests.life.tool import REGION, ROOT
from tests.sandbox.principals import code_of, new_role, trusting
from tests.sandbox_fixture import Sandbox

LONGEST_MANAGED_POLICY = 6144
"""Characters without white space. Source: IAM User Guide, "IAM and AWS STS quotas"."""
# What the log of calls does not show: Lambda asks for a function's tags by itself.
_INWARD = frozenset({"lambda:ListTags"})
# What is asked only where AWS keeps the tool waiting: for Service Connect's names, Lambda's interfaces, targets.
_WAITING = frozenset(
    {"servicediscovery:ListServices", "ec2:DeleteNetworkInterface", "elasticloadbalancing:DescribeTargetHealth"}
)
_REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
_DNS_ACCOUNT = "222222222222"
_DNS_ROLE = f"arn:aws:iam::{_DNS_ACCOUNT}:role/dns"


@dataclass(frozen=True)
class Case:
    """A system, the policies of who brings it up and down, and what is changed between.

    Nothing is where another case does that; then only the last policy is looked at for what is not needed.
    """

    system: System
    policies: tuple[str, ...]
    change: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "+".join(self.policies)


CASES = (
    Case(
        System("private-lambda"),
        ("private-lambda",),
        ("services.web.count=3", "functions.caller.timeout=20"),
    ),
    Case(System("internal-api"), ("internal-api",), ("services.api.count=3",)),
    Case(System("lambda-database"), ("lambda-database",), ("functions.graphql.timeout=9",)),
    Case(
        System("lambda-database", ("database.engine=postgres",)),
        ("lambda-database-postgres",),
        ("functions.graphql.memory=512",),
    ),
    Case(System("public-api"), ("public-api",), ("services.web.count=3", "services.web.scaling.maximum=12")),
    Case(System("multi-service"), ("multi-service",), ("services.backend.count=2",)),
    Case(System("multi-service", ("network.egress=nat",)), ("multi-service", "multi-service-nat")),
    Case(
        System(
            "multi-service",
            (
                "network.egress=endpoints",
                *(f"services.{name}.image={_REGISTRY}/{name}:1" for name in ("webapp", "backend")),
            ),
        ),
        ("multi-service", "multi-service-endpoints"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_policy_is_enough_and_holds_nothing_that_is_not_needed(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    documents = [policy(name) for name in case.policies]
    become(sandbox, monkeypatch, *documents)
    stack = bring(case.system)
    sandbox.forget_calls()
    stack.up()
    if case.change:
        made = stack.mutations()
        stack.up()
        assert stack.mutations() == made
        stack.up(*case.change)
        assert stack.mutations() != made
    stack.down()
    calls = sandbox.calls()
    assert refused(calls) == []
    assert stack.inventory() == stack.before
    judged = documents if case.change else documents[-1:]
    assert allowed(*judged) - asked(calls) <= _INWARD | _WAITING
    assert asked(calls) <= allowed(*documents)


def test_the_parent_zone_may_be_in_another_account(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role there may do what its own policy says: write the one delegation, and nothing besides."""
    user = become(sandbox, monkeypatch, policy("internal-api"), policy("internal-api-other-account"))
    statements = policy("internal-api-parent-zone")["Statement"]
    new_role(sandbox, "dns", trusting({"AWS": user.arn}), *statements, account=_DNS_ACCOUNT)
    stack = bring(System("internal-api", (f"dns.parent.role_arn={_DNS_ROLE}",)))
    sandbox.forget_calls()
    stack.up()
    parent = user.assume(_DNS_ROLE).client("route53")
    (zone,) = parent.list_hosted_zones_by_name()["HostedZones"]
    names = parent.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert "api.example.com." in [one["Name"] for one in names]
    for name, kind, value in (("www.example.com", "NS", "a.test"), ("api.example.com", "TXT", '"x"')):
        record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        call = parent.change_resource_record_sets
        assert code_of(call, HostedZoneId=zone["Id"], ChangeBatch=batch) == "AccessDenied", name
    sandbox.forget_calls()
    stack.down()
    assert refused(sandbox.calls()) == []
    assert stack.inventory() == stack.before


# What of the further services has no call of its own, but is asked for by one: in which step it is missed.
DENIED = [
    ("lambda-database", "ssm:GetParameters", "database", "UnauthorizedOperation"),
    ("lambda-database", "logs:CreateLogDelivery", "stage", "BadRequestException"),
    ("public-api", "cloudwatch:PutMetricAlarm", "scaling-policy-web", "ValidationException"),
]


@pytest.mark.parametrize(("name", "action", "step", "code"), DENIED, ids=[row[1] for row in DENIED])
def test_without_one_permission_it_stops_and_names_the_step(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str, action: str, step: str, code: str
) -> None:
    become(sandbox, monkeypatch, without(name, action))
    with pytest.raises(Failed) as failed:
        bring(System(name)).up()
    (error,) = {one.error.code for one in failed.value.failures if isinstance(one.error, StepFailed)}
    assert error == code
    assert all(one.lane.startswith(step) for one in failed.value.failures)


def stop_the_database(stack: Inside) -> None:
    stack.client("ec2").stop_instances(InstanceIds=[stack.id_of("database")])


def rename_the_namespace(stack: Inside) -> None:
    cloud_map = stack.client("servicediscovery")
    (namespace,) = cloud_map.list_namespaces()["Namespaces"]
    cloud_map.update_http_namespace(Id=namespace["Id"], Namespace={"Description": "theirs"})


DRIFTS = [
    ("lambda-database", stop_the_database, "ec2:StartInstances"),
    ("multi-service", rename_the_namespace, "servicediscovery:UpdateHttpNamespace"),
]


@pytest.mark.parametrize(("name", "drift", "mend"), DRIFTS, ids=[row[0] for row in DRIFTS])
def test_repairs_need_the_second_policy(
    bring: Bring,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    drift: Callable[[Inside], None],
    mend: str,
) -> None:
    become(sandbox, monkeypatch, policy(name))
    stack = bring(System(name))
    stack.up()
    drift(stack)
    with pytest.raises(Failed, match=mend):
        stack.up()
    become(sandbox, monkeypatch, policy(name), policy(f"{name}-repair"))
    stack.up()


# Asked for by another call than the one that bears its name.
_ELSEWHERE = frozenset({"apigateway:PATCH", "rds:CreateDBSnapshot"})


@pytest.mark.parametrize("name", sorted({case.system.example for case in CASES}))
def test_a_repair_policy_adds_what_the_steps_can_call_besides(name: str) -> None:
    calls = "".join(path.read_text() for path in (ROOT / "steps").rglob("*.py"))
    more = allowed(policy(f"{name}-repair"))
    for action in more - _ELSEWHERE:
        assert re.search(rf"\b{xform_name(action.partition(':')[2])}\b", calls), f"no step calls {action}"
    assert more & allowed(policy(name)) <= {"iam:DetachRolePolicy", "iam:RemoveRoleFromInstanceProfile"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_each_policy_can_be_a_managed_one(path: Path) -> None:
    assert len(re.sub(r"\s", "", path.read_text())) <= LONGEST_MANAGED_POLICY
