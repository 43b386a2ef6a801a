"""The same rules in the client's own process: for unit tests that want no server.

    with embedded("scaled=60") as world:
        boto3.client("ec2", region_name="eu-central-1").create_vpc(CidrBlock="10.0.0.0/16")
        world.clock.advance(3)

What needs sockets is not there: functions are not run, nothing answers on the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto import mock_aws

from provisioner.sandbox import emulator, gate, rules
from provisioner.sandbox.world import Nature, World


@contextmanager
def embedded(profile: str = "instant", **more: Any) -> Iterator[World]:
    """A sandbox for every boto3 client that is made inside; nothing leaves the process. `more`: see Nature."""
    emulator.configure()
    rules.load()
    world = World(Nature(profile, **more), emulator.empty)
    with mock_aws(config={"core": {"reset_boto3_session": False}, "lambda": {"use_docker": False}}):
        remove = gate.install(world)
        try:
            yield world
        finally:
            remove()
            world.reset()
