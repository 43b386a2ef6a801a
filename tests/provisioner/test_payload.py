"""Same source, same bytes; and what cannot be sent is refused."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from provisioner.function_code import payload
from provisioner.function_code.payload import Payload, PayloadError, check

RUNTIME, ARCHITECTURE = "python3.13", "arm64"
FILES = {"handler.py": "def handler(): ...\n", "deep/a.txt": "a", "deep/er/b.txt": "b", "ä.txt": "ä"}


def _folder(root: Path, files: Mapping[str, str] = FILES) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, "utf-8")
    return root


def build(source: Path) -> Payload:
    return payload.build(source, RUNTIME, ARCHITECTURE)


def _names(built: Payload) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(built.content)).namelist()


def test_the_zip_holds_the_files(tmp_path: Path) -> None:
    archive = zipfile.ZipFile(io.BytesIO(build(_folder(tmp_path)).content))
    assert {name: archive.read(name).decode() for name in archive.namelist()} == FILES
    assert archive.testzip() is None


def test_the_bytes_are_these_on_every_machine(tmp_path: Path) -> None:
    """A fixed hash: whoever changes how the zip is made changes the code of everybody's functions."""
    assert build(_folder(tmp_path)).sha256 == "N90ZyxN/pC+Cj53VTp7W/pdM14UREkR512pFEOkr5YU="


def test_the_hash_is_as_lambda_gives_it(tmp_path: Path) -> None:
    built = build(_folder(tmp_path))
    assert base64.b64decode(built.sha256) == hashlib.sha256(built.content).digest()


def test_order_times_place_and_permissions_do_not_matter(tmp_path: Path) -> None:
    one = _folder(tmp_path / "one")
    two = _folder(tmp_path / "two", dict(reversed(FILES.items())))
    for file in two.rglob("*.*"):
        os.utime(file, (0, 1_000_000_000))
        file.chmod(0o600)
    assert build(one) == build(two)


@pytest.mark.parametrize(
    "change",
    [{"handler.py": "other"}, {"new.py": ""}],
    ids=["content", "another file"],
)
def test_other_source_other_bytes(tmp_path: Path, change: dict[str, str]) -> None:
    before = build(_folder(tmp_path))
    assert build(_folder(tmp_path, change)).sha256 != before.sha256


def test_lambda_may_read_the_files_and_run_what_was_executable(tmp_path: Path) -> None:
    _folder(tmp_path, {"handler.py": "", "bootstrap": ""})
    (tmp_path / "handler.py").chmod(0o600)
    (tmp_path / "bootstrap").chmod(0o700)
    archive = zipfile.ZipFile(io.BytesIO(build(tmp_path).content))
    modes = {one.filename: stat.S_IMODE(one.external_attr >> 16) for one in archive.infolist()}
    assert modes == {"handler.py": 0o644, "bootstrap": 0o755}


def test_what_is_left_out(tmp_path: Path) -> None:
    clutter = {
        "__pycache__/handler.cpython-311.pyc": "",
        "x.pyc": "",
        ".env": "",
        ".git/config": "",
        "deep/.x": "",
    }
    assert _names(build(_folder(tmp_path, {**FILES, **clutter}))) == sorted(FILES)


def test_links_inside_are_followed(tmp_path: Path) -> None:
    _folder(tmp_path)
    (tmp_path / "link.txt").symlink_to("deep/a.txt")
    (tmp_path / "linked").symlink_to("deep", target_is_directory=True)
    assert {"link.txt", "linked/a.txt", "linked/er/b.txt"} <= set(_names(build(tmp_path)))


@pytest.mark.parametrize(
    ("target", "words"),
    [("../outside", "outside the payload folder"), ("nowhere", "leads nowhere"), (".", "a folder that it is in")],
)
def test_links_that_are_refused(tmp_path: Path, target: str, words: str) -> None:
    (tmp_path / "outside").mkdir()
    source = _folder(tmp_path / "source")
    (source / "link").symlink_to(target)
    with pytest.raises(PayloadError, match=words):
        build(source)


def test_a_payload_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    source = _folder(tmp_path / "source")
    (tmp_path / "link").symlink_to(source)
    assert build(tmp_path / "link") == build(source)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(_folder(tmp_path) / "pipe")
    with pytest.raises(PayloadError, match="neither a file nor a folder"):
        build(tmp_path)


def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (_folder(tmp_path) / os.fsdecode(b"\xff.py")).touch()
    with pytest.raises(PayloadError, match="rename it"):
        build(tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "empty", "file"])
def test_folders_without_code_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(PayloadError, match="Fix: "):
        build(tmp_path / name)


def test_too_much_is_refused_with_the_largest_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _folder(tmp_path)
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(payload.LARGEST_ZIP + 1)
    with pytest.raises(PayloadError, match=r"at most 50 MiB.*model\.bin"):
        build(tmp_path)


def test_checking_finds_what_building_would_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by hand: root, as which tests may run, can open everything."""

    def refused(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    assert check(_folder(tmp_path), RUNTIME) == []
    monkeypatch.setattr(Path, "open", refused)
    assert {fault.place.name for fault in check(tmp_path, RUNTIME)} == {"handler.py", "a.txt", "b.txt", "ä.txt"}
    with pytest.raises(PayloadError, match="make it readable"):
        build(tmp_path)
