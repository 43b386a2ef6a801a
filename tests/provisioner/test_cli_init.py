"""`init`: an example that works where it was written, and never a lost file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from provisioner.cli import main
from provisioner.starters import examples


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("example", examples())
def test_every_example_comes_with_its_payloads(example: str) -> None:
    assert main(["init", example]) == 0
    functions = tomllib.loads(Path(f"{example}.toml").read_text()).get("functions", {})
    assert all(list(Path(one["source"]).glob("*.py")) for one in functions.values())
    assert not list(Path().rglob("*.pyc"))


def test_an_example_is_a_valid_stack_file() -> None:
    from provisioner import stack

    main(["init"])
    assert stack.load(Path("private-lambda.toml"), [], None).name == "private-lambda"


def test_nothing_is_overwritten_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    Path("private-lambda.toml").write_text("mine")
    assert main(["init"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert Path("private-lambda.toml").read_text() == "mine"
    assert not Path("lambda_payload").exists()
    assert main(["init", "--force"]) == 0
    assert Path("private-lambda.toml").read_text() != "mine"


def test_the_examples_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--list"]) == 0
    assert "private-lambda" in capsys.readouterr().out
    assert list(Path().iterdir()) == []
