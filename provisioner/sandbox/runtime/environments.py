"""Which execution environments there are: idle ones wait for the next invocation of the same configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provisioner.sandbox.runtime.code import Shelf, discard
from provisioner.sandbox.runtime.environment import Process
from provisioner.sandbox.world import World

_KEPT = 4
"""How many idle ones are kept; Lambda keeps them for some minutes."""


@dataclass(eq=False)
class Environment:
    """One, its log stream, and what frees what it holds; `configuration` is all that it was made of."""

    function: str
    configuration: str
    stream: str
    token: str
    shelf: Shelf
    variables: dict[str, str]
    release: Callable[[], None]
    process: Process | None = None
    folder: Path | None = None

    def end(self) -> None:
        if self.process:
            self.process.end()
        if self.folder:
            discard(self.folder)


class Environments:
    """All of a sandbox. Used under the world's lock."""

    def __init__(self) -> None:
        self._shelf: Shelf | None = None
        self._idle: list[Environment] = []
        self._busy: set[Environment] = set()

    def shelf(self, world: World) -> Shelf:
        """Where code is unpacked, until the sandbox ends or is reset."""
        if self._shelf is None:
            self._shelf = Shelf(world.home)
            world.at_end(self.close)
        return self._shelf

    def take(self, function: str, configuration: str) -> Environment | None:
        """An idle one of just this configuration; those of an older one end."""
        self.drop(function, but=configuration)
        for environment in self._idle:
            if environment.configuration == configuration:
                self._idle.remove(environment)
                self._busy.add(environment)
                return environment
        return None

    def add(self, environment: Environment) -> None:
        """A new one, which is about to run something."""
        self._busy.add(environment)

    def done(self, environment: Environment) -> None:
        """It waits for the next invocation, or is over with its process."""
        self._busy.discard(environment)
        if environment.process and environment.process.alive:
            self._idle.append(environment)
        else:
            _over(environment)
        while len(self._idle) > _KEPT:
            _over(self._idle.pop(0))

    def drop(self, function: str, but: str = "") -> None:
        """End the idle ones of a function that has changed or gone."""
        for environment in list(self._idle):
            if environment.function == function and environment.configuration != but:
                self._idle.remove(environment)
                _over(environment)

    def close(self) -> None:
        """End all; those that run something lose their process, and their invocations end with it."""
        for environment in self._busy:
            if environment.process:
                environment.process.kill()
        for environment in self._idle:
            environment.end()
        self._idle.clear()
        if self._shelf:
            self._shelf.remove()


def _over(environment: Environment) -> None:
    environment.end()
    environment.release()
