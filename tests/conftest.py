"""What every test gets: no real account within reach, the fixture `sandbox`, and no server left behind."""

from __future__ import annotations

import functools
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
import pytest
from botocore.client import ClientCreator

from tests.sandbox_fixture import sandbox as sandbox
from tests.sandbox_fixture import sandbox_process as sandbox_process

# Every run has a session of its own; reading AWS's models anew for each takes longer than all else it does.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)
_made: dict[str, type] = {}
_create_class = ClientCreator._create_client_class  # type: ignore[attr-defined]


def _class_of(creator: ClientCreator, service: str, model: Any) -> type:
    """A service's client has a method for each operation: EC2's has seven hundred, the same in every session."""
    if service not in _made:
        _made[service] = _create_class(creator, service, model)
    return _made[service]


ClientCreator._create_client_class = _class_of  # type: ignore[attr-defined]

_MARK = "PROVISIONER_TEST_PROCESS"
_SERVER = b"provisioner.sandbox.server"

os.environ.update(
    {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # Inherited by every process that a test starts, so that each test process knows its own servers.
        _MARK: uuid.uuid4().hex,
    }
)
for _name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
    os.environ.pop(_name, None)


@pytest.fixture(autouse=True)
def _no_server_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a sandbox running, and end that. Needs /proc; elsewhere nothing is checked."""
    yield
    if "sandbox_process" in request.fixturenames:
        _shared.add(request.getfixturevalue("sandbox_process").pid)
    left = _servers() - _shared
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    if left:
        pytest.fail(f"sandbox servers left running: {sorted(left)}")


# The server that all tests of this process share.
_shared: set[int] = set()


def _servers() -> set[int]:
    """The processes of sandbox servers that were started, by whatever way, from this test process."""
    mark = f"{_MARK}={os.environ[_MARK]}".encode()
    return {int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_server(folder, mark)}


def _is_server(folder: Path, mark: bytes) -> bool:
    try:
        command = (folder / "cmdline").read_bytes().split(b"\0")
        return _SERVER in command and mark in (folder / "environ").read_bytes().split(b"\0")
    except OSError:  # it has just ended, or is another user's
        return False
