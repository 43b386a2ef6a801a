"""What the stack file's [[expect]] tables ask."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from provisioner.model import Expect
from provisioner.verify import functions, judging, requests
from provisioner.verify.expectation import Expectation, Finding, failed, passed, unknown
from provisioner.verify.invoking import fits, invoke, shortly
from provisioner.verify.scene import BALANCER, Scene
from provisioner.verify.web import Answer, Asked, NoAnswer

_ABOUT = "[[expect]]"
_KEPT = re.compile(r"\$\{kept\.([^}]*)\}")
_LANE = "requests"


class _NotKept(Exception):
    """An earlier request left nothing of this name."""


def expectations(scene: Scene) -> Iterator[Expectation]:
    for one in scene.stack.expect:
        yield _expectation(scene, one)


def _expectation(scene: Scene, one: Expect) -> Expectation:
    if one.request:
        return Expectation(one.title, _ABOUT, partial(_requested, scene, one), 1.0, _LANE)
    source, to = one.source or "", one.to or ""
    if one.of_answer:
        return Expectation(one.title, _ABOUT, partial(_invoked, scene, one, source), 1.0, _LANE)
    behind = to in (*scene.stack.balanced, BALANCER)
    if behind and source in scene.stack.functions and functions.asks(scene.stack, source) and not one.port:
        title = one.name or ""
        return functions.asking(scene, source, to, answered=one.reaches is not False, title=title)
    judge = judging.kept_out if one.reaches is False else judging.reaches
    return Expectation(one.title, _ABOUT, partial(judge, scene, source, to, one.port, one.host, one.path or ""))


def _invoked(scene: Scene, one: Expect, name: str) -> Finding:
    """A function's answer; if there is none, with what stops it."""
    try:
        payload = _filled(scene, one.body) if one.body else json.dumps({"path": one.path} if one.path else {})
    except _NotKept as error:
        return unknown(str(error))
    found = invoke(scene, name, payload)
    if found.timed_out or (not found.ok and found.status is None):
        why = judging.reaches(scene, name, one.to, one.port, one.host, one.path or "") if one.to else passed()
        return failed("; ".join(filter(None, [found.said, why.why if why.fix else ""])), *why.fix)
    if wrong := fits(found.text, found.status, one.status, one.contains):
        return failed(wrong)
    return _keeping(scene, one, found.text, found.said)


def _requested(scene: Scene, one: Expect) -> Finding:
    try:
        answer = scene.door.ask(_request(scene, one), partial(_good, one))
    except _NotKept as error:
        return unknown(str(error))
    except NoAnswer as error:
        return failed(f"nobody answers: {error}", scene.resume)
    if wrong := fits(answer.text, answer.status, one.status, one.contains):
        return failed(wrong, *requests.behind(scene, one.request or ""))
    return _keeping(scene, one, answer.text, f"HTTP {answer.status}, {shortly(answer.text)}")


def _good(one: Expect, answer: Answer) -> bool:
    return not fits(answer.text, answer.status, one.status, one.contains)


def _request(scene: Scene, one: Expect) -> Asked:
    """Raises _NotKept, Absent."""
    method, _, place = (one.request or "").partition(" ")
    base = ("${api.url}" if scene.stack.api else "${load_balancer.url}") if place.startswith("/") else ""
    body = _filled(scene, one.body) if one.body is not None else None
    typed = {"Content-Type": "application/json"} if body is not None and _is_json(body) else {}
    url = scene.filled(base) + scene.filled(_filled(scene, place))
    return Asked(method, url, {**typed, **one.headers}, body)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _filled(scene: Scene, text: str) -> str:
    """With what earlier answers left. Raises _NotKept."""

    def kept(found: re.Match[str]) -> str:
        if found.group(1) not in scene.kept:
            raise _NotKept(f"no answer before it left {found.group(1)}")
        return scene.kept[found.group(1)]

    return _KEPT.sub(kept, text)


def _keeping(scene: Scene, one: Expect, text: str, said: str) -> Finding:
    """Take from the answer what later requests need."""
    for name, path in one.keep.items():
        try:
            found = _at(json.loads(text), path)
        except (ValueError, LookupError, TypeError):
            return failed(f"the answer has no {path}: {shortly(text)}")
        scene.kept[name] = found if isinstance(found, str) else json.dumps(found)
    return passed(said)


def _at(answer: Any, path: str) -> Any:
    """What is at `data.notes.0.id`. Raises LookupError, TypeError, ValueError."""
    for step in path.split("."):
        answer = answer[int(step)] if isinstance(answer, list) else answer[step]
    return answer
