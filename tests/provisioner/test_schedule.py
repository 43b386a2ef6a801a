"""The scheduler: overlap, order, shared looks, patience, stopping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from provisioner.pace import Pace
from provisioner.schedule import Failed, Interrupted, Node, Schedule, chains
from provisioner.stop import Stop

FAST = Pace(scale=500.0)


def node(
    name: str, work: Callable[[], str | None], after: Sequence[str] = (), lane: str = "", **fields: object
) -> Node:
    rank = fields.get("rank", (0.0,))
    patience = fields.get("patience", 1000.0)
    group = fields.get("group", "kind")
    return Node(
        name,
        lane or name,
        str(group),
        frozenset(after),
        rank,  # type: ignore[arg-type]
        work,
        patience,  # type: ignore[arg-type]
        lambda said, waited: TimeoutError(f"{name}: {said}"),
    )


def schedule(nodes: Sequence[Node], **options: object) -> Schedule:
    looks = options.pop("looks", None)
    stop = options.pop("stop", None) or Stop()

    def look(group: str, lanes: Sequence[str]) -> str | None:
        if isinstance(looks, list):
            looks.append((group, sorted(lanes)))
        return None

    parallel = options.pop("parallel", 16)
    return Schedule(nodes, look, pace=FAST, stop=stop, parallel=parallel)  # type: ignore[arg-type]


def times(count: int, said: str = "pending") -> Callable[[], str | None]:
    left = iter([said] * count + [None])
    return lambda: next(left)


def test_what_comes_after_is_started_when_it_may() -> None:
    order: list[str] = []
    nodes = [node("b", lambda: order.append("b"), after=["a"]), node("a", lambda: order.append("a"))]
    schedule(nodes).run()
    assert order == ["a", "b"]


def test_works_that_may_overlap_do() -> None:
    both = threading.Barrier(2, timeout=5)

    def meet() -> None:
        both.wait()

    schedule([node("a", meet), node("b", meet)]).run()


def test_waiting_takes_no_thread() -> None:
    """Twenty wait at once in two threads, as long as there are lanes for them."""
    nodes = [node(f"n{number}", times(3), lane="one") for number in range(20)]
    schedule(nodes, parallel=2).run()


def test_those_of_one_group_share_a_look() -> None:
    looks: list[tuple[str, list[str]]] = []
    schedule([node("a", times(1)), node("b", times(1)), node("c", times(1))], looks=looks).run()
    assert len(looks) < 3
    assert sorted({lane for _, lanes in looks for lane in lanes}) == ["a", "b", "c"]


def test_one_lane_at_a_time_is_the_order_of_rank() -> None:
    order: list[str] = []

    def work(name: str) -> Callable[[], str | None]:
        left = iter(["pending", None])

        def run() -> str | None:
            order.append(name)
            return next(left)

        return run

    names = ["c", "a", "b"]
    nodes = [node(name, work(name), rank=(float(place),)) for place, name in enumerate(names)]
    schedule(nodes, parallel=1).run()
    assert order == ["c", "c", "a", "a", "b", "b"]


def test_a_failure_starts_nothing_new_and_lets_what_flies_land() -> None:
    landed = threading.Event()
    flying = threading.Event()

    def slow() -> None:
        flying.set()
        time.sleep(0.2)
        landed.set()

    def fail() -> None:
        flying.wait(5)
        raise ValueError("no")

    never: list[str] = []
    nodes = [node("slow", slow), node("bad", fail), node("next", lambda: never.append("x"), after=["slow"])]
    with pytest.raises(Failed, match="bad: no"):
        schedule(nodes).run()
    assert landed.is_set()
    assert never == []


def test_patience_ends_with_the_last_word() -> None:
    with pytest.raises(Failed, match="n: still pending"):
        schedule([node("n", times(10_000, "still pending"), patience=20.0)]).run()


def test_a_request_to_stop_ends_waiting_at_once() -> None:
    stop = Stop()

    def work() -> str:
        stop.signal = 15
        return "pending for ever"

    with pytest.raises(Interrupted):
        schedule([node("n", work)], stop=stop).run()
    assert stop.exit_code == 143


def test_a_failed_look_is_a_failure_of_the_run() -> None:
    def look(group: str, lanes: Sequence[str]) -> str | None:
        raise ConnectionError("gone")

    run = Schedule([node("a", times(1))], look, pace=FAST, stop=Stop(), parallel=4)
    with pytest.raises(Failed, match="gone"):
        run.run()


def test_nothing_is_done_on_an_old_look_when_a_new_one_could_not_be_had() -> None:
    answers = iter(["throttled", "throttled", None])
    works: list[str] = []

    def work() -> str | None:
        works.append("work")
        return "pending" if len(works) == 1 else None

    run = Schedule([node("a", work)], lambda group, lanes: next(answers), pace=FAST, stop=Stop(), parallel=4)
    run.run()
    assert len(works) == 2
    assert next(answers, "all used") == "all used"


def test_the_heaviest_chain_goes_over_the_slow_ones() -> None:
    weights = {"vpc": 1.0, "nat": 90.0, "lb": 120.0, "service": 75.0}
    after = {"vpc": set(), "nat": {"vpc"}, "lb": {"vpc"}, "service": {"nat"}}
    found = chains(weights, after)
    assert found == {"vpc": 166.0, "nat": 165.0, "lb": 120.0, "service": 75.0}


@pytest.mark.parametrize("waited", [0.0, 0.5, 3.0, 15.0, 60.0, 600.0])
def test_a_change_is_noticed_within_a_second_or_a_twentieth(waited: float) -> None:
    delays = [Pace().delay(waited) for _ in range(200)]
    assert max(delays) <= max(1.0, 0.05 * waited)
    assert len(set(delays)) > 1


def test_a_wait_of_two_minutes_costs_few_looks() -> None:
    waited, looks = 0.0, 0
    while waited < 120:
        waited += Pace().delay(waited)
        looks += 1
    assert looks < 75
