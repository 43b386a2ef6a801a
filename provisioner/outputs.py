"""What of a stack is worth having: names, ids, DNS names and ARNs, by keys that scripts can rely on."""

from __future__ import annotations

from collections.abc import Iterator

from state.record import Phase, Record, StackState

_WORTH: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    # kind, then what it is called and where in the record it stands: the id, or an output
    ("load_balancer", (("dns_name", "dns_name"), ("arn", "id"))),
    ("service", (("name", "name"), ("arn", "id"))),
    ("function", (("name", "name"), ("arn", "id"))),
    ("cluster", (("name", "name"), ("arn", "id"))),
    ("task_definition", (("arn", "id"),)),
    ("target_group", (("arn", "id"),)),
    ("log_group", (("name", "id"),)),
    ("vpc", (("id", "id"), ("cidr", "cidr"))),
    ("subnet", (("id", "id"), ("cidr", "cidr"))),
    ("security_group", (("id", "id"),)),
    ("nat_gateway", (("id", "id"), ("public_ip", "public_ip"))),
)


def outputs_of(state: StackState) -> dict[str, str]:
    """`STEP.WHAT` -> value of everything that is ready, the things that people ask for most first."""
    return dict(_found(state))


def _found(state: StackState) -> Iterator[tuple[str, str]]:
    for kind, fields in _WORTH:
        for record in state.records.values():
            if record.kind == kind and record.phase is Phase.READY:
                for name, source in fields:
                    if value := _value(record, source):
                        yield f"{record.name}.{name}", value


def _value(record: Record, source: str) -> str | None:
    value = record.id if source == "id" else record.outputs.get(source)
    return None if value is None else str(value)
