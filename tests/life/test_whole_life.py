"""The main job from one end to the other, by the command line, against the sandbox."""

from __future__ import annotations

import pytest

from tests.life.tool import NAME, Tool, nothing, succeeded


def test_up_and_down_leaves_nothing(tool: Tool) -> None:
    tool.provisioned()
    assert not nothing(tool.inventory())
    succeeded(tool.destroy())
    assert nothing(tool.inventory())


def test_a_second_provision_changes_nothing_and_reads_less_than_there_are_resources(tool: Tool) -> None:
    tool.provisioned()
    before = tool.inventory()
    tool.sandbox.forget_calls()
    ended = tool.provisioned()
    assert tool.attempts() == []
    assert len(tool.reads()) < len(tool.state()["records"])
    assert tool.inventory() == before
    assert "nothing to change" in ended.out


def test_about_one_mutating_call_a_resource(tool: Tool) -> None:
    tool.provisioned()
    made, settings = len(tool.state()["records"]), 15
    assert len(tool.mutations()) <= made + settings
    assert not [call for call in tool.mutations() if "Tag" in call["action"]]


def test_one_by_one_and_all_at_once_make_the_same(tool: Tool) -> None:
    tool.provisioned("--parallel", "1")
    one_by_one = tool.inventory()
    succeeded(tool.destroy())
    tool.sandbox.reset()  # or the task definition would be the second revision
    tool.provisioned("--parallel", "16")
    assert tool.inventory() == one_by_one


def test_the_same_file_stands_twice_side_by_side(tool: Tool) -> None:
    tool.provisioned("--name", "pr-1")
    alone = tool.inventory()
    tool.provisioned("--name", "pr-2")
    succeeded(tool.run("destroy", "pr-2", "--yes"))
    assert tool.inventory() == alone


def test_an_override_changes_what_can_be_changed_in_place(tool: Tool) -> None:
    tool.provisioned()
    tool.sandbox.forget_calls()
    tool.provisioned("--set", "services.web.count=3")
    assert [call["action"] for call in tool.mutations()] == ["UpdateService"]


def test_an_override_of_the_image_makes_one_more_revision_and_destroy_removes_both(tool: Tool) -> None:
    tool.provisioned()
    tool.provisioned("--set", "services.web.image=nginx:1.29")
    service = tool.client("ecs").describe_services(cluster=NAME, services=["web"])["services"][0]
    assert service["taskDefinition"].endswith(":2")
    succeeded(tool.destroy())
    assert nothing(tool.inventory())


@pytest.mark.parametrize(
    "change",
    ["functions.caller.architecture=x86_64", "functions.caller.timeout=20", "load_balancer.idle_timeout=90"],
)
def test_a_change_is_made_once_and_then_there_is_nothing_to_change(tool: Tool, change: str) -> None:
    tool.provisioned()
    tool.sandbox.forget_calls()
    tool.provisioned("--set", change)
    assert len(tool.mutations()) == 1
    tool.sandbox.forget_calls()
    assert "nothing to change" in tool.provisioned("--set", change).out
    assert tool.attempts() == []


def test_what_cannot_be_changed_in_place_is_refused_untouched(tool: Tool) -> None:
    tool.provisioned()
    before = tool.inventory()
    tool.sandbox.forget_calls()
    ended = tool.provision("--set", "network.cidr=10.9.0.0/16")
    assert ended.code == 4
    assert tool.state()["status"] == "done"
    assert "10.9.0.0/16" in ended.err
    assert tool.attempts() == []
    assert tool.inventory() == before


def test_destroy_needs_only_the_state_file(tool: Tool) -> None:
    tool.provisioned()
    lone = tool.folder / "elsewhere.json"
    tool.state_file.rename(lone)
    succeeded(tool.run("destroy", "--state", str(lone), "--yes"))
    assert nothing(tool.inventory())


def test_a_state_file_of_another_stack_is_refused(tool: Tool) -> None:
    tool.provisioned()
    before = tool.inventory()
    for command in (("destroy", "other", "--yes"), ("resume", "other"), ("status", "other")):
        ended = tool.run(*command, "--state", str(tool.state_file))
        assert ended.code == 4, ended.text
        assert f"records '{NAME}', not 'other'" in ended.err
    assert tool.inventory() == before


def test_a_state_that_cannot_be_read_is_not_passed_over(tool: Tool) -> None:
    """Without a name there are two that could be meant, though one of them cannot be read."""
    tool.provisioned("--name", "one")
    tool.provisioned("--name", "two")
    before = tool.inventory()
    (tool.folder / ".provisioner" / "two.json").write_text("{")
    ended = tool.run("destroy", "--yes")
    assert ended.code == 2, ended.text
    assert "one, two" in ended.err
    assert tool.inventory() == before


def test_a_linked_state_file_stays_a_link(tool: Tool) -> None:
    shared = tool.folder / "shared.json"
    tool.state_file.parent.mkdir()
    tool.state_file.symlink_to(shared)
    tool.provisioned()
    assert tool.state_file.is_symlink()
    assert shared.stat().st_size > 0


def test_a_destroyed_stack_may_be_destroyed_and_provisioned_again(tool: Tool) -> None:
    tool.provisioned()
    first = tool.state()["stack_id"]
    succeeded(tool.destroy())
    succeeded(tool.destroy())
    tool.provisioned()
    assert tool.state()["stack_id"] != first
    succeeded(tool.destroy())


def test_everything_taggable_bears_the_owner_from_birth(tool: Tool) -> None:
    tool.provisioned()
    stack_id = tool.state()["stack_id"]
    creations = {"CreateVpc", "CreateSubnet", "AllocateAddress", "CreateNatGateway", "CreateLoadBalancer"}
    creations |= {"CreateFunction", "CreateRole", "CreateLogGroup", "CreateCluster", "CreateService"}
    creations |= {"CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateListener", "CreateRouteTable"}
    creations |= {"RegisterTaskDefinition", "CreateTargetGroup", "CreateInternetGateway"}
    seen = [call for call in tool.mutations() if call["action"] in creations]
    assert {call["action"] for call in seen} == creations
    assert [call for call in seen if stack_id not in str(call["parameters"])] == []


@pytest.mark.parametrize("tag", ["team=platform"])
def test_the_users_own_tags_are_on_everything_too(tool: Tool, tag: str) -> None:
    key, value = tag.split("=")
    tool.provisioned("--set", f"tags.{key}={value}")
    vpc = tool.client("ec2").describe_vpcs(VpcIds=[tool.id_of("vpc")])["Vpcs"][0]
    assert {"Key": key, "Value": value} in vpc["Tags"]
    function = tool.client("lambda").get_function(FunctionName=f"{NAME}-caller")
    assert function["Tags"][key] == value
