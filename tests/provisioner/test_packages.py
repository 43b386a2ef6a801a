"""What requirements.txt names gets into the zip: the same bytes everywhere, or a sentence that says why not."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from provisioner import stack
from provisioner.function_code import packages, payload, requirements, zips
from provisioner.function_code.payload import Payload, PayloadError, build, check
from provisioner.stack_file import payloads
from tests.life.systems import Told
from tests.provisioner.wheels import Index
from tests.provisioner.wheels import index as index

RUNTIME = "python3.13"
GRAPHQL = Path(__file__).parents[2] / "lambda_payload" / "graphql"
UNKNOWN = "--hash=sha256:" + "0" * 64


def _source(folder: Path, *lines: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "handler.py").write_text("def handler(event, context): ...\n")
    (folder / "requirements.txt").write_text("\n".join(lines))
    return folder


def _archive(built: Payload) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(built.content))


def _refused(source: Path, runtime: str = RUNTIME, architecture: str = "arm64") -> str:
    with pytest.raises(PayloadError) as caught:
        build(source, runtime, architecture)
    text = str(caught.value)
    assert "\n" not in text
    assert text.count("Fix: ") == 1
    return text


def _no_pip(*_: object, **__: object) -> None:
    raise AssertionError("pip was started")


def test_packages_stand_beside_the_folders_files(tmp_path: Path, index: Index) -> None:
    files = {
        "one/__init__.py": "",
        "one/_fast.so": "\x7fELF",
        "one/__pycache__/x.cpython-313.pyc": "",
        "one/old.pyc": "",
        "one-1.0.data/purelib/one_more.py": "A = 1",
        "one-1.0.data/scripts/one": "#!python",
        "one-1.0.data/headers/one.h": "",
    }
    source = _source(tmp_path / "source", "# two packages", index.put("one", files), index.put("two"))
    archive = _archive(build(source, RUNTIME, "arm64"))
    kept = ["one-1.0.dist-info/METADATA", "one-1.0.dist-info/WHEEL", "two-1.0.dist-info/METADATA"]
    expected = ["handler.py", "one/__init__.py", "one/_fast.so", "one_more.py", "requirements.txt", "two.py"]
    assert archive.namelist() == sorted([*kept, *expected, "two-1.0.dist-info/WHEEL"])
    assert archive.testzip() is None
    assert archive.read("two.py") == b"NAME = 'two'\n"
    modes = {one.filename: one.external_attr >> 16 & 0o777 for one in archive.infolist()}
    assert (modes["one/_fast.so"], modes["two.py"]) == (0o755, 0o644)
    assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_bytes_are_these_on_every_machine(tmp_path: Path, index: Index) -> None:
    """A fixed hash: whoever changes how the zip is made changes the code of everybody's functions."""
    source = _source(tmp_path / "source", index.put("one"))
    assert build(source, RUNTIME, "arm64").sha256 == "4URFNMdbE4vc0ANdm1jh/b8U7RNo7x3IPIWw3RDamDk="


def test_what_is_compressed_is_copied_as_it_is(tmp_path: Path, index: Index) -> None:
    """Whoever unpacks it finds the same; whoever compresses it anew, with another zlib, would get other bytes."""
    text = "TEXT = 'a'\n" * 500
    line = index.put("one", {"one.py": text}, method=zipfile.ZIP_DEFLATED)
    archive = _archive(build(_source(tmp_path / "source", line), RUNTIME, "arm64"))
    found = archive.getinfo("one.py")
    with zipfile.ZipFile(next(index.folder.iterdir())) as wheel:
        before = wheel.getinfo("one.py")
    assert (found.compress_type, found.compress_size) == (zipfile.ZIP_DEFLATED, before.compress_size)
    assert archive.read("one.py").decode() == text
    assert archive.testzip() is None
    own = archive.getinfo("handler.py")
    assert own.compress_type == zipfile.ZIP_STORED


