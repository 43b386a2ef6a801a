"""The live view: it fits, it moves, it leaves the terminal as it was."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from provisioner.events import Event, Member, Notice, Outcome, Started
from provisioner.report import text
from provisioner.report.layout import ASCII, UNICODE, Picture
from provisioner.report.live import Live, print_problem
from provisioner.report.problem import Cause, Problem
from provisioner.report.tally import Tally
from tests.provisioner.scripted import FakeClock, done, failed, started, waiting, working

_FAMILIES = ("identity", "logs", "network", "security", "load balancing", "containers", "functions")


def console(width: int = 80, height: int = 24, **options: str) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=width,
        height=height,
        color_system="standard",
        highlight=False,
        markup=False,
        _environ={"TERM": "xterm", **options},
    )


def written(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def tally_of(*events: Event, clock: FakeClock | None = None) -> Tally:
    tally = Tally(clock or FakeClock())
    for event in events:
        tally.take(event)
    return tally


def many(number: int) -> Started:
    members = [Member(f"a-step-with-a-rather-long-name-{i}", "thing", _FAMILIES[i % 7]) for i in range(number)]
    return Started("demo", "provision", tuple(members), 60.0)


def drawn(tally: Tally, width: int = 80, height: int = 24) -> list[str]:
    return [line.plain for line in Picture(tally, width, height, ASCII).lines()]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 50), (40, 10), (30, 6), (20, 4), (10, 2)])
@pytest.mark.parametrize("active", [0, 1, 5, 16, 100])
def test_never_taller_or_wider_than_the_terminal(width: int, height: int, active: int) -> None:
    plan = many(120)
    tally = tally_of(plan)
    for index, member in enumerate(plan.members):
        if index < active:
            tally.take(waiting(member.name, "a long answer of AWS that goes on and on\nover lines " * 3))
        elif index < 110:
            tally.take(done(member.name))
    lines = drawn(tally, width, height)
    assert len(lines) <= max(3, height - 1)
    assert all(len(line) < width and "\n" not in line for line in lines)
    assert lines[-1].strip()


def test_families_that_are_done_are_one_line_and_active_steps_have_their_own() -> None:
    clock = FakeClock()
    tally = tally_of(started("vpc", "nat", "subnet"), done("vpc"), waiting("nat", "pending"), clock=clock)
    clock.go(65)
    family, nat, _, overall = drawn(tally)
    assert family.split() == ["-", "network", "1/3"]
    assert nat.split() == ["nat", "pending", "01:05"]
    assert "1 of 3  01:05  a little longer than usual" in overall


def test_what_is_done_gets_a_tick_and_its_count() -> None:
    assert drawn(tally_of(started("vpc"), done("vpc")))[0].split() == ["+", "network", "1"]


def test_what_failed_stays_in_sight() -> None:
    lines = drawn(tally_of(started("nat"), failed("nat", "no more")))
    assert lines[0].split()[0] == "x"
    assert lines[1].split() == ["nat", "no", "more", "00:02"]


HELD = (
    "held by eni-0a1b (unused network interface): aws ec2 delete-network-interface --network-interface-id eni-0a1b"
)


def test_what_does_not_fit_beside_a_step_stands_below_it() -> None:
    lines = drawn(tally_of(started("subnet", "vpc"), waiting("subnet", HELD)))
    assert lines[1].split() == ["subnet", "00:00"]
    below = lines[2 : lines.index("")]
    assert " ".join(line.strip() for line in below) == HELD
    assert all(line.startswith(" " * 10) for line in below)


def test_where_there_is_no_room_below_it_is_cut_beside_it() -> None:
    lines = drawn(tally_of(started("subnet", "vpc"), waiting("subnet", HELD)), height=5)
    assert lines[1].split()[:3] == ["subnet", "held", "by"]
    assert "..." in lines[1]


def test_a_small_terminal_shows_the_longest_waits_and_counts_the_rest() -> None:
    clock = FakeClock()
    tally = tally_of(started(*"abcdefgh"), clock=clock)
    for name in "abcdefgh":
        tally.take(working(name))
        clock.go(1)
    lines = drawn(tally, 60, 6)
    assert [line.split()[0] for line in lines[:3]] == ["a", "b", "c"]
    assert lines[3].strip() == "... and 5 more"


def test_before_the_run_knows_its_steps_it_says_that_it_looks() -> None:
    assert drawn(tally_of()) == ["  - looking at what is there  00:00"]


def test_stopping_is_said_in_the_overall_line() -> None:
    tally = tally_of(started("vpc"))
    assert Picture(tally, 80, 24, UNICODE, stopping=True).lines()[-1].plain.endswith("stopping")


@contextmanager
def live(on: Console) -> Iterator[Live]:
    reporter = Live(Tally(), on, console())
    try:
        yield reporter
    finally:
        reporter.close()


def test_ends_with_summary_outputs_and_what_to_type_next() -> None:
    on = console()
    with live(on) as reporter:
        for event in (started("vpc", "role"), done("vpc"), done("role", Outcome.REMADE)):
            reporter.tell(event)
        reporter.done({f"key-{i}": "value" for i in range(40)}, [("provisioner status demo", "all")])
    told = written(on)
    for words in ("role: made again (id-role)", "1 created, 1 made again of 2 steps", "key-0", "and 28 more"):
        assert words in told
    assert told.rstrip().endswith("all\x1b[0m") or told.rstrip().endswith("all")


def test_the_cursor_is_shown_again() -> None:
    on = console()
    with live(on):
        pass
    assert written(on).rfind("\x1b[?25h") > written(on).rfind("\x1b[?25l")


def test_notices_stay_above() -> None:
    on = console()
    with live(on) as reporter:
        reporter.tell(Notice("recorded, but no longer in the stack file", details=("old-step",)))
    assert "recorded, but no longer in the stack file" in written(on)
    assert "old-step" in written(on)


def test_no_color_is_honoured() -> None:
    on = console(NO_COLOR="1")
    with live(on) as reporter:
        reporter.tell(started("vpc"))
        reporter.tell(done("vpc"))
        reporter.done({}, [])
    assert not any(f"\x1b[{code}m" in written(on) for code in range(30, 38))


def test_a_problem_is_shown_as_everywhere() -> None:
    on = console()
    problem = Problem(1, "demo failed", (Cause("no more", "ask", ("nat",), "CreateNatGateway", "Limit"),), "go on")
    print_problem(problem, on)
    assert "CreateNatGateway" in written(on)
    assert "go on" in written(on)


def test_prose_is_cut_between_words_and_commands_not_at_all() -> None:
    on = console(60)
    theirs = "eni-1 (an unused network interface, theirs), " * 3
    command = f"aws ec2 delete-network-interface --network-interface-id {'e' * 40}"
    cause = Cause(f"vpc-1 holds what is not this stack's and would keep it:\n  {theirs}", f"delete it:\n{command}")
    print_problem(Problem(4, "refused", (cause,)), on)
    lines = re.sub(r"\x1b\[[\d;]*m", "", written(on)).splitlines()
    assert f"        {command}" in lines
    prose = [line for line in lines if command not in line]
    assert all(len(line) < 60 for line in prose)
    assert " ".join(" ".join(prose).split()).count("(an unused network interface, theirs)") == 3


@pytest.mark.parametrize(("operation", "queued"), [("provision", "service"), ("destroy", "gateway")])
def test_a_family_that_cannot_begin_says_after_what(operation: str, queued: str) -> None:
    """On the way up it waits for what it needs; on the way back for what needs it."""
    working_on = {"service": "gateway", "gateway": "service"}[queued]
    members = (Member("gateway", "thing", "network"), Member("service", "thing", "containers", ("gateway",)))
    tally = tally_of(Started("demo", operation, members, 60.0), waiting(working_on, "pending"))
    (line,) = [line for line in drawn(tally) if "after" in line]
    assert line.endswith(f"after {working_on}")


def test_what_is_cut_off_hangs_below_its_beginning_and_pipes_get_it_whole() -> None:
    line = "problem     the zone has other name servers than the account"
    assert text.folded(line, 40, 12) == [
        "problem     the zone has other name",
        " " * 12 + "servers than the account",
    ]
    assert text.folded(line, None, 12) == [line]
