"""Permissions on functions and function URLs: made one at a time, noticed when lost, set right."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from state.record import Record
from steps.apis import HttpApi
from steps.base import Job, Need, Pending, Ready, Seen, Step
from steps.invocation import FunctionPermission, FunctionUrl
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import REGION, Lab
from tests.steps.serverless import ask, function, lab_with_code, lost, role, statements

GATEWAY = "apigateway.amazonaws.com"
CORS = {"AllowOrigins": ["https://app.example.com"], "AllowMethods": ["POST"], "MaxAge": 60}


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return lab_with_code(sandbox, tmp_path)


def permission(statement: str = "api", needs: tuple[str, ...] = (), **more: Any) -> FunctionPermission:
    return FunctionPermission(
        name=statement,
        needs=tuple(map(Need, ("hello", *needs))),
        function="hello",
        statement_id=statement,
        **{"principal": GATEWAY, **more},
    )


def url(auth: str = "NONE", **more: Any) -> FunctionUrl:
    return FunctionUrl(name="url", needs=(Need("hello"),), function="hello", auth_type=auth, **more)


def public() -> list[Step]:
    """The two permissions that a public URL wants."""
    return [
        permission(
            "open", ("url",), principal="*", action="lambda:InvokeFunctionUrl", function_url_auth_type="NONE"
        ),
        permission("via-url", ("url",), principal="*", via_function_url=True),
    ]


def wanted(*others: Step) -> list[Step]:
    return [role(), function(), *others]


def add(lab: Lab, **more: str) -> None:
    asked = {"StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **more}
    lab.client("lambda").add_permission(FunctionName="lab-hello", **asked)


def test_a_permission_is_as_asked_for_and_a_second_run_changes_nothing(lab: Lab) -> None:
    api = HttpApi(name="gateway", api_name="lab")
    named = permission(needs=("gateway",), source_arn=(("gateway", "execution_arn"), "/*/*/graphql"))
    steps = wanted(api, named)
    lab.up(steps)
    told = statements(lab)["api"]
    arn = f"arn:aws:execute-api:{REGION}:123456789012:{lab.id_of('gateway')}/*/*/graphql"
    assert told["Condition"] == {"ArnLike": {"AWS:SourceArn": arn}}
    assert (told["Principal"], told["Action"]) == ({"Service": GATEWAY}, "lambda:InvokeFunction")
    assert lab.id_of("api") == f"{lab.id_of('hello')}|api"
    assert lab.changed(steps) == []


def test_accounts_and_everybody_are_told_in_aws_s_words_and_are_the_same(lab: Lab) -> None:
    steps = wanted(permission(principal="210987654321"), permission("all", principal="*"), *[url(), *public()])
    lab.up(steps)
    assert statements(lab)["api"]["Principal"] == {"AWS": "arn:aws:iam::210987654321:root"}
    assert lab.changed(steps) == []


def test_many_permissions_of_one_function_are_all_there(lab: Lab) -> None:
    steps = wanted(*(permission(f"p{number}") for number in range(6)))
    lab.up(steps)
    assert set(statements(lab)) == {f"p{number}" for number in range(6)}
    assert lab.changed(steps) == []


@pytest.mark.parametrize(
    "other",
    [{"Principal": "s3.amazonaws.com"}, {"Action": "lambda:GetFunction"}, {"SourceArn": "arn:aws:s3:::bucket"}],
)
def test_a_statement_that_was_changed_by_hand_is_set_right(lab: Lab, other: dict[str, str]) -> None:
    steps = wanted(permission())
    before = statements(lab.up(steps))
    lab.client("lambda").remove_permission(FunctionName="lab-hello", StatementId="api")
    add(lab, **{"Principal": GATEWAY, **other})
    assert lab.changed(steps) == ["RemovePermission", "AddPermission"]
    assert statements(lab) == before
    assert lab.outcomes()["api"] == "set right"
    assert lab.changed(steps) == []


def test_another_wish_replaces_the_statement(lab: Lab) -> None:
    lab.up(wanted(permission()))
    arn = "arn:aws:events:us-east-1:123456789012:rule/nightly"
    lab.up(wanted(permission(principal="events.amazonaws.com", source_arn=(arn,))))
    told = statements(lab)["api"]
    assert (told["Principal"], told["Condition"]["ArnLike"]["AWS:SourceArn"]) == (
        {"Service": "events.amazonaws.com"},
        arn,
    )


def test_what_was_deleted_by_hand_is_made_again(lab: Lab) -> None:
    lab.up(wanted(permission(), url()))
    lab.client("lambda").remove_permission(FunctionName="lab-hello", StatementId="api")
    lab.client("lambda").delete_function_url_config(FunctionName="lab-hello")
    assert sorted(lab.changed(wanted(permission(), url()))) == ["AddPermission", "CreateFunctionUrlConfig"]
    assert lab.changed(wanted(permission(), url())) == []


def test_statements_of_others_stay(lab: Lab) -> None:
    lab.up(wanted(permission()))
    add(lab, StatementId="theirs")
    assert lab.changed(wanted(permission())) == []
    assert set(statements(lab)) == {"api", "theirs"}


@pytest.mark.parametrize("action", ["AddPermission", "CreateFunctionUrlConfig"])
def test_lost_answers_make_nothing_twice(lab: Lab, sandbox: Sandbox, action: str) -> None:
    lost(sandbox, action)
    steps = wanted(url(), *public())
    lab.up(steps)
    assert set(statements(lab)) == {"open", "via-url"}
    assert lab.outputs("url")["url"].startswith("https://") is True
    assert lab.changed(steps) == []


def test_permissions_go_one_by_one_and_before_their_function(lab: Lab, sandbox: Sandbox) -> None:
    lab.up(wanted(permission(), url(), *public()[1:]))
    sandbox.forget_calls()
    lab.down()
    gone = [call["action"] for call in sandbox.calls(mutating=True)]
    assert gone.index("DeleteFunction") == len(gone) - 2
    assert sorted(gone[:-2]) == ["DeleteFunctionUrlConfig", "RemovePermission", "RemovePermission"]
    assert not {"function", "function url"} & inventory(sandbox.endpoint, REGION).keys()


def test_what_went_with_the_function_is_not_missed(lab: Lab) -> None:
    lab.up(wanted(permission(), url()))
    lab.client("lambda").delete_function(FunctionName="lab-hello")
    lab.down()
    assert {lab.outcomes()[name] for name in ("api", "url", "hello")} == {"was already gone"}


def test_a_public_url_answers(lab: Lab) -> None:
    steps = wanted(url(cors=CORS), *public())
    lab.up(steps)
    answer = ask(lab, lab.outputs("url")["url"], "/there", Origin="https://app.example.com")
    assert (answer.status, answer.body) == (200, "/there")
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert lab.changed(steps) == []


@pytest.mark.parametrize("missing", [0, 1])
def test_without_either_permission_nobody_gets_through(lab: Lab, missing: int) -> None:
    lab.up(wanted(url(), public()[missing]))
    assert ask(lab, lab.outputs("url")["url"]).status == 403


def test_a_url_that_was_changed_by_hand_is_set_right(lab: Lab) -> None:
    lab.up(wanted(url(cors=CORS)))
    made = lab.outputs("url")["url"]
    functions, key = lab.client("lambda"), {"FunctionName": "lab-hello"}
    functions.update_function_url_config(AuthType="AWS_IAM", Cors={"AllowOrigins": ["*"]}, **key)
    assert lab.changed(wanted(url(cors=CORS))) == ["UpdateFunctionUrlConfig"]
    told = functions.get_function_url_config(**key)
    assert (told["AuthType"], told["Cors"], told["FunctionUrl"]) == ("NONE", CORS, made)


def test_a_url_s_other_wishes_are_brought_up_to_date_in_place(lab: Lab) -> None:
    lab.up(wanted(url(cors=CORS)))
    made = lab.outputs("url")["url"]
    assert lab.changed(wanted(url("AWS_IAM"))) == ["UpdateFunctionUrlConfig"]
    told = lab.client("lambda").get_function_url_config(FunctionName="lab-hello")
    assert (told["AuthType"], told.get("Cors"), told["FunctionUrl"]) == ("AWS_IAM", None, made)
    assert lab.changed(wanted(url("AWS_IAM"))) == []


NEEDS = {"hello": Record("hello", "function", id="arn:hello")}


@dataclass
class Functions:
    """A policy that takes its time for each statement and tells how many calls were there at once."""

    added: list[dict[str, Any]] = field(default_factory=list)
    here: int = 0
    most: int = 0

    def add_permission(self, **parameters: Any) -> None:
        self.here += 1
        self.most = max(self.most, self.here)
        time.sleep(0.01)
        self.added.append(parameters)
        self.here -= 1


@dataclass
class Holder:
    functions: Functions

    @property
    def clients(self) -> Holder:
        return self

    @property
    def once(self) -> Holder:
        return self


def a_job(functions: Functions, elapsed: float = 0.0, memo: dict[str, float] | None = None) -> Job:
    aws: Any = Holder(functions)
    record = Record("api", "function_permission", id="arn:hello|api")
    job = Job(aws, record, NEEDS, elapsed=elapsed, memo={} if memo is None else memo)
    return Job(
        aws, Record("api", record.kind, request=permission().request(job)), NEEDS, [], False, elapsed, job.memo
    )


def test_a_statement_that_another_writer_overwrote_is_added_again() -> None:
    """AWS loses one of two changes at the same time: no look shows it, however often."""
    functions, memo, step = Functions(), dict[str, float](), permission()
    for elapsed in (0.0, 5.0, 14.0):
        assert isinstance(step.settle(a_job(functions, elapsed, memo), None), Pending)
    assert functions.added == []
    job = a_job(functions, 16.0, memo)
    assert isinstance(step.settle(job, None), Pending)
    assert [one["StatementId"] for one in functions.added] == ["api"]
    assert job.notes == ["the statement api was lost, added again"]
    step.settle(a_job(functions, 17.0, memo), None)
    assert len(functions.added) == 1
    shown = {"Action": "lambda:InvokeFunction", "Principal": {"Service": GATEWAY}}
    assert isinstance(step.settle(a_job(functions, 18.0, memo), Seen("arn:hello|api", shown)), Ready)


def test_this_process_sends_one_change_of_a_policy_at_a_time() -> None:
    functions = Functions()
    threads = [threading.Thread(target=permission().create, args=(a_job(functions),)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(functions.added), functions.most) == (5, 1)
