from __future__ import annotations

import pytest

from tests.sandbox.world import Network
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def network(sandbox: Sandbox) -> Network:
    """A VPC with an internet gateway, two subnets and a group, in an empty sandbox."""
    return Network(sandbox)
