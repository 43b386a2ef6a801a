"""The page about the stack file tells the model as it is."""

from __future__ import annotations

import re

from provisioner.stack_file import schema
from provisioner.stack_file.reference import page
from tests.life.tool import ROOT


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "stack-file.md").read_text(encoding="utf-8") == page(), "run: make docs"


def test_every_table_has_a_section_with_every_key() -> None:
    sections = re.split(r"\n## ", page())
    for name, table in schema.schema()["$defs"].items():
        (section,) = (one for one in sections if f"\n{table['description']}\n" in one)
        tables = [key for key, node in table["properties"].items() if "$ref" in str(node)]
        keys = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        assert keys == set(table["properties"]) - set(tables), name


def test_limits_and_choices_are_told() -> None:
    assert "| `timeout` | whole number, 1 to 900 | `30` |" in page()
    assert '| `scheme` | `"internal"`, `"internet-facing"` | `"internal"` |' in page()
    assert "| `image` | text | required |" in page()
    assert "## `[[functions.NAME.egress]]`" in page()


def test_a_table_that_comes_twice_is_described_once() -> None:
    assert "## `[api.cors]`\n\nAs `[functions.NAME.url.cors]`." in page()
