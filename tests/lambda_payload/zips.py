"""The GraphQL function as a zip, with the packages that are installed here.

They are of the versions that its requirements.txt pins, as the environment of the tests has them too; what is
compiled for this machine is left out, as it is of no use to the Python that Lambda has. So it needs no index.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "lambda_payload" / "graphql"
PACKAGES = ("asn1crypto", "dnspython", "graphql-core", "pg8000", "pymongo", "python-dateutil", "scramp", "six")


@cache
def graphql_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in [*_own(), *_installed()]:
            archive.write(file, name)
    return buffer.getvalue()


def pinned() -> set[str]:
    """The packages of requirements.txt, as `name==version`."""
    lines = (SOURCE / "requirements.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if "==" in line}


def installed() -> set[str]:
    return {f"{name}=={distribution(name).version}" for name in PACKAGES}


def _own() -> Iterator[tuple[str, Path]]:
    for file in SOURCE.rglob("*.py"):
        yield str(file.relative_to(SOURCE)), file


def _installed() -> Iterator[tuple[str, Path]]:
    for name in PACKAGES:
        for file in distribution(name).files or ():
            if file.suffix in (".py", ".typed") or file.name == "METADATA":
                yield str(file), Path(str(file.locate()))
