"""Functions that ask the stack's services: those that may must be answered, the controls must not.

A control is a function that knows the load balancer's name by a reference in its environment and has no way there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from ipaddress import IPv4Network

from provisioner import references
from provisioner.model import Function, Stack
from provisioner.reach import Outcome, Verdict, judge
from provisioner.verify import drift, judging
from provisioner.verify.expectation import Expectation, Finding, failed, passed
from provisioner.verify.invoking import Answered, invoke
from provisioner.verify.scene import BALANCER, Scene, is_private

_ANYWHERE = "0.0.0.0/0"
_OF_BALANCER = "load_balancer"


def expectations(scene: Scene) -> Iterator[Expectation]:
    """One for each function that asks, unless the stack file has something to say of it."""
    for name, function in scene.stack.functions.items():
        to = asks(scene.stack, name)
        if to and not _is_written(scene.stack, name):
            yield asking(scene, name, to, answered=bool(function.calls) or _may(scene.stack, function))


def asking(scene: Scene, name: str, to: str, *, answered: bool, title: str = "") -> Expectation:
    """That a function which asks is answered, or is not."""
    part = "the load balancer" if to == BALANCER else to
    limit = float(scene.stack.functions[name].timeout)
    if answered:
        what = title or f"{name} gets an answer of {part}"
        return Expectation(what, name, partial(_answered, scene, name, to), 1.0)
    what = title or f"{name} (control) gets no answer of {part}"
    return Expectation(what, name, partial(_refused, scene, name, to), limit)


def asks(stack: Stack, name: str) -> str:
    """The service, or the load balancer, that a function asks: by `calls`, or by a reference; nothing if none."""
    function = stack.functions[name]
    called = [one for one in function.calls if one in stack.services]
    referred = [_referred(stack, one) for text in function.environment.values() for one in references.named(text)]
    found = called or [one for one in referred if one]
    if not found:
        return ""
    usual = stack.default_service
    return usual if usual in found or (BALANCER in found and usual) else BALANCER if called else found[0]


def _referred(stack: Stack, reference: str) -> str:
    """Which part behind the load balancer a reference is to."""
    table, _, rest = reference.partition(".")
    if table == _OF_BALANCER:
        return BALANCER
    name, _, key = rest.partition(".")
    return name if table == "services" and key == "url" and name in stack.balanced else ""


def _is_written(stack: Stack, name: str) -> bool:
    """Whether an [[expect]] tells what must come of the function's asking."""
    behind = (*stack.balanced, BALANCER)
    mine = (one for one in stack.expect if one.source == name and one.to in behind)
    return any(one.reaches is not None or one.of_answer for one in mine)


def _may(stack: Stack, function: Function) -> bool:
    """Whether the stack file lets a function through that does not call: by networks, not by its group."""
    balancer = stack.load_balancer
    if balancer is None:
        return False
    if not function.vpc:
        return balancer.scheme == "internet-facing" and _ANYWHERE in balancer.admits
    if not any(one.port == balancer.listens_on for one in function.egress):
        return False
    ours = IPv4Network(stack.network.cidr)
    return any(ours.overlaps(IPv4Network(one)) for one in balancer.admits)


def _answered(scene: Scene, name: str, to: str) -> Finding:
    found = invoke(scene, name)
    if found.ok:
        return _at_private(scene, found)
    verdict = judge(scene.snapshot, name, to)
    if verdict.outcome is Outcome.BLOCKED:
        return failed(f"{found.said}; {verdict.stop}", *judging.fix(scene, verdict))
    if changed := [*drift.changes(scene, name), *drift.changes(scene, to)]:
        return failed(f"{found.said}; {', '.join(changed)}", scene.resume)
    group = scene.log_group("function", name)
    return failed(f"{found.said}; the network lets it pass", f"aws logs tail {group}" if group else "")


def _at_private(scene: Scene, found: Answered) -> Finding:
    """Those who ask an internal load balancer are told private addresses."""
    if scene.internal and (public := [one for one in found.addresses if not is_private(one)]):
        return failed(f"{found.said}, but the name stands for {', '.join(public)}, which is no private address")
    at = f", from {', '.join(found.addresses)}" if found.addresses else ""
    return passed(f"{found.said}{at}")


def _refused(scene: Scene, name: str, to: str) -> Finding:
    """It must wait in vain, and the network must show why."""
    found, verdict = invoke(scene, name), judge(scene.snapshot, name, to)
    if found.ok:
        return failed(f"it is answered: {found.said}", *_let_in(scene, name, to, verdict))
    if not found.timed_out:
        why = f"it fails, but not by waiting in vain: {found.said}"
        return failed(why, *_admitted(scene, name, to, verdict))
    if verdict.outcome is not Outcome.BLOCKED:
        why = f"{found.said}, but nothing in the network stops it"
        return failed(why, f"provisioner explain {name} {to}")
    return passed(f"{found.said}; {verdict.stop}")


def _admitted(scene: Scene, name: str, to: str, verdict: Verdict) -> tuple[str, ...]:
    """How to close what lets a control get as far as it does; or where that is told, and what it says itself."""
    group = scene.log_group("function", name)
    told = (f"provisioner explain {name} {to}", *((f"aws logs tail {group} --since 15m",) if group else ()))
    return judging.undoing(scene, verdict) or told


def _let_in(scene: Scene, name: str, to: str, verdict: Verdict) -> tuple[str, ...]:
    """How to close what lets a control in; or to say that it is none."""
    if verdict.outcome is Outcome.BLOCKED:
        return ()
    closing = judging.kept_out(scene, name, to).fix
    return closing or (f'[[expect]] from = "{name}", to = "{to}", reaches = true  (if it is to be answered)',)
