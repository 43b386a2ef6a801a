"""Log lines that AWS's services write: Lambda's and the containers' of ECS."""

from __future__ import annotations

import time
from collections.abc import Iterable

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site


def append(site: Site, group: str, stream: str, lines: Iterable[str], *, create: bool = False) -> bool:
    """Write one event a line; whether they could be written.

    The stream is made if it is missing, the group only with `create`: Lambda makes its group itself if its role
    may, ECS only if it is told to. A group that is missing swallows the lines.
    """
    logs = backends.logs(site)
    if group not in logs.groups and not create:
        return False
    logs.ensure_log_group(group)
    logs.ensure_log_stream(group, stream)
    if events := [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]:
        logs.groups[group].put_log_events(stream, events)
    return True
