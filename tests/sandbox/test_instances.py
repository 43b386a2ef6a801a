"""Instances."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox

PARAMETERS = "/aws/service/ami-amazon-linux-latest/"


class Machines(Network):
    """A network in which tests launch instances."""

    def image(self, name: str = "al2023-ami-kernel-default-x86_64") -> str:
        answer = self.sandbox.client("ssm").get_parameter(Name=f"{PARAMETERS}{name}")
        return str(answer["Parameter"]["Value"])

    def asked(self, **more: Any) -> dict[str, Any]:
        usual: dict[str, Any] = {
            "ImageId": self.image(),
            "InstanceType": "t3.micro",
            "MinCount": 1,
            "MaxCount": 1,
            "SecurityGroupIds": [self.group],
            "SubnetId": self.subnets[0],
        }
        return {name: value for name, value in {**usual, **more}.items() if value is not None}

    def run(self, **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.ec2.run_instances(**self.asked(**more))["Instances"][0]
        return made

    def found(self, instance: dict[str, Any]) -> dict[str, Any]:
        answer = self.ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
        one: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
        return one

    def state(self, instance: dict[str, Any]) -> str:
        return str(self.found(instance)["State"]["Name"])

    def checks(self, instance: dict[str, Any]) -> list[str]:
        answer = self.ec2.describe_instance_status(InstanceIds=[instance["InstanceId"]])
        both = ("InstanceStatus", "SystemStatus")
        return [status[part]["Status"] for status in answer["InstanceStatuses"] for part in both]

    def end(self, instance: dict[str, Any]) -> dict[str, Any]:
        answer = self.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
        one: dict[str, Any] = answer["TerminatingInstances"][0]
        return one

    def new_profile(self, name: str = "db", *, role: bool = True) -> None:
        iam = self.sandbox.client("iam")
        iam.create_instance_profile(InstanceProfileName=name)
        if role:
            self.new_role(f"{name}-role", "ec2.amazonaws.com")
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=f"{name}-role")


@pytest.fixture
def site(sandbox: Sandbox) -> Machines:
    return Machines(sandbox)


@pytest.fixture
def slow(sandbox: Sandbox) -> Iterator[Machines]:
    """Where time passes as on AWS, and only as the test says."""
    sandbox.become("scaled=1")
    yield Machines(sandbox)
    sandbox.become("instant")


def test_an_instance_takes_its_time(slow: Machines) -> None:
    made = slow.run()
    assert made["State"] == {"Code": 0, "Name": "pending"}
    assert slow.checks(made) == []
    slow.sandbox.advance(9)
    assert slow.state(made) == "running"
    assert slow.checks(made) == ["initializing", "initializing"]
    slow.sandbox.advance(142)
    assert slow.checks(made) == ["ok", "ok"]


def test_a_terminated_instance_is_listed_for_an_hour(slow: Machines) -> None:
    made = slow.run()
    slow.sandbox.advance(9)
    ended = slow.end(made)
    assert (ended["PreviousState"]["Name"], ended["CurrentState"]["Name"]) == ("running", "shutting-down")
    assert slow.state(made) == "shutting-down"
    slow.sandbox.advance(41)
    found = slow.found(made)
    assert found["State"] == {"Code": 48, "Name": "terminated"}
    assert not found.get("NetworkInterfaces")
    assert "SubnetId" not in found
    assert slow.end(made)["CurrentState"]["Name"] == "terminated"
    slow.sandbox.advance(3500)
    assert slow.state(made) == "terminated"
    slow.sandbox.advance(101)
    refused(slow.state, "InvalidInstanceID.NotFound", instance=made)
    refused(slow.end, "InvalidInstanceID.NotFound", instance=made)


def test_waiters_see_the_end_where_no_time_passes(site: Machines) -> None:
    made = site.run()
    assert site.state(made) == "running"
    assert site.checks(made) == ["ok", "ok"]
    site.end(made)
    assert site.state(made) == "terminated"


def test_its_interface_is_in_the_subnet_until_the_end(slow: Machines) -> None:
    made = slow.run()
    (interface,) = slow.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert interface["SubnetId"] == slow.subnets[0]
    assert [group["GroupId"] for group in interface["Groups"]] == [slow.group]
    assert interface["PrivateIpAddress"] == made["PrivateIpAddress"]
    assert interface["Attachment"]["InstanceId"] == made["InstanceId"]
    assert interface["Attachment"]["DeleteOnTermination"] is True
    assert interface["Status"] == "in-use"
    slow.end(made)
    refused(slow.ec2.delete_subnet, "DependencyViolation", SubnetId=slow.subnets[0])
    refused(slow.ec2.delete_security_group, "DependencyViolation", GroupId=slow.group)
    slow.sandbox.advance(41)
    slow.ec2.delete_subnet(SubnetId=slow.subnets[0])
    slow.ec2.delete_security_group(GroupId=slow.group)


def test_addresses_are_nobody_elses(site: Machines) -> None:
    names = [site.run() for _ in range(3)]
    site.new_nat()
    names.append(site.run())
    interfaces = site.ec2.describe_network_interfaces()["NetworkInterfaces"]
    addresses = [one["PrivateIpAddress"] for one in interfaces]
    assert len(set(addresses)) == len(addresses) == 5
    assert {one["PrivateIpAddress"] for one in names} < set(addresses)


def test_an_address_may_be_asked_for(site: Machines) -> None:
    assert site.run(PrivateIpAddress="10.0.0.77")["PrivateIpAddress"] == "10.0.0.77"
    refused(site.run, "InvalidIPAddress.InUse", PrivateIpAddress="10.0.0.77")
    refused(site.run, "InvalidParameterValue", PrivateIpAddress="10.0.7.7")


def test_a_subnet_may_be_full(site: Machines) -> None:
    small = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.9.0/28", AvailabilityZone="eu-central-1a")
    place = {"SubnetId": small["Subnet"]["SubnetId"]}
    assert len(site.ec2.run_instances(**site.asked(**place, MinCount=10, MaxCount=10))["Instances"]) == 10
    refused(site.run, "InsufficientFreeAddressesInSubnet", **place, MinCount=2, MaxCount=2)
    site.run(**place)
    refused(site.run, "InsufficientFreeAddressesInSubnet", **place)


def test_protection_from_termination(site: Machines) -> None:
    made, other = site.run(DisableApiTermination=True), site.run()
    both = [other["InstanceId"], made["InstanceId"]]
    message = refused(site.ec2.terminate_instances, "OperationNotPermitted", InstanceIds=both)
    assert "disableApiTermination" in message
    assert site.state(other) == "running"
    site.ec2.modify_instance_attribute(InstanceId=made["InstanceId"], DisableApiTermination={"Value": False})
    site.ec2.terminate_instances(InstanceIds=both)


def test_tags_of_every_kind(site: Machines) -> None:
    kinds = ("instance", "volume", "network-interface")
    tags = [{"ResourceType": kind, "Tags": [{"Key": "kind", "Value": kind}]} for kind in kinds]
    made = site.run(TagSpecifications=tags)
    assert site.found(made)["Tags"] == [{"Key": "kind", "Value": "instance"}]
    (volume,) = site.ec2.describe_volumes(Filters=[{"Name": "tag:kind", "Values": ["volume"]}])["Volumes"]
    assert volume["Attachments"][0]["InstanceId"] == made["InstanceId"]
    (interface,) = site.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert interface["TagSet"] == [{"Key": "kind", "Value": "network-interface"}]


def test_the_root_volume(site: Machines) -> None:
    ebs = {"VolumeSize": 20, "VolumeType": "gp3", "Encrypted": True}
    made = site.run(BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": ebs}])
    found = site.found(made)
    assert found["RootDeviceName"] == "/dev/xvda"
    (mapping,) = found["BlockDeviceMappings"]
    assert mapping["DeviceName"] == "/dev/xvda"
    assert mapping["Ebs"]["DeleteOnTermination"] is True
    (volume,) = site.ec2.describe_volumes()["Volumes"]
    assert (volume["Size"], volume["Encrypted"], volume["State"]) == (20, True, "in-use")
    site.end(made)
    assert site.ec2.describe_volumes()["Volumes"] == []


def test_other_volumes_stay_unless_told_otherwise(site: Machines) -> None:
    mappings = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}]
    made = site.run(BlockDeviceMappings=mappings)
    assert len(site.found(made)["BlockDeviceMappings"]) == 2
    site.end(made)
    (left,) = site.ec2.describe_volumes()["Volumes"]
    assert (left["Size"], left["State"]) == (5, "available")


def test_metadata_options(site: Machines) -> None:
    wanted = {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"}
    found = site.found(site.run(MetadataOptions=wanted))["MetadataOptions"]
    assert wanted.items() <= found.items()
    usual = site.found(site.run())["MetadataOptions"]
    assert (usual["HttpTokens"], usual["HttpPutResponseHopLimit"]) == ("required", 2)
    for name, value in {"HttpTokens": "always", "HttpPutResponseHopLimit": 65}.items():
        refused(site.run, "InvalidParameterValue", MetadataOptions={name: value})


def test_images_must_exist(site: Machines) -> None:
    message = refused(site.run, "InvalidAMIID.NotFound", ImageId="ami-12345678")
    assert message == "The image id '[ami-12345678]' does not exist"
    refused(site.run, "InvalidAMIID.Malformed", ImageId="image")
    made = site.run(ImageId=f"resolve:ssm:{PARAMETERS}al2023-ami-kernel-default-x86_64")
    assert made["ImageId"] == site.image()
    refused(site.run, "InvalidAMIID.NotFound", ImageId="resolve:ssm:/none")


@pytest.mark.parametrize("name", ["al2023-ami-kernel-default", "al2023-ami-minimal-kernel-default"])
def test_images_of_public_parameters_run(site: Machines, name: str) -> None:
    (image,) = site.ec2.describe_images(ImageIds=[site.image(f"{name}-arm64")])["Images"]
    assert (image["Architecture"], image["RootDeviceName"]) == ("arm64", "/dev/xvda")
    assert site.run(ImageId=image["ImageId"], InstanceType="t4g.micro")["Architecture"] == "arm64"


def test_images_are_found_by_name(site: Machines) -> None:
    filters = [{"Name": "name", "Values": ["al2023-ami-2*-x86_64"]}]
    images = site.ec2.describe_images(Owners=["amazon"], Filters=filters)["Images"]
    assert site.image() in [image["ImageId"] for image in images]


def test_types_must_exist_and_fit(site: Machines) -> None:
    refused(site.run, "InvalidParameterValue", InstanceType="t3.gigantic")
    message = refused(site.run, "InvalidParameterValue", InstanceType="t4g.micro")
    assert "architecture 'arm64' of the specified instance type does not match" in message
    arm = site.image("al2023-ami-kernel-default-arm64")
    refused(site.run, "InvalidParameterValue", ImageId=arm)
    site.run(ImageId=arm, InstanceType="t4g.micro")


def test_a_zone_may_lack_a_type(site: Machines) -> None:
    def zones(kind: str) -> set[str]:
        answer = site.ec2.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [kind]}]
        )
        return {one["Location"] for one in answer["InstanceTypeOfferings"]}

    assert zones("c3.large") == {"eu-central-1a", "eu-central-1b"}
    elsewhere = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="eu-central-1c")
    place = elsewhere["Subnet"]["SubnetId"]
    message = refused(site.run, "Unsupported", InstanceType="c3.large", SubnetId=place)
    assert "eu-central-1a, eu-central-1b" in message
    site.run(InstanceType="c3.large")


def test_the_profile_must_be_known_to_ec2(slow: Machines) -> None:
    slow.new_profile()
    arn = "arn:aws:iam::123456789012:instance-profile/db"
    message = refused(slow.run, "InvalidParameterValue", IamInstanceProfile={"Name": "db"})
    assert (
        message == "Value (db) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
    )
    refused(slow.run, "InvalidParameterValue", IamInstanceProfile={"Arn": arn})
    refused(slow.run, "InvalidParameterValue", IamInstanceProfile={"Name": "db"}, DryRun=True)
    slow.sandbox.advance(9)
    refused(slow.run, "DryRunOperation", IamInstanceProfile={"Name": "db"}, DryRun=True)
    for asked in ({"Name": "db"}, {"Arn": arn}):
        assert slow.found(slow.run(IamInstanceProfile=asked))["IamInstanceProfile"]["Arn"] == arn


def test_the_profile_must_exist_and_have_a_role(site: Machines) -> None:
    refused(site.run, "InvalidParameterValue", IamInstanceProfile={"Name": "none"})
    site.new_profile("empty", role=False)
    assert "no associated IAM Roles" in refused(
        site.run, "InvalidParameterValue", IamInstanceProfile={"Name": "empty"}
    )
    site.new_profile("full")
    site.run(IamInstanceProfile={"Name": "full"})


def test_groups_must_be_of_the_network(site: Machines) -> None:
    other = Network(site.sandbox)
    refused(site.run, "InvalidParameter", SecurityGroupIds=[other.group])
    refused(site.run, "InvalidGroup.NotFound", SecurityGroupIds=["sg-12345678"])
    refused(site.run, "InvalidSubnetID.NotFound", SubnetId="subnet-12345678")


def test_the_key_pair_must_exist(site: Machines) -> None:
    refused(site.run, "InvalidKeyPair.NotFound", KeyName="none")
    site.ec2.create_key_pair(KeyName="some")
    assert site.run(KeyName="some")["KeyName"] == "some"


def test_interfaces_instead_of_a_subnet(site: Machines) -> None:
    one = {"DeviceIndex": 0, "SubnetId": site.subnets[1], "Groups": [site.group], "DeleteOnTermination": True}
    refused(site.run, "InvalidParameterCombination", NetworkInterfaces=[one])
    refused(site.run, "InvalidParameterCombination", NetworkInterfaces=[one], SubnetId=None)
    made = site.run(NetworkInterfaces=[one], SubnetId=None, SecurityGroupIds=None)
    assert site.found(made)["SubnetId"] == site.subnets[1]


def test_an_interface_of_ours_stays(site: Machines) -> None:
    ours = site.ec2.create_network_interface(SubnetId=site.subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
    one = {"DeviceIndex": 0, "NetworkInterfaceId": ours}
    made = site.run(NetworkInterfaces=[one], SubnetId=None, SecurityGroupIds=None)
    (used,) = site.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert (used["Status"], used["Attachment"]["InstanceId"]) == ("in-use", made["InstanceId"])
    site.end(made)
    (left,) = site.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert (left["NetworkInterfaceId"], left["Status"]) == (ours, "available")


def test_a_public_address_only_where_the_subnet_or_the_call_wants_one(slow: Machines) -> None:
    assert "PublicIpAddress" not in slow.found(slow.run())
    slow.ec2.modify_subnet_attribute(SubnetId=slow.subnets[0], MapPublicIpOnLaunch={"Value": True})
    made = slow.run()
    address = slow.found(made)["PublicIpAddress"]
    (interface,) = slow.found(made)["NetworkInterfaces"]
    assert interface["Association"]["PublicIp"] == address
    refused(
        slow.ec2.detach_internet_gateway, "DependencyViolation", InternetGatewayId=slow.gateway, VpcId=slow.vpc
    )
    slow.end(made)
    slow.sandbox.advance(41)
    slow.ec2.detach_internet_gateway(InternetGatewayId=slow.gateway, VpcId=slow.vpc)
    asked = {"DeviceIndex": 0, "SubnetId": slow.subnets[1], "AssociatePublicIpAddress": True}
    public = slow.run(NetworkInterfaces=[asked], SubnetId=None, SecurityGroupIds=None)
    assert "PublicIpAddress" in slow.found(public)


def test_an_elastic_address_is_free_after_the_end(slow: Machines) -> None:
    made, address = slow.run(), slow.new_address()
    slow.sandbox.advance(9)
    slow.ec2.associate_address(AllocationId=address, InstanceId=made["InstanceId"])
    slow.end(made)
    refused(slow.ec2.release_address, "InvalidIPAddress.InUse", AllocationId=address)
    slow.sandbox.advance(41)
    slow.ec2.release_address(AllocationId=address)


def test_as_many_as_may_be(site: Machines) -> None:
    answer = site.ec2.run_instances(**site.asked(MinCount=1, MaxCount=3))
    assert len(answer["Instances"]) == 3
    assert [one["AmiLaunchIndex"] for one in answer["Instances"]] == [0, 1, 2]


def test_user_data_is_kept(site: Machines) -> None:
    made = site.run(UserData="#!/bin/sh")
    answer = site.ec2.describe_instance_attribute(InstanceId=made["InstanceId"], Attribute="userData")
    assert base64.b64decode(answer["UserData"]["Value"]) == b"#!/bin/sh"


def test_states_must_fit(slow: Machines) -> None:
    made = slow.run()
    one = {"InstanceIds": [made["InstanceId"]]}
    refused(slow.ec2.stop_instances, "IncorrectInstanceState", **one)
    slow.sandbox.advance(9)
    slow.ec2.stop_instances(**one)
    slow.ec2.start_instances(**one)
    slow.end(made)
    refused(slow.ec2.start_instances, "IncorrectInstanceState", **one)
    refused(slow.ec2.reboot_instances, "IncorrectInstanceState", **one)
