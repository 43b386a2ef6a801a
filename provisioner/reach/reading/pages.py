"""Every item of a describe call, over all its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from steps.aws.errors import Cause, gone, verdict

T = TypeVar("T")
Raw = Mapping[str, Any]


def items(client: Any, operation: str, key: str, **parameters: Any) -> Iterator[Raw]:
    """All that `operation` lists under `key`; `Filters` may be given as a plain mapping."""
    if isinstance(filters := parameters.get("Filters"), Mapping):
        parameters["Filters"] = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    if not client.can_paginate(operation):
        yield from getattr(client, operation)(**parameters)[key]
        return
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page[key]


def hidden(error: ClientError) -> bool:
    """Whether what was asked for is kept from us, or is not there: another account's, mostly."""
    return gone(error) or verdict(error).cause is Cause.DENIED


@dataclass
class Readable:
    """Reads that the caller may be without: what was refused is noted in `hidden`, and taken to be empty."""

    hidden: set[str] = field(default_factory=set)

    def __call__(self, what: str, read: Callable[..., list[T]], *given: Any) -> list[T]:
        try:
            return read(*given)
        except ClientError as error:
            if verdict(error).cause is not Cause.DENIED:
                raise
            self.hidden.add(what)
            return []


def chunks(found: list[T], most: int) -> Iterator[list[T]]:
    """In portions of what one call takes."""
    return (found[start : start + most] for start in range(0, len(found), most))
