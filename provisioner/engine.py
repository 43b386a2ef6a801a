"""Provision and destroy over any steps: look, then make what is missing, then settle; and the way back.

The engine knows records, needs and verbs, and nothing of AWS. It promises that an intent is on disk before a
creating call is sent and the id before anything else happens (Pulumi's journal, `BeginMutation`); that nothing is
created, changed or deleted while any step's name is found in foreign hands; and that destroy needs only records.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from provisioner.differences import differing
from provisioner.events import Notice, Outcome, Progress
from provisioner.run import Refused, Run, Setting
from provisioner.schedule import Node, chains
from state.record import Operation, Phase, Record, age, now
from steps import lifecycle
from steps.aws.owner import token
from steps.base import Change, Job, Pending, Ready, Retry, Seen, Step, StepFailed, Until

_CREATE_PATIENCE = 300.0
"""AWS seconds for what a creating call may wait for: fresh needs, fresh roles, throttling, a lost answer."""
_TOKEN_LIFE = 3600.0
"""Seconds for which an intent keeps its token: ACM forgets it then, and nothing can still be on its way."""
_CREATE_WEIGHT = 0.5
"""AWS seconds that a creating call usually takes."""


def provision(setting: Setting, steps: Sequence[Step]) -> None:
    """Make, complete or heal all steps. Raises Failed, Interrupted, Refused, or lifecycle's Foreign/Ambiguous."""
    _Provision(setting, steps).run()


def destroy(setting: Setting) -> None:
    """Delete everything recorded, in reverse. Raises as `provision` does."""
    _Destroy(setting).run()


