"""Small wheels, and a folder of them as the only index that pip knows."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ANY = "py3-none-any"


@dataclass(frozen=True)
class Index:
    """A folder in which pip finds what was put there, and nothing else."""

    folder: Path

    def put(
        self,
        name: str,
        files: Mapping[str, str] | None = None,
        tag: str = ANY,
        *,
        version: str = "1.0",
        method: int = zipfile.ZIP_STORED,
    ) -> str:
        """A wheel with these files, or a module of its name; the line with which requirements ask for it."""
        return f"{name}=={version} --hash=sha256:{self.hash_of(name, files, tag, version=version, method=method)}"

    def hash_of(
        self, name: str, files: Mapping[str, str] | None = None, tag: str = ANY, *, version: str, method: int
    ) -> str:
        wheel = self.folder / f"{name}-{version}-{tag}.whl"
        information = f"{name}-{version}.dist-info"
        pure = "true" if tag.endswith("any") else "false"
        given = {
            **(files if files is not None else {f"{name}.py": f"NAME = {name!r}\n"}),
            f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{information}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
            f"{information}/RECORD": "",
        }
        with zipfile.ZipFile(wheel, "w", method) as archive:
            for path, text in given.items():
                about = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
                about.compress_type = method
                about.external_attr = (0o755 if path.endswith(".so") else 0o644) << 16
                archive.writestr(about, text)
        return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """pip reads no configuration and asks no network; the cache is empty."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Index(folder)
