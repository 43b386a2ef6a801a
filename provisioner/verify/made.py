"""What the stack made and nobody should have changed or taken away: settings, policies, groups of logs, rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from provisioner.reach.rules import named
from provisioner.verify import drift, judging
from provisioner.verify.expectation import Expectation, Finding, failed, passed
from provisioner.verify.scene import BALANCER, DATABASE, INTERNET, Scene
from steps.aws.context import Look
from steps.registry import KINDS

_ALL = "all"
_ROLES = ("role", "role_policy_attachment", "role_policy")
_LOGS = ("log_group",)


def expectations(scene: Scene) -> Iterator[Expectation]:
    yield from _parts(scene)
    yield from _kinds(scene)
    if any(scene.of_kind("listener_rule")) or drift.strangers(scene):
        yield Expectation("no rule is in the way of the stack's", BALANCER, partial(_rules, scene))
    for name in scene.stack.services:
        if scene.stack.public_ip(name):
            what = f"internet does not reach the tasks of {name} by their own addresses"
            yield Expectation(what, name, partial(_past, scene, name))


def _parts(scene: Scene) -> Iterator[Expectation]:
    stack = scene.stack
    known: Mapping[str, Collection[str]] = {
        "the functions are as they were made": stack.functions,
        "the services are as they were made": stack.services,
        "the database has its name": [DATABASE] if stack.database else [],
    }
    for what, names in known.items():
        if names:
            yield Expectation(what, _ALL, partial(_unchanged, scene, names))


def _unchanged(scene: Scene, names: Collection[str]) -> Finding:
    wrong = {name: found for name in names if (found := drift.changes(scene, name))}
    if not wrong:
        return passed(f"{len(names)} of {len(names)}")
    return failed("; ".join(f"{name}: {', '.join(found)}" for name, found in wrong.items()), scene.resume)


def _kinds(scene: Scene) -> Iterator[Expectation]:
    for what, kinds in (("the roles have their policies", _ROLES), ("the logs have their groups", _LOGS)):
        if any(any(scene.of_kind(kind)) for kind in kinds):
            yield Expectation(what, _ALL, partial(_there, scene, kinds))


def _there(scene: Scene, kinds: Collection[str]) -> Finding:
    """Without them, tasks and functions run on for a while, and no other begins."""
    look, gone, total = Look(scene.aws), list[str](), 0
    for kind in kinds:
        records = [one for one in scene.of_kind(kind) if one.id]
        there = {seen.id for seen in KINDS[kind].survey(look, records)}
        gone += [one.name for one in records if one.id not in there]
        total += len(records)
    if not gone:
        return passed(f"{total} of {total}")
    return failed(f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'} gone", scene.resume)


def _rules(scene: Scene) -> Finding:
    found = drift.strangers(scene)
    if not found:
        return passed()
    why = "; ".join(f"{named(one)} is not the stack's, and takes what it fits" for one in found)
    return failed(why, *(f"aws elbv2 delete-rule --rule-arn {one.arn}" for one in found))


def _past(scene: Scene, name: str) -> Finding:
    """Their group is to let in the load balancer, and nobody else."""
    live = next((one for one in scene.snapshot.services if one.step == f"service-{name}"), None)
    held = (scene.snapshot.network.interfaces.get(one.interface) for one in live.tasks) if live else ()
    public = [one.public for one in held if one and one.public]
    if not public:
        return passed("none of its tasks has a public address")
    return judging.kept_out(scene, INTERNET, public[0], scene.stack.services[name].port)
