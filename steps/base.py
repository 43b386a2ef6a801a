"""What a step is: one AWS resource, one creating call, one id.

Steps never sleep and never loop. `settle` and `delete` look at what AWS said last, do what can be done now, and
say `Pending` when there is something to wait for; they are called again with a fresh look. So a step may be
interrupted and resumed between any two calls, and who waits, how long and how often is decided in one place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from state.record import Record
from steps.aws.context import Aws, Look
from steps.aws.holders.holder import Holder

T = TypeVar("T")

_TAKES = 60.0
_LATELY = 30.0

Piece = str | tuple[str, str]
"""Of a text: a literal, or the step and the output (`id` is its id) to take it from."""


class Until(StrEnum):
    """How far a needed step must be before the needing one may start."""

    EXISTS = "exists"
    """Its id is known: a listener may be made while its load balancer is provisioning."""
    READY = "ready"
    """It is settled: usable, configured, propagated as far as AWS tells."""


@dataclass(frozen=True)
class Need:
    """`holds`: on the way back the needed step stays until this one is gone. A step that only needed a value of
    another, or that it was there when it began to work, lets it go first."""

    step: str
    until: Until = Until.READY
    holds: bool = True


class Retry(StrEnum):
    """What makes it safe to send the creating call again when its answer was lost."""

    TOKEN = "token"
    """AWS knows the token that the record carries and answers with the same resource."""
    KEY = "key"
    """AWS refuses a second resource of this name or key."""
    LOOK = "look"
    """Nothing: look by owner tag until a fresh resource must have become visible, then send again."""


class Change(StrEnum):
    """What happens when the stack file now asks for another creating call than the recorded one."""

    REFUSE = "refuse"
    REMAKE = "remake"
    """Make another one; the kind's `delete` removes all that were made."""


@dataclass(frozen=True)
class Seen:
    """One resource as one read described it. `tags` is None where the read did not tell them."""

    id: str
    raw: Mapping[str, Any]
    tags: Mapping[str, str] | None = None
    key: str | None = None
    going: bool = False
    """It is being deleted: nothing can be done with it, and its name or place is not free yet."""
    spent: bool = False
    """It failed and will never be usable: another can only be made when this one is deleted."""


@dataclass(frozen=True)
class Made:
    """What a creating call gave: the id, and what of the outputs is known from birth."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pending:
    """Not yet; `said` is what AWS last said, in AWS's words where it has any."""

    said: str
    doubt: bool = False
    """A request was sent and its outcome is not known."""
    taken: bool = False
    """AWS says that there is one of this name or place already."""
    call: str = ""
    code: str = ""
    fix: str = ""
    """Of the error that is waited out, in case that it does not pass."""
    briefly: str = ""
    """What is said instead when it is given up, where `fix` repeats much of what was said."""


@dataclass(frozen=True)
class Gone:
    left: bool = False
    """It was never ours: it stays, and is only forgotten."""


class StepFailed(Exception):
    """Waiting longer would not help. `why` is the cause, `fix` what to do next."""

    def __init__(self, why: str, fix: str, call: str = "", code: str = "") -> None:
        self.why, self.fix, self.call, self.code = why, fix, call, code
        super().__init__(why)


