"""AWS's services as they are seen from inside: whatever is sent to their names goes to the sandbox's own port."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from provisioner.sandbox.network import messages
from provisioner.sandbox.network.messages import Request, Response
from provisioner.sandbox.world import World

_HOP = ("Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Expect")
_PATIENCE = 900.0


def forward(world: World, request: Request) -> Response:
    """Send a request on as it is, and give back the answer."""
    sandbox = urlsplit(world.endpoint)
    connection = http.client.HTTPConnection(str(sandbox.hostname), sandbox.port, timeout=_PATIENCE)
    try:
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in messages.without(request.headers, *_HOP):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        answer = connection.getresponse()
        return Response(answer.status, messages.without(list(answer.getheaders()), *_HOP), answer.read())
    finally:
        connection.close()
