"""Requests to HTTP APIs at their own names: by the stage and the route to the function, and back.

Only functions answer, in payload format 2.0; what has another integration says that it is not emulated.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from urllib.parse import unquote

from moto.apigatewayv2.models import Api, Integration
from moto.core.exceptions import JsonRESTError

from provisioner.sandbox import backends, runtime
from provisioner.sandbox.apis import api_cors, api_payloads, api_routes, http_apis
from provisioner.sandbox.apis.api_payloads import Arrival
from provisioner.sandbox.apis.http_apis import Content
from provisioner.sandbox.call import Site
from provisioner.sandbox.gate import MISSING
from provisioner.sandbox.network.messages import Request, Response
from provisioner.sandbox.permissions import policies
from provisioner.sandbox.permissions.conditions import Context
from provisioner.sandbox.permissions.documents import resource_policy
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.runtime import THROTTLED, Outcome
from provisioner.sandbox.world import World

_HOST = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:(?P<region>[\w-]+):(?P<account>\d{12}):function:[\w-]+(:[\w$-]+)?")
_PRINCIPAL = "apigateway.amazonaws.com"
_PATIENCE = 30_000
"""Milliseconds that an integration may take, unless it says less."""


@dataclass(frozen=True)
class _Found:
    """Where a request gets to, and the ARN by which the function's policy knows it."""

    site: Site
    arrival: Arrival
    integration: Integration
    source: str


def is_api(host: str) -> bool:
    """Whether a name is one that API Gateway answers for."""
    return _HOST.fullmatch(host) is not None


def answer(world: World, host: str, request: Request) -> Response:
    """What the client gets of the API with this name."""
    key = base64.b64encode(secrets.token_bytes(11)).decode()
    with world.lock:
        world.clock.catch_up()
        content, found = _find(world, host, request, key)
    cors = content.cors if content else None
    if cors and api_cors.is_preflight(request):
        shown = api_cors.preflight(cors, request)
    elif found is None:
        shown = _message(404, "Not Found")
    else:
        shown = _integrated(found, request)
        shown = api_cors.completed(cors, request, shown) if cors else shown
    return Response(shown.status, [*shown.headers, ("Apigw-Requestid", key)], shown.body)


def _find(world: World, host: str, request: Request, key: str) -> tuple[Content | None, _Found | None]:
    """What is deployed where the request goes, and its route there; nothing of either if there is none."""
    there = _api(world, host)
    if there is None:
        return None, None
    (site, api), path = there, unquote(request.path)
    stage = api_routes.stage(api.stages, path)
    content = http_apis.content(site, api.api_id, stage)
    route = api_routes.best(content.routes, request.method, api_routes.within(stage, path)) if content else None
    if content is None or route is None:
        return content, None
    variables = api.stages[stage].stage_variables or {}
    arrival = Arrival(site.account, api.api_id, stage, route.key, path, key, route.parameters, variables)
    return content, _Found(site, arrival, content.routes[route.key], _source(site, arrival, request))


def _api(world: World, host: str) -> tuple[Site, Api] | None:
    """The API of that name, whosever it is."""
    match = _HOST.fullmatch(host)
    for backend in backends.every_api_gateway():
        if match and backend.region_name == match["region"] and match["api"] in backend.apis:
            return Site(backend.account_id, backend.region_name, world), backend.apis[match["api"]]
    return None


def _source(site: Site, arrival: Arrival, request: Request) -> str:
    path = arrival.route.partition(" ")[2]
    place = f"{request.method}{path}" if path else arrival.route
    return f"arn:aws:execute-api:{site.region}:{site.account}:{arrival.api}/{arrival.stage}/{place}"


def _integrated(found: _Found, request: Request) -> Response:
    """What the function says; 500 if it fails or may not be invoked, 503 if it takes too long or is throttled."""
    integration = found.integration
    kind = f"{integration.integration_type} {integration.payload_format_version}"
    function = _FUNCTION.search(integration.integration_uri or "")
    if kind != "AWS_PROXY 2.0" or function is None:
        return _message(501, f"{MISSING}: an integration of type {kind} with {integration.integration_uri}")
    site = Site(function["account"], function["region"], found.site.world)
    with site.world.lock:
        allowed = _allowed(site, function[0], found)
    if not allowed:
        return _message(500, "Internal Server Error")
    event = json.dumps(api_payloads.event(found.arrival, request)).encode()
    try:
        outcome = _invoked(site, function[0], event, (integration.timeout_in_millis or _PATIENCE) / 1000)
    except TimeoutError:
        return _message(503, "Service Unavailable")
    except NotImplementedError as error:
        return _message(501, f"{MISSING}: {error}")
    except Refusal as refusal:
        throttled = refusal.code == THROTTLED
        return _message(503, "Service Unavailable") if throttled else _message(500, "Internal Server Error")
    return _told(outcome)


def _allowed(site: Site, arn: str, found: _Found) -> bool:
    """Whether the function's own policy lets API Gateway invoke it for this API."""
    try:
        function = backends.functions(site).get_function(":".join(arn.split(":")[:7]))
    except JsonRESTError:
        return False
    if not function.policy.statements:
        return False
    policy = resource_policy(json.dumps({"Version": "2012-10-17", "Statement": function.policy.statements}))
    context = Context({"aws:SourceArn": found.source, "aws:SourceAccount": found.site.account})
    principals = {"Service": frozenset({_PRINCIPAL})}
    wish = policies.Request("lambda:InvokeFunction", arn, context, principals)
    return policies.decide([policy], wish) is policies.Decision.ALLOWED


def _invoked(site: Site, arn: str, event: bytes, patience: float) -> Outcome:
    """What the function came to, which goes on for itself if it takes too long. Raises TimeoutError."""
    outcome: Future[Outcome] = Future()

    def run() -> None:
        try:
            outcome.set_result(runtime.invoke(site, arn, event))
        except Exception as error:  # for whoever waits
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result(patience)


def _told(outcome: Outcome) -> Response:
    try:
        if outcome.error is None:
            return api_payloads.response(outcome.payload)
    except api_payloads.Unusable:
        pass
    return _message(500, "Internal Server Error")


def _message(status: int, text: str) -> Response:
    body = json.dumps({"message": text}, separators=(",", ":"))
    return Response(status, [("Content-Type", "application/json")], body.encode())