class _Provision(Run):
    def __init__(self, setting: Setting, steps: Sequence[Step]) -> None:
        super().__init__(setting)
        self.steps = {step.name: step for step in steps}
        self.outcomes: dict[str, Outcome] = {}
        self.doubts: dict[str, float] = {}
        self.taken: dict[str, float] = {}
        self.settled: set[str] = set()

    def run(self) -> None:
        records = [self._record(step) for step in self.steps.values()]
        self.look_at_all(records)
        self._refuse_what_cannot_be()
        self._note_doubts()
        self._tell_what_is_left_over()
        nodes, expected = self._nodes()
        self.start(Operation.PROVISION, records, expected)
        self.schedule(nodes)

    def _record(self, step: Step) -> Record:
        """What is recorded of the step, or the record of one that was never begun."""
        known = self.ledger.records.get(step.name)
        if known is not None:
            return replace(known, needs=_names(step), releases=_released(step))
        return Record(
            step.name, step.kind, needs=_names(step), releases=_released(step), key=step.key(self._ids())
        )

    def _ids(self) -> dict[str, str]:
        given = {name: step.known_id for name, step in self.steps.items() if step.known_id}
        return given | {name: record.id for name, record in self.ledger.records.items() if record.id}

    def _note_doubts(self) -> None:
        """What may be there unseen, and would be made twice: a name or an unused token protects from that."""
        for name, step in self.steps.items():
            record = self.ledger.records.get(name)
            if record is None or self.sights[name] is not None or step.retry is Retry.KEY:
                continue
            if step.retry is Retry.LOOK or record.id is not None:
                self.doubts[name] = time.monotonic() + self.doubt(record)

    def _refuse_what_cannot_be(self) -> None:
        """What exists and cannot be changed in place must not be asked to be otherwise."""
        missing = [(name, step.missing) for name, step in self.steps.items() if self.sights[name] is None]
        if told := [f"{name}: {one.why}. Fix: {one.fix}" for name, one in missing if one]:
            raise Refused(f"nothing was changed. {'; '.join(told)}")
        wrong = [text for step in self.steps.values() for text in self._unchangeable(step)]
        if wrong:
            raise Refused(
                "these cannot be changed in place: "
                + "; ".join(wrong)
                + ". Nothing was changed. Fix: put them back, or destroy the stack and provision it again."
            )

    def _unchangeable(self, step: Step) -> list[str]:
        record = self.ledger.records.get(step.name)
        if record is None or self.sights[step.name] is None or step.change is Change.REMAKE:
            return []
        try:
            wanted = step.request(self.job(self._record(step)))
        except (LookupError, StepFailed):
            # What it needs is to be made first, so that its id is not known, or is itself asked to be otherwise.
            return []
        return [
            f"{step.name}: {key} is {differing(record.request[key], value)}"
            for key, value in wanted.items()
            if key in record.request and record.request[key] != value and key not in step.mutable
        ]

    def _tell_what_is_left_over(self) -> None:
        left = tuple(name for name in self.ledger.records if name not in self.steps)
        if left:
            text = "recorded, but no longer in the stack file: they stay until `destroy`"
            self.setting.listener.tell(Notice(text, details=left))

    def _nodes(self) -> tuple[list[Node], float]:
        """Two nodes a step: it exists, it is ready. Returns them and the longest chain in AWS's seconds."""
        after: dict[str, set[str]] = {}
        weights: dict[str, float] = {}
        for name, step in self.steps.items():
            after[_exists(name)] = {_reached(need.step, need.until) for need in step.needs}
            after[_ready(name)] = {_exists(name)}
            ready = self.sights.get(name) is not None and self._record(step).phase is Phase.READY
            weights |= {
                _exists(name): 0.0 if ready else _CREATE_WEIGHT,
                _ready(name): 0.0 if ready else step.typical,
            }
        chain = chains(weights, after)
        nodes = []
        for place, (name, step) in enumerate(self.steps.items()):
            for node, work, patience in (
                (_exists(name), self._make, self._patience(step)),
                (_ready(name), self._settle, step.patience),
            ):
                rank = (float(place),) if self.setting.parallel == 1 else (-chain[node], float(place))
                nodes.append(self.node(node, self._record(step), after[node], rank, work, patience))
        return nodes, max(chain.values(), default=0.0)

    def _patience(self, step: Step) -> float:
        """To make it may mean to wait first until the former one is gone."""
        seen = self.sights.get(step.name)
        return step.patience_delete if seen and (seen.going or seen.spent) else _CREATE_PATIENCE

    def _make(self, name: str) -> str | None:
        """Bring it into existence: find it, or wait out a doubt, or write the intent and create it."""
        step, seen = self.steps[name], self.sights.get(name)
        record = self._record(step)
        if seen is not None and seen.going:
            return f"the former one is being deleted ({seen.id})"
        if seen is not None and seen.spent:
            lifecycle.delete(type(step), self.job(replace(record, id=seen.id)), seen)
            return f"the former one failed, and is deleted first ({seen.id})"
        if seen is not None and not self._superseded(step, record):
            self._adopt(step, record, seen)
            return None
        if seen is None and time.monotonic() < self.doubts.get(name, 0.0):
            return "looking whether an earlier call made it"
        return self._create(step, self._intend(step, record, seen))

    def _superseded(self, step: Step, record: Record) -> bool:
        return step.change is Change.REMAKE and step.request(self.job(record)) != record.request

    def _adopt(self, step: Step, record: Record, seen: Seen) -> None:
        """It is there. Usually that is what the record says; else the record catches up."""
        if wrong := self._unchangeable(step):
            fix = f"it is bound to what is no longer there: delete {seen.id}, then resume makes it again"
            raise StepFailed("; ".join(wrong), fix)
        self.outcomes.setdefault(step.name, _outcome_of_found(record))
        if record.id == seen.id and record.phase in (Phase.CREATED, Phase.READY):
            if record != self.ledger.records[step.name]:
                self.ledger.put(record)
            return
        self.ledger.put(
            replace(
                record,
                phase=Phase.CREATED,
                id=seen.id,
                key=record.key or step.key(self._ids()),
                request=record.request or step.request(self.job(record)),
                outputs={**record.outputs, **step.known(seen)},
                intended_at=record.intended_at or now(),
                created_at=record.created_at or now(),
            )
        )

    def _intend(self, step: Step, record: Record, seen: Seen | None) -> Record:
        """Write down what will be asked for before it is; the same token as long as it is the same wish."""
        request = step.request(self.job(record))
        if record.phase is Phase.CREATING and record.request == request and _fresh(record):
            return record
        if record.phase not in (Phase.PLANNED, Phase.CREATING):
            self.outcomes[step.name] = Outcome.REPLACED if seen else Outcome.REMADE
        intended_at = now()
        return self.ledger.put(
            Record(
                name=step.name,
                kind=step.kind,
                phase=Phase.CREATING,
                needs=_names(step),
                releases=_released(step),
                token=token(self.ledger.state.stack_id, step.name, intended_at),
                key=step.key(self._ids()),
                request=request,
                intended_at=intended_at,
            )
        )

    def _create(self, step: Step, record: Record) -> str | None:
        self.tell(record, Progress.WORKING, "creating")
        made = lifecycle.create(step, self.job(record))
        if isinstance(made, Pending):
            self._note(step, made)
            return self.wait(record, made)
        self.outcomes.setdefault(step.name, Outcome.CREATED)
        self.sights[step.name] = None
        self.ledger.put(replace(record, id=made.id, outputs=made.outputs, phase=Phase.CREATED, created_at=now()))
        return None

    def _note(self, step: Step, made: Pending) -> None:
        """A lost answer is a doubt; a name that is taken by what no look ever shows is not ours to take over."""
        limit = time.monotonic() + self.setting.pace.consistency
        if made.doubt and step.retry is Retry.LOOK:
            self.doubts[step.name] = limit
        if made.taken and time.monotonic() > self.taken.setdefault(step.name, limit):
            raise StepFailed(made.said, "there is one already that is not this stack's: remove it, then resume")

    def _settle(self, name: str) -> str | None:
        notes: list[str] = []
        record = self.ledger.records[name]
        first = name not in self.settled
        self.settled.add(name)
        found = lifecycle.settle(self.steps[name], self.job(record, notes, first=first), self.sights.get(name))
        if notes:
            self._tell_set_right(name, notes)
        if isinstance(found, Pending):
            return self.wait(record, found)
        self._ready(record, found)
        return None

    def _tell_set_right(self, name: str, notes: Sequence[str]) -> None:
        if self.outcomes[name] is Outcome.UNCHANGED:
            self.outcomes[name] = Outcome.SET_RIGHT
        self.setting.listener.tell(Notice("; ".join(notes), step=name))

    def _ready(self, record: Record, found: Ready) -> None:
        settled = replace(
            record,
            phase=Phase.READY,
            outputs=dict(found.outputs),
            request=self.steps[record.name].request(self.job(record)),
            ready_at=record.ready_at or now(),
        )
        if settled != record:
            self.ledger.put(settled)
        self.tell(settled, Progress.DONE, outcome=self.outcomes[record.name])


