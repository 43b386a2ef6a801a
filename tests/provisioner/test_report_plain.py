"""Plain lines: what a log of CI or a pipe shows."""

from __future__ import annotations

import io
import time
from typing import NoReturn

import pytest

from provisioner.events import Notice, Outcome
from provisioner.report import text
from provisioner.report.plain import Plain
from provisioner.report.problem import Cause, Problem
from provisioner.report.tally import Tally
from tests.provisioner.scripted import FakeClock, done, failed, play, started, waiting, working


class Screen:
    """A plain reporter and what it wrote."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.out, self.err = io.StringIO(), io.StringIO()
        self.reporter = Plain(Tally(self.clock), text.Stream(self.out), text.Stream(self.err))

    def play(self, *script: object) -> list[str]:
        play(self.reporter, self.clock, script)
        return self.lines

    @property
    def lines(self) -> list[str]:
        return self.out.getvalue().splitlines()


@pytest.fixture
def screen() -> Screen:
    return Screen()


def test_a_line_for_each_change(screen: Screen) -> None:
    script = [
        started("vpc", "nat-gateway"),
        done("vpc"),
        working("nat-gateway"),
        12,
        done("nat-gateway", waited=9.8),
    ]
    assert screen.play(*script) == [
        "00:00  demo: provision, 2 steps, usually 1 min 00 s",
        "00:00  vpc          created id-vpc (0.1 s)",
        "00:12  nat-gateway  created id-nat-gateway (9.8 s)",
    ]


def test_what_aws_said_is_told_once_for_each_new_word(screen: Screen) -> None:
    waits = [waiting("nat", "pending"), 4, waiting("nat", "pending", 4), 4, waiting("nat", "nearly", 8), 4]
    told = screen.play(started("nat"), *waits)
    assert told[1:] == ["00:02  nat  waiting: pending", "00:10  nat  waiting: nearly"]


def test_a_short_wait_is_not_worth_a_line(screen: Screen) -> None:
    told = screen.play(started("vpc"), waiting("vpc", "pending"), 1, done("vpc"))
    assert told[1:] == ["00:01  vpc  created id-vpc (0.1 s)"]


def test_a_heartbeat_comes_at_least_every_thirty_seconds(screen: Screen) -> None:
    told = screen.play(started("nat", "vpc"), done("vpc"), waiting("nat", "pending"), 101)
    beats = [line for line in told if "still" in line]
    assert beats[0] == "00:25  still  1 of 2 done; nat: pending (25 s)"
    assert [line[:5] for line in beats] == ["00:25", "00:50", "01:15", "01:40"]


def test_a_heartbeat_comes_before_the_steps_are_known(screen: Screen) -> None:
    assert screen.play(51) == ["00:25  looking at what is there", "00:50  looking at what is there"]


def test_a_watched_reporter_ticks_by_itself_until_it_is_closed(screen: Screen) -> None:
    screen.reporter.watch(0.001)
    screen.clock.go(26)
    end = time.monotonic() + 10
    while not screen.lines and time.monotonic() < end:
        time.sleep(0.001)
    screen.reporter.close()
    screen.clock.go(26)
    time.sleep(0.02)
    assert screen.lines == ["00:26  looking at what is there"]


def test_an_unchanged_run_is_one_line(screen: Screen) -> None:
    screen.play(started("a", "b"), done("a", Outcome.UNCHANGED), done("b", Outcome.UNCHANGED), 1.4)
    screen.reporter.done({"vpc.id": "vpc-1"}, [("provisioner status demo", "all")])
    assert screen.lines == ["demo: 2 steps, nothing to change (1.4 s)"]


def test_what_was_set_right_or_made_again_is_told(screen: Screen) -> None:
    heal = Notice("opened port 80 again", step="rule")
    play(screen.reporter, screen.clock, [started("rule", "role", "vpc"), heal, done("rule", Outcome.SET_RIGHT)])
    screen.play(done("role", Outcome.REMADE), done("vpc", Outcome.UNCHANGED))
    screen.reporter.done({}, [])
    assert screen.lines[1:] == [
        "00:00  rule  opened port 80 again",
        "00:00  rule  set right id-rule (0.1 s)",
        "00:00  role  made again id-role (0.1 s)",
        "demo: provisioned in 0.0 s",
        "  1 made again, 1 set right, 1 unchanged of 3 steps",
    ]


def test_the_summary_names_the_slowest_steps_and_their_longest_wait(screen: Screen) -> None:
    nat = [waiting("nat", "pending"), 100, waiting("nat", "available", 100), 1, done("nat", waited=101)]
    screen.play(started("nat", "vpc"), done("vpc"), *nat)
    screen.reporter.done({"vpc.id": "vpc-1"}, [("provisioner status demo", "every resource")])
    assert screen.lines[-6:] == [
        "  2 created of 2 steps",
        "  slowest  nat    1 min 41 s  pending",
        "outputs",
        "  vpc.id  vpc-1",
        "next",
        "  provisioner status demo  every resource",
    ]


def test_a_destroyed_stack_is_counted(screen: Screen) -> None:
    screen.play(
        started("vpc", "nat", operation="destroy"), done("vpc", Outcome.DELETED), done("nat", Outcome.ABSENT)
    )
    screen.reporter.done({}, [])
    assert screen.lines[-2:] == ["demo: destroyed in 0.0 s", "  1 deleted, 1 was already gone of 2 steps"]


def test_a_failure_ends_with_what_to_do(screen: Screen) -> None:
    screen.play(started("nat", "vpc"), done("vpc"), failed("nat", "NatGatewayLimitExceeded: no more"))
    cause = Cause("no more", "ask for a higher quota", ("nat",), "CreateNatGateway", "NatGatewayLimitExceeded")
    screen.reporter.failed(Problem(1, "demo failed", (cause,), "provisioner resume demo"))
    assert screen.lines[-2:] == [
        "00:00  nat  failed: NatGatewayLimitExceeded: no more (2.0 s)",
        "demo: 1 of 2 steps done after 0.0 s (1 created)",
    ]
    assert screen.err.getvalue().splitlines() == [
        "demo failed",
        "  step  nat",
        "  call  CreateNatGateway",
        "  code  NatGatewayLimitExceeded",
        "  why   no more",
        "  fix   ask for a higher quota",
        "  next  provisioner resume demo",
    ]


def test_what_fails_many_steps_in_the_same_words_is_told_once(screen: Screen) -> None:
    full = "the state file cannot be written: there is no space left on the device"
    screen.play(started("nat", "vpc", "role"), failed("nat", full), failed("vpc", full), failed("role", "Denied"))
    assert screen.lines[1:] == [
        f"00:00  nat   failed: {full} (2.0 s)",
        "00:00  vpc   failed: like nat (2.0 s)",
        "00:00  role  failed: Denied (2.0 s)",
    ]


def test_of_a_long_story_the_first_line_is_told_at_once_and_the_rest_at_the_end(screen: Screen) -> None:
    screen.play(started("web"), failed("web", "web does not become stable\nlog: no space left"))
    assert screen.lines[1:] == ["00:00  web  failed: web does not become stable (2.0 s)"]


def test_what_a_signal_handler_announces_is_shown_at_the_next_tick(screen: Screen) -> None:
    screen.reporter.announce("stopping")
    assert screen.lines == []
    screen.reporter.tick()
    assert screen.lines == ["00:00  note  stopping"]


def test_no_control_codes(screen: Screen) -> None:
    screen.play(started("nat"), waiting("nat", "pending"), 60, done("nat"))
    screen.reporter.done({"a": "b"}, [("c", "d")])
    assert screen.out.getvalue().replace("\n", "").isprintable()


class Closed(io.StringIO):
    def write(self, text: str) -> NoReturn:
        raise BrokenPipeError


def test_a_run_goes_on_when_nobody_reads_any_more() -> None:
    reporter = Plain(Tally(FakeClock()), text.Stream(Closed()), text.Stream(Closed()))
    reporter.tell(started("vpc"))
    reporter.tell(done("vpc"))


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.04, "0.0 s"), (9.8, "9.8 s"), (48, "48 s"), (125, "2 min 05 s"), (3725, "1 h 02 min")]
)
def test_spans(seconds: float, told: str) -> None:
    assert text.span(seconds) == told


@pytest.mark.parametrize(
    ("elapsed", "told"),
    [
        (0, "about 1 min 00 s left"),
        (55, "about 5 s left"),
        (60, "nearly done"),
        (70, "a little longer than usual"),
    ],
)
def test_the_expected_rest_is_never_negative(elapsed: float, told: str) -> None:
    assert text.remaining(60, elapsed) == told


def test_ids_for_people() -> None:
    assert text.short_id("arn:aws:ecs:us-east-1:1:cluster/web") == "cluster/web"
    assert text.short_id("web|arn:aws:iam::aws:policy/P") == "web | policy/P"
    assert text.short_id("vpc-1") == "vpc-1"


def test_where_nothing_is_to_be_waited_for_nothing_is_forecast() -> None:
    assert text.remaining(0.5, 20) == ""
