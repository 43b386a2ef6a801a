"""AWS's rules where moto has none, one file per service (several where a service has many).

Each rule is a small function over one call; see `provisioner.sandbox.registry` for how they are told of.
"""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every file in this folder, which registers their rules."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
