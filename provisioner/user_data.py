"""What instances do when they first start: scripts for cloud-init, from the templates in `user_data/`."""

from __future__ import annotations

import re
from importlib import resources

from steps.base import Piece

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What a shell, a URL and MongoDB all take as it is."""


def mongodb(secret: tuple[str, str], region: str, version: str, database: str) -> tuple[Piece, ...]:
    """The script that installs MongoDB and makes the user of one database, who is authenticated against `admin`.

    `secret` is the step and its output that hold the ARN of a secret `{"username": ..., "password": ...}`;
    `version` is MongoDB's release series (`8.0`). Raises ValueError for what cannot stand in a script as it is.
    """
    text = resources.files("provisioner").joinpath("user_data/mongodb.sh").read_text(encoding="utf-8")
    for name, value in (("REGION", region), ("VERSION", version), ("DATABASE", database)):
        if not _PLAIN.fullmatch(value):
            raise ValueError(f"{name.lower()} {value!r}: expected letters, digits, dots, dashes and underscores")
        text = text.replace(f"@{name}@", value)
    before, _, after = text.partition("@SECRET@")
    return before, secret, after
