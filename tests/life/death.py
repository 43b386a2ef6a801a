"""A run that dies at one of its mutating calls, without the seconds that a process of its own takes to start.

From its death on nothing leaves this process and nothing is written any more: no request is sent, the answers of
those on their way are lost, the state file stays as it is. What dies with a process, its memory, is gone as well,
for the next run begins with the state file. What is left of a SIGKILL to be tried with a process is the lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def at_call(self, action: str, send: Callable[[], Any]) -> Any:
        last = self._is_last(action)
        if last and self.when == "before":
            self.came = True
        self.check()
        answer = send()
        self.came = self.came or last
        self.check()
        return answer

    def _is_last(self, action: str) -> bool:
        with self._guard:
            counts = not self.came and mutates(action) and fnmatchcase(action, self.action)
            self.met += counts
            if not counts or self.met != self.nth:
                return False
            self.at = action
            return True

    def check(self) -> None:
        if self.came:
            raise Died(self.at)


@contextmanager
def dying(nth: int, when: str, action: str = "*") -> Iterator[Death]:
    """What runs inside dies at that call, or gets through where there are fewer; `Death.came` tells which."""
    death = Death(nth, when, action)
    send, save, remove = Endpoint.make_request, Store.save, Store.remove

    def sent(self: Endpoint, operation: Any, request: Any) -> Any:
        return death.at_call(operation.name, lambda: send(self, operation, request))

    def saved(self: Store, state: Any) -> None:
        death.check()
        save(self, state)

    def removed(self: Store) -> None:
        death.check()
        remove(self)

    before = set(threading.enumerate())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "make_request", sent)
        patch.setattr(Store, "save", saved)
        patch.setattr(Store, "remove", removed)
        with suppress(Died):
            yield death
        for thread in set(threading.enumerate()) - before:
            thread.join(_LIMIT)  # its requests are carried out all the same, and then it meets its death
            assert not thread.is_alive(), "a request does not come back"
