"""An instance profile and an instance: made once, set right, replaced, and gone with all that came with them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.run import Refused
from provisioner.schedule import Failed
from steps.base import Need, Step, StepFailed
from steps.identity import Role
from steps.instances import Instance, InstanceProfile
from steps.lifecycle import Foreign
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.front import network
from tests.steps.lab import REGION, Lab

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def role(name: str = "role") -> Role:
    return Role(name=name, role_name=f"lab-{name}", trust=TRUST)


def profile(of: str = "role") -> InstanceProfile:
    return InstanceProfile(name="profile", needs=(Need(of),), profile_name="lab-database", role=of)


def instance(**more: Any) -> Instance:
    wanted: dict[str, Any] = {
        "name": "database",
        "image": IMAGE,
        "instance_type": "t4g.small",
        "subnet": "subnet-a",
        "groups": ("group",),
        "profile": "profile",
        "user_data": ("#!/bin/bash\necho ", ("role", "arn"), "\n"),
        "volume_size": 20,
        **more,
    }
    needs = ("subnet-a", "subnet-b", "group", "other", "profile", "role")
    return Instance(needs=tuple(map(Need, needs)), **wanted)


def machine(**more: Any) -> list[Step]:
    return [*network("group", "other"), role(), profile(), instance(**more)]


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def told(lab: Lab, step: str = "database") -> dict[str, Any]:
    answer = lab.client("ec2").describe_instances(InstanceIds=[lab.id_of(step)])
    found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
    return found


def living(lab: Lab) -> list[str]:
    states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopped", "stopping"]}]
    answer = lab.client("ec2").describe_instances(Filters=states)
    return [one["InstanceId"] for group in answer["Reservations"] for one in group["Instances"]]


def fix(run: Callable[[], object]) -> str:
    """What the one step that fails advises."""
    with pytest.raises(Failed) as caught:
        run()
    (failure,) = caught.value.failures
    assert isinstance(failure.error, StepFailed)
    return failure.error.fix


def step_tag(tags: list[dict[str, str]]) -> str:
    return {pair["Key"]: pair["Value"] for pair in tags}["provisioner:step"]


class TestInstance:
    def test_it_is_as_asked_for(self, lab: Lab) -> None:
        lab.up(machine())
        found = told(lab)
        assert found["State"]["Name"] == "running"
        assert found["InstanceType"] == "t4g.small"
        assert found["SubnetId"] == lab.id_of("subnet-a")
        assert [group["GroupId"] for group in found["SecurityGroups"]] == [lab.id_of("group")]
        assert found["IamInstanceProfile"]["Arn"] == lab.outputs("profile")["arn"]
        assert found["MetadataOptions"]["HttpTokens"] == "required"
        assert found["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
        assert "PublicIpAddress" not in found
        assert lab.outputs("database") == {"id": found["InstanceId"], "private_ip": found["PrivateIpAddress"]}

    def test_one_call_makes_it(self, lab: Lab) -> None:
        lab.up(machine())
        actions = [call["action"] for call in lab.sandbox.calls(mutating=True)]
        assert actions.count("RunInstances") == 1
        assert not [action for action in actions if action.startswith("Modify") and "Vpc" not in action]

    def test_its_one_volume_is_encrypted_and_ends_with_it(self, lab: Lab) -> None:
        lab.up(machine())
        (volume,) = lab.client("ec2").describe_volumes()["Volumes"]
        assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (20, "gp3", True)
        (attached,) = volume["Attachments"]
        assert (attached["Device"], attached["DeleteOnTermination"]) == ("/dev/xvda", True)

    def test_all_that_comes_with_it_bears_the_owners_tags(self, lab: Lab) -> None:
        lab.up(machine())
        ec2 = lab.client("ec2")
        assert step_tag(told(lab)["Tags"]) == "database"
        assert step_tag(ec2.describe_volumes()["Volumes"][0]["Tags"]) == "database"
        assert step_tag(ec2.describe_network_interfaces()["NetworkInterfaces"][0]["TagSet"]) == "database"

    def test_user_data_is_put_together_of_outputs(self, lab: Lab) -> None:
        lab.up(machine())
        asked = {"InstanceId": lab.id_of("database"), "Attribute": "userData"}
        answer = lab.client("ec2").describe_instance_attribute(**asked)
        expected = f"#!/bin/bash\necho {lab.outputs('role')['arn']}\n"
        assert base64.b64decode(answer["UserData"]["Value"]).decode() == expected

    def test_a_second_run_changes_nothing(self, lab: Lab) -> None:
        assert lab.up(machine()).changed(machine()) == []
        assert set(lab.outcomes().values()) == {"unchanged"}

    @pytest.mark.parametrize(
        "message",
        [
            "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
            'IAM Instance Profile "arn:aws:iam::123456789012:instance-profile/lab" has no associated IAM Roles',
        ],
    )
    def test_a_profile_that_ec2_does_not_know_yet_is_waited_for(self, lab: Lab, message: str) -> None:
        error = {"code": "InvalidParameterValue", "status": 400, "message": message}
        lab.sandbox.faults([{"action": "RunInstances", "do": "error", "times": 3, **error}])
        lab.up(machine())
        assert sum(message in said for said in lab.said("database")) == 3
        assert told(lab)["State"]["Name"] == "running"

    @pytest.mark.parametrize("how", ["drop-after", "error-after"])
    def test_a_lost_answer_makes_no_second_one(self, lab: Lab, how: str) -> None:
        lab.sandbox.faults([{"action": "RunInstances", "do": how, "times": 2}])
        lab.up(machine())
        assert living(lab) == [lab.id_of("database")]

    def test_a_stopped_one_is_started(self, lab: Lab) -> None:
        lab.up(machine())
        lab.client("ec2").stop_instances(InstanceIds=[lab.id_of("database")])
        assert lab.changed(machine()) == ["StartInstances"]
        assert lab.notices() == ["was stopped, started"]
        assert lab.outcomes()["database"] == "set right"

    def test_groups_are_set_right(self, lab: Lab) -> None:
        lab.up(machine())
        changed = {"InstanceId": lab.id_of("database"), "Groups": [lab.id_of("other")]}
        lab.client("ec2").modify_instance_attribute(**changed)
        assert lab.changed(machine()) == ["ModifyInstanceAttribute"]
        assert [group["GroupId"] for group in told(lab)["SecurityGroups"]] == [lab.id_of("group")]

    def test_other_groups_are_wished_for_in_place(self, lab: Lab) -> None:
        lab.up(machine())
        former = lab.id_of("database")
        lab.up(machine(groups=("other",)))
        assert lab.id_of("database") == former
        assert [group["GroupId"] for group in told(lab)["SecurityGroups"]] == [lab.id_of("other")]
        assert lab.changed(machine(groups=("other",))) == []

    def test_metadata_without_a_token_is_set_right(self, lab: Lab) -> None:
        lab.up(machine())
        opened = {"InstanceId": lab.id_of("database"), "HttpTokens": "optional"}
        lab.client("ec2").modify_instance_metadata_options(**opened)
        assert lab.changed(machine()) == ["ModifyInstanceMetadataOptions"]
        assert told(lab)["MetadataOptions"]["HttpTokens"] == "required"

    @pytest.mark.parametrize(
        ("wish", "named"),
        [
            ({"instance_type": "t4g.medium"}, "InstanceType"),
            ({"user_data": ("#!/bin/sh\n",)}, "UserData"),
            ({"subnet": "subnet-b"}, "SubnetId"),
            ({"volume_size": 30}, "BlockDeviceMappings"),
        ],
    )
    def test_what_cannot_be_changed_in_place_is_refused(self, lab: Lab, wish: Any, named: str) -> None:
        lab.up(machine())
        lab.sandbox.forget_calls()
        with pytest.raises(Refused, match=named):
            lab.up(machine(**wish))
        assert not lab.sandbox.calls(mutating=True)

    def test_one_that_was_terminated_by_hand_is_made_again(self, lab: Lab) -> None:
        lab.up(machine())
        former = lab.id_of("database")
        lab.client("ec2").terminate_instances(InstanceIds=[former])
        lab.up(machine())
        assert living(lab) == [lab.id_of("database")] != [former]
        assert lab.outcomes()["database"] == "made again"

    def test_one_on_its_way_out_is_waited_for(self, lab: Lab) -> None:
        lab.up(machine())
        lab.sandbox.latencies({"instance.terminated": 0.2})
        former = lab.id_of("database")
        lab.client("ec2").terminate_instances(InstanceIds=[former])
        lab.up(machine())
        assert living(lab) == [lab.id_of("database")] != [former]

    def test_one_that_ends_while_it_starts_tells_why(self, lab: Lab) -> None:
        lab.sandbox.faults([{"do": "no-capacity", "service": "ec2"}])
        with pytest.raises(Failed, match=r"Server\.InsufficientInstanceCapacity"):
            lab.up(machine())
        lab.sandbox.clear_faults()
        lab.up(machine())
        assert living(lab) == [lab.id_of("database")]

    def test_no_room_is_told_with_a_way_out(self, lab: Lab) -> None:
        error = {"code": "InsufficientInstanceCapacity", "status": 500, "message": "no capacity"}
        lab.sandbox.faults([{"action": "RunInstances", "do": "error", **error}])
        assert "another instance type or another zone" in fix(lambda: lab.up(machine()))

    def test_a_foreign_instance_is_left_alone(self, lab: Lab) -> None:
        lab.up(machine())
        asked = {"InstanceType": "t4g.small", "MinCount": 1, "MaxCount": 1, "SubnetId": lab.id_of("subnet-b")}
        foreign = lab.client("ec2").run_instances(ImageId=IMAGE, **asked)["Instances"][0]["InstanceId"]
        assert lab.changed(machine()) == []
        lab.client("ec2").terminate_instances(InstanceIds=[foreign])
        lab.down()

    def test_destroy_leaves_nothing(self, lab: Lab) -> None:
        lab.up(machine())
        lab.sandbox.latencies({"instance.terminated": 0.1})
        lab.down()
        assert inventory(lab.sandbox.endpoint, REGION) == {}

    def test_protection_stops_the_destroy_before_it_begins(self, lab: Lab) -> None:
        lab.up(machine())
        ec2, name = lab.client("ec2"), lab.id_of("database")
        ec2.modify_instance_attribute(InstanceId=name, DisableApiTermination={"Value": True})
        lab.sandbox.forget_calls()
        with pytest.raises(Refused, match=f"--instance-id {name} --no-disable-api-termination"):
            lab.down()
        assert not lab.sandbox.calls(mutating=True)
        ec2.modify_instance_attribute(InstanceId=name, DisableApiTermination={"Value": False})
        lab.down()

    def test_protection_that_comes_later_is_told_too(self, lab: Lab) -> None:
        lab.up(machine())
        error = {"code": "OperationNotPermitted", "status": 400, "message": "protected"}
        lab.sandbox.faults([{"action": "TerminateInstances", "do": "error", **error}])
        assert "--no-disable-api-termination" in fix(lab.down)

    def kept(self, lab: Lab) -> str:
        """Have the volume outlive its instance; its id."""
        ec2 = lab.client("ec2")
        mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
        ec2.modify_instance_attribute(InstanceId=lab.id_of("database"), BlockDeviceMappings=mapping)
        return str(ec2.describe_volumes()["Volumes"][0]["VolumeId"])

    def test_a_volume_that_shall_outlive_it_stops_the_destroy(self, lab: Lab) -> None:
        lab.up(machine())
        volume = self.kept(lab)
        lab.sandbox.forget_calls()
        with pytest.raises(Refused, match=f"{volume} .* is to outlive it"):
            lab.down()
        assert not lab.sandbox.calls(mutating=True)

    def test_a_volume_that_did_outlive_it_is_not_ours_to_delete(self, lab: Lab) -> None:
        lab.up(machine())
        volume, ec2 = self.kept(lab), lab.client("ec2")
        ec2.terminate_instances(InstanceIds=[lab.id_of("database")])
        assert f"--volume-id {volume}" in fix(lab.down)
        assert ec2.describe_volumes()["Volumes"]
        ec2.delete_volume(VolumeId=volume)
        lab.down()
        assert inventory(lab.sandbox.endpoint, REGION) == {}

    def test_a_volume_of_somebody_else_is_only_detached(self, lab: Lab) -> None:
        lab.up(machine())
        ec2 = lab.client("ec2")
        made = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8)["VolumeId"]
        ec2.attach_volume(InstanceId=lab.id_of("database"), VolumeId=made, Device="/dev/sdf")
        lab.down()
        assert [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]] == [made]

    def test_an_interface_that_stays_is_deleted(self, lab: Lab) -> None:
        lab.up(machine())
        ec2 = lab.client("ec2")
        (interface,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
        attached = {"AttachmentId": interface["Attachment"]["AttachmentId"], "DeleteOnTermination": False}
        named = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
        ec2.modify_network_interface_attribute(**named, Attachment=attached)
        lab.down()
        assert inventory(lab.sandbox.endpoint, REGION) == {}


class TestProfile:
    def steps(self, of: str = "role") -> list[Step]:
        return [role("role"), role("another"), replace(profile(of), needs=(Need("role"), Need("another")))]

    def roles(self, lab: Lab) -> list[str]:
        answer = lab.client("iam").get_instance_profile(InstanceProfileName="lab-database")
        return [one["RoleName"] for one in answer["InstanceProfile"]["Roles"]]

    def test_it_has_its_role_and_the_owners_tags(self, lab: Lab) -> None:
        lab.up(self.steps())
        assert self.roles(lab) == ["lab-role"]
        answer = lab.client("iam").get_instance_profile(InstanceProfileName="lab-database")["InstanceProfile"]
        assert step_tag(answer["Tags"]) == "profile"
        assert lab.outputs("profile") == {"arn": answer["Arn"], "name": "lab-database"}
        assert lab.changed(self.steps()) == []

    def test_another_role_is_set_right(self, lab: Lab) -> None:
        lab.up(self.steps())
        iam = lab.client("iam")
        iam.remove_role_from_instance_profile(InstanceProfileName="lab-database", RoleName="lab-role")
        iam.add_role_to_instance_profile(InstanceProfileName="lab-database", RoleName="lab-another")
        assert lab.changed(self.steps()) == ["RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"]
        assert self.roles(lab) == ["lab-role"]
        assert lab.notices() == ["had lab-another, has lab-role again"]

    def test_another_role_is_wished_for_in_place(self, lab: Lab) -> None:
        lab.up(self.steps()).up(self.steps("another"))
        assert self.roles(lab) == ["lab-another"]

    @pytest.mark.parametrize("action", ["CreateInstanceProfile", "AddRoleToInstanceProfile"])
    def test_lost_answers(self, lab: Lab, action: str) -> None:
        lab.sandbox.faults([{"action": action, "do": "drop-after", "times": 2}])
        lab.up(self.steps())
        assert self.roles(lab) == ["lab-role"]

    def test_a_foreign_one_of_that_name_stops_the_run(self, lab: Lab) -> None:
        lab.client("iam").create_instance_profile(InstanceProfileName="lab-database")
        with pytest.raises(Foreign):
            lab.up(self.steps())
        assert self.roles(lab) == []

    def test_destroy_takes_the_role_off_first(self, lab: Lab) -> None:
        lab.up(self.steps()).down()
        assert inventory(lab.sandbox.endpoint, REGION) == {}
