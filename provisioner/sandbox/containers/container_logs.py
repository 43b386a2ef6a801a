"""The log driver `awslogs`: where a container's lines go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox import backends, log_streams
from provisioner.sandbox.call import Site

DRIVER = "awslogs"


@dataclass(frozen=True)
class Log:
    """The log of one container in one task."""

    region: str
    group: str
    stream: str
    creates_group: bool

    @classmethod
    def of(cls, container: Mapping[str, Any], task: str) -> Log | None:
        """None if the container writes to no log group."""
        told = container.get("logConfiguration", {})
        options = told.get("options", {})
        if told.get("logDriver") != DRIVER:
            return None
        stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task}"
        creates = options.get("awslogs-create-group") == "true"
        return cls(options["awslogs-region"], options["awslogs-group"], stream, creates)

    @property
    def host(self) -> str:
        return f"logs.{self.region}.amazonaws.com"

    def arn(self, account: str) -> str:
        """The group's; streams continue it."""
        return f"arn:aws:logs:{self.region}:{account}:log-group:{self.group}"

    def exists(self, site: Site) -> bool:
        return self.group in backends.logs(self._home(site)).groups

    def write(self, site: Site, line: str) -> None:
        log_streams.append(self._home(site), self.group, self.stream, [line], create=self.creates_group)

    def _home(self, site: Site) -> Site:
        return Site(site.account, self.region, site.world)
