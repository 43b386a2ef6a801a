"""The network interfaces that Lambda leaves behind in a VPC."""

from __future__ import annotations

from botocore.exceptions import ClientError

from steps.aws.context import Look
from steps.aws.errors import Cause, verdict
from steps.aws.listing import describe
from steps.base import Gone, Job, Pending


def free_interfaces(job: Job) -> Gone | Pending:
    """Delete the function's detached interfaces and wait for the others.

    They are told by description and group, not by type: once detached, the type turns from `lambda` to
    `interface`. The group is the function's own, so no other function's interface is among them.
    """
    groups = job.record.request.get("VpcConfig", {}).get("SecurityGroupIds")
    if not groups:
        return Gone()
    filters = {"group-id": groups, "description": ["AWS Lambda VPC ENI*"]}
    left = list(describe(Look(job.aws), "describe_network_interfaces", "NetworkInterfaces", filters))
    for interface in left:
        if interface["Status"] == "available":
            _delete_interface(job, interface["NetworkInterfaceId"])
    ids = ", ".join(interface["NetworkInterfaceId"] for interface in left)
    return Pending(f"Lambda still holds {ids}") if left else Gone()


def _delete_interface(job: Job, interface: str) -> None:
    try:
        job.aws.clients.ec2.delete_network_interface(NetworkInterfaceId=interface)
    except ClientError as error:
        found = verdict(error)
        # OperationNotPermitted: it is Lambda's own again, until it lets go for good.
        if found.cause not in (Cause.GONE, Cause.IN_USE) and found.code != "OperationNotPermitted":
            raise
