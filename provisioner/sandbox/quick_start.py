"""Imported by the server's process before all else: it then loads moto in half the time."""

from __future__ import annotations

import functools
import gc
from typing import Any

from botocore.loaders import JSONFileLoader

_read = JSONFileLoader.load_file


@functools.cache
def _read_once(path: str) -> Any:
    return _read(JSONFileLoader(), path)


def begin() -> None:
    """Have each of botocore's files read once, although moto makes many sessions; collect no garbage yet."""
    gc.disable()
    JSONFileLoader.load_file = lambda self, file_path: _read_once(file_path)  # type: ignore[method-assign]


def end() -> None:
    """Collect garbage again, but never look through what was loaded: it stays."""
    gc.freeze()
    gc.enable()


begin()
