"""Every key of a stack file, as a page: `make docs` makes `docs/stack-file.md` of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner import markdown
from provisioner.checks import CHECKS
from provisioner.checks.capacity import FARGATE_MEMORY, memory_choice
from provisioner.model import Stack
from provisioner.references import URL_VARIABLE, database_variables, for_environments, for_outputs
from provisioner.stack_file import schema

_HEAD = """\
# The stack file

Made by `make docs` from the model itself. One TOML file describes one stack; `examples/` has one for each kind of
system, and `provisioner init` copies them. `name` is the only key that every file has: all others have defaults,
and a table that is left out is not made. A key that is not listed here is refused, with the nearest that is.

```toml
name = "shop"

[load_balancer]
scheme = "internet-facing"

[services.web]
image = "public.ecr.aws/docker/library/nginx:latest"
port = 80
```

Times are in seconds, memory is in MiB where nothing else is said. `NAME` is a name of your own: lower-case
letters, digits and single hyphens. Any key can be set for one run: `--set services.web.count=3`,
`--set network.egress=endpoints`, `--set 'api.routes."GET /x"=caller'`. `provisioner schema` prints all this as a
JSON Schema, with which editors complete and check while one types. Everything that is wrong with a file is told at
once, before any call to AWS.
"""
_KINDS = {
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
    "array": "list",
    "object": "table",
}
_REFERENCES = {
    "load_balancer.dns_name": "the load balancer's own DNS name",
    "load_balancer.url": "where it answers: scheme, name (the one of `[dns]` where there is one) and port",
    "services.NAME.url": "the same: the load balancer answers for the service",
    "services.NAME.connect_url": "where the stack's tasks reach it by Service Connect, such as http://backend:5000",
    "database.host": "the database's host name",
    "database.port": "its port",
    "database.name": "its name inside the server",
    "database.secret_arn": "the ARN of the secret with user and password",
    "functions.NAME.arn": "the function's ARN",
    "functions.NAME.name": "its name on AWS",
    "functions.NAME.url": "its URL, where it has one",
    "api.url": "the HTTP API's URL",
    "dns.name": "the load balancer's public name",
    "vpc.id": "the VPC's id",
}


@dataclass(frozen=True)
class _Table:
    """A table at its place in the file; with `as_is` one that is described where it comes first."""

    path: tuple[str | int, ...]
    node: Mapping[str, Any]
    as_is: str = ""

    @property
    def heading(self) -> str:
        """As TOML has it; in a list, with two brackets."""
        name = ".".join(str(step) for step in self.path if isinstance(step, str))
        return f"[[{name}]]" if isinstance(self.path[-1], int) else f"[{name}]"


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD.rstrip(), *_top(), *_tables(), *_sizes(), *_references(), *_checks()]) + "\n"


def _top() -> Iterator[str]:
    yield "\n## The top level\n"
    yield from _keys(schema.schema())


def _tables() -> Iterator[str]:
    for table in _every_table((), schema.schema(), {}):
        yield f"\n## `{table.heading}`\n"
        if table.as_is:
            yield f"As `{table.as_is}`."
            continue
        yield f"{table.node['description']}\n"
        yield from _keys(table.node)


def _every_table(path: tuple[str | int, ...], node: Mapping[str, Any], seen: dict[str, str]) -> Iterator[_Table]:
    """Depth first, in the order of the model."""
    for key, child in node["properties"].items():
        place, reference = _table_at((*path, key), child)
        if reference is None:
            continue
        found = _Table(place, schema.definition(reference), seen.get(reference, ""))
        yield found
        if not found.as_is:
            seen[reference] = found.heading
            yield from _every_table(place, found.node, seen)


def _table_at(path: tuple[str | int, ...], node: Mapping[str, Any]) -> tuple[tuple[str | int, ...], str | None]:
    """Where a key's table is, and the name of its model; None where it holds no table of ours."""
    for one in (node, *node.get("anyOf", ())):
        if "$ref" in one:
            return path, one["$ref"]
        if "$ref" in (one.get("items") or {}):
            return (*path, 0), one["items"]["$ref"]
        free = one.get("additionalProperties")
        if isinstance(free, dict) and "$ref" in free:
            return (*path, "NAME"), free["$ref"]
    return path, None


