"""HTTP APIs of API Gateway: what a stage answers is what was deployed to it, not what the API is by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.apigatewayv2.models import Api, Integration

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site

NO_ROUTE = "At least one route is required before deploying the Api."
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Content:
    """What of an API is deployed: the integration of each route key, and the CORS configuration."""

    routes: Mapping[str, Integration]
    cors: Mapping[str, Any] | None


@dataclass
class Deployment:
    """One state of the API that stages may have."""

    id: str
    content: Content
    automatic: bool
    description: str = ""
    status: str = "PENDING"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def told(self) -> dict[str, Any]:
        """As boto3 gives it."""
        return {
            "DeploymentId": self.id,
            "AutoDeployed": self.automatic,
            "CreatedDate": self.created,
            "DeploymentStatus": self.status,
            "Description": self.description,
        }


@dataclass
class StageState:
    """What a stage answers from, and how its last deployment ended."""

    deployment: Deployment | None = None
    message: str = ""
    asked: int = 0
    arrived: int = 0


class Apis:
    """Deployments by API and id, the states of stages by API and name, and those of VPC links."""

    def __init__(self) -> None:
        self.deployments: dict[str, dict[str, Deployment]] = {}
        self.stages: dict[tuple[str, str], StageState] = {}
        self.links: dict[str, str] = {}


def state(site: Site, api: str, stage: str) -> StageState:
    return site.ledger(Apis).stages.setdefault((api, stage), StageState())


def content(site: Site, api: str, stage: str) -> Content | None:
    """What that stage of the API answers from; None while nothing is deployed to it."""
    there = backends.apis(site).apis.get(api)
    if there is None or stage not in there.stages or there.disable_execute_api_endpoint:
        return None
    deployment = state(site, api, stage).deployment
    return deployment.content if deployment else None


def deploy(site: Site, api: Api, stages: list[str], *, automatic: bool, description: str = "") -> Deployment:
    """Make a deployment of the API as it is, for these stages, which answer from it after a while."""
    chance = site.world.latencies.chance("api.deployment")
    key = "".join(chance.choice(_LETTERS) for _ in range(7))
    deployment = Deployment(key, _content(api), automatic, description)
    site.ledger(Apis).deployments.setdefault(api.api_id, {})[key] = deployment
    for stage in stages:
        attach(site, api.api_id, stage, deployment)
    if not stages:
        deployment.status = "DEPLOYED"
    return deployment


def attach(site: Site, api: str, stage: str, deployment: Deployment) -> None:
    """Have the stage answer from the deployment, after a while."""
    there = state(site, api, stage)
    there.asked += 1
    turn = there.asked

    def arrive() -> None:
        deployment.status = "DEPLOYED"
        if turn > there.arrived:  # a later one may have been quicker
            there.arrived, there.deployment = turn, deployment
            there.message = f"Successfully deployed stage with deployment ID '{deployment.id}'"

    site.later("api.deployed", arrive)


def deploy_automatically(site: Site, api: Api, stages: list[str] | None = None) -> None:
    """After a change: deploy to the stages that want each one, or say in them that there is nothing to deploy."""
    wanted = [name for name in stages or list(api.stages) if api.stages[name].auto_deploy]
    if not wanted:
        return
    if api.routes:
        deploy(site, api, wanted, automatic=True)
        return
    for name in wanted:
        state(site, api.api_id, name).message = f"Deployment attempt failed: {NO_ROUTE}"


def forget(site: Site, api: str, stage: str | None = None) -> None:
    """A stage, or all of an API, is gone."""
    notes = site.ledger(Apis)
    for key in list(notes.stages):
        if key[0] == api and stage in (None, key[1]):
            del notes.stages[key]
    if stage is None:
        notes.deployments.pop(api, None)


def users_of(site: Site, link: str) -> Iterator[str]:
    """The integrations that go through a VPC link."""
    for api in backends.apis(site).apis.values():
        yield from (one.id for one in api.integrations.values() if one.connection_id == link)


def _content(api: Api) -> Content:
    targets = {route.route_key: (route.target or "").rpartition("/")[2] for route in api.routes.values()}
    routes = {key: copy(api.integrations[target]) for key, target in targets.items() if target in api.integrations}
    cors: Any = api.cors_configuration
    return Content(routes, cors)
