"""Volumes and their snapshots."""

from __future__ import annotations

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.registry import Answer, after


@after("ec2", "DescribeVolumes", source="EC2 API Reference: VolumeAttachment")
def attachments_tell_their_end(call: Call, answer: Answer) -> None:
    """Whether a volume goes with its instance is told with the attachment."""
    for volume in answer.get("Volumes", ()):
        for attached in volume.get("Attachments", ()):
            instance = backends.ec2(call).get_instance(attached["InstanceId"])
            device = instance.block_device_mapping.get(attached["Device"])
            attached["DeleteOnTermination"] = bool(device and device.delete_on_termination)


@after("ec2", "DescribeSnapshots", source="EC2 API Reference: DescribeSnapshots")
def owners_are_looked_at(call: Call, answer: Answer) -> None:
    """`self` and account numbers in OwnerIds leave out what others own."""
    asked = {call.account if one == "self" else one for one in call.parameters.get("OwnerIds", ())}
    if asked:
        answer["Snapshots"] = [one for one in answer.get("Snapshots", ()) if one["OwnerId"] in asked]
