"""Expectations about who reaches whom, judged from the live network: nothing is sent."""

from __future__ import annotations

from provisioner.reach import Fix, Hop, Outcome, Verdict, Way, judge
from provisioner.verify.expectation import Finding, failed, passed, unknown
from provisioner.verify.scene import INTERNET, Scene, is_private

_THEN = {"stack-file": "  (in the stack file; then provision it again)"}
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
    return failed(stop(verdict), *fix(verdict.fix))


def kept_out(
    scene: Scene, source: str, to: str, port: int | None = None, host: str = "", path: str = ""
) -> Finding:
    """It must not come through, by any way. Raises UnknownEnd, Unfit."""
    verdict = judge(scene.snapshot, source, to, port, host=host, path=path)
    outcomes = {way.outcome for way in verdict.ways}
    if outcomes == {Outcome.BLOCKED}:
        return passed(stop(verdict))
    if Outcome.REACHES not in outcomes:
        return unknown(doubt(verdict))
    opened = next(way for way in verdict.ways if way.outcome is Outcome.REACHES)
    letting = _letting(scene, opened)
    by = f": {letting.name or letting.at} {letting.what}" if letting else ""
    return failed(f"{opened.target} at {opened.port} is open to it{by}", *_closing(scene, letting))


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
    """Where it gets to; outside, where the address is only an example, by which gateway."""
    first, others = verdict.ways[0], len(verdict.ways) - 1
    more = f", and {others} other way{'s' if others > 1 else ''}" if others else ""
    sent = next((hop.by.partition(_SENDS)[2] for hop in first.hops if _SENDS in hop.by), "")
    if sent and not is_private(first.target) and verdict.source != INTERNET:
        return f"through {scene.snapshot.named(sent)}{more}"
    return f"{first.target} at {first.port}{more}"


def stop(verdict: Verdict) -> str:
    """How it fails as seen from the source, where, and why."""
    found = verdict.stop
    assert found is not None  # the outcome says so
    return f"it {found.fails}: {found.name or found.at}: {found.why}"


def doubt(verdict: Verdict) -> str:
    """What cannot be seen."""
    doubts = [f"{one.name or one.at}: {one.why}" for way in verdict.ways for one in way.doubts]
    return f"nothing that is seen stops it, but {'; '.join(dict.fromkeys(doubts))}"


def fix(found: Fix | None) -> tuple[str, ...]:
    """The lines to write or to type."""
    if found is None:
        return ()
    return (f"{found.change}{_THEN.get(found.kind, '')}", *found.besides)
