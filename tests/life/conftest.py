"""What the life tests share: the tool in a folder of its own, and what an undisturbed run makes.

They run in a realistic sandbox: times are drawn, fresh things are missed, roles trusted late, calls are limited.
What chance does in a test depends on the test's name, so a test that fails fails again.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pytest
from filelock import FileLock

from tests.life.systems import Inside, Life, System
from tests.life.tool import REGION, Tool, succeeded
from tests.sandbox_fixture import Sandbox

PROFILE = "realistic=600"
"""A NAT gateway's minute and a half in 0.15 s."""
Bring = Callable[[System], Inside]
Undisturbed = Callable[[System], Life]


@pytest.fixture
def profile(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[str]:
    """The sandbox is realistic, and its chance depends on the test's name."""
    sandbox.become(PROFILE, seed=zlib.crc32(request.node.name.encode()))
    yield PROFILE
    sandbox.become("instant", seed=0)


@pytest.fixture
def tool(sandbox: Sandbox, tmp_path: Path, profile: str) -> Tool:
    return Tool(sandbox, tmp_path)


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


@pytest.fixture
def bring(sandbox: Sandbox, tmp_path: Path, profile: str, monkeypatch: pytest.MonkeyPatch) -> Bring:
    """A system that comes up and goes down in this process."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return lambda system: Inside(sandbox, tmp_path, system)


@pytest.fixture
def undisturbed(
    sandbox: Sandbox, bring: Bring, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    """What becomes of a system that nobody disturbs; tried once for all test processes.

    It must be asked before anything else is made, for it leaves an empty sandbox behind.
    """
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder

    def lived(system: System) -> Life:
        file = folder / f"{system}.json".replace("/", "-")
        with FileLock(file.with_suffix(".lock")):
            if not file.exists():
                life = Inside(sandbox, tmp_path / "undisturbed", system).live()
                file.write_text(json.dumps(asdict(life)))
        return Life(**json.loads(file.read_text()))

    return lived
