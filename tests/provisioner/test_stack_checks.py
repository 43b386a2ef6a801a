"""What depends on several values: that every check is tried, and names and tags within AWS's limits."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from provisioner.checks import CHECKS, Check
from provisioner.stack import load
from provisioner.stack_file.errors import StackError
from tests.provisioner import (
    test_stack_balancing,
    test_stack_data,
    test_stack_expect,
    test_stack_functions,
    test_stack_network,
    test_stack_services,
    test_stack_ways,
)
from tests.provisioner.stack_files import BALANCER, FUNCTION, WORKER, loaded, problems, write

_POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_OWN = "arn:aws:iam::123456789012:policy/team/ReadOnlyAccess"

REFUSED = [
    ("[tags]\nowner = 'a'\nOwner = 'b'", "tags.Owner", "only by case"),
    ("[tags]\n" + "\n".join(f"t{n} = ''" for n in range(48)), "tags", "remove 2"),
    (f"[functions.{'f' * 60}]\nsource = 'code'", f"functions.{'f' * 60}", "by 26 characters together"),
    (
        FUNCTION + f"managed_policies = ['{_POLICY}', '{_POLICY}']",
        "functions.caller.managed_policies",
        "this name",
    ),
    (WORKER + f"managed_policies = ['{_POLICY}', '{_OWN}']", "services.worker.managed_policies", "rename one"),
]
_MODULES: tuple[ModuleType, ...] = (
    test_stack_balancing,
    test_stack_data,
    test_stack_expect,
    test_stack_functions,
    test_stack_network,
    test_stack_services,
    test_stack_ways,
)
_EVERY = [check for checks in CHECKS.values() for check in checks]


@pytest.mark.parametrize(("text", "key", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert words in str(found[key])


def test_as_many_tags_as_aws_takes(tmp_path: Path) -> None:
    assert loaded(tmp_path, "[tags]\n" + "\n".join(f"t{n} = ''" for n in range(46)))


def test_every_check_refuses_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the cases of all modules: none is there that only looks as if it were a check."""
    refused: set[str] = set()
    original = Check.problems

    def noted(check: Check, *arguments: object) -> object:
        found = list(original(check, *arguments))  # type: ignore[arg-type]
        refused.update([check.rule] if found else [])
        return found

    monkeypatch.setattr(Check, "problems", noted)
    for text, _, _ in [*REFUSED, *(case for module in _MODULES for case in module.REFUSED)]:
        with pytest.raises(StackError):
            load(write(tmp_path, text))
    assert [check.rule for check in _EVERY if check.rule not in refused] == []


def test_rules_are_sentences() -> None:
    assert [check.rule for check in _EVERY if not check.rule.endswith(".")] == []


@pytest.mark.parametrize(
    ("name", "service", "key", "words"),
    [
        ("s" * 33, "web", "name", "by 1 character"),
        ("s" * 40, "web", "name", "load balancer would be named"),
        ("shop", "w" * 30, "services." + "w" * 30, "target group would be named"),
        ("shop", "w" * 30, "services." + "w" * 30, "by 3 characters together"),
        (f"internal-{'s' * 21}", "web", "name", "by 1 character"),
    ],
)
def test_names_that_would_break_awss_limits(tmp_path: Path, name: str, service: str, key: str, words: str) -> None:
    text = f'{BALANCER}[services.{service}]\nimage = "a"\nport = 80'
    assert words in str(problems(tmp_path, text, name=f'name = "{name}"')[key])


def test_a_function_with_a_long_name_tells_what_must_go(tmp_path: Path) -> None:
    found = problems(tmp_path, f'[functions.{"f" * 60}]\nsource = "code"')
    assert 'shorten the stack\'s name "shop" or "ffff' in next(iter(found.values())).fix
