"""What only the account can tell, all of it told before the first call that changes anything.

What the stack file alone shows is `checks/`' business, what the user has given `site.py`'s; what is there already
under a name of ours the engine finds. Here is the rest: who calls and for how long, what the caller may, what room
the account has, what the zones offer, whether images are there and names will be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.preflight import account, images, leftovers, names, network, permissions, quotas
from provisioner.preflight.base import Check as Check
from provisioner.preflight.base import Finding as Finding
from provisioner.preflight.base import Ground as Ground
from provisioner.preflight.base import Level as Level
from provisioner.stack_file.errors import Problem, StackError
from steps.aws.errors import verdict

_AT_ONCE = 12
"""Some 30 reads are then a second on AWS."""
CHECKS: Mapping[str, Check] = {
    "identity": account.identity,
    "session": account.session,
    **permissions.CHECKS,
    **quotas.CHECKS,
    **network.CHECKS,
    **images.CHECKS,
    **names.CHECKS,
    **leftovers.CHECKS,
}
"""By what they are about, in the order in which they are told."""


class NotReady(StackError):
    """The account does not have what the stack needs; nothing was changed."""

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"the account is not ready for this stack: {count} problem{'s' if count != 1 else ''}"
        return "\n".join([head, *map(str, self.problems)])


def examine(ground: Ground) -> list[Finding]:
    """All findings, in the order of the table. Nothing is changed; what may not be asked is not judged."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = pool.map(lambda entry: list(_tried(entry[0], entry[1], ground)), CHECKS.items())
    return [finding for some in told for finding in some]


def _tried(about: str, check: Check, ground: Ground) -> Iterator[Finding]:
    try:
        yield from check(ground)
    except (ClientError, BotoCoreError) as error:
        found = verdict(error)
        yield Finding(Level.UNKNOWN, f"{about}: {found.call or 'AWS'} answers {found}")


def refuse(findings: Iterable[Finding], file: Path) -> None:
    """Raise NotReady where something would fail."""
    found = [one for one in findings if one.level is Level.PROBLEM]
    if found:
        raise NotReady(file, [Problem(one.key, one.value, one.what, one.fix) for one in found])
