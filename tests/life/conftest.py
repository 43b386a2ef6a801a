"""What the life tests share: the tool in a folder of its own, and what an undisturbed run makes.

They run in a realistic sandbox: times are drawn, fresh things are missed, roles trusted late, calls are limited.
What chance does in a test depends on the test's name, so a test that fails fails again.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import botocore.session
import pytest

from tests.life.systems import Inside, Life, System
from tests.life.tool import REGION, Tool, succeeded
from tests.sandbox_fixture import Sandbox

PROFILE = "realistic=600"
"""A NAT gateway's minute and a half in 0.15 s."""
Bring = Callable[[System], Inside]


@pytest.fixture
def tool(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Tool]:
    sandbox.become(PROFILE, seed=zlib.crc32(request.node.name.encode()))
    yield Tool(sandbox, tmp_path)
    sandbox.become("instant", seed=0)


@pytest.fixture(scope="session")
def _undisturbed() -> dict[str, Mapping[str, list[str]]]:
    return {}


@pytest.fixture
def expected(tool: Tool, _undisturbed: dict[str, Mapping[str, list[str]]]) -> Mapping[str, list[str]]:
    """The inventory after a provision that nobody disturbs; made once a test process."""
    if "inventory" not in _undisturbed:
        tool.provisioned()
        _undisturbed["inventory"] = tool.inventory()
        succeeded(tool.destroy())
        tool.sandbox.reset()
    return _undisturbed["inventory"]


@pytest.fixture(scope="session")
def _read_once() -> Iterator[None]:
    """One loader of AWS's models for all runs of this process: reading them is most of what a short run does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield


@pytest.fixture
def bring(
    sandbox: Sandbox,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    _read_once: None,
) -> Iterator[Bring]:
    """A system in a realistic sandbox, whose chance depends on the test's name."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    sandbox.become(PROFILE, seed=zlib.crc32(request.node.name.encode()))
    yield lambda system: Inside(sandbox, tmp_path, system)
    sandbox.become("instant", seed=0)


@pytest.fixture(scope="session")
def _lives() -> dict[System, Life]:
    return {}


@pytest.fixture
def undisturbed(bring: Bring, _lives: dict[System, Life]) -> Callable[[System], Life]:
    """What becomes of a system that nobody disturbs; tried once a test process for each."""

    def lived(system: System) -> Life:
        if system not in _lives:
            _lives[system] = bring(system).live()
        return _lives[system]

    return lived
