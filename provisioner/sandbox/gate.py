"""The one place that every AWS request passes: noted, struck by faults, judged by rules, executed by moto."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.responses import BaseResponse

from provisioner.sandbox import connection, throttles, wire
from provisioner.sandbox.call import Call
from provisioner.sandbox.calls import Entry
from provisioner.sandbox.faults import Fault
from provisioner.sandbox.refusal import BareStatus, Dropped, Refusal
from provisioner.sandbox.registry import Unlocked, rule_instead, rules_after, rules_before
from provisioner.sandbox.wire import Reply
from provisioner.sandbox.world import World

_log = logging.getLogger(__name__)

Execute = Callable[[BaseResponse], Any]
MISSING = "NotImplementedByEmulator"
BROKEN = "EmulatorError"


def install(world: World) -> Callable[[], None]:
    """Have moto send every request of every service (except S3's, which go another way) through the gate.

    What is returned undoes it.
    """
    execute = BaseResponse.call_action
    gate = Gate(world, execute)

    def call_action(response: BaseResponse) -> Any:
        return gate.pass_through(response)

    def remove() -> None:
        BaseResponse.call_action = execute  # type: ignore[method-assign]

    BaseResponse.call_action = call_action  # type: ignore[method-assign,assignment]
    return remove


class Gate:
    def __init__(self, world: World, execute: Execute) -> None:
        self._world = world
        self._execute = execute

    def pass_through(self, response: BaseResponse) -> Reply:
        """Answer one request."""
        call = wire.read(response, self._world)
        if call is None:
            return cast("Reply", self._execute(response))
        peer = connection.current.get()
        entry = self._world.calls.open(call, peer.client if peer else "")
        try:
            reply = self._struck(call, entry, response)
        except Dropped:
            entry.error = "dropped"
            raise
        entry.status, entry.error = reply[0], wire.error_code(response, reply)
        return reply

    def _struck(self, call: Call, entry: Entry, response: BaseResponse) -> Reply:
        """Execute the call unless a fault prevents it, and answer unless a fault prevents that."""
        fault = self._world.faults.claim(entry)
        asked = self._world.id
        try:
            self._apply(_BEFORE, fault, entry)
            reply = self._judged(call, asked, response)
            self._apply(_AFTER, fault, entry)
        except Refusal as refusal:
            return wire.refuse(response, refusal)
        except BareStatus as bare:
            return bare.status, {"Content-Type": "text/plain"}, ""
        return reply

    def _apply(self, effects: dict[str, Effect], fault: Fault | None, entry: Entry) -> None:
        if fault is not None and fault.do in effects:
            effects[fault.do](self._world, fault, entry)

    def _judged(self, call: Call, asked: str, response: BaseResponse) -> Reply:
        """Execute, with the rules before and after, all under the lock but for what says that it takes long."""
        try:
            with self._world.lock:
                if self._world.id != asked:
                    raise Dropped  # it was sent to the sandbox that a reset has ended
                self._world.clock.catch_up()
                given = self._ruled(call, response)
            return wire.answer(response, given.work()) if isinstance(given, Unlocked) else given
        except Refusal as refusal:
            return wire.refuse(response, refusal)
        except ServiceException as error:  # from one of moto's models, called by a rule
            return wire.refuse(response, Refusal(error.code, error.message))
        except JsonRESTError as error:  # the same, of its older kind
            return wire.refuse(response, Refusal(error.relative_error_type, error.message, error.code or 400))
        except NotImplementedError as error:
            return wire.refuse(response, Refusal(MISSING, f"{call.service}:{call.action}: {error}"))
        except Dropped:
            raise
        except Exception as error:
            _log.exception("%s:%s failed in the emulator", call.service, call.action)
            return wire.refuse(response, Refusal(BROKEN, f"{type(error).__name__}: {error}"))

    def _ruled(self, call: Call, response: BaseResponse) -> Reply | Unlocked:
        for rule in rules_before(call.service, call.action):
            if (answer := rule(call)) is not None:
                return wire.answer(response, answer)
        replacement = rule_instead(call.service, call.action)
        if replacement is None:
            reply = cast("Reply", self._execute(response))
        elif isinstance(given := replacement(call), Unlocked):
            return given
        else:
            reply = wire.answer(response, given)
        rules = [rule for when, rule in rules_after(call.service, call.action) if when is None or when(call)]
        if not rules or reply[0] >= 300:
            return reply
        answer = wire.parse(response, reply)
        for after in rules:
            after(call, answer)
        return wire.changed(response, answer)


Effect = Callable[[World, Fault, Entry], None]


def _hold(world: World, fault: Fault, entry: Entry) -> None:
    world.holds.wait(fault.do, entry, connection.current.get(), fault.seconds)


def _drop(world: World, fault: Fault, entry: Entry) -> None:
    raise Dropped


def _refuse(world: World, fault: Fault, entry: Entry) -> None:
    raise Refusal(fault.code, fault.message, fault.status)


def _throttle(world: World, fault: Fault, entry: Entry) -> None:
    raise throttles.refusal(entry.service)


def _bare(world: World, fault: Fault, entry: Entry) -> None:
    raise BareStatus(fault.status)


_BEFORE: dict[str, Effect] = {
    "hold-before": _hold,
    "drop-before": _drop,
    "error": _refuse,
    "status": _bare,
    "throttle": _throttle,
}
_AFTER: dict[str, Effect] = {"hold-after": _hold, "drop-after": _drop, "error-after": _refuse}
