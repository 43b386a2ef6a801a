"""A service that does not come up tells which entry of the network keeps its tasks away, and what opens it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioner import operation
from provisioner.schedule import Failed
from provisioner.verify import Mark, expectations, results, setting
from steps.base import StepFailed
from tests.life.conftest import Bring
from tests.life.systems import SYSTEMS, Inside

LAMBDA = SYSTEMS[0]
OTHER_TASKS = ("services.web.cpu=512", "services.web.memory=1024")
LOOKING = "looking in the network for what keeps tasks from starting"


def given_up(run: Callable[[], object]) -> StepFailed:
    """What is told of the one step that failed."""
    with pytest.raises(Failed) as caught:
        run()
    (failure,) = caught.value.failures
    assert isinstance(failure.error, StepFailed)
    return failure.error


def no_tls_out(stack: Inside) -> str:
    """An entry in the list of the stack's subnets, made by hand."""
    here = [{"Name": "vpc-id", "Values": [stack.id_of("vpc")]}]
    acl = str(stack.client("ec2").describe_network_acls(Filters=here)["NetworkAcls"][0]["NetworkAclId"])
    stack.client("ec2").create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=50,
        Protocol="6",
        RuleAction="deny",
        Egress=True,
        CidrBlock="0.0.0.0/0",
        PortRange={"From": 443, "To": 443},
    )
    return acl


def fixes_of_what_fails(stack: Inside) -> set[str]:
    """All that `verify` says then."""
    state = stack.state()
    scene = setting(operation.reading(state, stack.options), state)
    found = (one.finding for one in results(list(expectations(scene)), scene.resume))
    return {line for one in found if one.mark is Mark.FAIL for line in one.fix}


def test_the_entry_that_keeps_tasks_from_their_images_is_named_and_its_fix_heals(bring: Bring) -> None:
    stack = bring(LAMBDA)
    stack.up()
    acl = no_tls_out(stack)
    told = given_up(lambda: stack.up(*OTHER_TASKS))
    reason = told.why.splitlines()[-1]
    assert reason.startswith(
        "network: web does not reach the registry of amazon/amazon-ecs-sample at 443: it hangs"
    )
    assert f"{acl}: does not let tcp 443 out" in reason
    assert "stopped task: " in told.why
    assert told.fix == f"aws ec2 delete-network-acl-entry --network-acl-id {acl} --egress --rule-number 50"
    assert fixes_of_what_fails(stack) == {told.fix}
    stack.client("ec2").delete_network_acl_entry(NetworkAclId=acl, Egress=True, RuleNumber=50)
    stack.up(*OTHER_TASKS)


def test_where_the_network_is_open_it_is_not_blamed(bring: Bring) -> None:
    stack = bring(LAMBDA)
    stack.sandbox.named_faults("exits")
    told = given_up(stack.up)
    assert LOOKING in stack.told.notices()
    assert "stopped task: Essential container in task exited" in told.why
    assert "network: " not in told.why


def test_a_failure_without_a_service_is_not_looked_into(bring: Bring) -> None:
    stack = bring(LAMBDA)
    stack.sandbox.named_faults("nat-fails")
    given_up(stack.up)
    assert LOOKING not in stack.told.notices()


def test_a_network_that_may_not_be_read_hides_nothing(bring: Bring) -> None:
    """The failure is told as it is."""
    stack = bring(LAMBDA)
    stack.up()
    no_tls_out(stack)
    refused = {"do": "error", "action": "DescribeNetworkAcls", "code": "UnauthorizedOperation", "status": 403}
    stack.sandbox.faults([refused])
    told = given_up(lambda: stack.up(*OTHER_TASKS))
    assert "stopped task: " in told.why
    assert "network: " not in told.why
