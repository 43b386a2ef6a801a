"""Secrets Manager."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pytest

from tests.sandbox.principals import User, allow, enforce
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

TOKEN = "0123456789abcdef0123456789abcdef"
_DAY = 86400


class Safe:
    """Secrets of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    @cached_property
    def client(self) -> Any:
        return self.sandbox.client("secretsmanager")

    def make(self, name: str = "lab/one", value: str = "hush", **more: Any) -> str:
        return str(self.client.create_secret(Name=name, SecretString=value, **more)["ARN"])

    def told(self, name: str = "lab/one") -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_secret(SecretId=name)
        return found

    def schedule(self, name: str = "lab/one", days: int = 7) -> None:
        self.client.delete_secret(SecretId=name, RecoveryWindowInDays=days)


@pytest.fixture
def safe(sandbox: Sandbox) -> Safe:
    return Safe(sandbox)


@pytest.fixture
def slow(safe: Safe) -> Safe:
    """With AWS's own pace, for tests that move the clock."""
    safe.sandbox.become("real")
    return safe


@pytest.mark.parametrize("name", ["lab one", "lab#1", "", "x" * 513])
def test_names(safe: Safe, name: str) -> None:
    if name:
        refused(safe.make, "ValidationException", name=name)
    safe.make("Lab-1/_+=.@")


def test_long_values(safe: Safe) -> None:
    refused(safe.make, "ValidationException", value="x" * 65537)
    safe.make(value="x" * 65536)


def test_arns_end_in_six_characters_that_are_drawn(safe: Safe) -> None:
    arns = {safe.make(f"lab/{number}") for number in range(5)}
    assert len({arn[-7:] for arn in arns}) == 5
    assert all(arn[-7] == "-" for arn in arns)


def test_the_same_token_is_the_same_secret_with_the_same_content_only(safe: Safe) -> None:
    arn = safe.make(ClientRequestToken=TOKEN)
    assert safe.make(ClientRequestToken=TOKEN) == arn
    refused(safe.make, "ResourceExistsException", value="other", ClientRequestToken=TOKEN)
    refused(safe.make, "ResourceExistsException", ClientRequestToken=TOKEN[::-1])


def test_a_version_is_put_once_for_a_token(safe: Safe) -> None:
    safe.make()
    asked = {"SecretId": "lab/one", "ClientRequestToken": TOKEN}
    safe.client.put_secret_value(**asked, SecretString="new")
    safe.client.put_secret_value(**asked, SecretString="new")
    refused(safe.client.put_secret_value, "ResourceExistsException", **asked, SecretString="newer")
    assert safe.client.get_secret_value(SecretId="lab/one")["SecretString"] == "new"
    former = safe.client.get_secret_value(SecretId="lab/one", VersionStage="AWSPREVIOUS")
    assert former["SecretString"] == "hush"


@pytest.mark.parametrize("days", [6, 31, 0])
def test_windows(safe: Safe, days: int) -> None:
    safe.make()
    refused(safe.schedule, "InvalidParameterException", days=days)
    both = {"SecretId": "lab/one", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}
    refused(safe.client.delete_secret, "InvalidParameterException", **both)


def test_a_scheduled_secret_can_be_described_and_nothing_else(safe: Safe) -> None:
    safe.make()
    assert "DeletedDate" not in safe.told()
    safe.schedule()
    assert "DeletedDate" in safe.told()
    one = {"SecretId": "lab/one"}
    calls: list[tuple[Any, dict[str, Any]]] = [
        (safe.client.get_secret_value, {}),
        (safe.client.put_secret_value, {"SecretString": "new"}),
        (safe.client.update_secret, {"Description": "new"}),
        (safe.client.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (safe.client.delete_secret, {"RecoveryWindowInDays": 7}),
    ]
    for call, more in calls:
        assert "marked for deletion" in refused(call, "InvalidRequestException", **one, **more)
    assert not safe.client.list_secrets()["SecretList"]
    assert len(safe.client.list_secrets(IncludePlannedDeletion=True)["SecretList"]) == 1


def test_its_name_is_not_free(safe: Safe) -> None:
    safe.make()
    safe.schedule()
    assert "already scheduled for deletion" in refused(safe.make, "InvalidRequestException")


def test_it_can_be_restored(safe: Safe) -> None:
    arn = safe.make()
    safe.schedule()
    safe.client.restore_secret(SecretId="lab/one")
    assert "DeletedDate" not in safe.told()
    assert safe.client.get_secret_value(SecretId=arn)["SecretString"] == "hush"


def test_it_goes_when_its_window_is_over(slow: Safe) -> None:
    slow.make()
    slow.schedule(days=7)
    slow.sandbox.advance(7 * _DAY - 60)
    assert slow.told()
    slow.sandbox.advance(120)
    refused(slow.told, "ResourceNotFoundException")
    slow.make()


def test_it_stays_when_it_was_restored_in_time(slow: Safe) -> None:
    slow.make()
    slow.schedule()
    slow.client.restore_secret(SecretId="lab/one")
    slow.sandbox.advance(8 * _DAY)
    assert slow.told()


def test_forced_deletion_takes_a_moment(slow: Safe) -> None:
    slow.make()
    slow.client.delete_secret(SecretId="lab/one", ForceDeleteWithoutRecovery=True)
    refused(slow.make, "InvalidRequestException")
    slow.sandbox.advance(61)
    slow.make()


def test_forced_deletion_of_what_waits_and_of_nothing(safe: Safe) -> None:
    safe.make()
    safe.schedule()
    for _ in range(2):
        safe.client.delete_secret(SecretId="lab/one", ForceDeleteWithoutRecovery=True)
    refused(safe.told, "ResourceNotFoundException")
    refused(safe.schedule, "ResourceNotFoundException")


def test_a_caller_needs_the_secret_itself(sandbox: Sandbox, safe: Safe) -> None:
    arn = safe.make()
    safe.make("lab/two")
    user = User(
        sandbox,
        allow("secretsmanager:GetSecretValue", resource=arn),
        allow("secretsmanager:GetRandomPassword"),
        allow("secretsmanager:CreateSecret", resource="arn:aws:secretsmanager:*:*:secret:new/*-??????"),
    )
    enforce(sandbox)
    client = user.client("secretsmanager")
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "hush"
    assert client.get_secret_value(SecretId="lab/one")["SecretString"] == "hush"
    said = refused(client.get_secret_value, "AccessDeniedException", SecretId="lab/two")
    assert "secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager" in said
    assert len(client.get_random_password()["RandomPassword"]) == 32
    client.create_secret(Name="new/one", SecretString="x")
    tags = [{"Key": "a", "Value": "b"}]
    said = refused(client.create_secret, "AccessDeniedException", Name="new/two", SecretString="x", Tags=tags)
    assert "secretsmanager:TagResource" in said


def test_reserved_tags(safe: Safe) -> None:
    refused(safe.make, "InvalidParameterException", Tags=[{"Key": "aws:x", "Value": "y"}])
