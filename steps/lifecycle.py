"""The verbs of a step with AWS's errors sorted: what time will mend is `Pending`, the rest is `StepFailed`."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from state.record import Record
from steps.aws.context import Look
from steps.aws.errors import Cause, Verdict, verdict
from steps.aws.holders.holder import Holder, advice, listed
from steps.aws.owner import STACK_ID
from steps.aws.remedies import next_move
from steps.base import Gone, Job, Made, Pending, Ready, Seen, Step, StepFailed

_PASSES = frozenset({Cause.THROTTLED, Cause.NOT_YET, Cause.UNKNOWN_OUTCOME, Cause.IN_USE, Cause.GONE})
"""Causes that go away: `GONE` because a step names only what was just seen or made, so it is not visible yet."""
_AWS_ERRORS = (ClientError, BotoCoreError)


class Unanswered(StepFailed):
    """A read was throttled or not answered, however often botocore repeated it."""


class Foreign(Exception):
    """Resources in the places of ours that are not ours. Nothing may be done to them.

    `texts` says what they are, `ways` how to give way to them.
    """

    def __init__(self, texts: Sequence[str], ways: Sequence[str]) -> None:
        self.texts, self.ways = tuple(texts), tuple(dict.fromkeys(ways))
        super().__init__("; ".join(self.texts))

    @classmethod
    def one(cls, kind: type[Step], seen: Seen) -> Foreign:
        owner = (seen.tags or {}).get("provisioner:stack")
        whose = f"belongs to another stack, '{owner}'" if owner else "bears no owner tag of this stack"
        return cls([f"{kind.noun} {seen.key or seen.id} exists already and {whose}"], [kind.gives_way])

    @classmethod
    def all(cls, errors: Sequence[Foreign]) -> Foreign:
        """One error that tells of them all."""
        texts = [text for error in errors for text in error.texts]
        return cls(texts, [way for error in errors for way in error.ways])

    def __str__(self) -> str:
        fix = f"{'; '.join(self.ways)}; if they are this stack's, the state file that recorded them (--state)"
        return f"{'; '.join(self.texts)}. Nothing was touched. Fix: {fix}."


class Ambiguous(Exception):
    """Two resources bear the tags of one step: only a person can say which is the right one."""

    def __init__(self, step: str, noun: str, found: Sequence[Seen]) -> None:
        self.step = step
        ids = ", ".join(sorted(seen.id for seen in found))
        super().__init__(
            f"{len(found)} resources are tagged as {noun} '{step}' of this stack: {ids}. "
            f"Fix: delete all but the one in use, then run again."
        )


def survey(cls: type[Step], look: Look, records: Sequence[Record]) -> tuple[dict[str, Seen], list[Seen]]:
    """Which of the records AWS has, by step name; and the sightings that are none of them.

    Raises Unanswered where AWS cannot be asked now and StepFailed where it will not answer; Foreign or Ambiguous
    where the answer must not be used.
    """
    try:
        candidates = list(cls.survey(look, records))
    except _AWS_ERRORS as error:
        raise _unread(verdict(error)) from error
    found = _matches(cls, look, records, candidates)
    claimed = {id(seen) for seen in found.values()}
    return found, [seen for seen in candidates if id(seen) not in claimed]


def _matches(
    cls: type[Step], look: Look, records: Sequence[Record], candidates: Sequence[Seen]
) -> dict[str, Seen]:
    """Raises one Foreign for all that are."""
    found: dict[str, Seen] = {}
    foreign: list[Foreign] = []
    for record in records:
        try:
            if seen := _match(cls, look, record, candidates):
                found[record.name] = seen
        except Foreign as error:
            foreign.append(error)
    if foreign:
        raise Foreign.all(foreign)
    return found


def create(step: Step, job: Job) -> Made | Pending:
    """Make the resource; or tell what is in the way that will pass (look again before the next try)."""
    try:
        made = step.create(job)
    except _AWS_ERRORS as error:
        found = verdict(error)
        if found.cause not in _PASSES and found.cause is not Cause.EXISTS:
            raise _explained(found) from error
        doubt, taken = found.cause is Cause.UNKNOWN_OUTCOME, found.cause is Cause.EXISTS
        return replace(_waiting(found), doubt=doubt, taken=taken)
    return made if isinstance(made, Made) else Made(made)


def settle(step: Step, job: Job, seen: Seen | None) -> Ready | Pending:
    try:
        return step.settle(job, seen)
    except _AWS_ERRORS as error:
        return _passing(verdict(error), error)


def objection(cls: type[Step], job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
    """What speaks against deleting; AWS's refusal to answer is left for the deleting call to meet."""
    try:
        return cls.objection(job, seen, ours)
    except _AWS_ERRORS:
        return None


