"""The house rules that imports can show."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FAMILIES = {path.stem for path in (ROOT / "steps").glob("*.py")} - {
    "__init__",
    "base",
    "lifecycle",
    "observed",
    "policies",
    "registry",
    "unstable",
}


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    return set(_imports(ast.parse(path.read_text())))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importing(folder: str, *forbidden: str) -> list[str]:
    """Files of the folder that import one of these modules or anything inside."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(folder)
        for name in sorted(imported(path))
        if any(name == module or name.startswith(f"{module}.") for module in forbidden)
    ]


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("state", ("provisioner", "steps", "boto3", "botocore", "click", "rich")),
        ("steps", ("provisioner", "click", "rich")),
        ("lambda_payload", ("provisioner", "steps", "state", "boto3")),
        ("provisioner/sandbox", ("steps", "state", "rich", "click")),
        ("provisioner/report", ("steps.aws", "boto3", "botocore")),
    ],
)
def test_imports_run_one_way(folder: str, forbidden: tuple[str, ...]) -> None:
    assert importing(folder, *forbidden) == []


def test_the_sandbox_knows_nothing_of_the_tool() -> None:
    found = [
        f"{path.name}: {name}"
        for path in sources("provisioner/sandbox")
        for name in imported(path)
        if name.startswith("provisioner.") and not name.startswith("provisioner.sandbox")
    ]
    assert found == []


def test_families_of_steps_do_not_import_each_other() -> None:
    for family in FAMILIES:
        others = tuple(f"steps.{other}" for other in FAMILIES - {family})
        names = imported(ROOT / "steps" / f"{family}.py")
        assert not [name for name in names if name.startswith(others)], family


def test_only_one_module_makes_sessions() -> None:
    makers = importing("steps", "boto3") + importing("provisioner", "boto3")
    assert {line.split(":")[0] for line in makers} <= {"steps/aws/session.py"}


def test_only_the_reports_use_rich() -> None:
    users = {line.split(":")[0] for line in importing("provisioner", "rich")}
    assert all(user.startswith("provisioner/report/") for user in users)


def test_the_engine_knows_no_aws() -> None:
    for name in ("engine", "schedule", "pace", "stop", "events"):
        names = imported(ROOT / "provisioner" / f"{name}.py")
        assert not [one for one in names if one.startswith(("boto", "steps.network", "steps.registry"))]


def test_steps_neither_sleep_nor_print() -> None:
    for path in sources("steps"):
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        assert not names & {"print", "input"}, path
        assert "time" not in imported(path), path


def test_every_package_is_in_the_wheel() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = [path.parent for top in ("provisioner", "steps", "state") for path in sources(top)]
    there = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert there | {"lambda_payload", "provisioner.examples"} == set(listed)