def _keys(table: Mapping[str, Any]) -> Iterator[str]:
    """Its single values; tables have sections of their own."""
    required = table.get("required", ())
    rows = [
        (f"`{key}`", _kind(node), "required" if key in required else _default(node), node["description"])
        for key, node in table["properties"].items()
        if _table_at((), node)[1] is None
    ]
    if rows:
        yield from markdown.table(("key", "is", "default", "what it does"), rows)


def _kind(node: Mapping[str, Any]) -> str:
    """What belongs there, in words."""
    kinds = [_kind_of(one) for one in node.get("anyOf", (node,)) if one.get("type") != "null"]
    return " or ".join(kinds)


def _kind_of(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return ", ".join(f"`{_toml(one)}`" for one in node["enum"])
    inner = node.get("items") or node.get("additionalProperties")
    words = _KINDS[node["type"]] + (f" of {_kind({**inner, 'examples': ()})}" if inner else "")
    such = "".join(f", such as `{_toml(one)}`" for one in (inner or node).get("examples", ()))
    return f"{words}{_limits(node)}{such}"


def _limits(node: Mapping[str, Any]) -> str:
    least, most = (
        next((node[f"{end}{what}"] for what in ("imum", "Items", "Properties") if f"{end}{what}" in node), None)
        for end in ("min", "max")
    )
    if least is not None and most is not None:
        return f", {least} to {most}"
    if most is not None:
        return f", at most {most}"
    return f", at least {least}" if least is not None else ""


def _default(node: Mapping[str, Any]) -> str:
    value = node.get("default")
    return "" if value in (None, [], {}) else f"`{_toml(value)}`"


def _toml(value: object) -> str:
    """Single values and lists are the same in TOML and in JSON."""
    return json.dumps(value, ensure_ascii=False)


def _sizes() -> Iterator[str]:
    yield "\n## Sizes of tasks\n"
    rows = ((f"{cpu}", f"{cpu / 1024:g}", memory_choice(memories)) for cpu, memories in FARGATE_MEMORY.items())
    yield from markdown.table(("`cpu`", "virtual CPUs", "`memory` in MiB"), rows)


def _references() -> Iterator[str]:
    stack = _with_everything()
    everywhere = for_environments(stack)
    yield "\n## References\n"
    yield (
        "Values of `environment` and of `[outputs]` may hold `${...}`, which stands for what is known only once "
        "the resource exists.\n"
    )
    rows = [
        (f"`${{{name}}}`", _REFERENCES[name], "everywhere" if name in everywhere else "`[outputs]`")
        for name in for_outputs(stack)
    ]
    yield from markdown.table(("reference", "stands for", "where"), rows)
    variables = ", ".join(f"`{name}`" for name in database_variables(stack))
    yield (
        f"\n`calls` sets variables by itself, where `environment` does not: of a function that calls services "
        f"`{URL_VARIABLE}`, the load balancer's DNS name; of services and functions that call the database "
        f"{variables}."
    )


def _with_everything() -> Stack:
    """A stack with all that can be referred to."""
    service = {"image": "x", "port": 80}
    document = {
        "name": "x",
        "load_balancer": {},
        "service_connect": {},
        "dns": {"zone": "x.example"},
        "services": {"NAME": service},
        "functions": {"NAME": {"source": Path(), "url": {}}},
        "database": {"engine": "mongodb"},
        "api": {"routes": {"$default": "NAME"}},
    }
    return Stack.model_validate(document, context={"any_keys": True})


def _checks() -> Iterator[str]:
    yield "\n## What is checked over several keys\n"
    yield "Each with its reason; every key's own limits are above."
    for about, checks in CHECKS.items():
        yield f"\n### {about}\n"
        yield from (f"- {check.rule}" for check in checks)


if __name__ == "__main__":
    sys.stdout.write(page())
