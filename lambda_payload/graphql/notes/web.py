"""GraphQL over HTTP, in the events and answers of an HTTP API.

Statuses, as the GraphQL-over-HTTP draft has them: 200 for a request that was carried out, whatever its fields came
to; 400 for what is no GraphQL request. A document that cannot be carried out (syntax, validation, variables) is
answered with 400 to those who accept `application/graphql-response+json`, and with 200 to the others, as the draft
says for `application/json`. Besides: 405, 413, 415, and 503 where the database does not answer.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import ExecutionResult, GraphQLError, execute_sync, parse, validate

from .model import Store, Unavailable
from .schema import SCHEMA, Operations

LARGEST_REQUEST = 64 * 1024
LARGEST_ANSWER = 4 * 1024 * 1024
"""Lambda takes 6 MB, in which the quotes and backslashes of this count twice."""
_MOST_TOKENS = 2_000
_MOST_ERRORS = 5
_OWN_TYPE = "application/graphql-response+json"
_JSON = "application/json"

_log = logging.getLogger(__name__)

Answer = dict[str, Any]


class Connector(Protocol):
    """What gives the store, and is told when it failed."""

    def store(self) -> Store: ...

    def failed(self, error: Unavailable) -> None: ...


class _Malformed(Exception):
    """What is no GraphQL request: its status, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class _Request:
    query: str
    variables: dict[str, Any]
    operation: str | None


def answer(event: dict[str, Any], database: Connector) -> Answer:
    """The answer to one event. Raises what nobody expected, for Lambda to log."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    kind = _OWN_TYPE if _OWN_TYPE in headers.get("accept", "") else _JSON
    try:
        request = _request(event, headers)
    except _Malformed as malformed:
        return _told(malformed.status, _errors(str(malformed)), kind)
    operations = Operations(database.store)
    result = _carried_out(request, operations)
    if operations.unavailable:
        database.failed(operations.unavailable)
        _log.error("%s", operations.unavailable)
        return _told(503, _errors("the database does not answer; try again later"), kind)
    status = 400 if result.data is None and kind == _OWN_TYPE and not _of_fields(result) else 200
    return _told(status, _formatted(result), kind)


def _request(event: dict[str, Any], headers: dict[str, str]) -> _Request:
    method = event.get("requestContext", {}).get("http", {}).get("method", "POST")
    if method != "POST":
        raise _Malformed(405, "only POST is taken")
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise _Malformed(415, f"the content type must be {_JSON}")
    body = _json(_text(event))
    if not isinstance(body, dict):
        raise _Malformed(400, "the body is not a JSON object")
    query, variables, operation = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str):
        raise _Malformed(400, "query must be text")
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        raise _Malformed(400, "variables must be an object, operationName must be text")
    return _Request(query, variables or {}, operation)


def _text(event: dict[str, Any]) -> bytes:
    text = event.get("body") or ""
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise _Malformed(400, "the body is not JSON") from None
    if len(body) > LARGEST_REQUEST:
        raise _Malformed(413, f"the body has more than {LARGEST_REQUEST} bytes")
    return body


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _Malformed(400, "the body is not JSON") from None


def _carried_out(request: _Request, operations: Operations) -> ExecutionResult:
    try:
        document = parse(request.query, max_tokens=_MOST_TOKENS)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    except RecursionError:
        return ExecutionResult(None, [GraphQLError("the document is nested too deeply")])
    if errors := validate(SCHEMA, document, max_errors=_MOST_ERRORS):
        return ExecutionResult(None, errors)
    return execute_sync(SCHEMA, document, operations.fields(), None, request.variables, request.operation)


def _of_fields(result: ExecutionResult) -> bool:
    """Whether it came to fields at all: their errors have a path."""
    return any(error.path for error in result.errors or ())


def _formatted(result: ExecutionResult) -> Answer:
    """As the caller gets it: what went wrong in the code is for the log alone."""
    if not result.errors:
        return {"data": result.data}
    errors = [_shown(error) for error in result.errors]
    answered = {"data": result.data} if result.data is not None or _of_fields(result) else {}
    return {"errors": errors, **answered}


def _shown(error: GraphQLError) -> Any:
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return error.formatted
    _log.error("%s failed", error.path, exc_info=cause)
    return {"message": "internal error", "path": error.path, "extensions": {"code": "INTERNAL"}}


def _errors(message: str) -> Answer:
    return {"errors": [{"message": message}]}


def _told(status: int, answered: Answer, kind: str) -> Answer:
    body = json.dumps(answered, ensure_ascii=False)
    if len(body.encode("utf-8", "replace")) > LARGEST_ANSWER:
        status, body = 400, json.dumps(_errors("the answer is too large: ask for fewer notes"))
    headers = {"content-type": f"{kind}; charset=utf-8", "cache-control": "no-store"}
    if status == 405:
        headers["allow"] = "POST"
    return {"statusCode": status, "headers": headers, "body": body}
