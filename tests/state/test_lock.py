"""One run at a time, and no lock outlives its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from state.lock import Held, hold

HOLDER = """
import sys, time
from pathlib import Path
from state.lock import hold
with hold(Path(sys.argv[1]), "provision"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_run(tmp_path: Path) -> object:
    """Another process that holds the lock of `demo.json`."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "demo.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_is_told_who_holds_it(tmp_path: Path, other_run: subprocess.Popen[str]) -> None:
    with pytest.raises(Held) as refused, hold(tmp_path / "demo.json", "destroy"):
        pass
    assert refused.value.holder is not None
    assert refused.value.holder.pid == other_run.pid
    assert f"provision by {refused.value.holder.user}" in str(refused.value)
    assert "since 20" in str(refused.value)


def test_the_lock_of_a_killed_run_is_taken_over_and_named(
    tmp_path: Path, other_run: subprocess.Popen[str]
) -> None:
    os.kill(other_run.pid, signal.SIGKILL)
    other_run.wait()
    with hold(tmp_path / "demo.json", "resume") as dead:
        assert dead is not None
        assert dead.pid == other_run.pid


def test_after_an_orderly_end_nobody_is_named(tmp_path: Path) -> None:
    with hold(tmp_path / "demo.json", "provision"):
        pass
    with hold(tmp_path / "demo.json", "destroy") as dead:
        assert dead is None


def test_two_stacks_do_not_lock_each_other(tmp_path: Path) -> None:
    with hold(tmp_path / "one.json", "provision"), hold(tmp_path / "two.json", "provision") as dead:
        assert dead is None
