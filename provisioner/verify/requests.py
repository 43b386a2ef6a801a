"""What is asked over HTTP from here: the HTTP API, URLs of functions, an internet-facing load balancer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from provisioner.model import Cors, Stack
from provisioner.verify import drift
from provisioner.verify.expectation import Expectation, Finding, failed, passed, unknown
from provisioner.verify.invoking import shortly
from provisioner.verify.scene import Absent, Scene, example_path
from provisioner.verify.web import Answer, Asked, NoAnswer

_API = "HTTP API"
_ANYWHERE = "0.0.0.0/0"
_ALL = "*"
_FORBIDDEN, _MISSING, _SERVERS_OWN = 403, 404, 500
_SAFE = ("GET", "ANY")
_DEFAULT = "$default"
_PARAMETER = re.compile(r"\{[^}]*\}")
_ORIGIN = "https://verify.example.com"


def expectations(scene: Scene) -> Iterator[Expectation]:
    yield from _api(scene)
    yield from _urls(scene)
    yield from _balancer(scene)


def _api(scene: Scene) -> Iterator[Expectation]:
    api = scene.stack.api
    for key in api.routes if api else ():
        if api and api.cors and (method := _method(key, api.cors)):
            what = f"{key}: pages of other origins may ask"
            yield Expectation(what, _API, partial(_preflight, scene, key, method, api.cors), 1.0)
        if not _is_written(scene.stack, key):
            yield Expectation(f"{key} is answered", _API, partial(_route, scene, key), 1.0)


def _method(key: str, cors: Cors) -> str:
    """The method of a route, if pages may use it; of a route for all methods the first that they may."""
    method, allowed = key.partition(" ")[0], cors.allow_methods
    if method in ("ANY", _DEFAULT):
        return next((one for one in allowed if one != _ALL), "GET")
    return method if _ALL in allowed or method in allowed else ""


def _is_written(stack: Stack, key: str) -> bool:
    """Whether an [[expect]] asks this route."""
    return any(_asks(one.request, key) for one in stack.expect if one.request)


def _asks(request: str, key: str) -> bool:
    """Whether a request is for a route."""
    method, _, path = key.partition(" ")
    route = re.compile("[^/]+".join(map(re.escape, _PARAMETER.split(path))) if path else ".*")
    word, _, place = request.replace("${api.url}", "").partition(" ")
    fits = route.fullmatch(place.partition("?")[0]) is not None
    return fits and (method in ("ANY", _DEFAULT) or word == method)


def _path(key: str) -> str:
    """A path that is for the route."""
    return _PARAMETER.sub("x", key.partition(" ")[2] or "/")


def _preflight(scene: Scene, key: str, method: str, cors: Cors) -> Finding:
    origin = next((one.replace("*", "verify") for one in cors.allow_origins if one != _ALL), _ORIGIN)
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    wanted = [one for one in cors.allow_headers if one != _ALL]
    if wanted:
        headers["Access-Control-Request-Headers"] = ",".join(wanted)
    url = scene.filled("${api.url}") + _path(key)
    answer, why = _asked(scene, Asked("OPTIONS", url, headers))
    if answer is None:
        return failed(why, scene.resume)
    if missing := list(_not_allowed(answer.headers, origin, method, wanted)):
        return failed(f"HTTP {answer.status} {' and '.join(missing)}", scene.resume)
    return passed(f"HTTP {answer.status}, {origin} may {method}")


def _not_allowed(headers: Mapping[str, str], origin: str, method: str, wanted: list[str]) -> Iterator[str]:
    """What a browser would miss. Source: Fetch standard, "CORS-preflight fetch"."""
    if headers.get("access-control-allow-origin") not in (origin, _ALL):
        yield f"without Access-Control-Allow-Origin for {origin}"
    if not {method, _ALL} & _listed(headers, "methods"):
        yield f"without {method} in Access-Control-Allow-Methods"
    allowed = {one.lower() for one in _listed(headers, "headers")}
    if _ALL not in allowed and (missing := [one for one in wanted if one.lower() not in allowed]):
        yield f"without {', '.join(missing)} in Access-Control-Allow-Headers"


def _listed(headers: Mapping[str, str], what: str) -> set[str]:
    return {one.strip() for one in headers.get(f"access-control-allow-{what}", "").split(",")}


def _asked(scene: Scene, asked: Asked) -> tuple[Answer | None, str]:
    """The answer, or why there is none."""
    try:
        return scene.door.ask(asked), ""
    except NoAnswer as error:
        return None, f"nobody answers: {error}"


def _route(scene: Scene, key: str) -> Finding:
    """Only what changes nothing is asked unasked."""
    method = key.partition(" ")[0]
    if method not in (_DEFAULT, *_SAFE):
        fix = f'[[expect]] request = "{method} {_path(key)}"  (in the stack file)'
        return unknown(f"a {method} may change something", fix)
    answer, why = _asked(scene, Asked("GET", scene.filled("${api.url}") + _path(key), {}))
    if answer is None:
        return failed(why, scene.resume)
    if answer.status >= _SERVERS_OWN or (answer.status == _MISSING and "{" not in key):
        return failed(f"HTTP {answer.status}: {shortly(answer.text)}", *_logs(scene, key))
    return passed(f"HTTP {answer.status}, {shortly(answer.text)}")


def _logs(scene: Scene, key: str) -> tuple[str, ...]:
    assert scene.stack.api is not None
    group = scene.log_group("function", scene.stack.api.routes[key])
    return (f"aws logs tail {group}", scene.resume) if group else (scene.resume,)


def behind(scene: Scene, request: str) -> tuple[str, ...]:
    """Where to look when a request of the file's is answered wrongly: the function's log, or the rules."""
    api = scene.stack.api
    keys = [one for one in api.routes if _asks(request, one)] if api else []
    if keys:
        return _logs(scene, keys[0])
    strange = drift.strangers(scene)
    return tuple(f"aws elbv2 delete-rule --rule-arn {one.arn}" for one in strange) or (scene.resume,)


def _urls(scene: Scene) -> Iterator[Expectation]:
    for name, function in scene.stack.functions.items():
        if function.url and function.url.auth == "iam":
            what = f"the URL of {name} refuses who does not sign"
            yield Expectation(what, name, partial(_closed, scene, name), 1.0)
        elif function.url:
            yield Expectation(f"the URL of {name} is answered", name, partial(_public, scene, name), 1.0)


def _url(scene: Scene, name: str) -> tuple[Answer | None, str]:
    return _asked(scene, Asked("GET", scene.filled(f"${{functions.{name}.url}}"), {}))


def _closed(scene: Scene, name: str) -> Finding:
    answer, why = _url(scene, name)
    if answer is None:
        return failed(why, scene.resume)
    if answer.status != _FORBIDDEN:
        return failed(f"HTTP {answer.status}: {shortly(answer.text)}", scene.resume)
    return passed(f"HTTP {answer.status}")


def _public(scene: Scene, name: str) -> Finding:
    answer, why = _url(scene, name)
    if answer is None or answer.status >= _SERVERS_OWN or answer.status == _FORBIDDEN:
        said = f"HTTP {answer.status}: {shortly(answer.text)}" if answer else why
        return failed(said, scene.resume)
    return passed(f"HTTP {answer.status}, {shortly(answer.text)}")


def _balancer(scene: Scene) -> Iterator[Expectation]:
    """Whoever is on the internet may ask an internet-facing one, and so may we; not for other hosts' names."""
    balancer = scene.stack.load_balancer
    if balancer is None or scene.internal or _ANYWHERE not in balancer.admits or balancer.type == "network":
        return
    for name, service in scene.stack.balanced.items():
        if not service.hosts:
            path = example_path(service)
            written = (f"GET {path}", f"GET ${{load_balancer.url}}{path}")
            if not any(one.request in written for one in scene.stack.expect):
                yield Expectation(f"GET {path} is answered", name, partial(_through, scene, path), 1.0)


def _through(scene: Scene, path: str) -> Finding:
    """That somebody answers; which service does is judged by the rules."""
    if scene.balancer().state != "active":
        raise Absent("the load balancer is not active")
    answer, why = _asked(scene, Asked("GET", scene.filled("${load_balancer.url}") + path, {}))
    if answer is None:
        return failed(why, scene.resume)
    if answer.status >= _SERVERS_OWN:
        return failed(f"HTTP {answer.status}: {shortly(answer.text)}", scene.resume)
    return passed(f"HTTP {answer.status}, {shortly(answer.text)}")
