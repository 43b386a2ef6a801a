"""HTTP APIs with integrations, routes and stages: made, answering, set right, and gone with all they hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from provisioner.schedule import Failed
from steps.apis import ApiRoute, HttpApi, Integration, Stage
from steps.base import Need, Step, StepFailed
from steps.invocation import FunctionPermission
from steps.logs import LogGroup
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import REGION, Lab
from tests.steps.serverless import ask, function, lab_with_code, lost, role

CORS = {"AllowOrigins": ["https://app.example.com"], "AllowMethods": ["POST"], "MaxAge": 60}
ORIGIN = "https://app.example.com"


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return lab_with_code(sandbox, tmp_path)


def api(**more: Any) -> HttpApi:
    return HttpApi(name="api", **{"api_name": "lab", "description": "of a test", **more})


def integration(**more: Any) -> Integration:
    return Integration(name="integration", needs=(Need("api"), Need("hello")), api="api", function="hello", **more)


def route(key: str = "POST /graphql", name: str = "route", **more: Any) -> ApiRoute:
    needs = (Need("api"), Need("integration"))
    return ApiRoute(name=name, needs=needs, api="api", route_key=key, integration="integration", **more)


def stage(**more: Any) -> Stage:
    needs = (Need("api"), *((Need(more["access_log"]),) if more.get("access_log") else ()))
    return Stage(name="stage", needs=needs, api="api", **more)


def permission() -> FunctionPermission:
    return FunctionPermission(
        name="permission",
        needs=(Need("hello"), Need("api")),
        function="hello",
        statement_id="api",
        principal="apigateway.amazonaws.com",
        source_arn=(("api", "execution_arn"), "/*/*/graphql"),
    )


LOGS = LogGroup(name="logs", group_name="/aws/vendedlogs/lab", retention=1)
GROUP = f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/vendedlogs/lab"


def wanted(*others: Step) -> list[Step]:
    """A whole API; a step given takes the place of the one of its name."""
    steps = {one.name: one for one in (role(), function(), api(), integration(), route(), stage(), *others)}
    return list(steps.values())


def found(lab: Lab, what: str = "") -> Any:
    """What API Gateway says of the API, or the only one of its `Integrations`, `Routes` or `Stages`."""
    client = lab.client("apigatewayv2")
    if not what:
        answer = client.get_api(ApiId=lab.id_of("api"))
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    (one,) = getattr(client, f"get_{what.lower()}")(ApiId=lab.id_of("api"))["Items"]
    return one


def test_an_api_is_as_asked_for_and_a_second_run_changes_nothing(lab: Lab) -> None:
    lab.up(wanted(api(cors=CORS), integration(timeout_ms=5000), route(), permission()))
    assert (found(lab)["Name"], found(lab)["Description"]) == ("lab", "of a test")
    assert found(lab)["CorsConfiguration"] == CORS
    assert found(lab)["Tags"]["provisioner:step"] == "api"
    told = found(lab, "Integrations")
    assert (told["IntegrationUri"], told["TimeoutInMillis"]) == (lab.outputs("hello")["arn"], 5000)
    assert (told["IntegrationType"], told["PayloadFormatVersion"]) == ("AWS_PROXY", "2.0")
    assert found(lab, "Routes")["Target"] == f"integrations/{told['IntegrationId']}"
    assert found(lab, "Stages")["Tags"]["provisioner:step"] == "stage"
    assert lab.changed(wanted(api(cors=CORS), integration(timeout_ms=5000), permission())) == []


def test_outputs_tell_where_it_is(lab: Lab) -> None:
    lab.up(wanted())
    key = found(lab)["ApiId"]
    assert lab.outputs("api") == {
        "api_id": key,
        "url": f"https://{key}.execute-api.{REGION}.amazonaws.com",
        "execution_arn": f"arn:aws:execute-api:{REGION}:123456789012:{key}",
    }
    assert lab.outputs("stage") == {"url": lab.outputs("api")["url"]}


def test_the_internet_gets_through_to_the_function(lab: Lab) -> None:
    lab.up(wanted(permission()))
    answer = ask(lab, lab.outputs("stage")["url"], "/graphql", "POST")
    assert (answer.status, answer.body) == (200, "/graphql")
    assert ask(lab, lab.outputs("stage")["url"], "/other").status == 404


def test_another_stage_answers_under_its_name(lab: Lab) -> None:
    lab.up(wanted(permission(), stage(stage_name="live")))
    url = lab.outputs("stage")["url"]
    assert url.endswith("/live")
    assert ask(lab, url, "/live/graphql", "POST").status == 200


def test_browsers_are_told_what_they_may(lab: Lab) -> None:
    lab.up(wanted(permission(), api(cors=CORS)))
    headers = {"Origin": ORIGIN, "Access_Control_Request_Method": "POST"}
    answer = ask(lab, lab.outputs("api")["url"], "/graphql", "OPTIONS", **headers)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, ORIGIN)


def test_a_second_run_reads_each_list_once(lab: Lab, sandbox: Sandbox) -> None:
    routes = [route(f"GET /{number}", f"route-{number}") for number in range(4)]
    lab.up(wanted(*routes))
    sandbox.forget_calls()
    lab.up(wanted(*routes))
    reads = [call["action"] for call in sandbox.calls() if call["service"] == "apigatewayv2"]
    assert sorted(reads) == ["GetApis", "GetIntegrations", "GetRoutes", "GetStages"]


def test_all_pages_of_the_lists_are_read(lab: Lab) -> None:
    """25 is a page: ours are among the last."""
    for number in range(26):
        lab.client("apigatewayv2").create_api(Name=f"theirs {number}", ProtocolType="HTTP")
    routes = [route(f"GET /{number}", f"route-{number}") for number in range(27)]
    lab.up(wanted(*routes))
    assert lab.changed(wanted(*routes)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"Name": "other"},
        {"Description": "other"},
        {"CorsConfiguration": {"AllowOrigins": ["*"]}},
    ],
)
def test_what_was_changed_by_hand_is_set_right(lab: Lab, change: dict[str, Any]) -> None:
    lab.up(wanted(api(cors=CORS)))
    before = found(lab)
    lab.client("apigatewayv2").update_api(ApiId=lab.id_of("api"), **change)
    assert lab.changed(wanted(api(cors=CORS))) == ["UpdateApi"]
    assert found(lab) == before
    assert lab.outcomes()["api"] == "set right"


def test_a_cors_configuration_that_is_not_asked_for_is_taken_away(lab: Lab) -> None:
    lab.up(wanted())
    lab.client("apigatewayv2").update_api(ApiId=lab.id_of("api"), CorsConfiguration={"AllowOrigins": ["*"]})
    assert lab.changed(wanted()) == ["DeleteCorsConfiguration"]
    assert not found(lab).get("CorsConfiguration")
    lab.up(wanted(api(cors=CORS)))
    assert found(lab)["CorsConfiguration"] == CORS


def test_header_names_in_another_case_are_the_same(lab: Lab) -> None:
    cors = {**CORS, "AllowHeaders": ["Content-Type", "X-Own"], "AllowCredentials": False}
    lab.up(wanted(api(cors=cors)))
    lower = {**CORS, "AllowHeaders": ["x-own", "content-type"]}
    lab.client("apigatewayv2").update_api(ApiId=lab.id_of("api"), CorsConfiguration=lower)
    assert lab.changed(wanted(api(cors=cors))) == []


def test_parts_that_were_changed_by_hand_are_set_right(lab: Lab) -> None:
    lab.up(wanted())
    client, key = lab.client("apigatewayv2"), lab.id_of("api")
    own, leads = found(lab, "Integrations"), found(lab, "Routes")
    client.update_integration(ApiId=key, IntegrationId=own["IntegrationId"], TimeoutInMillis=100)
    client.update_route(ApiId=key, RouteId=leads["RouteId"], RouteKey="GET /graphql")
    client.update_stage(ApiId=key, StageName="$default", AutoDeploy=False)
    assert sorted(lab.changed(wanted())) == ["UpdateIntegration", "UpdateRoute", "UpdateStage"]
    assert found(lab, "Integrations") == own
    assert found(lab, "Routes") == leads
    assert found(lab, "Stages")["AutoDeploy"] is True
    assert lab.changed(wanted()) == []


def test_a_route_that_leads_elsewhere_is_led_back(lab: Lab) -> None:
    lab.up(wanted())
    client, key = lab.client("apigatewayv2"), lab.id_of("api")
    other = client.create_integration(
        ApiId=key,
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:lambda:{REGION}:123456789012:function:other",
        PayloadFormatVersion="2.0",
    )
    client.update_route(
        ApiId=key, RouteId=found(lab, "Routes")["RouteId"], Target=f"integrations/{other['IntegrationId']}"
    )
    assert lab.changed(wanted()) == ["UpdateRoute"]
    assert found(lab, "Routes")["Target"].rpartition("/")[2] == lab.id_of("integration").rpartition("|")[2]


def test_parts_that_were_deleted_by_hand_are_made_again(lab: Lab) -> None:
    lab.up(wanted())
    client, key = lab.client("apigatewayv2"), lab.id_of("api")
    client.delete_route(ApiId=key, RouteId=found(lab, "Routes")["RouteId"])
    client.delete_integration(ApiId=key, IntegrationId=found(lab, "Integrations")["IntegrationId"])
    client.delete_stage(ApiId=key, StageName="$default")
    assert sorted(lab.changed(wanted())) == ["CreateIntegration", "CreateRoute", "CreateStage"]
    assert lab.changed(wanted()) == []


def test_an_api_that_was_deleted_by_hand_is_made_again_with_all_parts(lab: Lab) -> None:
    lab.up(wanted(permission()))
    lab.client("apigatewayv2").delete_api(ApiId=lab.id_of("api"))
    lab.up(wanted(permission()))
    assert ask(lab, lab.outputs("stage")["url"], "/graphql", "POST").status == 200
    assert lab.changed(wanted(permission())) == []


def test_other_wishes_are_brought_up_to_date_in_place(lab: Lab) -> None:
    lab.up(wanted(LOGS))
    key = lab.id_of("api")
    other = wanted(LOGS, api(api_name="new", cors=CORS), integration(timeout_ms=700), stage(access_log="logs"))
    assert sorted(lab.changed(other)) == ["UpdateApi", "UpdateIntegration", "UpdateStage"]
    assert lab.id_of("api") == key
    assert (found(lab)["Name"], found(lab, "Integrations")["TimeoutInMillis"]) == ("new", 700)
    assert found(lab, "Stages")["AccessLogSettings"]["DestinationArn"] == GROUP


def test_a_stage_logs_and_limits_as_asked_for(lab: Lab) -> None:
    limited = stage(access_log="logs", throttling_burst=10, throttling_rate=5.0)
    lab.up(wanted(LOGS, limited))
    told = found(lab, "Stages")
    assert told["AccessLogSettings"]["DestinationArn"] == GROUP
    assert json.loads(told["AccessLogSettings"]["Format"])["status"] == "$context.status"
    assert told["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 10, "ThrottlingRateLimit": 5.0}
    assert lab.changed(wanted(LOGS, limited)) == []
    lab.client("apigatewayv2").update_stage(
        ApiId=lab.id_of("api"), StageName="$default", DefaultRouteSettings={"ThrottlingBurstLimit": 1}
    )
    assert lab.changed(wanted(LOGS, limited)) == ["UpdateStage"]
    assert found(lab, "Stages") == told


def test_access_logs_that_are_not_asked_for_are_taken_away(lab: Lab) -> None:
    lab.up(wanted(LOGS, stage(access_log="logs")))
    assert lab.changed(wanted(LOGS)) == ["DeleteAccessLogSettings"]
    assert not found(lab, "Stages").get("AccessLogSettings")
    assert lab.changed(wanted(LOGS)) == []


CREATIONS = ("CreateApi", "CreateIntegration", "CreateRoute", "CreateStage")


@pytest.mark.parametrize("action", CREATIONS)
def test_lost_answers_make_nothing_twice(lab: Lab, sandbox: Sandbox, action: str) -> None:
    lost(sandbox, action)
    lab.up(wanted())
    assert len(lab.client("apigatewayv2").get_apis()["Items"]) == 1
    for what in ("Integrations", "Routes", "Stages"):
        assert found(lab, what)
    assert lab.outputs("api")["execution_arn"].endswith(lab.id_of("api"))
    assert lab.changed(wanted()) == []


def test_a_change_at_the_same_time_is_waited_out(lab: Lab, sandbox: Sandbox) -> None:
    busy = {"do": "error", "code": "ConflictException", "status": 409, "times": 2}
    said = "Unable to complete operation due to concurrent modification. Please try again later."
    sandbox.faults([{"action": action, "message": said, **busy} for action in CREATIONS])
    lab.up(wanted())
    sandbox.faults([{"action": "DeleteApi", "message": said, **busy}])
    lab.down()
    assert lab.client("apigatewayv2").get_apis()["Items"] == []


def test_another_stacks_api_of_the_name_is_left_alone(lab: Lab, sandbox: Sandbox, tmp_path: Path) -> None:
    other = lab_with_code(sandbox, tmp_path, "other").up([api(description="theirs")])
    lab.up(wanted()).down()
    (left,) = lab.client("apigatewayv2").get_apis()["Items"]
    assert (left["ApiId"], left["Description"]) == (other.id_of("api"), "theirs")


def test_destroy_leaves_nothing(lab: Lab, sandbox: Sandbox) -> None:
    lab.up(wanted(LOGS, permission(), stage(access_log="logs"))).down()
    assert not {"http api", "function", "role", "log group"} & inventory(sandbox.endpoint, REGION).keys()


def test_what_others_added_to_the_api_goes_with_it(lab: Lab) -> None:
    """A route of theirs keeps our integration; another integration and stage keep nothing."""
    lab.up(wanted())
    client, key = lab.client("apigatewayv2"), lab.id_of("api")
    target = found(lab, "Routes")["Target"]
    client.create_route(ApiId=key, RouteKey="GET /theirs", Target=target)
    client.create_stage(ApiId=key, StageName="theirs")
    assert lab.changed(wanted()) == []
    lab.down()
    assert client.get_apis()["Items"] == []


def test_parts_that_went_with_the_api_are_not_missed(lab: Lab) -> None:
    lab.up(wanted())
    lab.client("apigatewayv2").delete_api(ApiId=lab.id_of("api"))
    lab.down()
    assert {lab.outcomes()[name] for name in ("api", "integration", "route", "stage")} == {"was already gone"}


def without(steps: Sequence[Step], *names: str) -> list[Step]:
    return [step for step in steps if step.name not in names]


def test_a_stage_with_nothing_to_answer_says_what_is_missing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "patience", 1.0)
    with pytest.raises(Failed) as failed:
        lab.up(without(wanted(), "route"))
    assert "At least one route is required" in str(failed.value)


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("Insufficient permissions to enable logging", "permission"),
        ("Cannot enable logging. Policy document length breaking Cloudwatch Logs Constraints", "quota"),
    ],
)
def test_logging_that_cannot_be_enabled_says_what_to_do(
    lab: Lab, sandbox: Sandbox, message: str, word: str
) -> None:
    error = {"do": "error", "code": "BadRequestException", "status": 400, "message": message, "times": 9}
    sandbox.faults([{"action": "CreateStage", **error}])
    with pytest.raises(Failed) as failed:
        lab.up(wanted(LOGS, stage(access_log="logs")))
    (failure,) = failed.value.failures
    assert message in str(failure.error)
    assert isinstance(failure.error, StepFailed)
    assert word in failure.error.fix
    tried = [call for call in sandbox.calls() if call["action"] == "CreateStage"]
    assert len(tried) == 1


def test_routes_that_differ_in_a_variables_name_only_say_so_at_once(lab: Lab) -> None:
    with pytest.raises(Failed) as failed:
        lab.up(wanted(route("GET /a/{id}"), route("GET /a/{name}", "route-2")))
    assert "conflicting variable" in str(failed.value)
