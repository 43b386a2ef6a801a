"""Two values side by side, however long they are."""

from __future__ import annotations

from provisioner.differences import differing


def test_short_values_are_told_whole() -> None:
    assert differing(80, 8080) == "80, the stack file wants 8080"


def test_of_long_ones_the_place_is_told_where_they_differ() -> None:
    lines = [f"line {number}" for number in range(500)]
    told = differing("\n".join(lines), "\n".join([*lines[:400], "another", *lines[401:]]))
    assert "line 400" in told
    assert "another" in told
    assert len(told) < 400
    assert told.count("...") == 4
