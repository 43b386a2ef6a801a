"""Expectations about who reaches whom, judged from the live network: nothing is sent."""

from __future__ import annotations

from provisioner.reach import Hop, Outcome, Verdict, Way, judge
from provisioner.verify import drift
from provisioner.verify.expectation import Finding, failed, passed, unknown
from provisioner.verify.scene import BALANCER, INTERNET, Scene, is_private

_THEN = {"stack-file": "  (in the stack file; then provision it again)"}
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
    if not verdict.ways:
        again = changed_back(scene, verdict.source, verdict.destination) or (scene.resume,)
        return failed("nobody has an address there", *again)
    if verdict.outcome is Outcome.REACHES:
        return passed(_open(scene, verdict))
    if verdict.outcome is Outcome.UNKNOWN:
        return unknown(doubt(verdict))
    return failed(stop(verdict), *fix(scene, verdict))


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
    if again := changed_back(scene, verdict.source, verdict.destination):
        return failed(f"{to} is open to it", *again)
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


def fix(scene: Scene, verdict: Verdict) -> tuple[str, ...]:
    """What to write or to type. What hands changed of either end is changed back before anything is opened."""
    if again := changed_back(scene, verdict.source, verdict.destination):
        return again
    found, stopped = verdict.fix, verdict.stop
    if (found is None or found.kind == _ADVICE) and (other := drift.reset(scene, verdict.destination)):
        return (scene.resume, f"sets {', '.join(other)} right again")
    if found is None:
        return (scene.resume,) if stopped and stopped.name else ()
    return (f"{found.change}{_THEN.get(found.kind, '')}", *found.besides)


def changed_back(scene: Scene, *parts: str) -> tuple[str, ...]:
    """How to undo what hands did to these parts; nothing where they did nothing."""
    known = dict.fromkeys(one.rpartition("//")[2].partition(":")[0] for one in parts)
    known |= {BALANCER: None} if known.keys() & scene.stack.balanced.keys() else {}
    moved = [step for one in known for step in drift.moved(scene, one)]
    again = (scene.resume, f"sets {', '.join(moved)} right again") if moved else ()
    strange = drift.strangers(scene) if BALANCER in known else []
    return (*again, *(f"aws elbv2 delete-rule --rule-arn {one.arn}" for one in strange))
