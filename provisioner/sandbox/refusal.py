"""What a request can end with instead of moto's answer."""

from __future__ import annotations


class Refusal(Exception):
    """AWS says no: an error code and a message, which the client gets in its service's own format."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class BareStatus(Exception):
    """An HTTP status without a body, as a broken load balancer in front of AWS gives it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status} without a body")
        self.status = status


class Dropped(Exception):
    """The connection ends without an answer."""
