"""The page about the sandbox's rules tells the rules as they are."""

from __future__ import annotations

import subprocess
import sys

from provisioner.sandbox import registry
from tests.life.tool import ROOT


def page() -> str:
    """As `make docs` makes it, in a process of its own: rules are told of once a process."""
    made = [sys.executable, "-m", "provisioner.sandbox.catalogue"]
    return subprocess.run(made, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "sandbox-rules.md").read_text() == page(), "run: make docs"


def test_every_rule_says_what_it_does_and_from_where_that_is_known() -> None:
    page()
    for rule in registry.catalogue():
        assert ": " in rule.does, rule
        assert rule.source.strip(), rule
