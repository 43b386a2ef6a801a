"""A secret: its password is drawn, kept from everybody, and its name comes back after a destroy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.run import Refused
from provisioner.schedule import Failed
from state.store import Store
from steps.lifecycle import Foreign
from steps.secrets import Secret
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import REGION, Lab

NAME = "lab/database"


def secret(**more: Any) -> list[Secret]:
    wanted: dict[str, Any] = {"description": "of a test", "username": "app", **more}
    return [Secret(name="secret", secret_name=NAME, **wanted)]


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def another_life(lab: Lab, folder: Path) -> Lab:
    """A stack of the same name with another state file: what a provision after a destroy begins."""
    folder.mkdir()
    new = Lab(lab.sandbox, folder)
    new.aws = type(new.aws)(
        new.aws.clients,
        new.aws.once,
        type(new.aws.owner)("lab", "another-id"),
        new.aws.account,
        new.aws.region,
    )
    return new


def value(lab: Lab, **more: Any) -> dict[str, str]:
    answer = lab.client("secretsmanager").get_secret_value(SecretId=NAME, **more)
    found: dict[str, str] = json.loads(answer["SecretString"])
    return found


def told(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.client("secretsmanager").describe_secret(SecretId=NAME)
    return found


def tags(lab: Lab) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in told(lab)["Tags"]}


def state_text(lab: Lab) -> str:
    store = lab.ledger._store
    assert isinstance(store, Store)
    return store.path.read_text()


class TestLife:
    def test_it_holds_a_user_and_a_password_of_letters_and_digits(self, lab: Lab) -> None:
        lab.up(secret(length=40))
        held = value(lab)
        assert held["username"] == "app"
        assert re.fullmatch("[A-Za-z0-9]{40}", held["password"])
        assert told(lab)["Description"] == "of a test"
        assert tags(lab)["provisioner:step"] == "secret"
        assert lab.outputs("secret") == {"arn": told(lab)["ARN"], "name": NAME}
        assert re.search("-[A-Za-z0-9]{6}$", lab.outputs("secret")["arn"])

    def test_one_mutating_call_makes_it(self, lab: Lab) -> None:
        lab.up(secret())
        assert [call["action"] for call in lab.sandbox.calls(mutating=True)] == ["CreateSecret"]

    def test_nobody_is_told_the_password(self, lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
        lab.up(secret())
        password = value(lab)["password"]
        assert password not in state_text(lab)
        assert password not in repr(lab.told.events)
        assert password not in repr(lab.record("secret"))
        assert password not in "".join(capfd.readouterr())

    def test_nor_when_the_call_fails(self, lab: Lab) -> None:
        error = {"code": "LimitExceededException", "status": 400, "message": "too many"}
        lab.sandbox.faults([{"action": "CreateSecret", "do": "error", **error}])
        with pytest.raises(Failed) as caught:
            lab.up(secret())
        (sent,) = [call for call in lab.sandbox.calls() if call["action"] == "CreateSecret"]
        password = json.loads(sent["parameters"]["SecretString"])["password"]
        assert password not in str(caught.value) + state_text(lab) + repr(lab.told.events)

    def test_a_second_run_changes_nothing_and_reads_once(self, lab: Lab) -> None:
        lab.up(secret())
        before = value(lab)
        assert lab.changed(secret()) == []
        assert [call["action"] for call in lab.sandbox.calls()] == ["DescribeSecret"]
        assert value(lab) == before

    @pytest.mark.parametrize("how", ["drop-after", "error-after"])
    def test_a_lost_answer_leaves_one_with_one_password(self, lab: Lab, how: str) -> None:
        lab.sandbox.faults([{"action": "CreateSecret", "do": how, "times": 1}])
        lab.up(secret())
        assert lab.id_of("secret") == told(lab)["ARN"]
        assert lab.changed(secret()) == []
        assert len(told(lab)["VersionIdsToStages"]) == 1

    def test_a_read_that_lags_behind_a_lost_answer(self, lab: Lab) -> None:
        """The name is taken and nothing is seen of it: AWS says so, and it is looked for again."""
        unseen = {"action": "DescribeSecret", "code": "ResourceNotFoundException", "status": 400, "message": "no"}
        lab.sandbox.faults([{"action": "CreateSecret", "do": "drop-after"}, {"do": "error", "times": 2, **unseen}])
        lab.up(secret())
        assert lab.outputs("secret")["arn"] == told(lab)["ARN"]

    def test_a_foreign_one_of_that_name_stops_the_run(self, lab: Lab) -> None:
        lab.client("secretsmanager").create_secret(Name=NAME, SecretString="theirs")
        with pytest.raises(Foreign):
            lab.up(secret())
        answer = lab.client("secretsmanager").get_secret_value(SecretId=NAME)
        assert answer["SecretString"] == "theirs"

    def test_a_foreign_one_that_waits_for_its_deletion_is_left_to_it(self, lab: Lab) -> None:
        client = lab.client("secretsmanager")
        client.create_secret(Name=NAME, SecretString="theirs")
        client.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
        with pytest.raises(Foreign):
            lab.up(secret())
        assert "DeletedDate" in told(lab)


class TestChanges:
    def test_the_description_is_set_right(self, lab: Lab) -> None:
        lab.up(secret())
        before = value(lab)
        lab.client("secretsmanager").update_secret(SecretId=NAME, Description="other")
        assert lab.changed(secret()) == ["UpdateSecret"]
        assert (told(lab)["Description"], value(lab)) == ("of a test", before)

    def test_description_and_window_change_in_place(self, lab: Lab) -> None:
        lab.up(secret()).up(secret(description="new", recovery_days=30))
        assert told(lab)["Description"] == "new"
        lab.down()
        client = lab.client("secretsmanager")
        client.restore_secret(SecretId=NAME)
        deleted = [call for call in lab.sandbox.calls() if call["action"] == "DeleteSecret"]
        assert deleted[-1]["parameters"]["RecoveryWindowInDays"] == 30

    @pytest.mark.parametrize("wish", [{"username": "other"}, {"length": 20}])
    def test_what_the_database_has_taken_over_stays(self, lab: Lab, wish: Any) -> None:
        lab.up(secret())
        with pytest.raises(Refused):
            lab.up(secret(**wish))

    def test_one_scheduled_by_hand_is_restored_with_its_password(self, lab: Lab) -> None:
        lab.up(secret())
        before = value(lab)
        lab.client("secretsmanager").delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
        assert lab.changed(secret()) == ["RestoreSecret"]
        assert value(lab) == before
        assert lab.notices() == ["was scheduled for deletion, restored"]

    def test_lost_tags_come_back_without_another_password(self, lab: Lab) -> None:
        lab.up(secret())
        before = value(lab)
        keys = ["provisioner:stack", "provisioner:stack-id", "provisioner:step"]
        lab.client("secretsmanager").untag_resource(SecretId=NAME, TagKeys=keys)
        assert lab.changed(secret()) == ["TagResource"]
        assert (value(lab), tags(lab)["provisioner:stack-id"]) == (before, "lab-id")

    def test_one_deleted_by_hand_is_made_again(self, lab: Lab) -> None:
        lab.up(secret())
        former = lab.id_of("secret")
        lab.client("secretsmanager").delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
        lab.up(secret())
        assert lab.id_of("secret") == told(lab)["ARN"] != former


class TestEnd:
    def test_it_is_scheduled_for_deletion(self, lab: Lab) -> None:
        lab.up(secret()).down()
        assert "DeletedDate" in told(lab)
        assert inventory(lab.sandbox.endpoint, REGION) == {}

    def test_without_days_it_is_gone(self, lab: Lab) -> None:
        lab.up(secret(recovery_days=0)).down()
        listed = lab.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)
        assert listed["SecretList"] == []

    def test_the_next_life_takes_it_back_with_another_password(self, lab: Lab, tmp_path: Path) -> None:
        lab.up(secret())
        before, arn = value(lab), lab.id_of("secret")
        lab.down()
        new = another_life(lab, tmp_path / "new")
        new.up(secret())
        assert new.id_of("secret") == arn
        assert value(new)["password"] != before["password"]
        assert value(new, VersionStage="AWSPREVIOUS") == before
        assert tags(new)["provisioner:stack-id"] == "another-id"
        assert new.changed(secret()) == []
        new.down()
        assert inventory(lab.sandbox.endpoint, REGION) == {}

    @pytest.mark.parametrize("action", ["RestoreSecret", "PutSecretValue", "TagResource"])
    def test_a_run_that_ends_between_goes_on(self, lab: Lab, tmp_path: Path, action: str) -> None:
        lab.up(secret()).down()
        new = another_life(lab, tmp_path / "new")
        refusal = {"code": "AccessDeniedException", "status": 400, "message": "no"}
        lab.sandbox.faults([{"action": action, "do": "error-after", **refusal}])
        with pytest.raises(Failed):
            new.up(secret())
        new.up(secret())
        assert tags(new)["provisioner:stack-id"] == "another-id"
        assert new.changed(secret()) == []
        assert len(told(new)["VersionIdsToStages"]) == 2

    def test_another_stack_s_is_not_taken_back(self, lab: Lab, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        other = Lab(lab.sandbox, tmp_path / "other", stack="other")
        other.up(secret()).down()
        with pytest.raises(Foreign):
            lab.up(secret())
        assert "DeletedDate" in told(lab)
