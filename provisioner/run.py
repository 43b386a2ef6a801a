"""What provision and destroy share: what a run is made with, looking, and telling."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from provisioner.events import Listener, Member, Notice, Outcome, Progress, Started, StepEvent
from provisioner.pace import Pace
from provisioner.schedule import Node, Schedule
from provisioner.stop import Stop
from state.ledger import Ledger
from state.record import Operation, Record, age
from steps import lifecycle
from steps.aws.context import Aws, Look
from steps.base import Job, Pending, Seen, Step, StepFailed

_LOOK_AND_RESUME = "look at what it waits for, then resume: the waiting goes on from there"
_ROUNDS = 4
"""How often all is looked at again when AWS could not be asked; botocore has repeated each read before."""


class Refused(Exception):
    """Going on would not be safe; nothing was changed."""


class UnknownKind(Refused):
    """The state file names a kind of resource that this version does not know."""


@dataclass(frozen=True)
class Setting:
    """What a run is made with: all of it arguments, so that tests give their own."""

    aws: Aws
    ledger: Ledger
    listener: Listener
    pace: Pace
    stop: Stop
    parallel: int
    kinds: Mapping[str, type[Step]]


class Run:
    """One operation on one stack. `sights` holds what the last look said of each step."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.ledger = setting.ledger
        self.sights: dict[str, Seen | None] = {}
        self.stuck: dict[str, Pending] = {}
        """What each step last waited for."""
        self.memos: dict[str, dict[str, float]] = {}
        self.answers: dict[str, dict[str, tuple[float, Any]]] = {}
        self._began: dict[str, float] = {}

    def cls(self, record: Record) -> type[Step]:
        try:
            return self.setting.kinds[record.kind]
        except KeyError:
            raise UnknownKind(
                f"the state file holds a '{record.kind}' ({record.name}), which this version does not know. "
                f"Fix: use the version that made it ({self.ledger.state.tool})."
            ) from None

    def job(self, record: Record, notes: list[str] | None = None, *, first: bool = False) -> Job:
        """A step sees its own record and those that it declared."""
        needs = {name: self.ledger.records[name] for name in record.needs if name in self.ledger.records}
        began = self._began.get(record.name, time.monotonic())
        elapsed = (time.monotonic() - began) * self.setting.pace.scale
        memo = self.memos.setdefault(record.name, {})
        answers = self.answers.setdefault(record.name, {})
        return Job(self.setting.aws, record, needs, [] if notes is None else notes, first, elapsed, memo, answers)

    def look_at_all(self, records: Sequence[Record]) -> None:
        """Look at everything, patiently: nothing has been done yet that a failure could leave half done."""
        for left in reversed(range(_ROUNDS)):
            try:
                return self._survey_all(records)
            except lifecycle.Unanswered:
                if not left:
                    raise
        return None

    def _survey_all(self, records: Sequence[Record]) -> None:
        """One survey a kind, all kinds at once; strangers inside our own resources are told."""
        look = Look(self.setting.aws)
        groups: dict[type[Step], list[Record]] = {}
        for record in records:
            groups.setdefault(self.cls(record), []).append(record)
        with ThreadPoolExecutor(max_workers=min(8, max(1, len(groups)))) as pool:
            surveys = [pool.submit(lifecycle.survey, cls, look, group) for cls, group in groups.items()]
            foreign = [error for one in surveys if isinstance(error := one.exception(), lifecycle.Foreign)]
            if foreign:
                raise lifecycle.Foreign.all(foreign)
            for (cls, group), survey in zip(groups.items(), surveys, strict=True):
                found, rest = survey.result()
                self.sights.update({record.name: found.get(record.name) for record in group})
                self._tell_strangers(cls, rest)

    def look(self, kind: str, lanes: Sequence[str]) -> str | None:
        """A fresh look at some of one kind: the polls of all that wait are one read.

        Returns what is in the way where AWS cannot be asked now: then what was seen before must not be acted on.
        """
        records = [self.ledger.records[name] for name in lanes if name in self.ledger.records]
        try:
            found, _ = lifecycle.survey(self.setting.kinds[kind], Look(self.setting.aws), records)
        except lifecycle.Unanswered as error:
            return f"AWS cannot be asked: {error.why}"
        self.sights.update({name: found.get(name) for name in lanes})
        return None

    def _tell_strangers(self, cls: type[Step], rest: Iterable[Seen]) -> None:
        ours = {record.id for record in self.ledger.records.values()}
        told = tuple(text for seen in rest if seen.id not in ours and (text := cls.stranger(seen)))
        if told:
            self.setting.listener.tell(
                Notice(f"{cls.noun}s that this stack did not make were found and left alone", details=told)
            )

    def wait(self, record: Record, pending: Pending) -> str:
        self.stuck[record.name] = pending
        self.tell(record, Progress.WAITING, pending.said)
        return pending.said

    def begin(self, name: str) -> None:
        """The step's turn has come."""
        self._began.setdefault(name, time.monotonic())

    def tell(self, record: Record, progress: Progress, said: str = "", outcome: Outcome = Outcome.NONE) -> None:
        cls = self.cls(record)
        began = self._began.setdefault(record.name, time.monotonic())
        self.setting.listener.tell(
            StepEvent(
                record.name,
                cls.noun,
                cls.family,
                progress,
                said,
                record.id,
                outcome,
                time.monotonic() - began,
                record.needs,
            )
        )

    def doubt(self, record: Record) -> float:
        """Real seconds for which something so young may be there though no look shows it; 0 or less: none."""
        moment = record.created_at or record.intended_at
        window = self.setting.pace.consistency
        return min(window, window - age(moment)) if moment else 0.0  # a clock may have been ahead

    def node(
        self,
        name: str,
        record: Record,
        after: Iterable[str],
        rank: tuple[float, ...],
        work: Callable[[str], str | None],
        patience: float,
    ) -> Node:
        def give_up(said: str, waited: float) -> Exception:
            last = self.stuck.get(record.name, Pending(said))
            why = f"gave up after {waited:.0f} s; the last word was: {last.briefly or said}"
            return StepFailed(why, last.fix or _LOOK_AND_RESUME, last.call, last.code)

        def run() -> str | None:
            self.begin(record.name)
            try:
                return work(record.name)
            except Exception as error:
                self.tell(record, Progress.FAILED, str(error))
                raise

        return Node(name, record.name, record.kind, frozenset(after), rank, run, patience, give_up)

    def schedule(self, nodes: Iterable[Node]) -> None:
        setting = self.setting
        Schedule(
            nodes,
            self.look,
            pace=setting.pace,
            stop=setting.stop,
            parallel=setting.parallel,
            tick=setting.listener.tick,
        ).run()

    def start(self, operation: Operation, records: Sequence[Record], expected: float) -> None:
        members = tuple(
            Member(record.name, self.cls(record).noun, self.cls(record).family, record.needs) for record in records
        )
        seconds = self.setting.pace.real(expected)
        self.setting.listener.tell(Started(self.ledger.state.stack, operation, members, seconds))