def test_what_is_in_the_cache_needs_no_pip(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _source(tmp_path / "source", index.put("one"))
    first = build(source, RUNTIME, "arm64")
    monkeypatch.setattr(subprocess, "run", _no_pip)
    assert build(source, RUNTIME, "arm64") == first
    commented = (source / "requirements.txt").read_text() + "\n# the same"
    assert len(_archive(build(_source(source, commented), RUNTIME, "arm64")).namelist()) == 5


def test_another_cache_gives_the_same_bytes(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _source(tmp_path / "source", index.put("one"))
    first = build(source, RUNTIME, "arm64")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert build(source, RUNTIME, "arm64") == first


def test_a_cache_that_is_damaged_is_fetched_anew(tmp_path: Path, index: Index) -> None:
    source = _source(tmp_path / "source", index.put("one"))
    first = build(source, RUNTIME, "arm64")
    (cached,) = (tmp_path / "cache").rglob("*.whl")
    cached.write_bytes(b"something else")
    assert build(source, RUNTIME, "arm64") == first


def test_a_cached_wheel_with_another_hash_is_never_taken(tmp_path: Path, index: Index) -> None:
    source = _source(tmp_path / "source", index.put("one"))
    build(source, RUNTIME, "arm64")
    (cached,) = (tmp_path / "cache").rglob("*.whl")
    index.put("one", {"one.py": "evil"})
    cached.write_bytes(next(index.folder.iterdir()).read_bytes())
    assert "has no hash that fits one 1.0" in _refused(source)


def test_several_runs_at_once_leave_one_folder(tmp_path: Path, index: Index) -> None:
    source = _source(tmp_path / "source", index.put("one"))
    built: list[Payload] = []
    runs = [threading.Thread(target=lambda: built.append(build(source, RUNTIME, "arm64"))) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(built) == 3
    assert len({one.sha256 for one in built}) == 1
    assert len(list((tmp_path / "cache" / "provisioner" / "packages").iterdir())) == 1


@pytest.mark.parametrize(
    ("runtime", "architecture", "wanted"),
    [
        ("python3.13", "arm64", "cp313-manylinux_2_28_aarch64"),
        ("python3.13", "x86_64", "abi3-manylinux2014_x86_64"),
        ("python3.12", "arm64", "cp312-manylinux_2_17_aarch64"),
    ],
)
def test_each_machine_gets_its_own_wheel(
    tmp_path: Path, index: Index, runtime: str, architecture: str, wanted: str
) -> None:
    tags = [
        "cp313-cp313-manylinux_2_28_aarch64",
        "cp313-cp313-manylinux2014_aarch64",
        "cp312-cp312-manylinux_2_17_aarch64",
        "cp39-abi3-manylinux2014_x86_64",
        "cp313-cp313-musllinux_1_2_x86_64",
        "cp313-cp313-macosx_11_0_arm64",
    ]
    lines = [index.put("one", {"one.py": tag.partition("-")[2]}, tag) for tag in tags]
    line = " ".join([lines[0], *(one.split()[1] for one in lines[1:])])
    archive = _archive(build(_source(tmp_path / "source", line), runtime, architecture))
    assert archive.read("one.py").decode() == wanted


def test_amazon_linux_2_takes_nothing_for_a_later_libc(tmp_path: Path, index: Index) -> None:
    source = _source(tmp_path / "source", index.put("one", tag="cp311-abi3-manylinux_2_28_aarch64"))
    assert "one 1.0, of which the index has no wheel for Python 3.11 on aarch64 Linux" in _refused(
        source, "python3.11"
    )
    assert build(source, "python3.12", "arm64")


def test_no_wheel_for_the_machine(tmp_path: Path, index: Index) -> None:
    source = _source(tmp_path / "source", index.put("one", tag="cp313-cp313-manylinux2014_x86_64"))
    text = _refused(source)
    assert text.startswith(f"{source / 'requirements.txt'} names one 1.0, of which the index has no wheel for ")
    assert "another architecture" in text


def test_a_hash_that_is_another(tmp_path: Path, index: Index) -> None:
    index.put("one")
    text = _refused(_source(tmp_path / "source", f"one==1.0 {UNKNOWN}"))
    assert "requirements.txt has no hash that fits one 1.0" in text


def test_without_a_network(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    text = _refused(_source(tmp_path / "source", f"one==1.0 {UNKNOWN}"))
    assert "the package index cannot be reached" in text
    assert "PIP_INDEX_URL" in text


def test_without_pip(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    text = _refused(_source(tmp_path / "source", f"one==1.0 {UNKNOWN}"))
    assert f"{python} has no pip" in text
    assert f"{python} -m ensurepip" in text


def test_what_else_pip_says_is_told(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "nowhere.txt"))
    text = _refused(_source(tmp_path / "source", index.put("one")))
    assert "pip says: " in text
    assert "nowhere.txt" in text


def test_a_cache_that_cannot_be_written(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "set XDG_CACHE_HOME" in _refused(_source(tmp_path / "source", index.put("one")))


def test_a_cache_without_a_setting_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    for given in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert packages._cache() == Path("/home/somebody/.cache/provisioner/packages")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("one", "line 1: one is not pinned to one version"),
        ("one>=1", "one is not pinned"),
        ("one==1.*", "one is not pinned"),
        ("one==1,<2", "one is not pinned"),
        ("one==1.0", "one 1.0 has no hash"),
        ("one==1.0 --hash=md5:1", "a hash of one 1.0 is not sha256"),
        (f'one==1.0 ; python_version < "3.12" {UNKNOWN}', "one==1.0 has a condition"),
        ("-r other.txt", "-r is an option of pip's"),
        ("--index-url=https://secret@example.com/", "line 1: --index-url is an option of pip's"),
        ("one @ https://example.com/one.whl", "'one' is not NAME==VERSION"),
        ("./one", "'./one' is not NAME==VERSION"),
        (f"One_x==1.0 {UNKNOWN}\none.X==1.0 {UNKNOWN}", "line 2: one-x is there twice"),
        (f"# a\n\none==1.0 \\\n   {UNKNOWN}\ntwo", "line 5: two is not pinned"),
    ],
)
def test_requirements_that_mean_nothing_certain(tmp_path: Path, line: str, words: str) -> None:
    source = _source(tmp_path / "source", line)
    text = _refused(source)
    assert f"requirements.txt {words}" in text or words in text
    assert "secret" not in text
    assert [str(fault) for fault in check(source, RUNTIME)] == [text]


def test_all_that_is_wrong_is_found_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", _no_pip)
    source = _source(tmp_path / "source", "one", "two>1", f"three==1.0 {UNKNOWN}")
    found = list(payloads.of_source("functions.a.source", source, RUNTIME))
    assert [problem.key for problem in found] == ["functions.a.source"] * 2
    assert [problem.what.split(" is ")[0] for problem in found] == [
        "requirements.txt line 1: one",
        "requirements.txt line 2: two",
    ]


def test_requirements_as_tools_write_them(tmp_path: Path) -> None:
    text = f"""#
    # made by a tool
    One.Two[extra]==1.0+local.1 \\
        {UNKNOWN} \\
        {UNKNOWN.replace("0", "1")}
        # via three
    """
    found, faults = requirements.read(
        _source(tmp_path / "source", *map(str.strip, text.splitlines())) / "requirements.txt"
    )
    assert faults == []
    assert [(str(one), len(one.hashes)) for one in found] == [("one-two 1.0+local.1", 2)]


def test_requirements_that_cannot_be_read(tmp_path: Path) -> None:
    source = _source(tmp_path / "source")
    (source / "requirements.txt").write_bytes(b"\xff")
    assert "it is not UTF-8" in _refused(source)


@pytest.mark.parametrize("runtime", ["nodejs22.x", RUNTIME])
def test_where_there_is_nothing_to_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str) -> None:
    """Without packages, and for runtimes that know no requirements.txt."""
    monkeypatch.setattr(subprocess, "run", _no_pip)
    source = _source(tmp_path / "source", "one" if runtime != RUNTIME else "# nothing")
    assert _archive(build(source, runtime, "arm64")).namelist() == ["handler.py", "requirements.txt"]
    assert check(source, runtime) == []


def test_a_name_that_is_there_twice(tmp_path: Path, index: Index) -> None:
    source = _source(tmp_path / "source", index.put("one"))
    (source / "one.py").touch()
    text = _refused(source)
    assert text.startswith(f"{source / 'one.py'} has the name of a file of a package")


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py"])
def test_wheels_that_reach_beyond_their_folder(tmp_path: Path, index: Index, name: str) -> None:
    source = _source(tmp_path / "source", index.put("one", {name: ""}))
    assert f"has a file outside of its folder: {name}" in _refused(source)


@pytest.mark.parametrize(("limit", "words"), [("LARGEST_ZIP", "MiB zipped"), ("LARGEST_UNZIPPED", "MiB unzipped")])
def test_too_much_is_told_with_the_largest_packages(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch, limit: str, words: str
) -> None:
    lines = [index.put(name, {f"{name}.txt": "x" * size * 1_048_576}) for name, size in (("one", 1), ("two", 3))]
    monkeypatch.setattr(payload, limit, 2 * 1_048_576)
    text = _refused(_source(tmp_path / "source", *lines))
    assert f"has 4.0 {words}, 2.0 MiB more than the 2 MiB that Lambda takes" in text
    assert "the largest parts are two 1.0 (3.0 MiB), one 1.0 (1.0 MiB), its own files (0.0 MiB)" in text


def test_functions_share_zips_by_source_runtime_and_architecture(tmp_path: Path, index: Index) -> None:
    tags = ["cp313-cp313-manylinux2014_aarch64", "cp313-cp313-manylinux2014_x86_64"]
    lines = [index.put("one", {"one.py": tag}, tag) for tag in tags]
    _source(tmp_path / "source", f"{lines[0]} {lines[1].split()[1]}")
    common = 'source = "source"\nvpc = false\n'
    functions = [f"[functions.{name}]\n{common}" for name in ("a", "b")]
    functions.append(f'[functions.c]\n{common}architecture = "x86_64"\n')
    file = tmp_path / "stack.toml"
    file.write_text('name = "x"\n' + "\n".join(functions))
    told = Told()
    code = zips.built(stack.load(file), told)
    assert [text.split(",")[0] for text in told.notices()] == [
        "fetching 1 packages for python3.13 on arm64",
        "fetching 1 packages for python3.13 on x86_64",
    ]
    assert code.hashes["a"] == code.hashes["b"] != code.hashes["c"]
    assert len(code.contents) == 2
    (index.folder / f"one-1.0-{tags[1]}.whl").unlink()
    _source(tmp_path / "source", f"{lines[0]} {UNKNOWN}")
    with pytest.raises(PayloadError, match=r"^functions\.c\.source: .*no wheel for Python 3\.13 on x86_64"):
        zips.built(stack.load(file), told)


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_the_graphql_functions_own_packages(architecture: str, machine: str) -> None:
    """With the user's cache and index, where there is one."""
    try:
        built = build(GRAPHQL, RUNTIME, architecture)
    except PayloadError as error:
        if "cannot be reached" in str(error) or os.environ.get("PIP_NO_INDEX"):
            pytest.skip(str(error))
        raise
    names = _archive(built).namelist()
    assert {"handler.py", "notes/web.py", "pymongo/__init__.py", "graphql/__init__.py"} <= set(names)
    assert f"bson/_cbson.cpython-313-{machine}-linux-gnu.so" in names
    assert "pg8000-1.31.6.dist-info/METADATA" in names
    assert len(built.content) < 4 * 1_048_576
