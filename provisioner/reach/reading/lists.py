"""Prefix lists: AWS's own with their contents at once, others each by a call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from provisioner.reach.reading.pages import hidden, items
from provisioner.reach.things import PrefixList


def of_services(ec2: Any) -> list[PrefixList]:
    """Those of the services that have gateway endpoints, and the like."""
    found = items(ec2, "describe_prefix_lists", "PrefixLists")
    return [PrefixList(raw["PrefixListId"], raw["PrefixListName"], _v4(raw["Cidrs"])) for raw in found]


def _v4(cidrs: Iterable[str]) -> tuple[str, ...]:
    return tuple(cidr for cidr in cidrs if ":" not in cidr)


def named(ec2: Any, ids: Iterable[str]) -> list[PrefixList]:
    """Those of these ids, whose contents may be hidden."""
    return [PrefixList(one, one, _entries(ec2, one)) for one in sorted(ids)]


def _entries(ec2: Any, one: str) -> tuple[str, ...] | None:
    try:
        found = items(ec2, "get_managed_prefix_list_entries", "Entries", PrefixListId=one)
        return _v4(raw["Cidr"] for raw in found)
    except ClientError as error:
        if hidden(error) or "PrefixList" in error.response["Error"]["Code"]:
            return None
        raise
