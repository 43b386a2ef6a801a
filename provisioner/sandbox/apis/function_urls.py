"""Requests to functions at their own names, `ID.lambda-url.REGION.on.aws`: to the function and back.

Only what comes without a signature is answered: with the authorisation AWS_IAM that is refused.
"""

from __future__ import annotations

import json
import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.core.exceptions import JsonRESTError

from provisioner.sandbox import backends, runtime
from provisioner.sandbox.apis import api_cors, api_payloads, api_routes
from provisioner.sandbox.apis.api_payloads import Arrival
from provisioner.sandbox.call import Site
from provisioner.sandbox.gate import MISSING
from provisioner.sandbox.network.messages import Request, Response
from provisioner.sandbox.permissions import policies
from provisioner.sandbox.permissions.conditions import Context
from provisioner.sandbox.permissions.documents import resource_policy
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.runtime import THROTTLED
from provisioner.sandbox.world import World

_HOST = re.compile(r"(?P<id>[a-z0-9]+)\.lambda-url\.(?P<region>[a-z0-9-]+)\.on\.aws")
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
# Both must be allowed; each with what the request tells of itself.
_ASKED: Mapping[str, Mapping[str, str]] = {
    "lambda:InvokeFunctionUrl": {"lambda:FunctionUrlAuthType": "NONE"},
    "lambda:InvokeFunction": {"lambda:InvokedViaFunctionUrl": "true"},
}


class Urls:
    """Whose function has had each URL, by the URL's host."""

    def __init__(self) -> None:
        self.by: dict[str, tuple[Site, str]] = {}


def note(site: Site, function: LambdaFunction) -> None:
    """The function has a URL now."""
    place = Site(site.account, site.region, site.world)
    _urls(site.world).by[_host(function)] = place, function.function_name


def is_function_url(host: str) -> bool:
    """Whether a name is one that Lambda answers for."""
    return _HOST.fullmatch(host) is not None


def answer(world: World, host: str, request: Request) -> Response:
    """What the client gets of the function with this name."""
    with world.lock:
        world.clock.catch_up()
        found = _find(world, host)
        if found is None:
            return _message(403, _FORBIDDEN)
        site, function = found
        config = dict(function.url_config.config) if function.url_config else {}
        allowed = _allowed(function)
    cors = {name[0].lower() + name[1:]: value for name, value in (config.get("Cors") or {}).items()}
    if cors and api_cors.is_preflight(request):
        shown = api_cors.preflight(cors, request)
        return Response(200, shown.headers, shown.body)
    shown = _refused(config["AuthType"], request, allowed=allowed) or _invoked(site, function, host, request)
    return api_cors.completed(cors, request, shown) if cors else shown


def _find(world: World, host: str) -> tuple[Site, LambdaFunction] | None:
    """The function that has this URL now."""
    site, name = _urls(world).by.get(host, (None, ""))
    if site is None:
        return None
    try:
        function = backends.functions(site).get_function(name)
    except JsonRESTError:
        return None
    return (site, function) if function.url_config and _host(function) == host else None


def _refused(auth: str, request: Request, *, allowed: bool) -> Response | None:
    if auth == "AWS_IAM" and request.header("Authorization"):
        return _message(501, f"{MISSING}: signed requests to function URLs")
    return None if auth == "NONE" and allowed else _message(403, _FORBIDDEN)


def _allowed(function: LambdaFunction) -> bool:
    """Whether the function's own policy lets everybody in."""
    if not function.policy.statements:
        return False
    policy = resource_policy(json.dumps({"Version": "2012-10-17", "Statement": function.policy.statements}))
    anybody = {"AWS": frozenset({"*"})}
    wishes = [
        policies.Request(action, function.function_arn, Context(known), anybody)
        for action, known in _ASKED.items()
    ]
    return all(policies.decide([policy], wish) is policies.Decision.ALLOWED for wish in wishes)


def _invoked(site: Site, function: LambdaFunction, host: str, request: Request) -> Response:
    """What the function says; 502 if it fails, 429 above its concurrency."""
    arrival = Arrival(
        "anonymous",
        host.partition(".")[0],
        api_routes.DEFAULT,
        api_routes.DEFAULT,
        request.path,
        str(uuid.UUID(bytes=secrets.token_bytes(16))),
    )
    event = json.dumps(api_payloads.event(arrival, request)).encode()
    try:
        outcome = runtime.invoke(site, function.function_arn, event)
        if outcome.error is None:
            return api_payloads.response(outcome.payload)
    except NotImplementedError as error:
        return _message(501, f"{MISSING}: {error}")
    except Refusal as refusal:
        if refusal.code == THROTTLED:
            return _message(429, "Rate Exceeded.")
    except api_payloads.Unusable:
        pass
    return Response(502, [("Content-Type", "application/octet-stream")], b"Internal Server Error")


def _host(function: LambdaFunction) -> str:
    url: Any = function.url_config
    return str(url.url).removeprefix("https://").rstrip("/")


def _urls(world: World) -> Urls:
    return world.ledger(Urls, "", "")


def _message(status: int, text: str) -> Response:
    body = json.dumps({"Message": text}, separators=(",", ":"))
    return Response(status, [("Content-Type", "application/json")], body.encode())
