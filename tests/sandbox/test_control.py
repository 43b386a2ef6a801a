"""Starting, stopping and asking a sandbox's process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provisioner.sandbox import control
from provisioner.sandbox.control import Wish


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    control.stop(home)


def _soon(done: Callable[[], bool], patience: float = 10.0) -> bool:
    end = time.monotonic() + patience
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    return done()


def _ended(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
        os.kill(pid, 0)
    except (ChildProcessError, ProcessLookupError):
        return True
    return False


def test_start_status_stop(home: Path) -> None:
    assert control.status(home) is None
    started = control.start(home, Wish(profile="scaled=30"))
    assert control.status(home) == started
    assert started.as_dict()["running"] is True
    assert started.as_dict()["endpoint"] == f"http://127.0.0.1:{started.port}"
    assert started.profile == "scaled=30"
    assert control.identify(started.endpoint) == started.id
    assert json.loads((home / "sandbox.json").read_text())["pid"] == started.pid
    assert control.stop(home) is True
    assert control.status(home) is None
    assert not (home / "sandbox.json").exists()
    assert control.stop(home) is False
    assert control.identify(started.endpoint) is None


def test_a_second_start_gives_the_running_one(home: Path) -> None:
    assert control.start(home, Wish(profile="instant")) == control.start(home, Wish(profile="real"))


def test_two_starts_at_once_give_one_server(home: Path) -> None:
    code = "import sys, provisioner.sandbox.control as c; print(c.start(sys.argv[1], c.Wish('instant')).pid)"

    def start() -> str:
        command = [sys.executable, "-c", code, str(home)]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    with ThreadPoolExecutor(3) as pool:
        said = {future.result() for future in [pool.submit(start) for _ in range(3)]}
    assert len(said) == 1


def test_it_survives_ctrl_c(home: Path) -> None:
    pid = control.start(home, Wish(profile="instant")).pid
    os.kill(pid, signal.SIGINT)
    status = control.status(home)
    assert status is not None
    assert status.pid == pid


@pytest.mark.parametrize("way", ["folder", "notice", "other"])
def test_it_ends_when_its_notice_vanishes_or_names_another(home: Path, way: str) -> None:
    pid = control.start(home, Wish(profile="instant")).pid
    notice = home / "sandbox.json"
    if way == "folder":
        shutil.rmtree(home)
    elif way == "notice":
        notice.unlink()
    else:
        notice.write_text(json.dumps({**json.loads(notice.read_text()), "pid": 1}))
    assert _soon(lambda: _ended(pid))


def test_it_ends_with_its_owner(home: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pid = control.start(home, Wish(profile="instant", owner=owner.pid)).pid
    assert control.status(home) is not None
    owner.communicate(b"\n")
    assert _soon(lambda: _ended(pid))


def test_a_killed_one_is_not_running_and_can_be_started_again(home: Path) -> None:
    first = control.start(home, Wish(profile="instant"))
    os.kill(first.pid, signal.SIGKILL)
    assert _soon(lambda: control.status(home) is None)
    assert control.start(home, Wish(profile="instant")).id != first.id


def test_a_reset_renews_the_id(home: Path) -> None:
    first = control.start(home, Wish(profile="instant"))
    second = control.reset(home)
    assert second.id != first.id
    assert second.pid == first.pid
    assert control.status(home) == second
    assert _soon(lambda: bool(json.loads((home / "sandbox.json").read_text())["id"] == second.id))


def test_a_reset_needs_a_sandbox(home: Path) -> None:
    with pytest.raises(control.SandboxError, match="no sandbox runs"):
        control.reset(home)


def test_a_failed_start_shows_the_log(home: Path) -> None:
    with pytest.raises(control.SandboxError, match="expected instant, real, scaled=N or realistic=N"):
        control.start(home, Wish(profile="fast"))


def test_a_missing_extra_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_NEEDED", ("moto", "no_such_package"))
    with pytest.raises(control.SandboxError, match=r"needs no_such_package: pip install 'provisioner\[sandbox\]'"):
        control.start(home)


def test_an_id_is_not_taken_from_whoever_answers() -> None:
    assert control.identify("http://127.0.0.1:9") is None


def test_asking_loads_nothing_heavy() -> None:
    code = (
        "import sys, provisioner.sandbox.control; print({'moto', 'flask', 'boto3', 'filelock'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "set()"


def test_it_imports_nothing_of_the_tool() -> None:
    code = "import sys, provisioner.sandbox.server as s; s.rules.load(); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    ours = {name for name in said.split() if name.partition(".")[0] in ("steps", "state", "provisioner")}
    assert "provisioner.sandbox.rules.ec2_nat" in ours
    assert {name for name in ours if not name.startswith("provisioner.sandbox")} == {"provisioner"}
