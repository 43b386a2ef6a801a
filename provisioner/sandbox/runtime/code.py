"""Where the code of functions lies unpacked, each package once, and what Lambda's runtime brings along."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

# What Lambda's Python runtime has beside the standard library.
_BROUGHT = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


class Shelf:
    """A folder of unpacked packages, by their content."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="functions-", dir=folder))

    def unpacked(self, package: bytes) -> Path:
        """The folder with the package's files, which are read-only; safe to ask for from several threads."""
        place = self._folder / hashlib.sha256(package).hexdigest()
        if not place.exists():
            draft = self.fresh()
            _unpack(package, draft)
            _claim(draft, place)
        return place

    def brought(self) -> Path:
        """A folder with the AWS SDK and what it needs, and nothing else that is installed here."""
        place = self._folder / "runtime"
        if not place.exists():
            draft = self.fresh()
            for source in _sources(_BROUGHT):
                (draft / source.name).symlink_to(source)
            _claim(draft, place)
        return place

    def fresh(self) -> Path:
        """An empty folder."""
        return Path(tempfile.mkdtemp(dir=self._folder))

    def remove(self) -> None:
        """Take everything away."""
        discard(self._folder)


def discard(folder: Path) -> None:
    """Remove a folder, be its folders read-only or not."""
    for root, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            Path(root).chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _claim(draft: Path, place: Path) -> None:
    """Put the folder in its place, unless another thread was faster."""
    try:
        draft.rename(place)
    except OSError:
        discard(draft)


def _unpack(package: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            if not entry.is_dir():
                path.chmod(0o555 if entry.external_attr >> 16 & 0o111 else 0o444)
    for root, _, _ in os.walk(folder, topdown=False):
        Path(root).chmod(0o555)


def _sources(names: Iterable[str]) -> Iterable[Path]:
    """The folder or file of each that is installed here."""
    for name in names:
        spec = find_spec(name)
        if spec and spec.origin:
            origin = Path(spec.origin)
            yield origin.parent if origin.stem == "__init__" else origin
