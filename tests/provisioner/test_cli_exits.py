"""Exit codes, and what is said last when something does not go through."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, PartialCredentialsError, ProfileNotFound

from provisioner.cli import main
from provisioner.function_code.payload import PayloadError
from provisioner.place import NotSetUp, WrongPlace
from provisioner.recorded import NoSuchStack
from provisioner.run import Refused, UnknownKind
from provisioner.sandbox.control import SandboxError
from provisioner.schedule import Failed, Failure, Interrupted
from provisioner.stack import StackError
from provisioner.stack_file.errors import Problem as StackProblem
from state.lock import Held
from state.record import StackState
from state.store import StateError, StateWriteError
from steps.base import Seen, StepFailed
from steps.identity import Role
from steps.lifecycle import Ambiguous, Foreign
from tests.provisioner.fake_operation import DESTROYED, FakeOperations, tools

QUOTA = StepFailed("LimitExceeded: no more", "ask for a higher quota", "CreateNatGateway", "LimitExceeded")
FOREIGN = Foreign.one(Role, Seen("role-x", {}))
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


def test_completion_where_no_shell_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SHELL", raising=False)
    assert main(["completion"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: SHELL is not set.",
        "  fix   name one of bash, zsh, fish",
    ]


def test_bad_input_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", "--json", "--parallel", "x", "demo.toml"], tools(FakeOperations())) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["exit"]) == ("error", 2)


def test_the_problems_of_a_stack_file_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [StackProblem("cpu", 3, "is odd", "take 256"), StackProblem("day", date(2026, 1, 2), "no", "go")]
    fake = FakeOperations(error=StackError(Path("demo.toml"), problems), begun=False)
    assert main(["provision", "--json", "demo.toml"], tools(fake)) == 2
    assert json.loads(capsys.readouterr().out)["problems"] == [
        {"key": "cpu", "value": 3, "what": "is odd", "fix": "take 256"},
        {"key": "day", "value": "2026-01-02", "what": "no", "fix": "go"},
    ]


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
        "  file  resume does not read it again; once it is corrected: "
        "provisioner provision demo.toml --state here.json",
        "  next  provisioner resume demo --state here.json",
    ]


def test_steps_that_failed_alike_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    shown = failing(Failed([Failure("a", QUOTA), Failure("b", QUOTA)]), capsys)
    assert "  step  a, b" in shown
    assert sum("call" in line for line in shown) == 1


def test_several_causes_stand_apart(capsys: pytest.CaptureFixture[str]) -> None:
    other = StepFailed("no", "ask", "CreateVpc", "Denied")
    shown = failing(Failed([Failure("a", QUOTA), Failure("b", other)]), capsys)
    assert shown[shown.index("  step  b") - 1] == ""
    assert shown.count("") == 1


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


EXPIRED = StepFailed("ExpiredToken: too old", "log in, then resume", "GetCallerIdentity", "ExpiredToken")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ProfileNotFound(profile="work"), "error: The config profile (work) could not be found"),
        (
            PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "error: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        ),
    ],
)
def test_what_boto3_is_configured_with_is_input(
    error: BotoCoreError, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeOperations(error=error, begun=False)
    assert main(["provision", "demo.toml"], tools(fake)) == 2
    first, fix = capsys.readouterr().err.splitlines()
    assert first == said
    assert fix.startswith("  fix   correct what boto3 goes by: --profile")


def test_only_a_run_that_read_the_stack_file_is_told_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`resume` goes by what is recorded: whoever corrects the file must type something else."""
    error = Failed([Failure("nat", QUOTA)])
    assert any(line.startswith("  file  ") for line in failing(error, capsys))
    main(["resume", "demo"], tools(FakeOperations(error=error)))
    assert not any(line.startswith("  file  ") for line in capsys.readouterr().err.splitlines())


@pytest.mark.parametrize("state", [None, DESTROYED], ids=["never made", "destroyed"])
def test_what_failed_before_anything_was_made_is_typed_again(
    state: StackState | None, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["provision", "demo.toml", "--set", "a=x y"]
    assert main(arguments, tools(FakeOperations(state, error=EXPIRED, begun=False))) == 1
    assert capsys.readouterr().err.splitlines() == [
        "demo failed before anything was made",
        "  call  GetCallerIdentity",
        "  code  ExpiredToken",
        "  why   too old",
        "  fix   log in, then run it again",
        "  next  provisioner provision demo.toml --set 'a=x y'",
    ]


def test_a_destroy_that_did_not_begin_is_not_resumed_as_the_provision_before_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["destroy", "demo", "--yes"], tools(FakeOperations(error=EXPIRED, begun=False)))
    shown = capsys.readouterr().err.splitlines()
    assert shown[0] == "demo failed before anything was changed"
    assert shown[-1] == "  next  provisioner destroy demo --yes"


def test_destroy_refuses_where_nobody_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    fake = FakeOperations()
    assert main(["destroy", "demo"], tools(fake)) == 4
    assert fake.calls == []
    shown = capsys.readouterr()
    assert shown.out.startswith("destroy deletes 2 resources of demo")
    assert "--yes" in shown.err


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


_UNREAD = """
import sys
from pathlib import Path
from provisioner.cli import main
from tests.provisioner.fake_operation import FakeOperations, tools

Path("demo.toml").write_text('name = "demo"')
sys.stdin.readline()  # until the reader has gone
sys.exit(main(sys.argv[1:], tools(FakeOperations({error}))))
"""


def unread(arguments: list[str], error: str = "") -> tuple[int, str]:
    """Exit code and standard error of a command whose standard output is closed by its reader."""
    process = subprocess.Popen(
        [sys.executable, "-c", _UNREAD.replace("{error}", error), *arguments],
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.close()
    assert process.stderr is not None
    shown = process.stderr.read()
    return process.wait(20), shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "--json"],
        ["provision", "demo.toml"],
        ["provision", "demo.toml", "--json"],
        ["schema"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_a_reader_that_has_seen_enough_fails_nothing(arguments: list[str]) -> None:
    assert unread(arguments) == (0, "")


def test_the_exit_code_of_a_run_stands_where_nobody_reads() -> None:
    code, shown = unread(["provision", "demo.toml"], "error=RuntimeError('odd')")
    assert code == 1
    assert shown.startswith("this is a bug")
    assert "BrokenPipe" not in shown
