"""What functions log, as it gets into CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass

from moto.awslambda.models import LambdaFunction

from provisioner.sandbox import functions, log_streams
from provisioner.sandbox.call import Site
from provisioner.sandbox.permissions import roles

_NEEDED = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True)
class Flush:
    """The last lines that an invocation wrote into a group, and when."""

    function: str
    stream: str
    lines: tuple[str, ...]
    at: float


class Flushes:
    """The last ones, by log group."""

    def __init__(self) -> None:
        self.last: dict[str, Flush] = {}


def keep(site: Site, function: LambdaFunction, stream: str, lines: list[str]) -> None:
    """Write the lines of an invocation as far as the function's role may: Lambda uses its permissions."""
    group = functions.log_group(site, function)
    resource = f"arn:aws:logs:{site.region}:{site.account}:log-group:{group}:*"
    if not all(roles.allows(site, function.role, action, resource) for action in _NEEDED):
        return
    create = roles.allows(site, function.role, "logs:CreateLogGroup", resource)
    events = [f"{line}\n" for line in lines]
    if log_streams.append(site, group, stream, events, create=create):
        now = site.world.clock.now()
        site.ledger(Flushes).last[group] = Flush(function.function_name, stream, tuple(events[-1:]), now)
