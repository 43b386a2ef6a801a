"""How EC2 lists instances, and what of one it tells only when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steps.aws import owner
from steps.aws.context import Look
from steps.aws.listing import Listing, describe
from steps.base import Gone, Job, Pending, Seen, StepFailed


@dataclass(frozen=True)
class Machines(Listing):
    """DescribeInstances packs instances into reservations, and their state into a structure: here it is a word."""

    def _sightings(self, look: Look, name: str, values: Sequence[str]) -> list[Seen]:
        found = (self._seen(raw) for raw in _described(look, name, values))
        return [seen for seen in found if seen.raw["State"] not in self.over]


def _described(look: Look, name: str, values: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for reservation in describe(look, "describe_instances", "Reservations", {name: values}):
        for raw in reservation["Instances"]:
            yield {**raw, "State": raw["State"]["Name"]}


def unlisted(job: Job) -> Pending:
    """What to say of one that is not among the living: too young, or ended.

    Raises StepFailed for one that has ended, with AWS's reason: it may have been accepted and found no room.
    """
    for raw in _described(Look(job.aws), "instance-id", [job.id]):
        if raw["State"] == "terminated":
            reason = raw.get("StateReason", {})
            code = reason.get("Code", "terminated")
            why = f"instance {job.id} was terminated: {code}: {reason.get('Message', 'no reason given')}"
            raise StepFailed(why, "remove the cause and resume: another is made", "RunInstances", code)
    return Pending("pending")


def impaired(job: Job) -> str:
    """Which of the status checks fail. They are `initializing` for minutes at first, which is no failure."""
    answer = job.aws.clients.ec2.describe_instance_status(InstanceIds=[job.id])
    for status in answer["InstanceStatuses"]:
        checks = {"system": status["SystemStatus"]["Status"], "instance": status["InstanceStatus"]["Status"]}
        bad = [name for name, value in checks.items() if value == "impaired"]
        if bad:
            return f"running, but its {' and '.join(bad)} status check fails"
    return ""


def outliving(seen: Seen) -> str:
    """The root volume, if it is not to go with its instance. Other volumes are whose who attached them."""
    for mapping in seen.raw.get("BlockDeviceMappings", ()):
        volume = mapping.get("Ebs", {})
        if mapping["DeviceName"] == seen.raw.get("RootDeviceName") and not volume.get("DeleteOnTermination", True):
            return str(volume["VolumeId"])
    return ""


def remains(job: Job) -> Gone | Pending:
    """What came with the instance must go with it. An interface that stays is deleted, for it holds no data.

    Raises StepFailed for a volume that stays: somebody switched DeleteOnTermination off, so that the data be kept,
    and that is not ours to overrule.
    """
    mine = {f"tag:{owner.STACK_ID}": [job.aws.owner.stack_id], f"tag:{owner.STEP}": [job.record.name]}
    look = Look(job.aws)
    for raw in describe(look, "describe_network_interfaces", "NetworkInterfaces", mine):
        if raw["Status"] == "available":
            job.aws.clients.ec2.delete_network_interface(NetworkInterfaceId=raw["NetworkInterfaceId"])
        return Pending(f"its interface {raw['NetworkInterfaceId']} is {raw['Status']}")
    for raw in describe(look, "describe_volumes", "Volumes", mine):
        if raw["State"] == "available":
            raise _kept(raw["VolumeId"])
        return Pending(f"its volume {raw['VolumeId']} is {raw['State']}")
    return Gone()


def _kept(volume: str) -> StepFailed:
    return StepFailed(
        f"the volume {volume} outlived its instance: DeleteOnTermination had been switched off by hand",
        f"`aws ec2 delete-volume --volume-id {volume}`, or take the tag {owner.STEP} off it; then resume",
    )