def delete(cls: type[Step], job: Job, seen: Seen | None) -> Gone | Pending:
    """Delete a step's resource. A `gone` answer is believed only when the next look confirms it."""
    try:
        return cls.delete(job, seen)
    except _AWS_ERRORS as error:
        found = verdict(error)
        pending = _passing(found, error)
    if seen is None or found.cause is not Cause.IN_USE:
        return pending
    return _held(pending, job.lately("holders", lambda: _holders(cls, job, seen)))


def _held(pending: Pending, holders: Sequence[Holder]) -> Pending:
    """First who holds it: a terminal shows the beginning of what is said."""
    if not holders:
        return pending
    held = ", ".join(one.id for one in holders)
    return replace(
        pending,
        said=f"held by {listed(holders)} ({pending.said})",
        fix=advice(holders),
        briefly=f"held by {held} ({pending.said})",
    )


def _holders(cls: type[Step], job: Job, seen: Seen) -> Sequence[Holder]:
    try:
        return cls.blockers(job, seen)
    except _AWS_ERRORS:  # it is only an explanation
        return ()


def _passing(found: Verdict, error: Exception) -> Pending:
    if found.cause not in _PASSES:
        raise _explained(found) from error
    return _waiting(found)


def _waiting(found: Verdict) -> Pending:
    return Pending(str(found), call=found.call, code=found.code, fix=next_move(found))


def _unread(found: Verdict) -> StepFailed:
    kind = Unanswered if found.cause in (Cause.THROTTLED, Cause.UNKNOWN_OUTCOME) else StepFailed
    return kind(str(found), next_move(found), found.call, found.code)


def _explained(found: Verdict) -> StepFailed:
    return StepFailed(str(found), next_move(found), found.call, found.code)


def _match(cls: type[Step], look: Look, record: Record, candidates: Sequence[Seen]) -> Seen | None:
    """The one sighting that is this record: by recorded id, else by owner tag, else by name."""
    by_id = [seen for seen in candidates if record.id is not None and seen.id == record.id]
    if by_id and _of_another(look, by_id[0]):
        raise Foreign.one(cls, by_id[0])
    if by_id:
        return by_id[0]
    tagged = [seen for seen in candidates if _tagged(look, record, seen)]
    if len(tagged) > 1:
        raise Ambiguous(record.name, cls.noun, tagged)
    if tagged:
        return tagged[0]
    named = [seen for seen in candidates if record.key is not None and seen.key == record.key]
    if named and named[0].tags is not None and not look.aws.owner.owns(named[0].tags):
        raise Foreign.one(cls, named[0])
    return named[0] if named else None


def _of_another(look: Look, seen: Seen) -> bool:
    """Where the id is a name, it may have been given to another stack's resource since it was recorded."""
    return STACK_ID in (seen.tags or {}) and not look.aws.owner.owns(seen.tags or {})


def _tagged(look: Look, record: Record, seen: Seen) -> bool:
    tags = seen.tags or {}
    return look.aws.owner.owns(tags) and tags.get("provisioner:step") == record.name
