"""A process whose every connection goes through the sandbox, as a function's does."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.call import Site
from provisioner.sandbox.embedded import embedded
from provisioner.sandbox.network import authority, shim, sources
from tests.sandbox.network_lab import ACCOUNT, Lab
from tests.sandbox_fixture import REGION, Sandbox

_START = """
import importlib.util, json, socket, sys, time
spec = importlib.util.spec_from_file_location("_shim", {shim!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.install({control!r}, {token!r})
"""


class Inside:
    """Runs Python in a process of its own, whose connections come from some interface or from the internet."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def run(self, source: str, program: str) -> Any:
        """What the program leaves in `result`; `program` runs after the shim."""
        token = self.lab.ask("register", **{"from": source})
        start = _START.format(shim=shim.__file__, control=self.lab.sandbox.endpoint, token=token["source"])
        code = f"{start}\nTRUST = {token['trust']!r}\n{textwrap.dedent(program)}\nprint(json.dumps(result))"
        done = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def lab(sandbox: Sandbox) -> Lab:
    made = Lab(sandbox)
    made.listen(made.b, 80, image="nginx")
    return made


@pytest.fixture
def inside(lab: Lab) -> Inside:
    return Inside(lab)


def test_an_open_connection_carries_bytes(lab: Lab, inside: Inside) -> None:
    lab.let_in(lab.groups[1])
    result = inside.run(
        lab.a,
        f"""
        import urllib.request
        with urllib.request.urlopen("http://{lab.address(lab.b)}/", timeout=5) as answer:
            result = [answer.status, answer.read().decode()]
        """,
    )
    assert result[0] == 200
    assert "Welcome to nginx!" in result[1]


def test_a_closed_one_really_hangs(lab: Lab, inside: Inside) -> None:
    result = inside.run(
        lab.a,
        f"""
        began = time.monotonic()
        try:
            socket.create_connection(("{lab.address(lab.b)}", 80), timeout=0.2)
        except TimeoutError as error:
            result = [str(error), time.monotonic() - began]
        """,
    )
    assert result[0] == "timed out"
    assert result[1] >= 0.2


def test_where_nothing_listens_it_is_refused(lab: Lab, inside: Inside) -> None:
    lab.let_in(lab.groups[1], 81)
    result = inside.run(
        lab.a,
        f"""
        try:
            socket.create_connection(("{lab.address(lab.b)}", 81), timeout=5)
        except ConnectionRefusedError:
            result = socket.socket().connect_ex(("{lab.address(lab.b)}", 81))
        """,
    )
    assert result == 111


def test_unknown_names_do_not_resolve(inside: Inside, lab: Lab) -> None:
    result = inside.run(
        lab.a,
        """
        result = []
        for find in (lambda: socket.getaddrinfo("no.invalid", 80), lambda: socket.gethostbyname("no.invalid")):
            try:
                find()
            except socket.gaierror as error:
                result.append(error.errno)
        """,
    )
    assert result == [socket.EAI_NONAME] * 2


def test_names_resolve_as_in_the_vpc(lab: Lab, inside: Inside) -> None:
    name = f"ip-10-0-1-9.{REGION}.compute.internal"
    program = f"""
    found = socket.getaddrinfo("{name}", "http", type=socket.SOCK_STREAM)
    result = [found[0][4], socket.gethostbyname("{name}"), socket.gethostbyname("localhost")]
    """
    assert inside.run(lab.a, program) == [["10.0.1.9", 80], "10.0.1.9", "127.0.0.1"]


def test_asyncio_goes_the_same_way(lab: Lab, inside: Inside) -> None:
    lab.let_in(lab.groups[1])
    result = inside.run(
        lab.a,
        f"""
        import asyncio
        async def main():
            reader, writer = await asyncio.open_connection("{lab.address(lab.b)}", 80)
            writer.write(b"GET /nothing HTTP/1.1\\r\\nHost: b\\r\\nConnection: close\\r\\n\\r\\n")
            return [(await reader.readline()).decode(), writer.get_extra_info("socket").getpeername()]
        result = asyncio.run(main())
        """,
    )
    assert result == ["HTTP/1.1 404 Not Found\r\n", [lab.address(lab.b), 80]]


def test_its_own_machine_is_its_own(lab: Lab, inside: Inside) -> None:
    result = inside.run(
        lab.a,
        """
        listener = socket.create_server(("127.0.0.1", 0))
        with socket.create_connection(listener.getsockname(), timeout=5) as mine:
            accepted, _ = listener.accept()
            accepted.sendall(b"hello")
            result = mine.recv(5).decode()
        """,
    )
    assert result == "hello"


def test_the_sandbox_itself_is_not_there(lab: Lab, inside: Inside) -> None:
    port = lab.sandbox.endpoint.rpartition(":")[2]
    program = f'result = socket.socket().connect_ex(("127.0.0.1", {port}))'
    assert inside.run(lab.a, program) == 111


def test_tls_is_trusted_by_the_sandboxes_own_authority(lab: Lab, inside: Inside) -> None:
    result = inside.run(
        "internet",
        """
        import ssl, urllib.request
        trust = ssl.create_default_context(cafile=TRUST)
        with urllib.request.urlopen("https://www.elsewhere.org/x?y=1", timeout=5, context=trust) as answer:
            result = json.loads(answer.read())
        """,
    )
    assert (result["method"], result["path"], result["headers"]["Host"]) == ("GET", "/x?y=1", "www.elsewhere.org")


def test_services_answer_at_their_own_names(lab: Lab, inside: Inside) -> None:
    result = inside.run(
        "internet",
        f"""
        import ssl, urllib.request
        trust = ssl.create_default_context(cafile=TRUST)
        headers = {{
            "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/{REGION}/ec2/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-www-form-urlencoded",
        }}
        body = b"Action=DescribeVpcs&Version=2016-11-15"
        asked = urllib.request.Request("https://ec2.{REGION}.amazonaws.com/", body, headers)
        with urllib.request.urlopen(asked, timeout=5, context=trust) as answer:
            result = answer.read().decode()
        """,
    )
    assert lab.vpc in result


def test_connections_are_remembered_with_their_reasons(lab: Lab, inside: Inside) -> None:
    inside.run(
        lab.a,
        f"""
        made = socket.socket()
        made.settimeout(0.05)
        result = made.connect_ex(("{lab.address(lab.b)}", 80))
        """,
    )
    made = lab.sandbox.ask("GET", "network/connections")
    assert made[-1]["from"] == lab.a
    assert (made[-1]["outcome"], made[-1]["port"]) == ("hangs", 80)
    assert lab.groups[1] in made[-1]["why"]


def test_a_source_that_is_forgotten_reaches_nothing(lab: Lab, inside: Inside) -> None:
    program = """
    module.install("http://127.0.0.1:{port}", "gone")
    result = socket.socket().connect_ex(("10.0.0.4", 80))
    """
    port = lab.sandbox.endpoint.rpartition(":")[2]
    assert inside.run(lab.a, program.format(port=port)) == 101


@pytest.fixture
def world() -> Iterator[Any]:
    with embedded() as made:
        yield made


def test_sources_are_registered_and_forgotten(world: Any) -> None:
    site = Site(ACCOUNT, REGION, world)
    token = sources.register(site, None, "a function")
    assert sources.registered(world, token).label == "a function"
    sources.forget(token, world)
    with pytest.raises(ValueError, match="unknown source"):
        sources.registered(world, token)


def test_the_authority_lives_as_long_as_its_world(world: Any) -> None:
    file: Path = authority.trusted(world)
    assert file.read_text().startswith("-----BEGIN CERTIFICATE-----")
    world.reset()
    assert not file.exists()
    assert authority.trusted(world) != file
