"""Where a run works: what is missing is told before any call, and the sandbox goes by nobody's profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.place import NotSetUp, on_aws
from steps.aws.session import sandbox_session, single_attempt_clients
from tests.sandbox_fixture import Sandbox

REGION = "us-east-1"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_PROFILE": "nobody"}, r"nobody.* Fix: correct --profile or AWS_PROFILE"),
        ({"AWS_ENDPOINT_URL": "nowhere"}, r"Invalid endpoint: nowhere\. Fix: correct AWS_ENDPOINT_URL"),
    ],
    ids=["profile", "endpoint"],
)
def test_what_boto3_is_told_and_cannot_be(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NotSetUp, match=said):
        on_aws(None, REGION)


def test_without_a_region_there_is_no_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(NotSetUp, match="no region is set"):
        on_aws(None, None)


@pytest.mark.parametrize("content", ["[default]\nregion = eu-west-1\n", "no configuration at all"])
def test_the_sandbox_goes_by_no_profile_and_no_file(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "config"
    file.write_text(content)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(file))
    made = single_attempt_clients(sandbox_session(REGION), sandbox.endpoint)
    assert made.sts.get_caller_identity()["Account"] == "123456789012"
    assert made.sts.meta.region_name == REGION
