"""What runs on Lambda, and the HTTP API in front of it."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.blueprint.identity import policies_of
from provisioner.blueprint.plan import Plan, group, loose
from provisioner.blueprint.security import rules_of
from provisioner.model import Api
from provisioner.model import Function as Settings
from provisioner.parameters import cors, environment
from provisioner.references import sources
from steps.apis import ApiRoute, HttpApi, Integration, Stage
from steps.base import Need, Step, Until
from steps.functions import Function
from steps.invocation import FunctionPermission, FunctionUrl

_GATEWAY = "apigateway.amazonaws.com"
_MILLISECONDS = 1000


def functions(plan: Plan) -> Iterator[Step]:
    for name, settings in plan.stack.functions.items():
        yield _function(plan, name, settings)
        if settings.url:
            yield from _url(name, settings)


def _function(plan: Plan, name: str, settings: Settings) -> Step:
    # Lambda takes long to let go of its interfaces: only what those hang on must wait for it on the way back.
    subnets = plan.subnets("private") if settings.vpc else ()
    groups = (group(f"function-{name}"),) if settings.vpc else ()
    variables = environment(plan.stack, settings)
    return Function(
        name=f"function-{name}",
        needs=(
            Need(f"role-{name}-function"),
            *map(Need, policies_of(plan, f"{name}-function")),
            Need(f"log-group-function-{name}"),
            *map(Need, (*subnets, *groups)),
            *(Need(rule, holds=False) for rule in rules_of(plan, f"function-{name}")),
            *loose(*sources(variables.values()), until=_known(settings)),
        ),
        function_name=plan.names.function(name),
        role=f"role-{name}-function",
        handler=settings.handler,
        runtime=settings.runtime,
        architecture=settings.architecture,
        timeout=settings.timeout,
        memory=settings.memory,
        code_sha256=plan.code[name],
        environment=variables,
        subnets=subnets,
        groups=groups,
        layers=settings.layers,
        ephemeral_storage=settings.ephemeral_storage,
        reserved_concurrency=settings.reserved_concurrency,
    )


def _known(settings: Settings) -> Until:
    """A load balancer has its name from birth; where a database is, is known only when it is ready."""
    return Until.READY if "database" in settings.calls else Until.EXISTS


def _url(name: str, settings: Settings) -> Iterator[Step]:
    """With `none` two permissions, for since October 2025 Lambda asks for both."""
    assert settings.url is not None
    function, auth = f"function-{name}", {"iam": "AWS_IAM", "none": "NONE"}[settings.url.auth]
    yield FunctionUrl(
        name=f"function-url-{name}",
        needs=(Need(function),),
        function=function,
        auth_type=auth,
        cors=cors(settings.url.cors),
    )
    if auth == "NONE":
        needs = (Need(function), Need(f"function-url-{name}", Until.EXISTS))
        yield FunctionPermission(
            name=f"permission-{name}-url",
            needs=needs,
            function=function,
            statement_id="url",
            principal="*",
            action="lambda:InvokeFunctionUrl",
            function_url_auth_type=auth,
        )
        yield FunctionPermission(
            name=f"permission-{name}-url-invoke",
            needs=needs,
            function=function,
            statement_id="url-invoke",
            principal="*",
            via_function_url=True,
        )


def api(plan: Plan) -> Iterator[Step]:
    settings = plan.stack.api
    if settings is None:
        return
    yield HttpApi(
        name="http-api",
        api_name=plan.names.api,
        description=f"HTTP API of stack {plan.stack.name}",
        cors=cors(settings.cors),
    )
    for name in dict.fromkeys(settings.routes.values()):
        yield Integration(
            name=f"integration-{name}",
            needs=(Need("http-api"), Need(f"function-{name}", Until.EXISTS)),
            api="http-api",
            function=f"function-{name}",
            timeout_ms=settings.timeout * _MILLISECONDS,
        )
    yield from _routes(settings)
    log = (Need("log-group-api"),) if settings.access_log else ()
    yield Stage(
        name="stage",
        needs=(Need("http-api"), *(Need(f"route-{_label(key)}") for key in settings.routes), *log),
        api="http-api",
        access_log="log-group-api" if settings.access_log else None,
    )


def _routes(settings: Api) -> Iterator[Step]:
    """A route for each key, and the function's permission for it."""
    for key, name in settings.routes.items():
        label = _label(key)
        yield ApiRoute(
            name=f"route-{label}",
            needs=(Need("http-api"), Need(f"integration-{name}")),
            api="http-api",
            route_key=key,
            integration=f"integration-{name}",
        )
        yield FunctionPermission(
            name=f"permission-{name}-{label}",
            needs=(Need(f"function-{name}"), Need("http-api", Until.EXISTS)),
            function=f"function-{name}",
            statement_id=f"api-{label}"[:100],
            principal=_GATEWAY,
            source_arn=(("http-api", "execution_arn"), f"/*/{_source(key)}"),
        )


def _label(key: str) -> str:
    """`POST /graphql` as `post-graphql`; what a name cannot hold is written as its number."""
    plain = key.lower().replace("$default", "default").replace(" /", "-").strip("/")
    return "".join(one if one.isascii() and (one.isalnum() or one in "-_") else f"-{ord(one):x}" for one in plain)


def _source(key: str) -> str:
    """`POST /graphql` as the end of an execute-api ARN; parameters in a path stand for anything.

    Source: API Gateway developer guide, "Control access to invoke an API", resource format.
    """
    if key == "$default":
        return "$default"
    method, _, path = key.partition(" ")
    steps = ["*" if step.startswith("{") else step for step in path.strip("/").split("/")]
    return f"{'*' if method == 'ANY' else method}/{'/'.join(steps)}"
