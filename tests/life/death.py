"""A run that dies at one of its mutating calls, without the seconds that a process of its own takes to start.

From its death on nothing leaves this process and nothing is written any more: no request is sent, the answers of
those on their way are lost, the state file stays as it is. What dies with a process, its memory, is gone as well,
for the next run begins with the state file. What is left of a SIGKILL to be tried with a process is the lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.endpoint import Endpoint

from provisioner.sandbox.call import mutates
from state.store import Store

WHENS = ("before", "after")
_LIMIT = 20.0


class Died(BaseException):
    """No handler of errors must catch it: a killed process handles nothing."""


@dataclass
class Death:
    """At the `nth` mutating call of an `action` (a glob): `before` it is sent or `after` it was carried out."""

    nth: int
    when: str
    action: str = "*"
    met: int = 0
    came: bool = False
    at: str = ""
    """The action at which it came."""
    _flying: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def at_call(self, action: str, send: Callable[[], Any]) -> Any:
        last = self._is_last(action)
        if last and self.when == "before":
            self.came = True
        with self.on_its_way():
            answer = send()
        self.came = self.came or last
        self.check()
        return answer

    @contextmanager
    def on_its_way(self) -> Iterator[None]:
        """Something that begins only in life, and goes on to its end."""
        self.check()
        self._fly(1)
        try:
            yield
        finally:
            self._fly(-1)

    def _is_last(self, action: str) -> bool:
        with self._guard:
            counts = not self.came and mutates(action) and fnmatchcase(action, self.action)
            self.met += counts
            if not counts or self.met != self.nth:
                return False
            self.at = action
            return True

    def _fly(self, change: int) -> None:
        with self._guard:
            self._flying += change

    def check(self) -> None:
        if self.came:
            raise Died(self.at)

    def over(self) -> None:
        """Wait for what was on its way: the sandbox carries requests out all the same."""
        end = time.monotonic() + _LIMIT
        while self._flying:
            assert time.monotonic() < end, "a request does not come back"
            time.sleep(0.005)


@contextmanager
def dying(nth: int, when: str, action: str = "*") -> Iterator[Death]:
    """What runs inside dies at that call, or gets through where there are fewer; `Death.came` tells which."""
    death = Death(nth, when, action)
    send, save, remove = Endpoint.make_request, Store.save, Store.remove

    def sent(self: Endpoint, operation: Any, request: Any) -> Any:
        return death.at_call(operation.name, lambda: send(self, operation, request))

    def saved(self: Store, state: Any) -> None:
        with death.on_its_way():
            save(self, state)

    def removed(self: Store) -> None:
        with death.on_its_way():
            remove(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "make_request", sent)
        patch.setattr(Store, "save", saved)
        patch.setattr(Store, "remove", removed)
        try:
            yield death
        except Died:
            death.over()
