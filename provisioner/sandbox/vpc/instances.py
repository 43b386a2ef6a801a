"""What instances are made of: images, types, and profiles that EC2 knows of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.core.parse import default_timestamp_parser
from moto.ec2.models.amis import AMIS, Ami
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.iam.models import InstanceProfile
from moto.utilities.utils import load_resource

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site

_BY_PARAMETER = "resolve:ssm:"


class Machines:
    """From when on the status checks of each instance pass, by its id."""

    def __init__(self) -> None:
        self.ok_at: dict[str, float] = {}


class Profiles:
    """From when on EC2 knows each instance profile, by its name."""

    def __init__(self) -> None:
        self.usable_at: dict[str, float] = {}


def profiles(site: Site) -> Profiles:
    """IAM is global: its notes are kept apart from any region's."""
    return site.world.ledger(Profiles, site.account, "global")


def profile(site: Site, asked: Mapping[str, str]) -> InstanceProfile | None:
    """The instance profile of this name or ARN, if EC2 knows it already."""
    now, known = site.world.clock.now(), profiles(site).usable_at
    for found in backends.iam(site).instance_profiles.values():
        if asked.get("Name", found.name) == found.name and asked.get("Arn", found.arn) == found.arn:
            return found if now >= known.get(found.name, 0.0) else None
    return None


def image(site: Site, name: str) -> Ami | None:
    """The image of this id, or of the parameter that it names; Amazon's public ones are made when asked for."""
    ec2, name = backends.ec2(site), _resolved(site, name)
    if name not in ec2.amis and name in _public(site.region):
        ec2.amis[name] = Ami(ec2, **_public(site.region)[name])
    return ec2.amis.get(name)


def all_images(site: Site) -> None:
    """Have every public image there, for whoever looks among them."""
    for name in _public(site.region):
        image(site, name)


def _resolved(site: Site, name: str) -> str:
    if not name.startswith(_BY_PARAMETER):
        return name
    found = backends.parameters(site).get_parameter(name.removeprefix(_BY_PARAMETER))
    return str(found.value) if found else name


@cache
def _public(region: str) -> dict[str, dict[str, Any]]:
    """What it takes to make Amazon's images, by id: the latest, which public parameters name, and some more."""
    try:
        latest = load_resource(f"ec2/resources/latest_amis/{region}.json")
    except FileNotFoundError:
        latest = []
    return {one["ami_id"]: _amazons(one) for one in (*AMIS, *latest)}


def _amazons(image: Mapping[str, Any]) -> dict[str, Any]:
    created = image.get("creation_date")
    return {
        **image,
        "owner_alias": "amazon",
        "creation_date": default_timestamp_parser(created) if isinstance(created, str) else created,
    }


def architectures(kind: str) -> list[str]:
    """Those that the instance type has, none if there is no such type."""
    found: Mapping[str, Any] = INSTANCE_TYPES.get(kind, {})
    return list(found.get("ProcessorInfo", {}).get("SupportedArchitectures", ()))


def zones(region: str, kind: str) -> frozenset[str]:
    """The zones of the region that have the instance type."""
    return _offered(region).get(kind, frozenset())


@cache
def _offered(region: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region, ()):
        found.setdefault(one["InstanceType"], set()).add(one["Location"])
    return {kind: frozenset(places) for kind, places in found.items()}
