"""The commands of the embedded AWS: what they accept, and what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.cli import main
from provisioner.sandbox.control import Status, Wish
from tests.provisioner.fake_operation import FakeOperations, FakeSandbox, sandbox_that_runs, tools


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def sandbox(fake: FakeSandbox, *arguments: str) -> int:
    return main(["sandbox", *arguments], tools(FakeOperations(), sandbox=fake))


@pytest.mark.parametrize("profile", ["fast", "scaled=0", "scaled=x", "scaled", "scaled=nan", ""])
@pytest.mark.parametrize("running", [None, sandbox_that_runs()], ids=["none runs", "one runs"])
def test_a_profile_that_is_none_is_bad_input(
    profile: str, running: Status | None, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeSandbox(running)
    assert sandbox(fake, "start", "--profile", profile) == 2
    assert fake.wishes == []
    assert capsys.readouterr().err.splitlines() == [
        f"error: there is no sandbox profile '{profile}'.",
        "  fix   give instant, real, scaled=N or realistic=N with N above 0, for example scaled=30",
    ]


@pytest.mark.parametrize("profile", ["instant", "real", "scaled=2.5", "realistic", "realistic=60"])
def test_a_profile_is_handed_on(profile: str) -> None:
    fake = FakeSandbox()
    assert sandbox(fake, "start", "--profile", profile) == 0
    assert fake.wishes == [Wish(profile)]


def test_all_wishes_are_handed_on() -> None:
    fake = FakeSandbox()
    assert sandbox(fake, "start", "--seed", "7", "--faults", "flaky,late", "--enforce-iam") == 0
    assert fake.wishes == [Wish("scaled=30", 7, "flaky,late", True)]


@pytest.mark.parametrize("faults", ["flakey", "[{", '{"do": "explode"}', '{"nothing": 1}', "@nowhere", ","])
def test_faults_that_are_none_are_bad_input(faults: str, capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeSandbox()
    assert sandbox(fake, "start", "--faults", faults) == 2
    assert fake.wishes == []
    shown = capsys.readouterr().err
    assert shown.startswith("error: these are no faults: ")
    assert "fix   give names (flaky, throttled" in shown


def test_who_asks_for_faults_is_told_that_one_runs_without(capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox(FakeSandbox(sandbox_that_runs()), "start", "--faults", "flaky") == 0
    assert "to have what you asked for, stop it and start it again" in capsys.readouterr().out


def test_only_who_asks_for_another_profile_is_told_that_one_runs(capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeSandbox(sandbox_that_runs("instant"))
    assert sandbox(fake, "start") == 0
    assert "stop it" not in capsys.readouterr().out
    assert sandbox(fake, "start", "--profile", "real") == 0
    assert "to have real, stop it and start it again" in capsys.readouterr().out


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), FileExistsError(17, "File exists")])
def test_a_folder_that_cannot_be_used_is_bad_input(error: OSError, capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox(FakeSandbox(error=error), "start") == 2
    assert capsys.readouterr().err.startswith(f"error: the sandbox cannot use .provisioner: {error.strerror}.")


def test_stop_says_whether_one_ran(capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeSandbox(sandbox_that_runs())
    assert sandbox(fake, "stop") == 0
    assert capsys.readouterr().out == "the sandbox is stopped\n"
    assert sandbox(fake, "stop") == 0
    assert capsys.readouterr().out == "the sandbox is not running\n"
