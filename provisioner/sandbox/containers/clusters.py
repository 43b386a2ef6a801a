"""ECS clusters by name."""

from __future__ import annotations

from moto.ecs.models import Cluster

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal

FARGATE = ("FARGATE", "FARGATE_SPOT")


def name(call: Call) -> str:
    """The name of the cluster that the call is about, which it may give by ARN or leave out."""
    return str(call.parameters.get("cluster") or "default").rpartition("/")[2]


def active(call: Call) -> Cluster:
    """The cluster that the call is about. Raises Refusal if there is none that lives."""
    found = backends.ecs(call).clusters.get(name(call))
    if found is None or found.status != "ACTIVE":
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    return found


def known(call: Call) -> Cluster:
    """The same, but an INACTIVE one will do: reads go on after the end."""
    found = backends.ecs(call).clusters.get(name(call))
    if found is None:
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    return found
