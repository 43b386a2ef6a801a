"""What the life tests share: the tool in a folder of its own, and what an undisturbed run makes.

They run in a realistic sandbox: times are drawn, fresh things are missed, roles trusted late, calls are limited.
What chance does in a test depends on the test's name, so a test that fails fails again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.life.tool import Tool, succeeded
from tests.sandbox_fixture import Sandbox

PROFILE = "realistic=600"
"""A NAT gateway's minute and a half in 0.15 s."""


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
