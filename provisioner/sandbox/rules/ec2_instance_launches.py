"""What comes into being with an instance and goes with it: interfaces, addresses, volumes, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.utils import parse_user_data

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.vpc import instances, interfaces

_USUAL_ROOT = {"VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True}
_USUAL_TYPE = "m1.small"
# moto's names for parameters that it takes as they are.
_PLAIN = {
    "SubnetId": "subnet_id",
    "KeyName": "key_name",
    "PrivateIpAddress": "private_ip",
    "InstanceInitiatedShutdownBehavior": "instance_initiated_shutdown_behavior",
    "Ipv6AddressCount": "ipv6_address_count",
}
_USUAL: Mapping[str, tuple[str, Any]] = {
    "SecurityGroupIds": ("security_group_ids", ()),
    "NetworkInterfaces": ("nics", ()),
    "EbsOptimized": ("ebs_optimized", False),
    "DisableApiStop": ("disable_api_stop", False),
    "LaunchTemplate": ("launch_template", {}),
    "HibernationOptions": ("hibernation_options", {}),
    "ClientToken": ("client_token", ""),
}


def reserve(call: Call) -> Reservation:
    """Have moto make the instances, and repair what it leaves out."""
    asked, ec2 = call.parameters, backends.ec2(call)
    image = instances.image(call, asked.get("ImageId", ""))
    reservation: Reservation = ec2.run_instances(
        image.id if image else "",
        int(asked.get("MaxCount", 1)),
        parse_user_data(asked.get("UserData")),
        list(asked.get("SecurityGroups", ())),
        **_named(call, image),
    )
    for instance in reservation.instances:
        instance.disable_api_termination = asked.get("DisableApiTermination", False)
        _associate(call, instance)
        for interface in instance.nics.values():
            _settle(call, interface)
            if interface.device_index == 0:
                instance.security_groups = list(interface._group_set)
    return reservation


def release(site: Site, instance: Instance) -> None:
    """Take its interfaces away but for those that shall stay, and let go of their addresses."""
    ec2 = backends.ec2(site)
    for address in ec2.addresses:
        if address.eni is not None and address.eni.instance is instance:
            ec2.disassociate_address(address=address.public_ip)
    for interface in list(instance.nics.values()):
        if interface.delete_on_termination:
            interfaces.remove(ec2, interface)
            interface.delete_on_termination = False  # moto would delete it once more
        else:
            interface.instance = interface.attachment_id = interface.attach_time = None
            interface.status = "available"
        interface.public_ip = None


def _named(call: Call, image: Any) -> dict[str, Any]:
    """The parameters under moto's names."""
    asked = call.parameters
    placement = asked.get("Placement", {})
    usual = {name: _own(asked.get(key, default)) for key, (name, default) in _USUAL.items()}
    named = {name: asked.get(key) for key, name in _PLAIN.items()}
    if mappings := _mappings(asked, image):
        named["block_device_mappings"] = mappings
    return {
        **usual,
        **named,
        "region_name": call.region,
        "instance_type": asked.get("InstanceType", _USUAL_TYPE),
        "is_instance_type_default": "InstanceType" not in asked,
        "placement": placement.get("AvailabilityZone"),
        "placement_hostid": placement.get("HostId"),
        "associate_public_ip": None,
        "instance_market_options": asked.get("InstanceMarketOptions", {}).get("MarketType", {}),
        "monitoring_state": "enabled" if asked.get("Monitoring", {}).get("Enabled") else "disabled",
        "metadata_options": {**_usual_metadata(image), **asked.get("MetadataOptions", {})},
        "tags": {kind: _tags(call, kind) for kind in ("instance", "volume")},
    }


def _own(value: Any) -> Any:
    """A list or dict of moto's own, which changes what it is given."""
    if isinstance(value, list | tuple):
        return [_own(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _usual_metadata(image: Any) -> dict[str, Any]:
    """Amazon Linux 2023 wants tokens from whoever asks for metadata."""
    if image is None or not str(image.name).startswith("al2023"):
        return {}
    return {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}


def _mappings(asked: Mapping[str, Any], image: Any) -> list[dict[str, Any]]:
    """The volumes, with the image's root volume, which goes with the instance unless otherwise asked for."""
    if image is None:
        return []
    given = {one["DeviceName"]: one.get("Ebs", {}) for one in asked.get("BlockDeviceMappings", ()) if "Ebs" in one}
    given[image.root_device_name] = {**_USUAL_ROOT, **given.get(image.root_device_name, {})}
    return [{"DeviceName": name, "Ebs": ebs} for name, ebs in given.items()]


def _tags(call: Call, kind: str) -> dict[str, str]:
    specifications = call.parameters.get("TagSpecifications", ())
    return {
        tag["Key"]: tag["Value"] for one in specifications if one["ResourceType"] == kind for tag in one["Tags"]
    }


def _associate(call: Call, instance: Instance) -> None:
    asked = call.parameters.get("IamInstanceProfile")
    found = instances.profile(call, asked) if asked else None
    if found is not None:
        backends.ec2(call).associate_iam_instance_profile(instance.id, iam_instance_profile_name=found.name)


def _settle(call: Call, interface: NetworkInterface) -> None:
    """Give an interface that was made with the instance an address that nobody has, its tags, and the same end."""
    asked = next((one for one in _specified(call) if one.get("DeviceIndex") == interface.device_index), {})
    if "NetworkInterfaceId" in asked:
        return
    interface.delete_on_termination = asked.get("DeleteOnTermination", True)
    interface.add_tags(_tags(call, "network-interface"))
    if "PrivateIpAddress" not in asked and "PrivateIpAddress" not in call.parameters:
        interface.private_ip_address = None
        address = interfaces.free_address(backends.ec2(call), interface.subnet.id)
        interface.private_ip_address = address
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]


def _specified(call: Call) -> list[dict[str, Any]]:
    return list(call.parameters.get("NetworkInterfaces", ()))
