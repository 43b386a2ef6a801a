"""Runs a graph of works that wait: what may overlap does, the longest chain first, polls shared.

It knows nothing of AWS or of steps. A node's work is called again and again until it says that it is done; between
two calls it occupies no thread, and before each further call its group is looked at once for all that wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from provisioner.pace import Pace
from provisioner.stop import Stop

_TICK = 0.2
_GRACE = 8.0
"""Real seconds that calls in flight get to finish after a request to stop."""


@dataclass
class Node:
    """`work` returns None when done, else what it waits for. `patience` is in AWS's seconds."""

    name: str
    lane: str
    """A lane is open from the start of its first node to the end of its last; `parallel` counts open lanes."""
    group: str
    after: frozenset[str]
    rank: tuple[float, ...]
    work: Callable[[], str | None]
    patience: float
    give_up: Callable[[str, float], Exception]
    began: float | None = field(default=None, init=False)
    due: float = field(default=0.0, init=False)
    said: str = field(default="", init=False)


@dataclass(frozen=True)
class Failure:
    lane: str
    error: Exception


class Failed(Exception):
    """Some works failed; those in flight were let finish and nothing else was started.

    `unanswered` names the lanes whose call had not come back in time.
    """

    def __init__(self, failures: Sequence[Failure], unanswered: Sequence[str] = ()) -> None:
        self.failures = tuple(failures)
        self.unanswered = tuple(unanswered)
        super().__init__("; ".join(f"{failure.lane}: {failure.error}" for failure in failures))


class Interrupted(Exception):
    """A stop was requested. `unanswered` names the lanes whose call had not come back in time."""

    def __init__(self, unanswered: Sequence[str]) -> None:
        self.unanswered = tuple(unanswered)
        super().__init__("interrupted")


class Schedule:
    """One run over a graph.

    `look(group, lanes)` refreshes what the works of these lanes will see; where it cannot, it returns what is in
    the way, and they go on waiting.
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        look: Callable[[str, Sequence[str]], str | None],
        *,
        pace: Pace,
        stop: Stop,
        parallel: int,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._look = look
        self._pace = pace
        self._stop = stop
        self._parallel = parallel
        self._tick = tick
        self._left = _count_lanes(self._nodes.values())
        self._open: set[str] = set()
        self._startable: list[Node] = []
        self._waiting: list[Node] = []
        self._flying: dict[Future[str | None], list[Node]] = {}
        self._looks: set[Future[str | None]] = set()
        self._failures: list[Failure] = []

    def run(self) -> None:
        """Work until all nodes are done. Raises Failed or Interrupted."""
        sorter = TopologicalSorter({node.name: node.after for node in self._nodes.values()})
        sorter.prepare()
        pool = ThreadPoolExecutor(max_workers=self._parallel, thread_name_prefix="call")
        try:
            while sorter.is_active() and not self._over():
                self._startable += [self._nodes[name] for name in sorter.get_ready()]
                self._start(pool)
                self._poll(pool)
                for node in self._collect(pool):
                    sorter.done(node.name)
                self._tick()
            self._drain()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        unanswered = sorted({node.lane for nodes in self._flying.values() for node in nodes})
        if self._stop.requested:
            raise Interrupted(unanswered)
        if self._failures:
            raise Failed(self._failures, unanswered)

    def _over(self) -> bool:
        return bool(self._failures) or self._stop.requested

    def _start(self, pool: ThreadPoolExecutor) -> None:
        """Start what may start, in the order of rank, as long as there are lanes to open."""
        self._startable.sort(key=lambda node: node.rank)
        held = []
        for node in self._startable:
            if node.lane in self._open or len(self._open) < self._parallel:
                self._open.add(node.lane)
                node.began = time.monotonic()
                self._flying[pool.submit(node.work)] = [node]
            else:
                held.append(node)
        self._startable = held

    def _poll(self, pool: ThreadPoolExecutor) -> None:
        """Look at each group of which one node is due, for all of its nodes that wait."""
        now = time.monotonic()
        groups: dict[str, list[Node]] = {}
        for node in self._waiting:
            groups.setdefault(node.group, []).append(node)
        for group, nodes in groups.items():
            if min(node.due for node in nodes) <= now:
                self._waiting = [node for node in self._waiting if node.group != group]
                future = pool.submit(self._look, group, [node.lane for node in nodes])
                self._flying[future] = nodes
                self._looks.add(future)

    def _collect(self, pool: ThreadPoolExecutor) -> list[Node]:
        """Wait a moment; take in what has come back; return the nodes that are done."""
        done, _ = wait(self._flying, timeout=self._until_due(), return_when=FIRST_COMPLETED)
        if not self._flying:
            time.sleep(self._until_due())
        return [node for future in done for node in self._take(pool, future)]

    def _until_due(self) -> float:
        due = min((node.due for node in self._waiting), default=time.monotonic() + _TICK)
        return min(_TICK, max(0.0, due - time.monotonic()))

    def _take(self, pool: ThreadPoolExecutor, future: Future[str | None]) -> list[Node]:
        nodes = self._flying.pop(future)
        error = future.exception()
        if error is not None:
            if not isinstance(error, Exception):
                raise error
            self._failures += [Failure(node.lane, error) for node in nodes[:1]]
            return []
        said = future.result()
        if future not in self._looks:
            return self._advance(nodes[0], said)
        self._looks.discard(future)
        if said is not None:
            return [done for node in nodes for done in self._advance(node, said)]
        self._flying.update({pool.submit(node.work): [node] for node in nodes if not self._over()})
        return []

    def _advance(self, node: Node, said: str | None) -> list[Node]:
        if said is None:
            self._close(node)
            return [node]
        now = time.monotonic()
        waited = now - (node.began or now)
        if waited > self._pace.real(node.patience):
            self._failures.append(Failure(node.lane, node.give_up(said, waited)))
            return []
        node.said, node.due = said, now + self._pace.delay(waited)
        self._waiting.append(node)
        return []

    def _close(self, node: Node) -> None:
        self._left[node.lane] -= 1
        if not self._left[node.lane]:
            self._open.discard(node.lane)

    def _drain(self) -> None:
        """Let the calls in flight come back, so that what they did is recorded."""
        deadline = time.monotonic() + _GRACE
        while self._flying and time.monotonic() < deadline:
            done, _ = wait(self._flying, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in done:
                nodes = self._flying.pop(future)
                error = future.exception()
                if isinstance(error, Exception):
                    self._failures += [Failure(node.lane, error) for node in nodes[:1]]
            self._tick()


def _count_lanes(nodes: Iterable[Node]) -> dict[str, int]:
    lanes: dict[str, int] = {}
    for node in nodes:
        lanes[node.lane] = lanes.get(node.lane, 0) + 1
    return lanes


def chains(weights: Mapping[str, float], after: Mapping[str, Iterable[str]]) -> dict[str, float]:
    """For each node, the weight of the heaviest chain that begins with it and goes on to what comes after it."""
    followers: dict[str, list[str]] = {name: [] for name in weights}
    for name, earlier in after.items():
        for one in earlier:
            followers[one].append(name)
    heaviest: dict[str, float] = {}
    for name in reversed(list(TopologicalSorter(after).static_order())):
        heaviest[name] = weights[name] + max((heaviest[one] for one in followers[name]), default=0.0)
    return heaviest
