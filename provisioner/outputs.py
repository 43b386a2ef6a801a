"""What of a stack is worth having: names, ids, DNS names and ARNs, by keys that scripts can rely on."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner import references, stack
from provisioner.stack_file.errors import StackError
from state.record import Phase, Record, StackState

_WORTH: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    # kind, then what it is called and where in the record it stands: the id, or an output
    ("http_api", (("url", "url"),)),
    ("function_url", (("url", "url"),)),
    ("load_balancer", (("dns_name", "dns_name"), ("arn", "id"))),
    ("record_set", (("name", "name"),)),
    ("instance", (("private_ip", "private_ip"), ("id", "id"))),
    ("db_instance", (("host", "host"), ("port", "port"), ("secret_arn", "secret_arn"))),
    ("secret", (("arn", "id"),)),
    ("hosted_zone", (("id", "id"), ("name_servers", "name_servers"))),
    ("certificate", (("arn", "id"),)),
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
    ("vpc_endpoint", (("id", "id"),)),
    ("transit_gateway_attachment", (("id", "id"),)),
)


def outputs_of(state: StackState) -> dict[str, str]:
    """The stack file's own `[outputs]`, then `STEP.WHAT` -> value of everything that is ready, the things that
    people ask for most first."""
    return {**dict(_asked(state)), **dict(_found(state))}


def _asked(state: StackState) -> Iterator[tuple[str, str]]:
    """Those of which every part is known."""
    try:
        wanted = stack.restore(state.settings)
    except StackError:  # of an older version, or never begun
        return
    known = references.for_outputs(wanted)
    for name, text in wanted.outputs.items():
        values = [_part(state, piece) for piece in references.pieces(text, known)]
        if all(value is not None for value in values):
            yield name, "".join(map(str, values))


def _part(state: StackState, piece: references.Piece) -> str | None:
    if isinstance(piece, str):
        return piece
    record = state.records.get(piece[0])
    return _value(record, piece[1]) if record and record.phase in (Phase.CREATED, Phase.READY) else None


def _found(state: StackState) -> Iterator[tuple[str, str]]:
    for kind, fields in _WORTH:
        for record in state.records.values():
            if record.kind == kind and record.phase is Phase.READY:
                for name, source in fields:
                    if value := _value(record, source):
                        yield f"{record.name}.{name}", value


def _value(record: Record, source: str) -> str | None:
    value = record.id if source == "id" else record.outputs.get(source)
    return None if value is None else ", ".join(value) if isinstance(value, list | tuple) else str(value)
