"""Databases that instances install by their user data."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.databases import machines
from provisioner.sandbox.registry import Answer, after


def _with_user_data(call: Call) -> bool:
    return bool(call.parameters.get("UserData"))


@after(
    "ec2",
    "RunInstances",
    source="EC2 User Guide: run commands on your Linux instance at launch; how long it takes is an estimate",
    when=_with_user_data,
)
def user_data_installs_mongodb(call: Call, answer: Answer) -> None:
    """User data with `mongod` makes it answer at port 27017, later, if what it fetches can be reached."""
    for instance in answer["Instances"]:
        machines.begin(call.site, instance["InstanceId"])
