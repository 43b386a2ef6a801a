from __future__ import annotations

from pathlib import Path

import pytest

from tests.life.tool import Tool
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def tool(sandbox: Sandbox, tmp_path: Path) -> Tool:
    return Tool(sandbox, tmp_path)
