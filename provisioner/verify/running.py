"""Checks expectations, several at a time, and tells what was found in their order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.reach import Unfit, UnknownEnd
from provisioner.verify.expectation import Expectation, Finding, Result, failed, unknown
from provisioner.verify.scene import Absent
from steps.aws.errors import verdict
from steps.aws.remedies import next_move

_AT_ONCE = 24

Promised = tuple[Expectation, "Future[Result]"]
Lane = list[Promised]


def results(expectations: Sequence[Expectation], resume: str) -> Iterator[Result]:
    """Each as soon as it and all before it are known. Those that take longest begin first.

    `resume` is the command that makes what is missing.
    """
    promised: list[Promised] = [(one, Future()) for one in expectations]
    waiting: SimpleQueue[Lane] = SimpleQueue()
    for lane in sorted(_lanes(promised), key=lambda lane: -sum(one.expected for one, _ in lane)):
        waiting.put(lane)
    for _ in range(min(_AT_ONCE, waiting.qsize())):
        # Whoever presses ctrl-C does not wait for functions that wait in vain.
        Thread(target=_work, args=(waiting, resume), daemon=True).start()
    for _, future in promised:
        yield future.result()


def _work(waiting: SimpleQueue[Lane], resume: str) -> None:
    with suppress(Empty):
        while True:
            _walk(waiting.get_nowait(), resume)


def _lanes(promised: Sequence[Promised]) -> list[Lane]:
    found: dict[object, Lane] = {}
    for place, one in enumerate(promised):
        found.setdefault(one[0].lane or place, []).append(one)
    return list(found.values())


def _walk(lane: Lane, resume: str) -> None:
    for expectation, future in lane:
        try:
            future.set_result(_checked(expectation, resume))
        except BaseException as error:  # told to whoever waits for it
            future.set_exception(error)


def _checked(expectation: Expectation, resume: str) -> Result:
    began = time.monotonic()
    finding = _found(expectation, resume)
    return Result(expectation, finding, time.monotonic() - began)


def _found(expectation: Expectation, resume: str) -> Finding:
    """What AWS refuses to tell cannot be told; what is not there fails."""
    try:
        return expectation.check()
    except Absent as error:
        return failed(str(error), resume)
    except (UnknownEnd, Unfit) as error:
        why, _, fix = str(error).partition(" Fix: ")
        return failed(why, fix)
    except (ClientError, BotoCoreError) as error:
        told = verdict(error)
        return unknown(f"{told.call}: {told}" if told.call else str(told), _move(next_move(told)))


def _move(fix: str) -> str:
    """Without what is said to whoever provisions."""
    return fix.partition(", then resume")[0].partition("; resume")[0]
