"""Real bytes: for every connection that somebody in the sandbox makes, a port of the loopback to connect to.

Behind the port of one that opens waits whoever accepts it, for a short while and once. What hangs gets a port that
really hangs, what is refused one at which nobody listens.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from functools import cache

from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox.call import Site
from provisioner.sandbox.network import judge, servers
from provisioner.sandbox.network.judge import Trace
from provisioner.sandbox.world import World

LOOPBACK = "127.0.0.1"
Door = tuple[str, int]
_PATIENCE = 30.0
"""Seconds for which an open door waits to be used."""
_FULL = 0.05
_FILLERS = 8

# Both walls last as long as this process.
_building = threading.Lock()
_queued: list[socket.socket] = []

_log = logging.getLogger(__name__)


def connect(site: Site, source: NetworkInterface | None, address: str, port: int) -> tuple[Trace, Door]:
    """What becomes of a connection, and where to connect instead of there."""
    with site.world.lock:
        site.world.clock.catch_up()
        trace = judge.trace(site, source, address, port)
    return trace, door(site.world, trace)


def door(world: World, trace: Trace) -> Door:
    """Where to connect for what was judged so."""
    if trace.party is not None:
        return _open(world, trace)
    with _building:
        return _name(_hanging() if trace.outcome == "hangs" else _refusing())


def _open(world: World, trace: Trace) -> Door:
    listener = socket.create_server((LOOPBACK, 0), backlog=1)
    listener.settimeout(_PATIENCE)
    threading.Thread(target=_wait, args=(world, listener, trace), daemon=True).start()
    return _name(listener)


def _wait(world: World, listener: socket.socket, trace: Trace) -> None:
    with listener:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            return
    connection.settimeout(None)
    with connection, contextlib.suppress(OSError):
        try:
            servers.serve(world, trace, connection)
        except Exception:
            _log.exception("whoever stands in for %s failed", trace.party)


@cache
def _refusing() -> socket.socket:
    """A port that is taken, so that nobody else gets it, and at which nobody listens."""
    taken = socket.socket()
    taken.bind((LOOPBACK, 0))
    return taken


@cache
def _hanging() -> socket.socket:
    """A listener whose queue is full: Linux drops what comes in addition; others accept, and are silent."""
    listener = socket.socket()
    listener.bind((LOOPBACK, 0))
    listener.listen(0)
    while len(_queued) < _FILLERS and _fits(_name(listener)):
        pass
    return listener


def _fits(place: Door) -> bool:
    """Whether one more connection still got into the queue."""
    filler = socket.socket()
    filler.settimeout(_FULL)
    _queued.append(filler)
    try:
        filler.connect(place)
    except OSError:
        return False
    return True


def _name(listener: socket.socket) -> Door:
    host, port = listener.getsockname()
    return str(host), int(port)
