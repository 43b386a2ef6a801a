"""Exit codes, and what is said last when something does not go through."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli import main
from provisioner.operation import NoSuchStack
from provisioner.payload import PayloadError
from provisioner.place import NotSetUp, WrongPlace
from provisioner.run import Refused, UnknownKind
from provisioner.sandbox.control import SandboxError
from provisioner.schedule import Failed, Failure, Interrupted
from provisioner.stack import StackError
from provisioner.stack_errors import Problem as StackProblem
from state.lock import Held
from state.store import StateError, StateWriteError
from steps.base import Seen, StepFailed
from steps.lifecycle import Ambiguous, Foreign
from tests.provisioner.fake_operation import FakeOperations, tools

QUOTA = StepFailed("LimitExceeded: no more", "ask for a higher quota", "CreateNatGateway", "LimitExceeded")
FOREIGN = Foreign("role", "IAM role", Seen("role-x", {}))
AMBIGUOUS = Ambiguous("vpc", "VPC", [Seen("vpc-1", {}), Seen("vpc-2", {})])

DURING = [
    (Failed([Failure("nat", QUOTA)]), 1),
    (QUOTA, 1),
    (StateWriteError("state file x cannot be written. Fix: free some disk space."), 1),
    (Failed([Failure("nat", QUOTA), Failure("role", FOREIGN)]), 4),
    (Failed([Failure("nat", KeyError("forgotten"))]), 1),
    (RuntimeError("nobody expected this"), 1),
    (Refused("these cannot be changed in place"), 4),
    (UnknownKind("a kind of tomorrow"), 4),
    (Interrupted([]), 130),
]
BEFORE = [
    (PayloadError("no handler"), 2),
    (NoSuchStack("none"), 2),
    (NotSetUp("no region is set. Fix: give --region."), 2),
    (SandboxError("the sandbox needs moto"), 2),
    (StateError("damaged"), 2),
    (StateWriteError("full"), 2),
    (Held(Path("x.lock"), None), 3),
    (WrongPlace("another account"), 4),
    (FOREIGN, 4),
    (AMBIGUOUS, 4),
]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("demo.toml").write_text('name = "demo"\n')


@pytest.mark.parametrize(
    ("error", "begun", "code"),
    [*((error, True, code) for error, code in DURING), *((error, False, code) for error, code in BEFORE)],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
@pytest.mark.parametrize("command", [["provision", "demo.toml"], ["resume", "demo"], ["destroy", "demo", "--yes"]])
def test_each_error_has_its_exit_code(command: list[str], error: Exception, begun: bool, code: int) -> None:
    assert main(command, tools(FakeOperations(error=error, begun=begun))) == code


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["provision"],
        ["provision", "demo.toml", "--parallel", "0"],
        ["destroy", "broken.toml"],
        ["destroy", "missing.toml"],
        ["status", "other"],
        ["init", "nonsense"],
        ["completion", "tcsh"],
    ],
)
def test_bad_input(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.toml").write_text("=")
    assert main(arguments, tools(FakeOperations())) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert "Traceback" not in shown.err


def test_bad_input_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", "--json", "--parallel", "x", "demo.toml"], tools(FakeOperations())) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["exit"]) == ("error", 2)


def failing(error: Exception, capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    main(["provision", "demo.toml", *options], tools(FakeOperations(error=error)))
    return capsys.readouterr().err.splitlines()


def test_a_failure_tells_step_call_code_cause_and_next_move(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(Failed([Failure("nat", QUOTA)]), capsys, "--state", "here.json") == [
        "demo failed",
        "  step  nat",
        "  call  CreateNatGateway",
        "  code  LimitExceeded",
        "  why   no more",
        "  fix   ask for a higher quota",
        "  next  provisioner resume demo --state here.json",
    ]


def test_steps_that_failed_alike_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    shown = failing(Failed([Failure("a", QUOTA), Failure("b", QUOTA)]), capsys)
    assert "  step  a, b" in shown
    assert sum("call" in line for line in shown) == 1


def test_a_report_of_several_lines_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    error = StackError(Path("demo.toml"), [StackProblem("cpu", 3, "is odd", "take 256")])
    assert failing(error, capsys) == [
        "error: demo.toml: 1 problem",
        "  cpu = 3",
        "    is odd",
        "    fix: take 256",
    ]


def test_a_bug_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(RuntimeError("odd"), capsys) == [
        "this is a bug in provisioner: RuntimeError: odd",
        "  fix   run it again with -v for the traceback",
        "  next  provisioner resume demo",
    ]


def test_verbose_shows_the_traceback_before_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    shown = failing(RuntimeError("odd"), capsys, "-v")
    assert shown[0].startswith("Traceback")
    assert shown[-1] == "  next  provisioner resume demo"


def test_an_interrupted_run_tells_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", "demo.toml"], tools(FakeOperations(error=Interrupted([])))) == 130
    shown = capsys.readouterr()
    assert "demo: 1 of 2 steps done" in shown.out.splitlines()[-1]
    assert shown.err.splitlines() == [
        "demo was interrupted; nothing is lost",
        "  next  provisioner resume demo",
    ]


def test_unanswered_calls_are_named_and_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[int] = []
    main(["provision", "demo.toml"], tools(FakeOperations(error=Interrupted(["nat"])), ended))
    assert ended == [130]
    assert "nat" in capsys.readouterr().err


def test_nothing_to_resume_where_nothing_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    main(["provision", "demo.toml"], tools(FakeOperations(None, error=QUOTA, begun=False)))
    assert "resume demo" not in capsys.readouterr().err


def test_destroy_refuses_where_nobody_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeOperations()
    assert main(["destroy", "demo"], tools(fake)) == 4
    assert fake.calls == []
    assert "--yes" in capsys.readouterr().err


def test_signals_are_as_before_after_a_run() -> None:
    before = signal.getsignal(signal.SIGINT)
    main(["provision", "demo.toml"], tools(FakeOperations()))
    assert signal.getsignal(signal.SIGINT) is before


_HANGS = """
import sys, time
from provisioner.cli import main
from tests.provisioner.fake_operation import STACK, FakeOperations, tools
from tests.provisioner.scripted import started

class Hangs(FakeOperations):
    def provision(self, file, overrides, name, options, listener, stop):
        listener.tell(started("vpc"))
        time.sleep(0.1)
        print("begun", flush=True)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            time.sleep(0.02)
        return STACK

sys.exit(main(["provision", "demo.toml", "--quiet"], tools(Hangs())))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_signal_ends_the_process_at_once(number: signal.Signals, code: int) -> None:
    environ = {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", _HANGS], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(number)
    _, shown = process.communicate(timeout=5)
    assert process.returncode == code
    assert shown.splitlines()[-1] == "  next  provisioner resume demo"
    assert "Traceback" not in shown