class _Destroy(Run):
    def run(self) -> None:
        records = list(self.ledger.records.values())
        self.look_at_all(records)
        self._refuse_what_is_protected(records)
        nodes, expected = self._nodes(records)
        self.start(Operation.DESTROY, records[::-1], expected)
        self.schedule(nodes)

    def _refuse_what_is_protected(self, records: Sequence[Record]) -> None:
        """Half a stack is worse than a whole one: what will not go at its turn is asked for before the first."""
        there = [(record, seen) for record in records if (seen := self.sights.get(record.name))]
        ours = frozenset(seen.id for _, seen in there) | {record.id for record in records if record.id}
        found = {
            record.name: objection
            for record, seen in there
            if (objection := lifecycle.objection(self.cls(record), self._of_seen(record, seen), seen, ours))
        }
        if found:
            told = "; ".join(f"{name}: {one.why}. Fix: {one.fix}" for name, one in found.items())
            raise Refused(f"nothing was deleted. {told}")

    def _of_seen(self, record: Record, seen: Seen) -> Job:
        """The id of what a lost answer told of is known by now."""
        return self.job(replace(record, id=seen.id))

    def _nodes(self, records: Sequence[Record]) -> tuple[list[Node], float]:
        """A record goes when all that need it have gone, and all of the stages before its own."""
        after = {record.name: {one.name for one in records if self._first(one, record)} for record in records}
        chain = chains({record.name: self.cls(record).typical_delete for record in records}, after)
        nodes = []
        for place, record in enumerate(reversed(records)):
            rank = (float(place),) if self.setting.parallel == 1 else (-chain[record.name], float(place))
            patience = self.cls(record).patience_delete
            nodes.append(self.node(record.name, record, after[record.name], rank, self._delete, patience))
        return nodes, max(chain.values(), default=0.0)

    def _first(self, one: Record, other: Record) -> bool:
        return _holds(one, other) or self.cls(one).stage < self.cls(other).stage

    def _delete(self, name: str) -> str | None:
        record, seen = self.ledger.records[name], self.sights.get(name)
        if seen is None and record.phase is not Phase.DELETING and self.doubt(record) > 0:
            return "looking whether an earlier call made it"
        outcome = Outcome.ABSENT
        if record.phase is Phase.DELETING or seen is not None:
            outcome = Outcome.DELETED
            record = self._mark(record, seen)
        found = lifecycle.delete(self.cls(record), self.job(record), seen)
        if isinstance(found, Pending):
            return self.wait(record, found)
        self.ledger.drop(name)
        self.tell(record, Progress.DONE, outcome=Outcome.LEFT if found.left else outcome)
        return None

    def _mark(self, record: Record, seen: Seen | None) -> Record:
        marked = replace(record, phase=Phase.DELETING, id=seen.id if seen else record.id)
        if marked == record:
            return record
        self.tell(marked, Progress.WORKING, "deleting")
        return self.ledger.put(marked)


def _outcome_of_found(record: Record) -> Outcome:
    if record.id is None:
        return Outcome.FOUND
    return Outcome.UNCHANGED if record.phase is Phase.READY else Outcome.COMPLETED


def _fresh(intent: Record) -> bool:
    return intent.intended_at is not None and age(intent.intended_at) < _TOKEN_LIFE


def _names(step: Step) -> tuple[str, ...]:
    return tuple(need.step for need in step.needs)


def _released(step: Step) -> tuple[str, ...]:
    return tuple(need.step for need in step.needs if not need.holds)


def _holds(record: Record, needed: Record) -> bool:
    return needed.name in record.needs and needed.name not in record.releases


def _exists(name: str) -> str:
    return f"{name} exists"


def _ready(name: str) -> str:
    return f"{name} ready"


def _reached(name: str, until: Until) -> str:
    return {Until.EXISTS: _exists, Until.READY: _ready}[until](name)
