"""Follows a connection from one end to another, there and back, and tells where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from provisioner.reach import arrivals, balancers, examples, expected, fixes, names, starts, walk
from provisioner.reach.asking import Wish
from provisioner.reach.balancers import Aim, Front
from provisioner.reach.ends import End, find
from provisioner.reach.mesh import Address
from provisioner.reach.needs import Answers, RouteTo
from provisioner.reach.packet import Arrival, Packet
from provisioner.reach.parts import TargetGroup
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.starts import Start
from provisioner.reach.things import Interface
from provisioner.reach.trail import Stopped, Trail, Unseen
from provisioner.reach.verdict import ABSENT, Stop, Verdict, Way


class Unfit(Exception):
    """The question cannot be answered as it was asked: a port is missing, or nobody can begin there."""


def follow(
    snapshot: Snapshot,
    source: str | End,
    destination: str | End,
    port: int | None = None,
    *,
    host: str = "",
    path: str = "",
) -> Verdict:
    """All ways from one end to another. Raises UnknownEnd, Unfit."""
    begin = source if isinstance(source, End) else find(snapshot, source)
    meant = destination if isinstance(destination, End) else find(snapshot, destination)
    if begin.kind in ("AWS service", "host", "endpoint"):
        raise Unfit(f"no connections begin at {begin.name}, as far as this stack can tell. Fix: give them as TO.")
    seen = expected.among(snapshot, (*begin.interfaces, *meant.interfaces))
    goal = starts.goal(seen, begin, meant)
    asked = _Question(seen, begin, goal, port, Wish(goal, host, path), examples.among(snapshot, begin, meant))
    return Verdict(begin.name, meant.name, asked.port, tuple(asked.ways()))


@dataclass(frozen=True)
class _Question:
    """Who asks whom for what. `meant` has names or interfaces, as those who begin here would use them."""

    snapshot: Snapshot
    begin: End
    meant: End
    given: int | None
    wish: Wish
    examples: frozenset[str] = frozenset()

    @property
    def port(self) -> int:
        if self.given:
            return self.given
        usual = starts.usual_port(self.meant)
        if usual is None:
            raise Unfit(f"where does {self.meant.name} listen? Fix: give --port.")
        return usual

    def ways(self) -> Iterator[Way]:
        """One for each place where it may begin, and each to which it may lead; at least one."""
        if self.meant.kind == "function":
            why = "a function accepts no connections: it is invoked through Lambda's API"
            yield self._nowhere(Stopped(self.meant.name, why))
            return
        begun = list(starts.of(self.snapshot, self.begin))
        asked = [(start, name) for start in begun for name in starts.names(self.snapshot, start, self.meant)]
        ways = [way for start, name in asked for way in self._resolved(start, name)]
        yield from ways or [self._nowhere(starts.missing(self.snapshot, self.meant if begun else self.begin))]

    def _nowhere(self, why: Stopped | Unseen) -> Way:
        """Before anything is sent."""
        start = next(starts.of(self.snapshot, self.begin), None)
        leg = _Leg(self, start or Start(None), self.meant.name, self.port)
        way = leg.stopped(Trail(), why) if isinstance(why, Stopped) else leg.unseen(Trail(), why)
        if start is not None:
            return way
        return replace(way, source=self.begin.name, stop=way.stop and replace(way.stop, fails=ABSENT))

    def _resolved(self, start: Start, name: str) -> Iterator[Way]:
        trail, leg = Trail(), _Leg(self, start, name, self.port)
        try:
            found = names.resolve(self.snapshot, trail, start.interface, name, self.port)
        except Stopped as stopped:
            yield leg.stopped(trail, stopped)
            return
        except Unseen as unseen:
            yield leg.unseen(trail, unseen)
            return
        for address in found:
            yield from self._connected(start, address, trail.branch())

    def _connected(self, start: Start, address: Address, trail: Trail) -> Iterator[Way]:
        leg = _Leg(self, start, address.ip, address.port or self.port, address.service, instead=address.instead)
        yield from leg.ways(trail)


@dataclass(frozen=True)
class _Leg:
    """One connection of a way: from where it begins to an address. Behind a load balancer there is another.

    `before` is the listener that makes the connection in a client's name, `client` the address by which it does;
    `instead` says why it goes to an address where no route may lead.
    """

    question: _Question
    start: Start
    address: str
    port: int
    service: str = ""
    before: Front | None = None
    client: str = ""
    instead: str = ""

    @property
    def snapshot(self) -> Snapshot:
        return self.question.snapshot

    def ways(self, trail: Trail) -> Iterator[Way]:
        packet = starts.packet(self.snapshot, trail, self.start, self.address, self.port, self.client)
        try:
            arrival = self._arrival(packet)
            walk.enter(arrival)
            front = self._accepted(arrival)
            groups = self._groups(trail, front, arrival) if front else []
        except Stopped as stopped:
            yield self.stopped(trail, stopped)
        except Unseen as unseen:
            yield self._half_seen(packet, unseen)
        else:
            yield from self._behind(trail, front, groups, arrival) if front and groups else [self._way(trail)]

    def _arrival(self, packet: Packet) -> Arrival:
        if self.start.interface is not None and self.address in self.start.interface.addresses:
            packet.trail.passed(self.start.interface.id, "calls itself")
            return Arrival(packet, self.start.interface, within=True)
        return starts.send(packet, self.start)

    def _accepted(self, arrival: Arrival) -> Front | None:
        trail = arrival.packet.trail
        if arrival.interface is not None:
            return arrivals.accepted(self.snapshot, trail, arrival.interface, self.port)
        if service := arrival.service or self.service:
            arrivals.service(trail, service, service, self.port)
        return None

    def _groups(self, trail: Trail, front: Front, arrival: Arrival) -> list[TargetGroup]:
        request = self.question.wish.of(self.snapshot, front, arrival.packet.source)
        wanted = self.question.meant.groups if self.before is None else ()
        return balancers.chosen(self.snapshot, trail, front, request, wanted)

    def _behind(self, trail: Trail, front: Front, groups: list[TargetGroup], arrival: Arrival) -> Iterator[Way]:
        """The connections of a load balancer's node to the targets that it may choose."""
        for group in groups:
            branch = trail.branch()
            if group.kind == "lambda":
                branch.passed(group.arn, "its target is a function, which is invoked")
                yield self._way(branch)
                continue
            try:
                aims = balancers.aims(self.snapshot, front, group)
            except Stopped as stopped:
                yield self.stopped(branch, stopped)
                continue
            for aim in _different(self.snapshot, aims):
                yield from self._onward(branch.branch(), front, aim, arrival.packet.source)

    def _onward(self, trail: Trail, front: Front, aim: Aim, client: str) -> Iterator[Way]:
        health = aim.target.state + (f", {aim.target.reason}" if aim.target.reason else "")
        trail.passed(aim.group.arn, f"sends to {aim.address}:{aim.port} ({health})")
        kept = client if front.balancer.kind == "network" and aim.group.preserves_client else ""
        leg = _Leg(self.question, Start(front.node), aim.address, aim.port, before=front, client=kept)
        probed = aim.silence and not any(way.stop for way in replace(leg, client="").ways(trail.branch()))
        for way in leg.ways(trail):
            if way.stop is None and probed:
                way = leg.stopped(trail, _silent(aim))
            yield replace(way, source=self._source, target=self.address, port=self.port, example=False)

    @property
    def _source(self) -> str:
        return starts.shown(self.snapshot, self.start)

    def _way(self, trail: Trail, stop: Stop | None = None) -> Way:
        hops = tuple(replace(one, name=self._name(one.at), what=self._words(one.what)) for one in trail.hops)
        doubts = tuple(replace(one, name=self._name(one.at), why=self._words(one.why)) for one in trail.doubts)
        example = bool(self.service) or self.address in self.question.examples
        return Way(self._source, self.address, self.port, hops, stop, doubts, example)

    def _words(self, text: str) -> str:
        return examples.marked(text, self.question.examples | ({self.address} if self.service else frozenset()))

    def _name(self, thing: str) -> str:
        return self.snapshot.owned.step_of(thing)

    def stopped(self, trail: Trail, why: Stopped) -> Way:
        fails = self.before.seen(why.fails) if self.before else why.fails
        question = self.question
        fix = fixes.fix(self.snapshot, question.begin, question.meant, why.need, behind=self.before is not None)
        because = f"; {self.instead}" if self.instead and isinstance(why.need, RouteTo) else ""
        said = f"{self._words(why.why)}{because}"
        return self._way(trail, Stop(why.at, said, fails, why.by, fix, self._name(why.at)))

    def unseen(self, trail: Trail, why: Unseen) -> Way:
        trail.doubt(why.at, why.why)
        return self._way(trail)

    def _half_seen(self, packet: Packet, why: Unseen) -> Way:
        """What is not seen may be open; the answer's way on this side of it must be, too."""
        packet.trail.doubt(why.at, why.why)
        try:
            packet.answer()
        except Stopped as stopped:
            return self.stopped(packet.trail, stopped)
        return self._way(packet.trail)


def _silent(aim: Aim) -> Stopped:
    """Nothing in the network keeps a target from answering, and health checks get no answer."""
    why = f"{aim.address}:{aim.port} is let through, and fails its health checks: {aim.target.reason}"
    return Stopped(aim.group.arn, why, Answers(aim.group.arn), fails=aim.silence)


def _different(snapshot: Snapshot, aims: list[Aim]) -> list[Aim]:
    """One of each that differs in what is judged."""
    found: dict[object, Aim] = {}
    for aim in aims:
        held = snapshot.network.holder(aim.group.vpc, aim.address)
        found.setdefault(_judged_by(held) if held else aim.address, aim)
    return list(found.values())


def _judged_by(held: Interface) -> tuple[object, ...]:
    return held.subnet, held.groups, held.kind
