"""What AWS refuses to launch."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.exceptions import InvalidAMIIdError, MalformedAMIIdError

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before
from provisioner.sandbox.vpc import instances, interfaces

_ERRORS = "EC2 API Reference: error codes"
_MISMATCH = (
    "The architecture '{}' of the specified instance type does not match the architecture '{}' of the specified "
    "AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use "
    "'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI."
)
_NOT_THERE = (
    "Your requested instance type ({}) is not supported in your requested Availability Zone ({}). Please retry "
    "your request by not specifying an Availability Zone or choosing {}."
)
_METADATA: Mapping[str, tuple[Any, ...]] = {
    "HttpTokens": ("optional", "required"),
    "HttpEndpoint": ("disabled", "enabled"),
    "HttpProtocolIpv6": ("disabled", "enabled"),
    "InstanceMetadataTags": ("disabled", "enabled"),
    "HttpPutResponseHopLimit": tuple(range(1, 65)),
}


@before("ec2", "RunInstances", source=_ERRORS)
def image_must_exist(call: Call) -> None:
    """InvalidAMIID.NotFound for an unknown image, InvalidAMIID.Malformed for what is no image id."""
    name = call.parameters.get("ImageId")
    if name and not name.startswith(("ami-", "resolve:ssm:")):
        raise MalformedAMIIdError([name])
    if name and instances.image(call, name) is None:
        raise InvalidAMIIdError(name)


@before("ec2", "RunInstances", source="from memory")
def type_must_exist(call: Call) -> None:
    """InvalidParameterValue for an unknown instance type."""
    kind = call.parameters.get("InstanceType")
    if kind and not instances.architectures(kind):
        raise Refusal("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")


@before("ec2", "RunInstances", source="skypilot-org/skypilot#6315")
def architectures_must_match(call: Call) -> None:
    """InvalidParameterValue for an image that the instance type cannot run."""
    kind, image = call.parameters.get("InstanceType"), instances.image(call, call.parameters.get("ImageId", ""))
    if kind and image and image.architecture not in instances.architectures(kind):
        message = _MISMATCH.format(instances.architectures(kind)[0], image.architecture)
        raise Refusal("InvalidParameterValue", message)


@before("ec2", "RunInstances", source="SUSE-Enceladus/ec2imgutils#103")
def zone_must_have_the_type(call: Call) -> None:
    """Unsupported for an instance type that the zone does not have."""
    kind = call.parameters.get("InstanceType")
    offered = instances.zones(call.region, kind) if kind else frozenset()
    for zone in _zones(call) if offered else ():
        if zone not in offered:
            raise Refusal("Unsupported", _NOT_THERE.format(kind, zone, ", ".join(sorted(offered))))


@before("ec2", "RunInstances", source="EC2 API Reference: InstanceMetadataOptionsRequest")
def metadata_options_must_be_valid(call: Call) -> None:
    """InvalidParameterValue for an unknown value of a metadata option, or a hop limit that is not 1 to 64."""
    for name, value in call.parameters.get("MetadataOptions", {}).items():
        if name in _METADATA and value not in _METADATA[name]:
            message = f"Value ({value}) for parameter MetadataOptions.{name} is invalid."
            raise Refusal("InvalidParameterValue", message)


@before("ec2", "RunInstances", source=_ERRORS)
def network_is_told_once(call: Call) -> None:
    """InvalidParameterCombination for network interfaces together with a subnet or groups of the instance."""
    if not call.parameters.get("NetworkInterfaces"):
        return
    for name, noun in (("SubnetId", "subnet ID"), ("SecurityGroupIds", "security groups")):
        if call.parameters.get(name):
            message = f"Network interfaces and an instance-level {noun} may not be specified on the same request"
            raise Refusal("InvalidParameterCombination", message)


@before("ec2", "RunInstances", source=_ERRORS)
def groups_must_be_of_the_network(call: Call) -> None:
    """InvalidParameter for a group of another VPC than the subnet."""
    subnet, ec2 = call.parameters.get("SubnetId", ""), backends.ec2(call)
    for name in call.parameters.get("SecurityGroupIds", ()) if subnet else ():
        group = ec2.get_security_group_from_id(name)
        if group is not None and group.vpc_id != ec2.get_subnet(subnet).vpc_id:
            message = f"Security group {name} and subnet {subnet} belong to different networks."
            raise Refusal("InvalidParameter", message)


@before("ec2", "RunInstances", source=_ERRORS)
def address_must_be_free(call: Call) -> None:
    """InvalidParameterValue for an address outside of the subnet, InvalidIPAddress.InUse for one in use."""
    address, name = call.parameters.get("PrivateIpAddress"), call.parameters.get("SubnetId")
    if not address or not name:
        return
    ec2 = backends.ec2(call)
    if ipaddress.ip_address(address) not in ipaddress.ip_network(ec2.get_subnet(name).cidr_block):
        message = f"Address {address} does not fall within the subnet's address range"
        raise Refusal("InvalidParameterValue", message)
    if any(one.private_ip_address == address for one in interfaces.in_subnet(ec2, name)):
        raise Refusal("InvalidIPAddress.InUse", f"Address {address} is in use.")


@before("ec2", "RunInstances", source=_ERRORS)
def key_pair_must_exist(call: Call) -> None:
    """InvalidKeyPair.NotFound for an unknown key pair."""
    name = call.parameters.get("KeyName")
    if name and name not in backends.ec2(call).key_pairs:
        raise Refusal("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")


@before("ec2", "DescribeImages", source="EC2 User Guide: public AMIs")
def public_images_are_there(call: Call) -> None:
    """Amazon's images are there for everybody."""
    asked = call.parameters.get("ImageIds", ())
    for name in asked:
        instances.image(call, name)
    if not asked:
        instances.all_images(call)


def _zones(call: Call) -> Iterator[str]:
    """Those that the call names, by itself or by its subnets."""
    asked = call.parameters
    if zone := asked.get("Placement", {}).get("AvailabilityZone"):
        yield zone
    ec2 = backends.ec2(call)
    for one in (asked, *asked.get("NetworkInterfaces", ())):
        if "SubnetId" in one:
            yield str(ec2.get_subnet(one["SubnetId"]).availability_zone)
