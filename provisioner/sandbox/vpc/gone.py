"""What is gone: AWS lists it for a while yet."""

from __future__ import annotations

from provisioner.sandbox.call import Site
from provisioner.sandbox.clock import Action

LISTED = 3600.0
"""Seconds of AWS's for which deleted and terminated things are still listed."""


def forget(site: Site, action: Action) -> None:
    """Have `action` take it out of the lists, in due time; where no time passes, never."""
    if not site.world.latencies.profile.timeless:
        site.after(LISTED, action)
