"""What the life tests share: the tool in a folder of its own, and what an undisturbed run makes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.life.tool import Tool, succeeded
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def tool(sandbox: Sandbox, tmp_path: Path) -> Tool:
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
