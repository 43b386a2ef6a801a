"""Expectations about who reaches whom, judged from the live network: nothing is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

from provisioner.reach import Fix, Hop, Outcome, Stop, UnknownEnd, Verdict, Way, find, judge
from provisioner.verify import drift
from provisioner.verify.expectation import Finding, failed, passed, unknown
from provisioner.verify.scene import BALANCER, INTERNET, Scene, is_private

_ADVICE = "advice"
_RULE = "sgr-"
_SENDS = " -> "


def reaches(
    scene: Scene, source: str, to: str, port: int | None = None, host: str = "", path: str = ""
) -> Finding:
    """It must come through, by every way that it may take. Raises UnknownEnd, Unfit."""
    return judged(scene, judge(scene.snapshot, source, to, port, host=host, path=path))


def judged(scene: Scene, verdict: Verdict) -> Finding:
    """What a verdict means for one who must come through."""
    if verdict.outcome is Outcome.REACHES:
        return passed(_open(scene, verdict))
    if verdict.outcome is Outcome.UNKNOWN:
        return unknown(doubt(verdict))
    return failed(str(verdict.stop), *fix(scene, verdict))


def kept_out(
    scene: Scene, source: str, to: str, port: int | None = None, host: str = "", path: str = ""
) -> Finding:
    """It must not come through, by any way. Raises UnknownEnd, Unfit."""
    verdict = judge(scene.snapshot, source, to, port, host=host, path=path)
    outcomes = {way.outcome for way in verdict.ways}
    if outcomes == {Outcome.BLOCKED}:
        return passed(str(verdict.stop))
    if Outcome.REACHES not in outcomes:
        return unknown(doubt(verdict))
    opened = next(way for way in verdict.ways if way.outcome is Outcome.REACHES)
    if again := _again(scene, _moved(scene, verdict), {hop.by for hop in opened.hops}):
        return failed(f"{to} is open to it", *again.lines)
    letting = _letting(scene, opened)
    by = f": {letting.name or letting.at} {letting.what}" if letting else ""
    return failed(f"{opened.aim} at {opened.port} is open to it{by}", *_closing(scene, letting))


def undoing(scene: Scene, verdict: Verdict) -> tuple[str, ...]:
    """How to take back what hands did to let it get as far as it does; nothing where nobody did."""
    way = verdict.telling
    if again := _again(scene, _moved(scene, verdict), {hop.by for hop in way.hops}):
        return again.lines
    letting = _letting(scene, way)
    return () if letting is None or scene.snapshot.owned.step_of(letting.by) else _closing(scene, letting)


def _letting(scene: Scene, opened: Way) -> Hop | None:
    """The rule of a security group that lets it through: one that the stack did not make, if there is one."""
    rules = [hop for hop in opened.hops if hop.by.startswith(_RULE)]
    others = [hop for hop in rules if not scene.snapshot.owned.step_of(hop.by)]
    return next(iter(others or reversed(rules)), None)


def _closing(scene: Scene, letting: Hop | None) -> tuple[str, ...]:
    """How to take away the rule of a security group that lets it in, unless the stack file asks for it."""
    rules = (one for group in scene.snapshot.network.groups.values() for one in group.rules)
    found = next((one for one in rules if letting and one.id == letting.by), None)
    if found is None or letting is None:
        return ()
    if step := scene.snapshot.owned.step_of(letting.by):
        return (f"the stack file asks for {step}: take away what opens it there",)
    way = "egress" if found.egress else "ingress"
    given = f"--group-id {found.group} --security-group-rule-ids {found.id}"
    return (f"aws ec2 revoke-security-group-{way} {given}",)


def _open(scene: Scene, verdict: Verdict) -> str:
    """Where it gets to; outside, where the address is mostly an example, by which gateway."""
    first, others = verdict.ways[0], len(verdict.ways) - 1
    more = f", and {others} other way{'s' if others > 1 else ''}" if others else ""
    sent = next((hop.by.partition(_SENDS)[2] for hop in first.hops if _SENDS in hop.by), "")
    if sent and not is_private(first.target) and verdict.source != INTERNET:
        return f"through {scene.snapshot.named(sent)}{more}"
    return f"{first.aim} at {first.port}{more}"


def doubt(verdict: Verdict) -> str:
    """What cannot be seen."""
    doubts = [f"{one.name or one.at}: {one.why}" for way in verdict.ways for one in way.doubts]
    return f"nothing that is seen stops it, but {'; '.join(dict.fromkeys(doubts))}"


def fix(scene: Scene, verdict: Verdict) -> tuple[str, ...]:
    """What to write or to type; nothing where nothing stops it, or nobody knows what would open it."""
    found = answered(scene, verdict).fix
    return found.lines if found else ()


def answered(scene: Scene, verdict: Verdict) -> Verdict:
    """The verdict, with what is known of the stack in its fixes: what hands changed of either end is changed back
    before anything is opened, and what the stack made is made again.

    Only a connection that is stopped has something looked up for it. What may not be read is left out.
    """
    if verdict.outcome is not Outcome.BLOCKED:
        return verdict
    moved = _moved(scene, verdict)
    vague = any(_is_vague(way.stop) for way in verdict.ways if way.stop)
    other = drift.reset(scene, _part(scene, verdict.destination)) if vague and not moved else []
    return replace(verdict, ways=tuple(_mended(scene, way, moved, other) for way in verdict.ways))


def _mended(scene: Scene, way: Way, moved: Collection[str], other: Collection[str]) -> Way:
    if way.stop is None:
        return way
    better = _again(scene, moved, {way.stop.by}) or _instead(scene, way.stop, other)
    return replace(way, stop=replace(way.stop, fix=better or way.stop.fix))


def _instead(scene: Scene, stopped: Stop, other: Collection[str]) -> Fix | None:
    """What is better than advice, or than nothing."""
    if other and _is_vague(stopped):
        return _resumed(scene, other)
    made = stopped.fix is None and stopped.name
    return Fix("provisioner", scene.resume) if made else None


def _is_vague(stopped: Stop) -> bool:
    return stopped.fix is None or stopped.fix.kind == _ADVICE


def _again(scene: Scene, moved: Collection[str], by: Collection[str]) -> Fix | None:
    """How to undo what hands did to parts of the stack, and by which of these rules others get what is theirs."""
    strange = [one.arn for one in drift.strangers(scene) if one.arn in by]
    away = tuple(f"aws elbv2 delete-rule --rule-arn {one}" for one in strange)
    if moved:
        return _resumed(scene, moved, *away)
    return Fix("aws", away[0], away[1:]) if away else None


def _resumed(scene: Scene, steps: Iterable[str], *besides: str) -> Fix:
    return Fix("provisioner", scene.resume, (f"sets {', '.join(steps)} right again", *besides))


def _moved(scene: Scene, verdict: Verdict) -> list[str]:
    """The steps of either end of which hands changed something that decides who reaches whom."""
    known = dict.fromkeys(_part(scene, one) for one in (verdict.source, verdict.destination))
    known |= {BALANCER: None} if known.keys() & scene.stack.balanced.keys() else {}
    return [step for one in known for step in drift.moved(scene, one)]


def _part(scene: Scene, typed: str) -> str:
    """What the stack file calls an end, however it was typed: by its step, its ARN, a host of the stack's."""
    with suppress(UnknownEnd):
        if part := find(scene.snapshot, typed).part:
            return part
    host = urlsplit(typed).hostname or "" if "://" in typed else typed
    return BALANCER if host in _hosts(scene) else host


def _hosts(scene: Scene) -> set[str]:
    """The names of the stack's load balancer."""
    arn = scene.snapshot.owned.ids.get(BALANCER)
    own = {one.dns_name for one in scene.snapshot.balancers if one.arn == arn}
    return own | ({scene.stack.dns.name} if scene.stack.dns else set())
