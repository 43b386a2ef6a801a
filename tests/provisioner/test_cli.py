"""The command line: what each command asks for, what it prints where, and that it starts fast."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from provisioner import __version__
from provisioner.cli import main
from provisioner.exits import MEANING
from provisioner.sandbox.control import Status
from state.lock import Holder, held, hold
from state.record import Phase
from state.record import Status as Ended
from tests.provisioner.fake_operation import (
    DESTROYED,
    STACK,
    FakeOperations,
    FakeSandbox,
    sandbox_that_runs,
    tools,
)

HEAVY = ("boto3", "botocore", "pydantic", "rich", "moto")
COMMANDS = (
    "provision",
    "resume",
    "destroy",
    "status",
    "list",
    "outputs",
    "init",
    "schema",
    "sandbox",
    "completion",
    "verify",
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def operations() -> FakeOperations:
    return FakeOperations()


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], *([name, "--help"] for name in COMMANDS), ["--version"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    check = f"import sys; from provisioner.cli import main; code = main({arguments!r})\n"
    check += f"sys.exit(code or ', '.join(name for name in {HEAVY!r} if name in sys.modules) or None)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", check], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_tells_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert all(str(code.value) in shown and meaning in shown for code, meaning in MEANING.items())


@pytest.mark.parametrize("arguments", [[], ["sandbox"]])
def test_no_command_shows_the_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("Usage: provisioner")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"provisioner {__version__}\n"


def test_provision_hands_on_what_was_given(operations: FakeOperations) -> None:
    given = ["app.toml", "--name", "pr-17", "--set", "a.b=1", "--set", "c=2", "--parallel", "3", "--sandbox"]
    place = ["--state", "s.json", "--region", "eu-west-1", "--profile", "me"]
    assert main(["provision", *given, *place], tools(operations)) == 0
    assert operations.calls == [("provision", "app.toml", ("a.b=1", "c=2"), "pr-17")]
    options = operations.options
    assert options is not None
    assert (options.parallel, options.sandbox, options.state) == (3, True, Path("s.json"))
    assert (options.region, options.profile) == ("eu-west-1", "me")


def test_provision_ends_with_outputs_and_what_to_type_next(
    operations: FakeOperations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["provision", "app.toml", "--state", "my state.json"], tools(operations)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  vpc.id  vpc-1" in lines
    assert lines[-1].startswith("  provisioner destroy demo --state 'my state.json'")


def test_quiet_says_nothing(operations: FakeOperations, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", "app.toml", "-q"], tools(operations)) == 0
    assert capsys.readouterr() == ("", "")


def test_json_is_all_there_is_on_standard_output(
    operations: FakeOperations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["provision", "app.toml", "--json"], tools(operations)) == 0
    told = events(capsys.readouterr().out)
    assert [event["event"] for event in told] == ["started", "step", "summary", "outputs"]


@pytest.mark.parametrize("target", ["demo", "demo.toml"])
def test_destroy_takes_a_name_or_a_stack_file(operations: FakeOperations, target: str) -> None:
    Path("demo.toml").write_text('name = "demo"\nnonsense = true\n')
    assert main(["destroy", target, "--yes"], tools(operations)) == 0
    assert operations.calls == [("destroy", "demo")]


def test_destroy_of_what_is_destroyed_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    gone = FakeOperations(DESTROYED)
    assert main(["destroy", "demo"], tools(gone)) == 0
    assert gone.calls == []
    assert capsys.readouterr().out == "demo is destroyed already\n"


def test_resume_of_what_is_destroyed_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    gone = FakeOperations(DESTROYED)
    assert main(["resume", "demo"], tools(gone)) == 0
    assert gone.calls == []
    assert capsys.readouterr().out == "demo is destroyed already\n"


IN_SANDBOX = replace(STACK, pin=replace(STACK.pin, endpoint="sandbox:old"))


@pytest.mark.parametrize("running", [None, sandbox_that_runs(name="new")], ids=["stopped", "emptied"])
def test_what_went_with_its_sandbox_is_not_called_ready(
    running: Status | None, capsys: pytest.CaptureFixture[str]
) -> None:
    used = tools(FakeOperations(IN_SANDBOX), sandbox=FakeSandbox(running))
    gone = "demo: the sandbox it was recorded in has been emptied or stopped: nothing of it exists any more"
    assert main(["status", "demo"], used) == 0
    assert capsys.readouterr().out.splitlines()[0] == gone
    assert main(["outputs", "demo", "vpc.id"], used) == 0
    assert capsys.readouterr() == ("vpc-1\n", gone + "\n")
    assert main(["list"], used) == 0
    assert "gone with its sandbox" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sandbox", "environ"),
    [
        (FakeSandbox(sandbox_that_runs(name="old")), {}),
        (FakeSandbox(elsewhere="old"), {"AWS_ENDPOINT_URL": "http://127.0.0.1:5001"}),
    ],
    ids=["of this folder", "of another"],
)
def test_what_is_in_a_sandbox_that_runs_is_there(
    sandbox: FakeSandbox, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "demo"], tools(FakeOperations(IN_SANDBOX), sandbox=sandbox, environ=environ)) == 0
    assert capsys.readouterr().out.startswith("demo: ready")


def test_a_run_under_way_is_told_from_one_that_was_killed(capsys: pytest.CaptureFixture[str]) -> None:
    used = tools(FakeOperations(replace(STACK, status=Ended.RUNNING)))
    with hold(Path(".provisioner/demo.json"), "provision"):
        assert main(["status", "demo"], used) == 0
    assert capsys.readouterr().out.startswith("demo: being provisioned: provision by ")
    assert main(["status", "demo"], used) == 0
    assert capsys.readouterr().out.startswith("demo: provision was killed: resume it")


def test_a_holder_that_died_holds_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    Path("demo.json.holder").write_text(
        json.dumps(asdict(Holder(process.pid, socket.gethostname(), "me", "provision", "")))
    )
    assert held(Path("demo.json")) is None
    assert not Path("demo.json.lock").exists()


def test_status_shows_every_resource_with_a_short_id(
    operations: FakeOperations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "demo"], tools(operations)) == 0
    shown = capsys.readouterr().out
    assert "demo: ready" in shown
    assert "  function:x" in shown
    assert "not ready yet" in shown


@pytest.mark.parametrize("option", ["-v", "--json"])
def test_status_shows_ids_whole_to_who_asks_for_it(
    option: str, operations: FakeOperations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "demo", option], tools(operations)) == 0
    assert "arn:aws:lambda:us-east-1:123456789012:function:x" in capsys.readouterr().out


def test_status_as_json_is_one_object(operations: FakeOperations, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"], tools(operations)) == 0
    (told,) = events(capsys.readouterr().out)
    assert told["steps"][0]["id"] == "vpc-1"
    assert told["steps"][0]["phase"] == Phase.READY


def test_list(operations: FakeOperations, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"], tools(operations)) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["demo", "ready"]


def test_list_of_nothing_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"], tools(FakeOperations(None))) == 0
    assert "provisioner init" in capsys.readouterr().out


def test_one_output_is_its_value_alone(operations: FakeOperations, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outputs", "demo", "vpc.id", "-q"], tools(operations)) == 0
    assert capsys.readouterr().out == "vpc-1\n"


def test_an_output_that_is_not_there(operations: FakeOperations, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outputs", "demo", "nix"], tools(operations)) == 2
    assert "no output 'nix'" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_PROVISIONER_COMPLETE" in capsys.readouterr().out


def test_stack_names_are_completed() -> None:
    Path(".provisioner").mkdir()
    Path(".provisioner/pr-17.json").write_text('{"stack": "pr-17"}')
    Path(".provisioner/sandbox.json").write_text('{"pid": 1}')
    words = {"COMP_WORDS": "provisioner status pr", "COMP_CWORD": "2", "_PROVISIONER_COMPLETE": "bash_complete"}
    code = "from provisioner.cli import main; main()"
    path = {"PYTHONPATH": str(Path(__file__).parents[2])}
    asked = subprocess.run(
        [sys.executable, "-c", code], env=words | path, capture_output=True, text=True, check=False
    )
    assert asked.stdout.splitlines() == ["plain,pr-17"]


def test_an_unfinished_stack_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    broken = FakeOperations(replace(STACK, status=Ended.FAILED))
    assert main(["status", "demo"], tools(broken)) == 0
    assert "provision failed: resume it" in capsys.readouterr().out
