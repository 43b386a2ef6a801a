"""Runs a function's handler in a process of its own, as Lambda's Python runtime does as far as a handler can tell.

Started as `python -I -S bootstrap.py SETTINGS`. It knows the standard library only: nothing of the sandbox may be
importable in here. Invocations come in as lines of JSON on the standard input, answers go out as lines of JSON on
the file descriptor that SETTINGS names, and what the handler prints is its log.
"""

from __future__ import annotations

import decimal
import importlib
import importlib.util
import io
import json
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

WITHIN = "\x1e"
"""Stands for the end of a line inside one log record, of which CloudWatch makes one event."""
_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
_INDENTED = "\u00a0"

Handler = Callable[[Any, "Context"], Any]
Error = dict[str, Any]


class Fault(Exception):
    """What is wrong with a function rather than in it: one of the runtime's own error types."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace or []


class Bag:
    """What the caller told of itself, as attributes."""

    def __init__(self, given: dict[str, Any]) -> None:
        vars(self).update(given)


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.aws_request_id: str = invocation["id"]
        self.invoked_function_arn: str = invocation["arn"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.identity = Bag({"cognito_identity_id": None, "cognito_identity_pool_id": None})
        told = invocation["client"]
        self.client_context = Bag({**told, "client": Bag(told.get("client") or {})}) if told else None
        self._deadline: float = invocation["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        return max(int((self._deadline - time.time()) * 1000), 0)

    def log(self, message: object) -> None:
        sys.stdout.write(str(message))


class _Log(logging.Handler):
    """Log records with the id of the invocation that they come from."""

    request = ""

    def emit(self, record: logging.LogRecord) -> None:
        record.aws_request_id = self.request
        _write(self.format(record))


class _Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return float(o) if isinstance(o, decimal.Decimal) else super().default(o)


def main() -> None:
    settings = json.loads(sys.argv.pop())
    sys.argv[0] = "/var/runtime/bootstrap.py"
    inbox, answers = _channels(settings["answers"])
    log = _logging()
    _network(settings)
    sys.path[:0] = settings["paths"]
    try:
        handler = _handler(os.environ["_HANDLER"])
    except Exception as error:
        _send(answers, {"failure": _failed(error, "")})
        sys.exit(1)
    _send(answers, {"ready": True})
    while True:
        invocation = json.loads(inbox.get())
        log.request = invocation["id"]
        _send(answers, _answer(handler, invocation))


def _channels(number: int) -> tuple[queue.SimpleQueue[bytes], io.RawIOBase]:
    """Invocations as they come, and where answers go; the handler gets neither."""
    os.set_inheritable(number, False)
    requests = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        for line in requests:
            inbox.put(line)
        os._exit(0)  # the sandbox has ended, or wants this to

    threading.Thread(target=listen, daemon=True).start()
    return inbox, io.FileIO(number, "wb")


def _logging() -> _Log:
    logging.Formatter.converter = time.gmtime
    handler = _Log()
    handler.setFormatter(logging.Formatter(_FORMAT, "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(handler)
    return handler


def _network(settings: dict[str, Any]) -> None:
    """Let the sandbox judge every connection, before any code of the function can make one."""
    if not settings["shim"]:
        return
    spec = importlib.util.spec_from_file_location("_shim", settings["shim"])
    assert spec and spec.loader
    shim = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shim)
    shim.install(settings["control"], settings["token"])


def _handler(name: str) -> Handler:
    module_name, dot, function = name.rpartition(".")
    if not dot:
        wanted = "not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {wanted}")
    if module_name.split(".")[0] in sys.builtin_module_names:
        text = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", text)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        text = f"Unable to import module '{module_name}': {error}"
        raise Fault("Runtime.ImportModuleError", text) from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        text = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", text, trace) from error
    if not hasattr(module, function):
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module_name}'")
    found: Handler = getattr(module, function)
    return found


def _answer(handler: Handler, invocation: dict[str, Any]) -> dict[str, Any]:
    """What the handler returns, or how it failed; SystemExit ends the process, as it does on Lambda."""
    try:
        event = json.loads(invocation["event"])
        return {"payload": _marshalled(handler(event, Context(invocation)))}
    except Exception as error:
        return {"failure": _failed(error, invocation["id"])}


def _marshalled(result: Any) -> str:
    if isinstance(result, bytes):
        return result.decode("utf-8", "replace")
    try:
        return _Encoder(ensure_ascii=False).encode(result)
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _failed(error: Exception, request: str) -> Error:
    """The error as its caller gets it; it is logged too."""
    if isinstance(error, Fault):
        kind, trace = error.kind, error.trace
    else:
        kind, trace = type(error).__name__, _trace(error.__traceback__)
    failure = {"errorMessage": str(error), "errorType": kind, "requestId": request, "stackTrace": trace}
    lines = [f"[ERROR] {kind}: {error}" if str(error) else f"[ERROR] {kind}", "Traceback (most recent call last):"]
    lines += [_indented(line) for element in trace for line in element.splitlines()]
    _write("\n".join(lines))
    return failure


def _trace(trace: TracebackType | None) -> list[str]:
    """The stack from the function's own code on."""
    frames = list(traceback.extract_tb(trace))
    while len(frames) > 1 and frames[0].filename == __file__:
        del frames[0]
    return traceback.format_list(frames)


def _indented(line: str) -> str:
    """With spaces that CloudWatch's pages do not swallow."""
    text = line.lstrip(" ")
    return _INDENTED * (len(line) - len(text)) + text


def _write(record: str) -> None:
    sys.stdout.write(record.rstrip("\n").replace("\n", WITHIN) + "\n")
    sys.stdout.flush()


def _send(answers: io.RawIOBase, answer: dict[str, Any]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    left = memoryview(json.dumps(answer).encode() + b"\n")
    while left:
        left = left[answers.write(left) :]


if __name__ == "__main__":
    main()
