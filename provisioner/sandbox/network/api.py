"""The part of the sandbox's own API that is about the network."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from provisioner.sandbox.call import Site
from provisioner.sandbox.network import authority, crossing, judge, listening, names, sources
from provisioner.sandbox.network.crossing import Door
from provisioner.sandbox.network.sources import Source
from provisioner.sandbox.world import World

_PORTS = {"http": 80, "https": 443}
_PATIENCE = 5.0


def _resolve(world: World, body: Any) -> Any:
    with world.lock:
        world.clock.catch_up()
        source = sources.registered(world, body["source"])
        addresses = names.resolve(source.site, source.interface, body["name"])
    return {"addresses": addresses} if addresses else {"error": "unknown name"}


def _connect(world: World, body: Any) -> Any:
    with world.lock:
        source = sources.registered(world, body["source"])
    trace, door = crossing.connect(source.site, source.interface, body["address"], int(body["port"]))
    told = {"outcome": trace.outcome, "why": trace.why, "address": trace.address, "port": int(body["port"])}
    sources.of(world).made.append({"from": source.label, **told})
    return {"host": door[0], "port": door[1]}


def _reach(world: World, body: Any) -> Any:
    with world.lock:
        world.clock.catch_up()
        source = _source(world, body)
        found = judge.reach(source.site, source.interface, body["to"], int(body["port"]))
    return {"outcome": found.outcome, "why": found.why, "address": found.address}


def _fetch(world: World, body: Any) -> Any:
    """One real HTTP request; what comes back, or how it failed."""
    url = urlsplit(body["url"])
    port = url.port or _PORTS[url.scheme]
    with world.lock:
        world.clock.catch_up()
        source = _source(world, body)
        addresses = names.resolve(source.site, source.interface, str(url.hostname))
    if not addresses:
        return {"outcome": "unknown name", "why": f"{url.hostname} is not known"}
    trace, door = crossing.connect(source.site, source.interface, addresses[0], port)
    told = {"outcome": trace.outcome, "why": trace.why, "address": trace.address}
    if not trace.opens:
        return told
    try:
        return {**told, **_asked(world, door, body)}
    except (OSError, http.client.HTTPException) as error:
        return {**told, "error": f"{type(error).__name__}: {error}"}


def _asked(world: World, door: Door, body: Any) -> dict[str, Any]:
    url = urlsplit(body["url"])
    patience = float(body.get("timeout", _PATIENCE))
    connection = http.client.HTTPConnection(*door, timeout=patience)
    connection.connect()
    if url.scheme == "https":
        trust = ssl.create_default_context(cafile=str(authority.trusted(world)))
        connection.sock = trust.wrap_socket(connection.sock, server_hostname=url.hostname)
    headers = {"Host": url.netloc, "Connection": "close", **body.get("headers", {})}
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection.request(body.get("method", "GET"), target, body.get("body"), headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return {"status": answer.status, "headers": dict(answer.getheaders()), "body": text}
    finally:
        connection.close()


def _source(world: World, body: Any) -> Source:
    return sources.named(Site(body["account"], body["region"], world), body["from"])


def _register(world: World, body: Any) -> Any:
    """A token for a process that is to install the shim, and the file with what it has to trust."""
    with world.lock:
        found = _source(world, body)
        token = sources.register(found.site, found.interface, found.label)
    return {"source": token, "trust": str(authority.trusted(world))}


def _listen(world: World, body: Any) -> Any:
    """Something answers at these ports, as it would in an instance."""
    with world.lock:
        source = _source(world, body)
        if source.interface is None:
            raise ValueError("nobody listens on the internet")
        listening.listen(source.site, source.interface, body.get("image", ""), body.get("ports", ()))
    return body


def _silence(world: World, body: Any) -> Any:
    with world.lock:
        source = _source(world, body)
        if source.interface is not None:
            listening.silence(source.site, source.interface)
    return body


def _made(world: World, body: Any) -> Any:
    return list(sources.of(world).made)


ROUTES: Mapping[tuple[str, str], Callable[[World, Any], Any]] = {
    ("POST", "network/resolve"): _resolve,
    ("POST", "network/connect"): _connect,
    ("POST", "network/reach"): _reach,
    ("POST", "network/fetch"): _fetch,
    ("POST", "network/register"): _register,
    ("POST", "network/listen"): _listen,
    ("POST", "network/silence"): _silence,
    ("GET", "network/connections"): _made,
}