@dataclass(frozen=True)
class Job:
    """What a step may see: AWS, its own record, and the records of the steps that it declared to need.

    `needs[name]` of an undeclared step is a KeyError, on purpose.
    """

    aws: Aws
    record: Record
    needs: Mapping[str, Record]
    notes: list[str] = field(default_factory=list)
    """What was found different and set right, for the user."""
    first: bool = False
    """Whether this is the step's first look in this run: a failure that is seen now is an earlier run's."""
    elapsed: float = 0.0
    """Seconds of AWS's time since the step's turn began in this run."""
    memo: dict[str, float] = field(default_factory=dict)
    """What was asked for in this run, and when; see `once`."""
    answers: dict[str, tuple[float, Any]] = field(default_factory=dict)
    """What was read in this run, and when; see `lately`."""

    def once(self, change: str) -> bool:
        """Whether this change is asked for the first time in this run.

        AWS may show the old value for a moment; sending the same again at every look would not help. Raises
        StepFailed when it is still not shown after a minute.
        """
        if change not in self.memo:
            self.memo[change] = self.elapsed
            return True
        if self.elapsed - self.memo[change] > _TAKES:
            raise StepFailed(f"AWS accepted another {change} and does not show it", "look at it, then resume")
        return False

    def lately(self, name: str, read: Callable[[], T]) -> T:
        """The answer of `read`, which is called at most once in half a minute of AWS's time.

        For what only explains a wait: a step that waits is looked at every second at first.
        """
        at, answer = self.answers.get(name, (-_LATELY, None))
        if self.elapsed - at >= _LATELY:
            answer = read()
            self.answers[name] = (self.elapsed, answer)
        found: T = answer
        return found

    def id_of(self, step: str) -> str:
        """The AWS id of a needed step. Raises KeyError where it was not declared."""
        return self.own_id(self.needs[step])

    def output(self, step: str, name: str) -> Any:
        return self.needs[step].outputs[name]

    def joined(self, pieces: Sequence[Piece]) -> str:
        """A text put together of literals and other steps' ids and outputs."""
        return "".join(piece if isinstance(piece, str) else self._told(*piece) for piece in pieces)

    def _told(self, step: str, name: str) -> str:
        return self.id_of(step) if name == "id" else str(self.output(step, name))

    @property
    def id(self) -> str:
        return self.own_id(self.record)

    @staticmethod
    def own_id(record: Record) -> str:
        if record.id is None:
            raise LookupError(f"{record.name} has no id yet")
        return record.id


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One resource of a stack. The fields of a subclass are what the stack file asks of it."""

    kind: ClassVar[str]
    """The key under which destroy finds the class."""
    noun: ClassVar[str]
    """AWS's own name of such a thing, for sentences."""
    family: ClassVar[str]
    """The group under which people are shown it."""
    gives_way: ClassVar[str] = "give this stack another name (--name)"
    """What to do where somebody else's is in its place."""
    retry: ClassVar[Retry] = Retry.LOOK
    change: ClassVar[Change] = Change.REFUSE
    mutable: ClassVar[frozenset[str]] = frozenset()
    """Parameters of the creating call that `settle` brings up to date in place."""
    typical: ClassVar[float] = 1.0
    """Seconds until ready, usually (`docs/sandbox.md` has the sources): the longest chain is started first."""
    patience: ClassVar[float] = 300.0
    """Seconds after which waiting to be ready is given up."""
    typical_delete: ClassVar[float] = 1.0
    patience_delete: ClassVar[float] = 1200.0
    stage: ClassVar[int] = 0
    """Destroy begins a stage when the ones before are over. Others go on using logs (1) and roles (2) in the
    background for a while after they are gone.
    """

    name: str
    """Unique in the stack; also the value of the owner tag `provisioner:step`."""
    needs: tuple[Need, ...] = ()

    def key(self, ids: Mapping[str, str]) -> str | None:
        """The natural key, as far as the ids of needed steps known so far allow to tell it."""
        return None

    @property
    def known_id(self) -> str | None:
        """The id, where it is known before anything is looked for: of what the user has given."""
        return None

    @property
    def missing(self) -> StepFailed | None:
        """What to say where there is none and none can be made; None: it can be made."""
        return None

    @abstractmethod
    def request(self, job: Job) -> dict[str, Any]:
        """The parameters of the creating call, without tags, token and binary content. Pure; JSON."""

    @classmethod
    @abstractmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Everything that may be one of these records, in as few reads as AWS allows."""

    @abstractmethod
    def create(self, job: Job) -> str | Made:
        """Exactly one mutating call, tagged at birth, made of `job.record.request`; returns the id."""

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        """The outputs that `create` would have given, from a sighting of what an earlier run made."""
        return {}

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        """Bring settings up to date and tell whether it is usable. Safe to call any number of times.

        `seen` is None right after `create`, before the first look: a step that needs one says `Pending`.
        """
        return Ready()

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        """Who keeps it from being deleted, as far as AWS can be asked; AWS itself names nobody."""
        return ()

    @classmethod
    def stranger(cls, seen: Seen) -> str | None:
        """What to say of a sighting inside our own resources that is none of the stack's; None: nothing."""
        return None

    @classmethod
    def objection(cls, job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
        """Why destroy must not even begin: a protection that somebody switched on, or others' things that would go
        with it or keep it. `ours` are the ids of all that the stack recorded."""
        return None

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Delete, and tell whether it is really gone. `seen` None: it is in no listing any more.

        This is for kinds that are gone when the deleting call has succeeded; the others have a `delete` of theirs.
        """
        if seen is not None:
            cls.remove(job, seen)
        return Gone()

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        """The deleting call."""
        raise NotImplementedError(f"{cls.__name__} has neither remove nor delete")
