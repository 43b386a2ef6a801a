"""What comes with instances: volumes, groups, and reasons."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network
from tests.sandbox_fixture import Sandbox

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


class Machines(Network):
    def run(self, **more: Any) -> str:
        asked = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        answer = self.ec2.run_instances(**asked, SubnetId=self.subnets[0], **more)
        return str(answer["Instances"][0]["InstanceId"])

    def volumes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ec2.describe_volumes()["Volumes"]
        return found


@pytest.fixture
def site(sandbox: Sandbox) -> Machines:
    return Machines(sandbox)


def root(**ebs: Any) -> list[dict[str, Any]]:
    return [{"DeviceName": "/dev/xvda", "Ebs": ebs}]


def test_a_volume_goes_with_its_instance_and_says_so(site: Machines) -> None:
    instance = site.run(BlockDeviceMappings=root(VolumeSize=20, Encrypted=True))
    (volume,) = site.volumes()
    assert (volume["Size"], volume["Encrypted"], volume["State"]) == (20, True, "in-use")
    assert volume["Attachments"][0]["DeleteOnTermination"]
    site.ec2.terminate_instances(InstanceIds=[instance])
    assert site.volumes() == []


def test_one_that_shall_stay_stays(site: Machines) -> None:
    instance = site.run(BlockDeviceMappings=root(VolumeSize=20, DeleteOnTermination=False))
    assert not site.volumes()[0]["Attachments"][0]["DeleteOnTermination"]
    site.ec2.terminate_instances(InstanceIds=[instance])
    (left,) = site.volumes()
    assert (left["State"], left["Attachments"]) == ("available", [])


def test_another_device_name_makes_another_volume(site: Machines) -> None:
    site.run(BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20}}])
    assert sorted(volume["Size"] for volume in site.volumes()) == [8, 20]


def test_an_instance_without_room_ends_with_a_reason(site: Machines) -> None:
    site.sandbox.faults([{"do": "no-capacity", "service": "ec2"}])
    instance = site.run()
    (found,) = site.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
    assert found["State"]["Name"] == "terminated"
    assert found["StateReason"]["Code"] == "Server.InsufficientInstanceCapacity"
    assert site.volumes() == []
    assert site.ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_snapshots_of_others_are_not_ones_own(site: Machines) -> None:
    site.run()
    own = site.ec2.create_snapshot(VolumeId=site.volumes()[0]["VolumeId"])["SnapshotId"]
    listed = site.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert [one["SnapshotId"] for one in listed] == [own]


def test_groups_of_an_instance_are_its_interface_s(site: Machines) -> None:
    instance, another = site.run(SecurityGroupIds=[site.group]), site.new_group("another")
    (interface,) = site.interfaces()

    def groups() -> list[list[str]]:
        (found,) = site.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
        both = (found["SecurityGroups"], site.interfaces()[0]["Groups"])
        return [[group["GroupId"] for group in told] for told in both]

    assert groups() == [[site.group]] * 2
    site.ec2.modify_instance_attribute(InstanceId=instance, Groups=[another])
    assert groups() == [[another]] * 2
    name = interface["NetworkInterfaceId"]
    site.ec2.modify_network_interface_attribute(NetworkInterfaceId=name, Groups=[site.group])
    assert groups() == [[site.group]] * 2
    site.ec2.delete_security_group(GroupId=another)


def test_groups_of_an_interface_that_is_made_with_its_instance(site: Machines) -> None:
    one = {"DeviceIndex": 0, "SubnetId": site.subnets[0], "Groups": [site.group]}
    asked = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    made = site.ec2.run_instances(**asked, NetworkInterfaces=[one])["Instances"][0]
    assert [group["GroupId"] for group in made["SecurityGroups"]] == [site.group]
