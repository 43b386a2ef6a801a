"""Container Insights, which writes what it measures into a log group that nobody asked for."""

from __future__ import annotations

import json

from provisioner.sandbox import backends, log_streams
from provisioner.sandbox.call import Site

_FLUSH = 60.0
"""Seconds of AWS's until something measured is written: the group may come again after it was deleted."""
_ON = ("enabled", "enhanced")


def measure(site: Site, cluster: str, task: str, status: str) -> None:
    """Have a change of a task's state written into the cluster's log group, in a while."""
    found = backends.ecs(site).clusters.get(cluster)
    settings = {item["name"]: item["value"] for item in (found.settings or ())} if found else {}
    if settings.get("containerInsights") in _ON:
        line = json.dumps({"Type": "Task", "ClusterName": cluster, "TaskId": task, "TaskStatus": status})
        site.after(_FLUSH, lambda: _write(site, cluster, line))


def _write(site: Site, cluster: str, line: str) -> None:
    group = f"/aws/ecs/containerinsights/{cluster}/performance"
    log_streams.append(site, group, "FargateTelemetry-1", [line], create=True)
