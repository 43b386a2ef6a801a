"""API Gateway v2: HTTP APIs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.apigatewayv2.models import Api

from provisioner.sandbox import backends
from provisioner.sandbox.apis import http_apis
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_SOURCE = "API Gateway v2 API Reference"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
_ORIGIN = re.compile(r"\*|https?://[^/\s]+|[a-z\-]+-extension://\S+")
_AGES = range(-1, 86_401)
_LONGEST_NAME = 128
_PAGE = 25

# Where each kind of thing is found in its API, and what AWS calls its id.
_THINGS: Mapping[str, tuple[str, Callable[[Api], Mapping[str, Any]]]] = {
    "IntegrationId": ("Integration", lambda api: api.integrations),
    "RouteId": ("Route", lambda api: api.routes),
    "StageName": ("Stage", lambda api: api.stages),
    "AuthorizerId": ("Authorizer", lambda api: api.authorizers),
}


@before("apigatewayv2", "*", source=_SOURCE)
def apis_are_there(call: Call) -> None:
    """NotFoundException (404) for whatever is asked of an API that is not there."""
    api = call.parameters.get("ApiId")
    if api is not None and api not in backends.apis(call).apis:
        raise missing("API", call, api)


@before(
    "apigatewayv2",
    "DeleteIntegration",
    "UpdateIntegration",
    "DeleteRoute",
    "UpdateRoute",
    "DeleteStage",
    "UpdateStage",
    "DeleteAuthorizer",
    source=_SOURCE,
)
def things_of_apis_are_there(call: Call) -> None:
    """NotFoundException (404) for an integration, route, stage or authorizer that is not there."""
    api = api_of(call)
    name = next(name for name, (noun, _) in _THINGS.items() if call.action.endswith(noun))
    noun, found = _THINGS[name]
    if call.parameters[name] not in found(api):
        raise missing(noun, call, call.parameters[name])


@before("apigatewayv2", "CreateApi", "UpdateApi", source=f"{_SOURCE}: CreateApi")
def names_of_apis(call: Call) -> None:
    """BadRequestException for an empty name and one of over 128 characters; names need not be unique."""
    name = call.parameters.get("Name", "x")
    if not 0 < len(name) <= _LONGEST_NAME:
        raise bad(f"Invalid API name specified: {name}")


@before("apigatewayv2", "CreateApi", "UpdateApi", source="aws/aws-cdk#9076")
def cors_with_credentials_names_its_origins(call: Call) -> None:
    """BadRequestException for credentials with any origin, what is no origin or method, an age over a day."""
    cors = call.parameters.get("CorsConfiguration", {})
    if cors.get("AllowCredentials") and "*" in cors.get("AllowOrigins", ()):
        raise bad("allow-credentials is not supported if 'allow-origin' is *")
    for origin in cors.get("AllowOrigins", ()):
        if not _ORIGIN.fullmatch(origin):
            raise bad(
                f"Invalid format for origin '{origin}'. Origins must begin with http:// or https://, or be *"
            )
    for method in cors.get("AllowMethods", ()):
        if method not in ("*", *METHODS):
            raise bad(f"Invalid value for allow-methods: {method}")
    if cors.get("MaxAge", 0) not in _AGES:
        raise bad(f"Invalid value for max-age: {cors['MaxAge']}")


@before("apigatewayv2", "DeleteApi", source="gruntwork-io/cloud-nuke#594")
def apis_under_a_domain_stay(call: Call) -> None:
    """BadRequestException while a custom domain name leads to it."""
    api = call.parameters["ApiId"]
    domains = [one.domain_name for one in backends.apis(call).api_mappings.values() if one.api_id == api]
    if domains:
        mappings = f"Please remove all base path mappings related to the API in your domains: {', '.join(domains)}"
        raise bad(f"Deleting API {api} failed. {mappings}")


@after("apigatewayv2", "DeleteApi", source=f"{_SOURCE}: DeleteApi")
def all_of_an_api_goes_with_it(call: Call, answer: Answer) -> None:
    """Routes, integrations, stages and deployments."""
    http_apis.forget(call, call.parameters["ApiId"])


@after(
    "apigatewayv2",
    "CreateRoute",
    "UpdateRoute",
    "DeleteRoute",
    "CreateIntegration",
    "UpdateIntegration",
    "DeleteIntegration",
    "UpdateApi",
    "DeleteCorsConfiguration",
    source=f"{_SOURCE}: CreateStage",
)
def changes_are_deployed_automatically(call: Call, answer: Answer) -> None:
    """To the stages that say so; what a client hears from them changes some seconds later."""
    http_apis.deploy_automatically(call.site, api_of(call))


@after(
    "apigatewayv2",
    "GetApis",
    "GetRoutes",
    "GetIntegrations",
    "GetStages",
    "GetVpcLinks",
    source="from memory",
)
def lists_come_in_pages(call: Call, answer: Answer) -> None:
    """25 at a time unless more are asked for."""
    answer.update(page(call, answer["Items"]))


def page(call: Call, items: list[Any]) -> Answer:
    """The part of the list that the call asks for."""
    start = int(call.parameters.get("NextToken", "0"))
    end = start + int(call.parameters.get("MaxResults", _PAGE))
    return {"Items": items[start:end], **({"NextToken": str(end)} if end < len(items) else {})}


def missing(noun: str, call: Call, key: str) -> Refusal:
    name = f"{call.account}:{key}" if noun == "API" else key
    return Refusal("NotFoundException", f"Invalid {noun} identifier specified {name}", 404)


def bad(message: str) -> Refusal:
    return Refusal("BadRequestException", message)


def api_of(call: Call) -> Api:
    """The API that the call names; it is there."""
    return backends.apis(call).apis[call.parameters["ApiId"]]
