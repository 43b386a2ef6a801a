"""Functions: layers, storage and reserved concurrency; and records of before these were known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.schedule import Failed
from steps.base import StepFailed
from steps.lifecycle import Foreign
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import Lab
from tests.steps.serverless import CODE, OTHER, digest, function, lab_with_code, lost, role, told


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return lab_with_code(sandbox, tmp_path)


def layer(lab: Lab, name: str = "tools") -> str:
    made = lab.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": CODE})
    return str(made["LayerVersionArn"])


def layers(lab: Lab) -> list[str]:
    return [one["Arn"] for one in told(lab).get("Layers", ())]


def wanted(**more: Any) -> list[Any]:
    return [role(), function(**more)]


def test_a_function_is_as_asked_for_and_a_second_run_changes_nothing(lab: Lab) -> None:
    steps = wanted(layers=(layer(lab), layer(lab, "more")), ephemeral_storage=1024, reserved_concurrency=5)
    found = told(lab.up(steps))
    assert layers(lab) == list(steps[1].layers)
    assert (found["EphemeralStorage"], found["ReservedConcurrentExecutions"]) == ({"Size": 1024}, 5)
    assert lab.changed(steps) == []
    assert lab.down().client("lambda").list_functions()["Functions"] == []


def test_by_default_it_has_none_of_them(lab: Lab) -> None:
    found = told(lab.up(wanted()))
    assert (layers(lab), found["EphemeralStorage"]) == ([], {"Size": 512})
    assert "ReservedConcurrentExecutions" not in found
    assert lab.changed(wanted()) == []


def test_a_record_that_knows_nothing_of_them_means_the_defaults(lab: Lab) -> None:
    lab.up(wanted())
    record = lab.record("hello")
    former = {key: value for key, value in record.request.items() if key not in ("Layers", "EphemeralStorage")}
    lab.ledger.put(replace(record, request=former))
    assert lab.changed(wanted()) == []
    assert lab.outcomes()["hello"] == "unchanged"


def test_what_is_asked_for_later_is_changed_in_place(lab: Lab) -> None:
    made = lab.up(wanted()).id_of("hello")
    extra = layer(lab)
    lab.up(wanted(layers=(extra,), ephemeral_storage=600, reserved_concurrency=0, code_sha256=digest(OTHER)))
    found = told(lab)
    assert (layers(lab), found["EphemeralStorage"]) == ([extra], {"Size": 600})
    assert found["ReservedConcurrentExecutions"] == 0
    assert found["CodeSha256"] == digest(OTHER)
    assert lab.id_of("hello") == made
    lab.up(wanted())
    assert (layers(lab), told(lab)["EphemeralStorage"]) == ([], {"Size": 512})
    assert "ReservedConcurrentExecutions" not in told(lab)


def test_what_was_changed_by_hand_is_set_right(lab: Lab) -> None:
    steps = wanted(layers=(layer(lab),), reserved_concurrency=5)
    lab.up(steps)
    functions = lab.client("lambda")
    functions.update_function_configuration(
        FunctionName="lab-hello", Layers=[], EphemeralStorage={"Size": 2048}, MemorySize=256
    )
    functions.put_function_concurrency(FunctionName="lab-hello", ReservedConcurrentExecutions=7)
    assert lab.changed(steps) == ["UpdateFunctionConfiguration", "PutFunctionConcurrency"]
    found = told(lab)
    assert (layers(lab), found["EphemeralStorage"]) == (list(steps[1].layers), {"Size": 512})
    assert (found["ReservedConcurrentExecutions"], found["MemorySize"]) == (5, 128)
    assert {"set MemorySize, EphemeralStorage, Layers", "reserved concurrency was 7, now 5"} <= set(lab.notices())
    assert lab.outcomes()["hello"] == "set right"


def test_concurrency_that_somebody_reserved_is_given_back(lab: Lab) -> None:
    lab.up(wanted())
    lab.client("lambda").put_function_concurrency(FunctionName="lab-hello", ReservedConcurrentExecutions=7)
    assert lab.changed(wanted()) == ["DeleteFunctionConcurrency"]
    assert lab.changed(wanted()) == []


def test_more_than_the_account_has_to_spare_says_so(lab: Lab) -> None:
    with pytest.raises(Failed) as failed:
        lab.up(wanted(reserved_concurrency=950))
    (failure,) = failed.value.failures
    assert "minimum value of [100]" in str(failure.error)
    assert isinstance(failure.error, StepFailed)
    assert "quota" in failure.error.fix
    lab.up(wanted(reserved_concurrency=10))
    assert told(lab)["ReservedConcurrentExecutions"] == 10


def test_a_layer_that_is_not_there_says_so(lab: Lab) -> None:
    missing = "arn:aws:lambda:us-east-1:123456789012:layer:none:1"
    with pytest.raises(Failed) as failed:
        lab.up(wanted(layers=(missing,)))
    assert f"Layer version {missing} does not exist" in str(failed.value)


@pytest.mark.parametrize("action", ["CreateFunction", "PutFunctionConcurrency"])
def test_lost_answers_make_nothing_twice(lab: Lab, sandbox: Sandbox, action: str) -> None:
    lost(sandbox, action)
    steps = wanted(reserved_concurrency=5)
    lab.up(steps)
    assert len(lab.client("lambda").list_functions()["Functions"]) == 1
    assert lab.changed(steps) == []


def test_another_stacks_function_of_the_name_is_not_touched(lab: Lab, sandbox: Sandbox, tmp_path: Path) -> None:
    other = lab_with_code(sandbox, tmp_path, "other")
    other.up([role(), function(memory=256)])
    steps = [replace(role(), role_name="lab-another"), function()]
    with pytest.raises(Foreign):
        lab.up(steps)
    assert told(other)["MemorySize"] == 256
    assert lab.changed([]) == []


def test_destroy_leaves_nothing(lab: Lab, sandbox: Sandbox) -> None:
    lab.up(wanted(reserved_concurrency=5)).down()
    assert not {"function", "role"} & inventory(sandbox.endpoint, "us-east-1").keys()
