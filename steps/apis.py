"""What the internet may call without a load balancer: HTTP APIs of API Gateway with their parts.

An API is told by its owner tag. Its integrations, routes and stages are inside it, so whatever has their natural
key there is ours. DeleteApi takes all of them with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Aws, Look
from steps.aws.cors import same_cors
from steps.aws.errors import Cause, verdict
from steps.aws.gateway import ACCESS_LOG_FORMAT as ACCESS_LOG_FORMAT
from steps.aws.gateway import Part, differing, listed
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step


@dataclass(frozen=True, kw_only=True)
class HttpApi(Step):
    """An HTTP API; outputs `api_id`, `url` and `execution_arn`, which it has from birth.

    `cors` holds the parameters of CorsConfiguration (AllowOrigins, ...; MaxAge in seconds). Names are not unique
    and there is no token, so after a lost answer it is looked for by owner tag.
    """

    kind = "http_api"
    noun = "HTTP API"
    family = "apis"
    retry = Retry.LOOK
    typical = 2.0
    api_name: str
    description: str = ""
    cors: Mapping[str, Any] | None = None

    def request(self, job: Job) -> dict[str, Any]:
        cors = {"CorsConfiguration": dict(self.cors)} if self.cors else {}
        return {"Name": self.api_name, "ProtocolType": "HTTP", "Description": self.description, **cors}

    mutable = frozenset({"Name", "Description", "CorsConfiguration"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        ids = {record.id for record in records}
        for raw in listed(look, "get_apis"):
            tags = raw.get("Tags", {})
            if raw["ApiId"] in ids or look.aws.owner.owns(tags):
                yield Seen(raw["ApiId"], {**raw, "Outputs": _outputs(look.aws, raw)}, tags)

    def create(self, job: Job) -> Made:
        raw = job.aws.once.apis.create_api(**job.record.request, Tags=job.aws.owner.of(self.name))
        return Made(raw["ApiId"], _outputs(job.aws, raw))

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        outputs: Mapping[str, Any] = seen.raw["Outputs"]
        return outputs

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("created")
        found = {"Description": "", **seen.raw}
        changes = differing(found, self.request(job), ("Name", "Description"))
        if not same_cors(seen.raw.get("CorsConfiguration"), self.cors):
            changes["CorsConfiguration"] = self.cors or None
        if changes and job.once(", ".join(changes)):
            _change(job, seen.id, changes)
            job.notes.append(f"set {', '.join(changes)}")
        return Pending("changed") if changes else Ready(seen.raw["Outputs"])

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.apis.delete_api(ApiId=seen.id)


def _outputs(aws: Aws, raw: Mapping[str, Any]) -> dict[str, str]:
    """The execution ARN is what permissions on functions name (API Gateway developer guide, "ARN format")."""
    arn = f"arn:{aws.partition}:execute-api:{aws.region}:{aws.account}:{raw['ApiId']}"
    return {"api_id": raw["ApiId"], "url": raw["ApiEndpoint"], "execution_arn": arn}


def _change(job: Job, api: str, changes: Mapping[str, Any]) -> None:
    """UpdateApi cannot take a CORS configuration away: that is a call of its own."""
    given = {name: value for name, value in changes.items() if value is not None}
    if given:
        job.aws.clients.apis.update_api(ApiId=api, **given)
    if len(given) < len(changes):
        job.aws.clients.apis.delete_cors_configuration(ApiId=api)


@dataclass(frozen=True, kw_only=True)
class Integration(Part):
    """How an API invokes one function (a step whose id is its ARN), within `timeout_ms` (50 to 30,000).

    It has neither name, tags nor token: in our own API the one that leads to the function is ours, so an API has
    one for each function. API Gateway does not ask whether the function is there.
    """

    kind = "integration"
    noun = "integration"
    family = "apis"
    retry = Retry.LOOK
    part = "integration"
    id_name = "IntegrationId"
    key_name = "IntegrationUri"
    compared = ("IntegrationUri", "IntegrationMethod", "PayloadFormatVersion", "TimeoutInMillis")
    function: str
    timeout_ms: int = 30_000

    def key(self, ids: Mapping[str, str]) -> str | None:
        known = self.api in ids and self.function in ids
        return f"{ids[self.api]}|{ids[self.function]}" if known else None

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "ApiId": job.id_of(self.api),
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": job.id_of(self.function),
            "IntegrationMethod": "POST",
            "PayloadFormatVersion": "2.0",
            "TimeoutInMillis": self.timeout_ms,
        }

    mutable = frozenset({"TimeoutInMillis"})

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        try:
            cls.remove(job, seen)
        except ClientError as error:
            if verdict(error).cause is not Cause.IN_USE:
                raise
            _strip(job, seen.id)
            return Pending("taking off the routes that were added by hand")
        return Gone()


def _strip(job: Job, integration: str) -> None:
    """Delete the routes that others led to it: they would go with the API in any case."""
    api, _, own = integration.partition("|")
    for route in listed(Look(job.aws), "get_routes", ApiId=api):
        if route.get("Target") == f"integrations/{own}":
            job.aws.clients.apis.delete_route(ApiId=api, RouteId=route["RouteId"])


@dataclass(frozen=True, kw_only=True)
class ApiRoute(Part):
    """Which integration answers a route key: `METHOD /path`, or `$default` for all the rest."""

    kind = "api_route"
    noun = "API route"
    family = "apis"
    retry = Retry.KEY
    part = "route"
    id_name = "RouteId"
    key_name = "RouteKey"
    compared = ("RouteKey", "Target")
    route_key: str
    integration: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.api]}|{self.route_key}" if self.api in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        own = job.id_of(self.integration).partition("|")[2]
        return {"ApiId": job.id_of(self.api), "RouteKey": self.route_key, "Target": f"integrations/{own}"}

    mutable = frozenset({"Target"})


@dataclass(frozen=True, kw_only=True)
class Stage(Part):
    """From where an API answers. Output: `url`. With `auto_deploy` it is ready when something is deployed to it.

    For some seconds after that the endpoint may still answer 403 or 404. `throttling_burst` (requests) and
    `throttling_rate` (requests a second) limit each route; None leaves them as they are.

    `access_log` is a log group's step. With it API Gateway acts for the caller, who needs logs:CreateLogDelivery,
    UpdateLogDelivery, DeleteLogDelivery, GetLogDelivery, ListLogDeliveries, PutResourcePolicy,
    DescribeResourcePolicies and DescribeLogGroups; else: `BadRequestException: Insufficient permissions to enable
    logging`. It adds the group to a resource policy that all APIs of the account and region share, that may not
    exceed 5,120 characters ("Policy document length breaking Cloudwatch Logs Constraints") and that stays; groups
    whose names begin with /aws/vendedlogs/ are covered by one entry. Source: API Gateway developer guide,
    "Configure logging for HTTP APIs"; anomalyco/sst#125, serverless/serverless#10469.
    """

    kind = "stage"
    noun = "stage"
    family = "apis"
    retry = Retry.KEY
    typical = 5.0
    part = "stage"
    id_name = "StageName"
    key_name = "StageName"
    stage_name: str = "$default"
    auto_deploy: bool = True
    access_log: str | None = None
    access_log_format: str = ACCESS_LOG_FORMAT
    throttling_burst: int | None = None
    throttling_rate: float | None = None

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.api]}|{self.stage_name}" if self.api in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        limits = {"ThrottlingBurstLimit": self.throttling_burst, "ThrottlingRateLimit": self.throttling_rate}
        given = {name: value for name, value in limits.items() if value is not None}
        return {
            "ApiId": job.id_of(self.api),
            "StageName": self.stage_name,
            "AutoDeploy": self.auto_deploy,
            **({"AccessLogSettings": self._logging(job, self.access_log)} if self.access_log else {}),
            **({"DefaultRouteSettings": given} if given else {}),
        }

    def _logging(self, job: Job, group: str) -> dict[str, str]:
        aws = job.aws
        arn = f"arn:{aws.partition}:logs:{aws.region}:{aws.account}:log-group:{job.id_of(group)}"
        return {"DestinationArn": arn, "Format": self.access_log_format}

    mutable = frozenset({"AutoDeploy", "AccessLogSettings", "DefaultRouteSettings"})

    def create(self, job: Job) -> str:
        job.aws.once.apis.create_stage(**job.record.request, Tags=job.aws.owner.of(self.name))
        return f"{job.record.request['ApiId']}|{self.stage_name}"

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("created")
        changes = _stage_changes(seen.raw, self.request(job))
        if changes and job.once(", ".join(changes)):
            self._set(job, seen, changes)
            job.notes.append(f"set {', '.join(changes)}")
        said = "changed" if changes else _undeployed(seen.raw) if self.auto_deploy else ""
        end = "" if self.stage_name == "$default" else f"/{self.stage_name}"
        return Pending(said) if said else Ready({"url": f"{job.output(self.api, 'url')}{end}"})

    def _set(self, job: Job, seen: Seen, changes: Mapping[str, Any]) -> None:
        """UpdateStage cannot take access logs away: that is a call of its own."""
        given = {name: value for name, value in changes.items() if value is not None}
        if given:
            self.call("update", job, seen, **given)
        if len(given) < len(changes):
            api, _, name = seen.id.partition("|")
            job.aws.clients.apis.delete_access_log_settings(ApiId=api, StageName=name)


def _stage_changes(raw: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is otherwise than asked for; None for an access log that is not asked for."""
    changes = differing({"AutoDeploy": False, **raw}, wanted, ("AutoDeploy",))
    logs = dict(raw.get("AccessLogSettings") or {})
    if "DestinationArn" in logs:
        logs["DestinationArn"] = logs["DestinationArn"].removesuffix(":*")
    if logs != wanted.get("AccessLogSettings", {}):
        changes["AccessLogSettings"] = wanted.get("AccessLogSettings")
    limits = raw.get("DefaultRouteSettings") or {}
    if limits != (changed := {**limits, **wanted.get("DefaultRouteSettings", {})}):
        changes["DefaultRouteSettings"] = changed
    return changes


def _undeployed(raw: Mapping[str, Any]) -> str:
    """What AWS says of a stage from which nothing answers, or not the newest."""
    said = str(raw.get("LastDeploymentStatusMessage", ""))
    failed = said.startswith("Deployment attempt failed")
    return said or "nothing is deployed to it yet" if failed or "DeploymentId" not in raw else ""
