"""Who must reach whom, and who must not, as the stack file has it; judged from the live network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from provisioner.model import Function, Service
from provisioner.reach import UnknownEnd, find, starting
from provisioner.verify import judging
from provisioner.verify.expectation import Expectation, Finding, unknown
from provisioner.verify.scene import BALANCER, DATABASE, INTERNET, Absent, Scene

_ANYWHERE = "0.0.0.0/0"
_SECRETS, _PARAMETERS = "secretsmanager", "ssm"
_EXEC = "aws ecs execute-command --interactive --cluster {} --task TASK --container {} --command 'curl -si {}'"


def expectations(scene: Scene) -> Iterator[Expectation]:
    for name, service in scene.stack.services.items():
        yield from _starts(scene, name)
        yield from _mesh(scene, name, service)
    yield from _calls(scene)
    yield from _clients(scene)
    yield from _database(scene)


def _must(scene: Scene, about: str, source: str, to: str, called: str = "") -> Expectation:
    what = f"{source} reaches {called or to}"
    return Expectation(what, about, partial(judging.reaches, scene, source, to))


def _starts(scene: Scene, name: str) -> Iterator[Expectation]:
    """Registry, log, secrets and health checks."""
    try:
        found = starting(scene.snapshot, name)
    except UnknownEnd:  # that the service is not there, another expectation says
        return
    for verdict in found:
        what = f"{name} reaches {verdict.destination}"
        if verdict.source == BALANCER:
            what = f"the load balancer reaches the tasks of {name}"
        yield Expectation(what, name, partial(judging.judged, scene, verdict))


def _secrets(scene: Scene, name: str, function: Function) -> Iterator[Expectation]:
    """What Lambda does not fetch for a function: its code does, from the VPC."""
    kinds = {_SECRETS if ":secretsmanager:" in arn else _PARAMETERS for arn in function.secrets.values()}
    if DATABASE in function.calls:
        kinds.add(_SECRETS)
    for kind in sorted(kinds):
        yield _must(scene, name, name, kind, f"its secrets ({kind})")


def _mesh(scene: Scene, name: str, service: Service) -> Iterator[Expectation]:
    """Services call each other by Service Connect's names, which only their tasks know."""
    for called in service.calls:
        if called in scene.stack.services:
            url = f"http://{called}:{scene.stack.services[called].port}"
            yield _must(scene, name, name, url)
            yield Expectation(f"{name} gets an answer of {url}", name, partial(_inside, scene, name, url))


def _inside(scene: Scene, name: str, url: str) -> Finding:
    """Nobody but a task can ask it."""
    cluster = scene.id_of(f"service-{name}").split("/")[-2]
    if scene.stack.services[name].exec:
        return unknown("only its tasks can ask that", _EXEC.format(cluster, name, url))
    fix = f"services.{name}.exec = true  (in the stack file; then a shell in a task can)"
    return unknown("only its tasks can ask that, and none lets anybody in", fix)


def _calls(scene: Scene) -> Iterator[Expectation]:
    for name, function in scene.stack.functions.items():
        for called in function.calls:
            if called in scene.stack.services:
                yield _must(scene, name, name, called)
        if function.vpc:
            yield from _secrets(scene, name, function)


def _clients(scene: Scene) -> Iterator[Expectation]:
    """Those whom the load balancer admits besides."""
    balancer = scene.stack.load_balancer
    for cidr in balancer.admits if balancer else ():
        source = INTERNET if cidr == _ANYWHERE and not scene.internal else cidr
        for name in scene.stack.balanced:
            yield _must(scene, BALANCER, source, name)


def _database(scene: Scene) -> Iterator[Expectation]:
    """Those that call it reach it, and nobody else."""
    if scene.stack.database is None:
        return
    callers = [one for group in scene.stack.callers(DATABASE) for one in group]
    for name in callers:
        yield _must(scene, DATABASE, name, DATABASE)
    for name in (INTERNET, *scene.stack.services, *scene.stack.functions):
        if name not in callers:
            what = f"{name} does not reach the database"
            yield Expectation(what, DATABASE, partial(_kept_out, scene, name))


def _kept_out(scene: Scene, name: str) -> Finding:
    """Not by its name, which may be unknown there, but by its address."""
    found = find(scene.snapshot, DATABASE)
    if not found.interfaces or not found.ports:
        raise Absent("the database has no interface")
    held = found.interfaces[0]
    address = held.public if held.public and name == INTERNET else held.address
    return judging.kept_out(scene, name, address, found.ports[0])
