"""API Gateway v2: integrations of HTTP APIs, and the routes to them."""

from __future__ import annotations

import re

from provisioner.sandbox.apis import http_apis
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before
from provisioner.sandbox.rules.apigatewayv2 import METHODS, api_of, bad

_SOURCE = "API Gateway v2 API Reference"
_QUOTAS = "API Gateway Developer Guide: quotas of HTTP APIs"
_ROUTE_KEY = re.compile(rf"(?:ANY|{'|'.join(METHODS)}) /\S*")
_VARIABLE = re.compile(r"\{[^}+]*\}")
_GREEDY = re.compile(r"\{[^}]*\+\}")
_FUNCTION = re.compile(r"arn:aws[\w-]*:(?:lambda:.*:function:|apigateway:.*:lambda:path/).+")
_URL = re.compile(r"https?://\S+")
_PRIVATE = re.compile(r"arn:aws[\w-]*:(?:elasticloadbalancing:.*:listener/|servicediscovery:.*:service/).+")
_TIMEOUTS = range(50, 30_001)
_MOST_ROUTES = 300


@before("apigatewayv2", "CreateIntegration", source=f"{_SOURCE}: CreateIntegration")
def integrations_of_http_apis(call: Call) -> None:
    """BadRequestException for another type than AWS_PROXY and HTTP_PROXY, and for a wrong or no payload format."""
    given = call.parameters
    if api_of(call).protocol_type != "HTTP":
        return
    kind, version = given["IntegrationType"], given.get("PayloadFormatVersion")
    if kind not in ("AWS_PROXY", "HTTP_PROXY"):
        raise bad("HTTP APIs support the integration types AWS_PROXY and HTTP_PROXY only")
    if version is None:
        raise bad("PayloadFormatVersion is a required parameter for integration")
    if version not in ("1.0", "2.0") or (version == "2.0" and kind != "AWS_PROXY"):
        raise bad(f"PayloadFormatVersion {version} is not supported for {kind} integrations")


@before("apigatewayv2", "CreateIntegration", source=f"{_SOURCE}: CreateIntegration")
def integrations_lead_somewhere(call: Call) -> None:
    """BadRequestException for what is no function, URL, listener or service, and for an unknown VPC link."""
    given = call.parameters
    uri = given.get("IntegrationUri", "")
    if given.get("ConnectionType") == "VPC_LINK":
        link = given.get("ConnectionId", "")
        if call.ledger(http_apis.Apis).links.get(link) not in ("PENDING", "AVAILABLE"):
            raise bad(f"VpcLink {link} was not found")
        wrong = not _PRIVATE.fullmatch(uri)
    elif given["IntegrationType"] == "AWS_PROXY":
        wrong = "IntegrationSubtype" not in given and not _FUNCTION.fullmatch(uri)
    else:
        wrong = given["IntegrationType"] == "HTTP_PROXY" and not _URL.fullmatch(uri)
    if wrong:
        raise bad(f"Invalid endpoint specified for IntegrationUri: {uri}")


@before("apigatewayv2", "CreateIntegration", "UpdateIntegration", source=_QUOTAS)
def integrations_have_thirty_seconds(call: Call) -> None:
    """BadRequestException for a time-out under 50 milliseconds or over 30 seconds."""
    if call.parameters.get("TimeoutInMillis", _TIMEOUTS[-1]) not in _TIMEOUTS:
        raise bad(f"Timeout should be between {_TIMEOUTS[0]} ms and {_TIMEOUTS[-1]} ms")


@after("apigatewayv2", "CreateIntegration", source=f"{_SOURCE}: CreateIntegration")
def integrations_use_the_internet(call: Call, answer: Answer) -> None:
    """Unless they name a VPC link."""
    integration = api_of(call).integrations[answer["IntegrationId"]]
    integration.connection_type = integration.connection_type or "INTERNET"
    answer["ConnectionType"] = integration.connection_type


@before("apigatewayv2", "DeleteIntegration", source="hashicorp/terraform-provider-aws#12195")
def integrations_of_routes_stay(call: Call) -> None:
    """ConflictException (409) while a route leads to it."""
    target = f"integrations/{call.parameters['IntegrationId']}"
    if routes := [route.route_id for route in api_of(call).routes.values() if route.target == target]:
        listed = ", ".join(routes)
        message = (
            f"Cannot delete Integration because it is referenced by the following Routes with Ids: [{listed}]"
        )
        raise Refusal("ConflictException", message, 409)


@before(
    "apigatewayv2",
    "CreateRoute",
    "UpdateRoute",
    source="anomalyco/sst#5031, plutomi/plutomi#271; aws/aws-lambda-dotnet: ApiGatewayRouteConfigServiceTests",
)
def route_keys_are_unique(call: Call) -> None:
    """ConflictException (409) for a second route of a key, or one with another name for a variable in one place.

    `/pets/{id}` and `/pets/{proxy+}` stand side by side.
    """
    key, api = call.parameters.get("RouteKey"), api_of(call)
    if key is None:
        return
    if api.protocol_type == "HTTP" and key != "$default" and not _ROUTE_KEY.fullmatch(key):
        raise bad(
            "The provided route key is not formatted properly for HTTP protocol. "
            'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
        )
    for route in api.routes.values():
        if route.route_id != call.parameters.get("RouteId"):
            _refuse_same(key, route.route_key)


@before("apigatewayv2", "CreateRoute", "UpdateRoute", source="from memory")
def routes_lead_to_integrations(call: Call) -> None:
    """BadRequestException for a target that is no integration of the API."""
    target = call.parameters.get("Target")
    kind, _, key = (target or "").partition("/")
    if target and (kind != "integrations" or key not in api_of(call).integrations):
        raise bad(f"Invalid target: {target} was not found")


@before("apigatewayv2", "CreateRoute", source=_QUOTAS)
def number_of_routes(call: Call) -> None:
    """BadRequestException for more than 300."""
    if len(api_of(call).routes) >= _MOST_ROUTES:
        raise bad("Maximum number of Routes has been reached. Please contact AWS if you need additional Routes.")


def _refuse_same(key: str, there: str) -> None:
    if key == there:
        raise Refusal("ConflictException", f"Route with key {key} already exists for this API", 409)
    if _differ_in_a_name(key, there):
        conflict = "has a conflicting variable on the same hierarchical level as"
        message = f'The provided route key "{key}" {conflict} "{there}"'
        raise Refusal("ConflictException", message, 409)


def _differ_in_a_name(key: str, there: str) -> bool:
    """Whether the first part in which they differ is a variable in both, be it greedy in both or in neither."""
    (method, _, path), (other, _, elsewhere) = key.partition(" "), there.partition(" ")
    pairs = zip(path.split("/"), elsewhere.split("/"), strict=False)
    one, two = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    return method == other and any(kind.fullmatch(one) and kind.fullmatch(two) for kind in (_VARIABLE, _GREEDY))
