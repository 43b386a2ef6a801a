"""API Gateway v2: stages, and the deployments that they answer from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.apigatewayv2 import urls
from moto.apigatewayv2.models import Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response

from provisioner.sandbox.apis import http_apis
from provisioner.sandbox.apis.http_apis import Apis, Deployment
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.rules.apigatewayv2 import api_of, bad, missing, page

# moto has no deployments, and stages keep their access logs.
for _path in (
    "deployments$",
    "deployments/(?P<deployment_id>[^/]+)$",
    "stages/(?P<stage_name>[^/]+)/accesslogsettings$",
):
    urls.url_paths[f"{{0}}/v2/apis/(?P<api_id>[^/]+)/{_path}"] = ApiGatewayV2Response.dispatch

_SOURCE = "API Gateway v2 API Reference"
_NAME = re.compile(r"\$default|[a-zA-Z0-9_\-]{1,128}")
_MOST_STAGES = 10
# What UpdateStage may change, and where moto keeps it.
_SETTINGS: Mapping[str, str] = {
    "AccessLogSettings": "access_log_settings",
    "AutoDeploy": "auto_deploy",
    "DefaultRouteSettings": "default_route_settings",
    "Description": "description",
    "RouteSettings": "route_settings",
    "StageVariables": "stage_variables",
}


@before("apigatewayv2", "CreateStage", source=f"{_SOURCE}: CreateStage")
def stages_are_unique(call: Call) -> None:
    """ConflictException (409) for a second stage of a name; BadRequestException for other characters."""
    name, api = call.parameters["StageName"], api_of(call)
    if not _NAME.fullmatch(name):
        raise bad("Stage name only allows a-zA-Z0-9_- and $default")
    if name in api.stages:
        raise Refusal("ConflictException", "Stage already exists", 409)
    if len(api.stages) >= _MOST_STAGES:
        raise bad("Maximum number of Stages has been reached")


@before("apigatewayv2", "CreateStage", "UpdateStage", source=f"{_SOURCE}: CreateStage")
def stages_have_deployments_of_theirapi_of(call: Call) -> None:
    """BadRequestException for a deployment that is not there, or with one while each change is deployed."""
    key = call.parameters.get("DeploymentId")
    if key is None:
        return
    if call.parameters.get("AutoDeploy"):
        raise bad("Deployment ID cannot be set on a Stage when AutoDeploy is enabled")
    if key not in _deployments(call):
        raise bad(f"Invalid deployment identifier specified: {key}")


@after("apigatewayv2", "CreateStage", source=f"{_SOURCE}: CreateStage")
def new_stages_are_deployed_to(call: Call, answer: Answer) -> None:
    """With the deployment that they name, or at each change."""
    _settle(call, call.parameters["StageName"])
    _tell(call, answer)


@instead("apigatewayv2", "UpdateStage", source=f"{_SOURCE}: UpdateStage")
def stages_change(call: Call) -> Answer:
    """Only what is given."""
    stage = api_of(call).stages[call.parameters["StageName"]]
    for name, attribute in _SETTINGS.items():
        if name in call.parameters:
            setattr(stage, attribute, _spelt(call.parameters[name], name, str.lower))
    _settle(call, stage.name)
    answer = _told(stage)
    _tell(call, answer)
    return answer


@instead("apigatewayv2", "DeleteAccessLogSettings", source=f"{_SOURCE}: DeleteAccessLogSettings")
def stages_stop_logging(call: Call) -> Answer:
    """At once; NotFoundException (404) for a stage that is not there."""
    stages, name = api_of(call).stages, call.parameters["StageName"]
    if name not in stages:
        raise missing("Stage", call, name)
    stages[name].access_log_settings = None
    return {}


@after("apigatewayv2", "GetStage", source=f"{_SOURCE}: Stage")
def stages_tell_their_deployment(call: Call, answer: Answer) -> None:
    """Which one they answer from, and how the last attempt ended."""
    _tell(call, answer)


@after("apigatewayv2", "GetStages", source=f"{_SOURCE}: Stage")
def listed_stages_tell_their_deployment(call: Call, answer: Answer) -> None:
    """Which one they answer from, and how the last attempt ended."""
    for told in answer["Items"]:
        _tell(call, told)


@after("apigatewayv2", "DeleteStage", source=f"{_SOURCE}: DeleteStage")
def deleted_stages_answer_nothing(call: Call, answer: Answer) -> None:
    """At once."""
    http_apis.forget(call, call.parameters["ApiId"], call.parameters["StageName"])


@instead("apigatewayv2", "CreateDeployment", source=f"{_SOURCE}: CreateDeployment; message from memory")
def deployments_want_a_route(call: Call) -> Answer:
    """BadRequestException without one; a stage that is named answers from it after some seconds."""
    api, stage = api_of(call), call.parameters.get("StageName")
    if not api.routes:
        raise bad(http_apis.NO_ROUTE)
    if stage is not None and stage not in api.stages:
        raise missing("Stage", call, stage)
    if stage is not None and api.stages[stage].auto_deploy:
        raise bad("Deployment ID cannot be set on a Stage when AutoDeploy is enabled")
    stages = [stage] if stage else []
    description = call.parameters.get("Description", "")
    return http_apis.deploy(call.site, api, stages, automatic=False, description=description).told()


@instead("apigatewayv2", "GetDeployment", source=f"{_SOURCE}: GetDeployment")
def deployments_are_pending_at_first(call: Call) -> Answer:
    """PENDING, then DEPLOYED; NotFoundException (404) for an unknown one."""
    return _deployment(call).told()


@instead("apigatewayv2", "GetDeployments", source=f"{_SOURCE}: GetDeployments")
def deployments_are_listed(call: Call) -> Answer:
    """A page at a time."""
    return page(call, [one.told() for one in _deployments(call).values()])


@instead("apigatewayv2", "DeleteDeployment", source=f"{_SOURCE}: DeleteDeployment")
def deployments_of_stages_stay(call: Call) -> Answer:
    """BadRequestException while a stage answers from it."""
    deployment = _deployment(call)
    if any(state.deployment is deployment for state in call.ledger(Apis).stages.values()):
        raise bad("Active stages pointing to this deployment must be moved or deleted")
    del _deployments(call)[deployment.id]
    return {}


def _settle(call: Call, name: str) -> None:
    """Deploy to the stage what it wants by now."""
    api = api_of(call)
    if key := call.parameters.get("DeploymentId"):
        http_apis.attach(call.site, api.api_id, name, _deployments(call)[key])
    elif call.parameters.get("AutoDeploy"):
        http_apis.deploy_automatically(call.site, api, [name])


def _tell(call: Call, told: Answer) -> None:
    state = http_apis.state(call, call.parameters["ApiId"], told["StageName"])
    told["AutoDeploy"] = told.get("AutoDeploy", False)
    if state.deployment:
        told["DeploymentId"] = state.deployment.id
    if state.message:
        told["LastDeploymentStatusMessage"] = state.message


def _told(stage: Stage) -> dict[str, Any]:
    settings = {name: _spelt(getattr(stage, attribute), name, str.upper) for name, attribute in _SETTINGS.items()}
    known = {name: value for name, value in settings.items() if value is not None}
    return {"StageName": stage.name, "CreatedDate": stage.created, "Tags": stage.tags, **known}


def _spelt(value: Any, name: str, letter: Callable[[str], str]) -> Any:
    """With the names of AWS's parameters beginning as the wire has them (moto keeps that) or as boto3 has them."""
    if name == "RouteSettings" and value:
        return {key: _spelt(one, "", letter) for key, one in value.items()}
    if not isinstance(value, Mapping) or name == "StageVariables":
        return value
    return {letter(key[0]) + key[1:]: one for key, one in value.items()}


def _deployments(call: Call) -> dict[str, Deployment]:
    return call.ledger(Apis).deployments.setdefault(call.parameters["ApiId"], {})


def _deployment(call: Call) -> Deployment:
    key = call.parameters["DeploymentId"]
    if key not in _deployments(call):
        raise missing("Deployment", call, key)
    return _deployments(call)[key]
