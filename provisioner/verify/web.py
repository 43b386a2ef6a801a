"""Asking over HTTP from where the command is typed: AWS at its own names, a sandbox at its endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

_TIMEOUT = 35.0
"""Seconds; an HTTP API answers within 30. Source: API Gateway developer guide, "Quotas for HTTP APIs"."""
_LARGEST = 1 << 20
_PAUSE = 1.0
_USUAL = {"http": 80, "https": 443}
_SERVERS_OWN = 500


class NoAnswer(Exception):
    """Nobody answered: why, as far as this machine can tell."""


@dataclass(frozen=True)
class Asked:
    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None


@dataclass(frozen=True)
class Answer:
    """`headers` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


class _Stay(HTTPRedirectHandler):
    """A redirect is an answer: it is not followed."""

    def redirect_request(self, *given: object) -> None:
        return None


@dataclass(frozen=True)
class Door:
    """`endpoint` is a sandbox's, which knows by the host's name who is meant; empty on AWS.

    `patience` is for how many seconds a request is repeated that gets no answer, or a server's error.
    """

    endpoint: str = ""
    patience: float = 0.0

    def ask(self, asked: Asked, good: Callable[[Answer], bool] | None = None) -> Answer:
        """What is answered; repeated within `patience` until it is good. Raises NoAnswer."""
        wanted, end = good or _is_no_error, time.monotonic() + self.patience
        while True:
            left = end - time.monotonic()
            try:
                answer = self._once(asked)
                if wanted(answer) or left <= 0:
                    return answer
            except NoAnswer:
                if left <= 0:
                    raise
            time.sleep(_PAUSE)

    def _once(self, asked: Asked) -> Answer:
        request = self._request(asked)
        try:
            with self._opener().open(request, timeout=_TIMEOUT) as response:
                return _read(response)
        except HTTPError as error:
            return _read(error)
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise NoAnswer(str(reason) or type(error).__name__) from error

    def _request(self, asked: Asked) -> Request:
        body = None if asked.body is None else asked.body.encode()
        if not self.endpoint:
            return Request(asked.url, body, dict(asked.headers), method=asked.method)
        url = urlsplit(asked.url)
        port = url.port or _USUAL[url.scheme]
        host = url.hostname or ""
        path = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        named = {"Host": host if port == _USUAL["http"] or _is_aws(host) else f"{host}:{port}"}
        return Request(f"{self.endpoint}{path}", body, {**named, **asked.headers}, method=asked.method)

    def _opener(self) -> OpenerDirector:
        return build_opener(_Stay, ProxyHandler({})) if self.endpoint else build_opener(_Stay)


def _is_aws(host: str) -> bool:
    """Whether it is a name of AWS's that answers on one port only."""
    return ".execute-api." in host or ".lambda-url." in host


def _is_no_error(answer: Answer) -> bool:
    return answer.status < _SERVERS_OWN


def _read(response: object) -> Answer:
    found = getattr(response, "headers", {})
    text = response.read(_LARGEST).decode("utf-8", "replace")  # type: ignore[attr-defined]
    headers = {name.lower(): value for name, value in found.items()}
    return Answer(int(response.status), headers, text)  # type: ignore[attr-defined]
