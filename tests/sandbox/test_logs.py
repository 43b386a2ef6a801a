"""Log groups, their streams, what services write into them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from provisioner.sandbox import log_streams
from provisioner.sandbox.call import Site
from provisioner.sandbox.embedded import embedded
from tests.sandbox.world import refused
from tests.sandbox_fixture import REGION, Sandbox

GROUP = "/app/web"
ARN = f"arn:aws:logs:{REGION}:123456789012:log-group:{GROUP}"


@pytest.fixture
def logs(sandbox: Sandbox) -> Any:
    """Logs with one group in it."""
    client = sandbox.client("logs")
    client.create_log_group(logGroupName=GROUP, tags={"a": "b"})
    return client


@pytest.mark.parametrize("name", ["with space", "aws/lambda", "x" * 513, "per%cent"])
def test_names_that_no_group_can_have(sandbox: Sandbox, name: str) -> None:
    refused(sandbox.client("logs").create_log_group, "InvalidParameterException", logGroupName=name)


@pytest.mark.parametrize("name", ["/aws/lambda/a", "x" * 512, "a.b-c_d#1"])
def test_names_that_a_group_can_have(sandbox: Sandbox, name: str) -> None:
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName=name)
    refused(logs.create_log_group, "ResourceAlreadyExistsException", logGroupName=name)
    logs.delete_log_group(logGroupName=name)
    refused(logs.delete_log_group, "ResourceNotFoundException", logGroupName=name)


def test_retention_is_one_of_a_list(logs: Any) -> None:
    for days in (0, 2, 8, 3650):
        refused(logs.put_retention_policy, "InvalidParameterException", logGroupName=GROUP, retentionInDays=days)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=14)
    assert _told(logs)["retentionInDays"] == 14


def test_a_protected_group_stays(logs: Any) -> None:
    logs.put_log_group_deletion_protection(logGroupIdentifier=ARN, deletionProtectionEnabled=True)
    assert _told(logs)["deletionProtectionEnabled"] is True
    message = refused(logs.delete_log_group, "ValidationException", logGroupName=GROUP)
    assert "deletion protection" in message
    logs.put_log_group_deletion_protection(logGroupIdentifier=GROUP, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=GROUP)
    missing = {"logGroupIdentifier": GROUP, "deletionProtectionEnabled": True}
    refused(logs.put_log_group_deletion_protection, "ResourceNotFoundException", **missing)


def test_protection_and_class_from_birth(logs: Any) -> None:
    given = {"logGroupClass": "INFREQUENT_ACCESS", "deletionProtectionEnabled": True}
    logs.create_log_group(logGroupName="kept", **given)
    refused(logs.delete_log_group, "ValidationException", logGroupName="kept")
    told = _told(logs, "kept")
    assert {key: told[key] for key in given} == given
    assert _told(logs)["logGroupClass"] == "STANDARD"
    refused(logs.create_log_group, "InvalidParameterException", logGroupName="odd", logGroupClass="ODD")


def test_tags_of_a_group(logs: Any) -> None:
    many = {f"key{number}": "" for number in range(50)}
    refused(logs.tag_resource, "TooManyTagsException", resourceArn=ARN, tags=many)
    for wrong in ({"aws:x": "y"}, {"a<b": "c"}, {"a": "b*c"}, {"x" * 129: ""}):
        refused(logs.tag_resource, "InvalidParameterException", resourceArn=ARN, tags=wrong)
        refused(logs.create_log_group, "InvalidParameterException", logGroupName="other", tags=wrong)
    logs.tag_resource(resourceArn=ARN, tags={"c:d": "e f@g"})
    assert logs.list_tags_for_resource(resourceArn=ARN)["tags"] == {"a": "b", "c:d": "e f@g"}


def test_a_new_group_has_none_of_the_former_ones_tags(logs: Any) -> None:
    logs.delete_log_group(logGroupName=GROUP)
    refused(logs.list_tags_for_resource, "ResourceNotFoundException", resourceArn=ARN)
    logs.create_log_group(logGroupName=GROUP)
    assert logs.list_tags_for_resource(resourceArn=ARN)["tags"] == {}


def test_streams(logs: Any) -> None:
    refused(logs.create_log_stream, "InvalidParameterException", logGroupName=GROUP, logStreamName="a:b")
    refused(logs.create_log_stream, "ResourceNotFoundException", logGroupName="none", logStreamName="one")
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    message = refused(
        logs.create_log_stream, "ResourceAlreadyExistsException", logGroupName=GROUP, logStreamName="one"
    )
    assert message == "The specified log stream already exists"


def test_what_services_write_can_be_read() -> None:
    with embedded() as world:
        site = Site("123456789012", REGION, world)
        logs = boto3.Session(region_name=REGION).client("logs")
        assert not log_streams.append(site, GROUP, "one", ["lost"])
        assert logs.describe_log_groups()["logGroups"] == []
        assert log_streams.append(site, GROUP, "one", ["first", "second"], create=True)
        assert log_streams.append(site, GROUP, "two", ["third"])
        found = logs.filter_log_events(logGroupName=GROUP)["events"]
        assert sorted(event["message"] for event in found) == ["first", "second", "third"]
        events = logs.get_log_events(logGroupName=GROUP, logStreamName="one", startFromHead=True)["events"]
        assert [event["message"] for event in events] == ["first", "second"]


def _told(logs: Any, name: str = GROUP) -> dict[str, Any]:
    found: dict[str, Any] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    return found
