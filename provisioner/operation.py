"""The operations behind the commands: a locked, checked, recorded run of the engine.

Whatever can be known to be wrong is found before the first AWS call: the stack file, the payloads, the state file,
the lock, whether the disk takes a document, credentials and region; then, with one call, the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from provisioner import __version__, engine, place, preflight, site, stack
from provisioner.blueprint import Site, steps_of
from provisioner.events import Listener, Notice
from provisioner.function_code import zips
from provisioner.function_code.zips import FunctionCode
from provisioner.outputs import outputs_of as outputs_of
from provisioner.place import Place
from provisioner.preflight import Finding, Ground, Level, name_servers
from provisioner.recorded import NoSuchStack, check_name
from provisioner.recorded import Options as Options
from provisioner.recorded import every as every
from provisioner.recorded import find as find
from provisioner.recorded import state_path as state_path
from provisioner.run import Refused, Setting
from provisioner.sandbox import control
from provisioner.schedule import Failed, Interrupted
from provisioner.stack import Stack
from provisioner.stop import Stop
from provisioner.surroundings import taken_for_granted
from state.ledger import Ledger
from state.lock import hold
from state.record import Operation, StackState, Status, new_stack_id, now
from state.store import StateWriteError, Store
from steps.aws.context import Aws
from steps.aws.owner import Owner
from steps.base import Step
from steps.lifecycle import Ambiguous, Foreign
from steps.registry import KINDS


def provision(
    file: Path, overrides: Sequence[str], name: str | None, options: Options, listener: Listener, stop: Stop
) -> StackState:
    """Create or complete the stack of a stack file; returns what is recorded when it is done."""
    wanted = stack.load(file, overrides, name)
    code = zips.built(wanted, listener)
    with _opened(state_path(wanted.name, options), "provision", listener) as store:
        return _provision(store, wanted, code, options, listener, stop, file)


def examine(
    file: Path, overrides: Sequence[str], name: str | None, options: Options, listener: Listener
) -> list[Finding]:
    """What the account says of a stack file before it is provisioned. Nothing is changed, nothing recorded.

    What is recorded of the stack counts as there. Raises as `provision` does before its first mutating call.
    """
    wanted = stack.load(file, overrides, name)
    recorded = Store(state_path(wanted.name, options)).load()
    where = _place(recorded, wanted.region, options)
    if recorded is not None and _emptied(recorded, where):
        recorded = None
    recorded = _begun(recorded, wanted, where, FunctionCode({}, {}))
    aws = _aws(where, recorded, wanted.tags, {})
    _furnish(where, wanted, listener)
    surveyor = site.Surveyor(aws, wanted, dict(recorded.facts), listener.tell, file)
    found, code = surveyor.survey(), dict.fromkeys(wanted.functions, "")
    return preflight.examine(_ground(where, aws, wanted, found, steps_of(wanted, found, code), recorded))


def resume(name: str | None, options: Options, listener: Listener, stop: Stop) -> StackState:
    """Go on with what was interrupted or failed, from the state file alone."""
    found = find(name, options)
    with _opened(state_path(found.stack, options), "resume", listener) as store:
        recorded = _loaded(store)
        if recorded.operation is Operation.DESTROY:
            return _destroy(store, recorded, options, listener, stop)
        wanted = stack.restore(recorded.settings)
        return _provision(store, wanted, zips.recorded(recorded), options, listener, stop, store.path)


def destroy(name: str | None, options: Options, listener: Listener, stop: Stop) -> StackState:
    """Delete everything that is recorded, from the state file alone."""
    found = find(name, options)
    with _opened(state_path(found.stack, options), "destroy", listener) as store:
        return _destroy(store, _loaded(store), options, listener, stop)


def reading(state: StackState, options: Options) -> Aws:
    """AWS where a recorded stack stands, for whoever only looks. Raises WrongPlace, NotSetUp, StepFailed."""
    return _aws(_place(state, state.pin.region, options), state, {}, {})


@contextmanager
def _opened(path: Path, doing: str, listener: Listener) -> Iterator[Store]:
    """The state file, locked and known to be writable."""
    store = Store(path)
    store.probe()
    with hold(path, doing) as dead:
        if dead:
            listener.tell(Notice(f"taken over from a run that died: {dead}"))
        yield store


def _loaded(store: Store) -> StackState:
    """The document once more, now that nobody else can change it."""
    found = store.load()
    if found is None:
        raise NoSuchStack(f"{store.path} has just been removed")
    return found


def _provision(
    store: Store, wanted: Stack, code: FunctionCode, options: Options, listener: Listener, stop: Stop, file: Path
) -> StackState:
    former = store.load()
    if former is not None:
        check_name(store.path, former, wanted.name)
    where = _place(former, wanted.region, options)
    if former is not None and _emptied(former, where):
        _tell_emptied(listener, former)
        former = None
    recorded = _begun(former, wanted, where, code)
    aws = _aws(where, recorded, wanted.tags, code.contents)
    ledger = Ledger(store, recorded)
    _furnish(where, wanted, listener)
    surveyor = site.Surveyor(aws, wanted, dict(recorded.facts), listener.tell, file)
    found = surveyor.survey()
    steps = steps_of(wanted, found, code.hashes)
    if options.preflight:
        _preflight(_ground(where, aws, wanted, found, steps, recorded), listener, file)
    ledger.update(facts=surveyor.facts)
    setting = Setting(aws, ledger, listener, where.pace, stop, options.parallel, KINDS)
    try:
        return _run(ledger, former, Operation.PROVISION, lambda: engine.provision(setting, steps))
    except Failed as error:
        from provisioner import diagnosis  # the analysis of the network, which no run needs that goes well

        raise diagnosis.deepened(error, aws, ledger.state, listener) from error


def _furnish(where: Place, wanted: Stack, listener: Listener) -> None:
    """An empty sandbox has none of what somebody has made on AWS before."""
    if where.own_sandbox and (wants := taken_for_granted(wanted)):
        made = control.furnish(where.own_sandbox, where.pin.account, where.pin.region, wants)
        if made:
            listener.tell(Notice("made in the sandbox what this stack takes for granted", details=tuple(made)))


def _ground(
    where: Place, aws: Aws, wanted: Stack, found: Site, steps: Sequence[Step], recorded: StackState
) -> Ground:
    ask = name_servers.ask if where.pin.endpoint == place.AWS else None
    return Ground(aws, wanted, found, steps, frozenset(recorded.records), where.pace.scale, ask)


def _preflight(ground: Ground, listener: Listener, file: Path) -> None:
    """Examine the account where there is anything to make. Raises NotReady."""
    if not ground.fresh:
        return
    findings = preflight.examine(ground)
    listener.tell(Notice(findings[0].what))
    for one in findings:
        if one.level is Level.WARNING:
            listener.tell(Notice(one.what, details=(f"fix: {one.fix}",)))
    preflight.refuse(findings, file)


def _destroy(store: Store, recorded: StackState, options: Options, listener: Listener, stop: Stop) -> StackState:
    ledger = Ledger(store, recorded)
    if recorded.destroyed:
        return recorded
    where = _place(recorded, recorded.pin.region, options)
    if _emptied(recorded, where):
        _tell_emptied(listener, recorded)
        ledger.update(records={})
    forced = frozenset({"records"} if options.force_records else ())
    aws = replace(_aws(where, recorded, {}, {}), forced=forced)
    setting = Setting(aws, ledger, listener, where.pace, stop, options.parallel, KINDS)
    state = _run(ledger, recorded, Operation.DESTROY, lambda: engine.destroy(setting))
    ledger.update(payloads={})  # nothing is left that they could be sent to
    return ledger.state if state.destroyed else state


def _run(ledger: Ledger, former: StackState | None, operation: Operation, work: Callable[[], None]) -> StackState:
    """Run, and write down how it ended; what it raises goes on up. A refused run leaves no trace: not even of what
    it wanted, for `resume` goes on with what is recorded."""
    ledger.update(operation=operation, status=Status.RUNNING, ended_at=None)
    try:
        work()
    except (Refused, Foreign, Ambiguous):
        ledger.forget() if former is None else ledger.update(**_all_of(former))
        raise
    except Interrupted:
        ledger.update(status=Status.INTERRUPTED, ended_at=now())
        raise
    except Exception:
        with suppress(StateWriteError):  # what failed first is what must be told
            ledger.update(status=Status.FAILED, ended_at=now())
        raise
    ledger.update(status=Status.DONE, ended_at=now())
    return ledger.state


def _all_of(state: StackState) -> dict[str, Any]:
    return {field.name: getattr(state, field.name) for field in fields(state)}


def _place(recorded: StackState | None, region: str | None, options: Options) -> Place:
    """Where this run works; refused where the stack is recorded elsewhere."""
    alive = recorded is not None and not recorded.destroyed
    pin = recorded.pin if recorded is not None and alive else None
    region = options.region or region
    if options.sandbox or (pin and place.sandbox_of(pin) and not place.endpoint_is_given()):
        found = place.in_sandbox(options.folder, region)
    else:
        found = place.on_aws(options.profile, region)
    if recorded is not None and pin and not _emptied(recorded, found):
        place.check(pin, found.pin, recorded.stack)
    return found


def _emptied(recorded: StackState, where: Place) -> bool:
    """Whether the stack lived in a sandbox that has since been emptied: nothing of it can exist any more."""
    was = place.sandbox_of(recorded.pin)
    return not recorded.destroyed and was is not None and where.sandbox_id is not None and was != where.sandbox_id


def _tell_emptied(listener: Listener, recorded: StackState) -> None:
    gone = len(recorded.records)
    text = f"the sandbox of '{recorded.stack}' has been emptied since: its {gone} recorded resources are gone"
    listener.tell(Notice(text))


def _begun(recorded: StackState | None, wanted: Stack, where: Place, code: FunctionCode) -> StackState:
    """The document as this run starts with it."""
    if recorded is None or recorded.destroyed:
        recorded = StackState(wanted.name, new_stack_id(), where.pin, started_at=now())
    return replace(
        recorded,
        settings=wanted.model_dump(mode="json"),
        facts={**recorded.facts, "code": code.hashes},
        payloads=zips.written(code),
        tool=__version__,
    )


def _aws(where: Place, recorded: StackState, tags: Mapping[str, str], payloads: Mapping[str, bytes]) -> Aws:
    owner = Owner(recorded.stack, recorded.stack_id, tags)
    pin = where.pin
    return Aws(
        where.clients,
        where.once,
        owner,
        pin.account,
        pin.region,
        where.partition,
        payloads,
        elsewhere=where.elsewhere,
    )
