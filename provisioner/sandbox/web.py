"""HTTP: one port for AWS's API and the sandbox's own, with connections that stay open."""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from provisioner.sandbox import connection
from provisioner.sandbox.refusal import Dropped

_log = logging.getLogger(__name__)

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Reply = tuple[str, list[tuple[str, str]], bytes]


class Server(ThreadedWSGIServer):
    """A thread a connection. The backlog is long because a client may open many at once."""

    daemon_threads = True
    request_queue_size = 128

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        _log.log(logging.ERROR if type == "error" else logging.DEBUG, message, *args)


class Handler(MotoRequestHandler):
    """Requests of one connection, one after the other.

    werkzeug's own loop closes the connection after each, having waited 10 ms for leftovers of the body; reading
    the body whole before anything else makes both unnecessary.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self._environ()
        token = connection.current.set(connection.Connection(self.connection, _peer(environ)))
        try:
            self._reply(*run(self.server.app, environ))
        except (Dropped, ConnectionError):
            self._hang_up()
        finally:
            connection.current.reset(token)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the call log knows more."""

    def _environ(self) -> dict[str, Any]:
        environ = self.make_environ()
        chunked = environ.get("wsgi.input_terminated", False)
        length = -1 if chunked else int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        return environ

    def _reply(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            _log.debug("the client had hung up already")


def run(app: Wsgi, environ: dict[str, Any]) -> Reply:
    """Status, headers and whole body of an application's answer."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(app(environ, lambda status, headers, error=None: started.append((status, headers))))
    return *started[-1], body


def _peer(environ: dict[str, Any]) -> str:
    return f"{environ.get('REMOTE_ADDR')}:{environ.get('REMOTE_PORT')}"
