"""DNS records as Route 53 keeps them: how names are written, what a value of each type looks like."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Key = tuple[str, str, str]
"""Name, type and set identifier: what a zone has once."""

_CHARACTER = re.compile(r"\\([0-7]{3})|(.)", re.DOTALL)
_PLAIN = re.compile(r"[a-z0-9\-_.]")
_OWN = frozenset(("Name", "Type", "TTL", "ResourceRecords", "AliasTarget"))
_LONGEST_NAME = 255
_LONGEST_LABEL = 63
_QUOTED = re.compile(r'"(?:[^"\\]|\\.){0,255}"(?:\s+"(?:[^"\\]|\\.){0,255}")*', re.DOTALL)
_CAA = re.compile(r'\d{1,3} [a-zA-Z0-9]+ "[^"]*"')


@dataclass(frozen=True)
class Alias:
    """The answer is whatever this name resolves to. Of a resolver: a name in no zone, a load balancer's mostly."""

    target: str
    zone: str = ""
    evaluates_health: bool = False


@dataclass(frozen=True)
class Record:
    """One resource record set. `routing` is what else it was given, the set identifier first of all."""

    name: str
    type: str
    ttl: int | None = None
    values: tuple[str, ...] = ()
    alias: Alias | None = None
    set_identifier: str = ""
    routing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.name, self.type, self.set_identifier

    def told(self) -> dict[str, Any]:
        """As boto3 gives it."""
        told: dict[str, Any] = {"Name": self.name, "Type": self.type, **self.routing}
        if self.alias is None:
            return {**told, "TTL": self.ttl, "ResourceRecords": [{"Value": value} for value in self.values]}
        target = {
            "HostedZoneId": self.alias.zone,
            "DNSName": self.alias.target,
            "EvaluateTargetHealth": self.alias.evaluates_health,
        }
        return {**told, "AliasTarget": target}

    def equals(self, other: Record) -> bool:
        """Whether both say the same; the order of values says nothing."""
        return replace(self, values=tuple(sorted(self.values))) == replace(
            other, values=tuple(sorted(other.values))
        )


def read(given: Mapping[str, Any]) -> Record:
    """What boto3 sends."""
    return Record(
        name=canonical(given["Name"]),
        type=given["Type"],
        ttl=given.get("TTL"),
        values=tuple(value["Value"] for value in given.get("ResourceRecords", ())),
        alias=_alias(given.get("AliasTarget")),
        set_identifier=given.get("SetIdentifier", ""),
        routing={key: value for key, value in given.items() if key not in _OWN},
    )


def _alias(given: Mapping[str, Any] | None) -> Alias | None:
    if given is None:
        return None
    zone = given["HostedZoneId"].rpartition("/")[2]
    return Alias(canonical(given["DNSName"]), zone, bool(given.get("EvaluateTargetHealth")))


def canonical(name: str) -> str:
    """Lower case, with a dot at its end; what no host name has is an octal number: `\\052` for `*`."""
    text = "".join(_written(_meant(match)) for match in _CHARACTER.finditer(name))
    return text if text.endswith(".") else f"{text}."


def complaints_about_name(name: str) -> Iterator[str]:
    """What is wrong with a name, as Route 53 says it."""
    text = name.removesuffix(".")
    if not text:
        yield _fatal("DomainNameEmpty", "Domain name is empty", name)
    elif any(not 32 < ord(character) < 127 for character in text):
        yield _fatal("UnsupportedCharacter", "Value contains unsupported characters", name)
    elif len(text) > _LONGEST_NAME:
        yield _fatal("DomainNameTooLong", "Domain name is too long", name)
    else:
        yield from _complaints_about_labels(name, text.split("."))


def complaints_about_values(record: Record) -> Iterator[str]:
    """What is wrong with the values of a record set, as Route 53 says it."""
    check = _CHECKS.get(record.type)
    for value in record.values:
        if check is not None and (complaint := check(value)):
            yield f"Invalid Resource Record: '{complaint}'"
    yield from (f"Duplicate Resource Record: '{value}'" for value in sorted(_repeated(record.values)))
    if record.type == "CNAME" and len(record.values) > 1:
        yield f"RRSet of type CNAME with DNS name {record.name} must have exactly one resource record"


def labels(name: str) -> list[str]:
    """From the top: `["com", "example", "www"]` for `www.example.com.`."""
    return name.removesuffix(".").split(".")[::-1]


def is_within(name: str, zone: str) -> bool:
    """Whether the name is the zone's or one below."""
    return name == zone or name.endswith(f".{zone}")


def _meant(match: re.Match[str]) -> str:
    return chr(int(match[1], 8)) if match[1] else match[2]


def _written(character: str) -> str:
    low = character.lower()
    return low if _PLAIN.fullmatch(low) else f"\\{ord(low):03o}"


def _complaints_about_labels(name: str, parts: list[str]) -> Iterator[str]:
    if any(not part for part in parts):
        yield _fatal("DomainLabelEmpty", "Domain label is empty", name)
    if any(len(part) > _LONGEST_LABEL for part in parts):
        yield _fatal("DomainLabelTooLong", "Domain label is too long", name)


def _repeated(values: tuple[str, ...]) -> set[str]:
    return {value for value in values if values.count(value) > 1}


def _fatal(problem: str, text: str, value: str) -> str:
    return f"FATAL problem: {problem} ({text}) encountered with '{value}'"


def _ipv4(value: str) -> str:
    if " " in value.strip():
        return _fatal("ARRDATANotSingleField", "Value contains spaces", value)
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return _fatal("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", value)
    return ""


def _ipv6(value: str) -> str:
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return _fatal("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", value)
    return ""


def _name(value: str) -> str:
    if " " in value:
        return _fatal("RRDATANotSingleField", "Value contains spaces", value)
    return next(complaints_about_name(value), "")


def _text(value: str) -> str:
    if _QUOTED.fullmatch(value):
        return ""
    if not (value.startswith('"') and value.endswith('"')):
        return _fatal("InvalidCharacterString", "Value should be enclosed in quotation marks", value)
    return _fatal("CharacterStringTooLong", "Value is too long", value)


def _fields(numbers: int) -> Callable[[str], str]:
    """A check of so many numbers up to 65535 and a name, with blanks between."""

    def check(value: str) -> str:
        *first, name = value.split(" ")
        small = [part for part in first if part.isdigit() and int(part) < 1 << 16]
        if len(first) != numbers or len(small) != numbers:
            return _fatal("RRDATAWrongFields", f"Value should be {numbers} numbers and a domain name", value)
        return _name(name)

    return check


def _caa(value: str) -> str:
    if _CAA.fullmatch(value):
        return ""
    return _fatal("CAARRDATAIncorrectFields", "Value should be in the format 'flags tag \"value\"'", value)


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CNAME": _name,
    "NS": _name,
    "PTR": _name,
    "TXT": _text,
    "SPF": _text,
    "MX": _fields(1),
    "SRV": _fields(3),
    "CAA": _caa,
}
"""By type. Types that are not here are taken as they are."""
