"""Quotas as the services themselves tell them; and that a dry run counts as no change."""

from __future__ import annotations

from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox


def test_route_53_tells_how_many_zones_there_may_be(sandbox: Sandbox) -> None:
    route53 = sandbox.client("route53")
    asked = {"Type": "MAX_HOSTED_ZONES_BY_OWNER"}
    assert route53.get_account_limit(**asked)["Limit"]["Value"] == 500
    sandbox.ask("POST", "quotas", {"hosted-zones": 7})
    route53.create_hosted_zone(Name="other.example", CallerReference="x")
    told = route53.get_account_limit(**asked)
    assert (told["Limit"]["Value"], told["Count"]) == (7, 1)


def test_iam_tells_how_many_roles_there_may_be(sandbox: Sandbox) -> None:
    sandbox.ask("POST", "quotas", {"roles": 9})
    told = sandbox.client("iam").get_account_summary()["SummaryMap"]
    assert (told["RolesQuota"], told["Roles"]) == (9, 0)


def test_service_quotas_knows_rds(sandbox: Sandbox) -> None:
    quotas = sandbox.client("service-quotas")
    told = quotas.get_service_quota(ServiceCode="rds", QuotaCode="L-7B6409FD")["Quota"]
    assert told["Value"] == 40


def test_a_dry_run_is_no_mutating_call(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    refused(ec2.create_vpc, "DryRunOperation", CidrBlock="10.9.0.0/16", DryRun=True)
    (noted,) = sandbox.calls()
    assert (noted["action"], noted["mutating"]) == ("CreateVpc", False)
    ec2.create_vpc(CidrBlock="10.9.0.0/16")
    assert [call["action"] for call in sandbox.calls(mutating=True)] == ["CreateVpc"]


def test_a_fault_of_an_action_waits_for_one_that_is_carried_out(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    wanted = {"CidrBlock": "10.9.0.0/16"}
    sandbox.faults([{"action": "CreateVpc", "do": "error", "code": "Odd", "status": 400}])
    refused(ec2.create_vpc, "DryRunOperation", **wanted, DryRun=True)
    refused(ec2.create_vpc, "Odd", **wanted)
    sandbox.faults([{"service": "ec2", "do": "error", "code": "Odd", "status": 400}])
    refused(ec2.create_vpc, "Odd", **wanted, DryRun=True)
