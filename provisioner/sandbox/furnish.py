"""What a stack takes for granted: made at one's word, with the ids and names that it gives them.

On AWS somebody has made these things before: the parent zone, the transit gateway, the images. Here nobody has, so
that whoever tries a stack in an empty sandbox says what there should be. What is there already stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.transit_gateway import TransitGateway
from moto.ec2.models.transit_gateway_attachments import TransitGatewayPeeringAttachment

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.containers.images import Image
from provisioner.sandbox.dns import hosted_zones
from provisioner.sandbox.world import World

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_PEER, _ELSEWHERE = "tgw-0fedcba9876543210", "999999999999"
"""The gateway beyond a furnished one, and whose it is."""
_EVERYBODY = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
Want = Mapping[str, str]


def furnish(world: World, account: str, region: str, wants: Iterable[Want]) -> list[str]:
    """Make what is missing; returns in words what was made. Raises KeyError for a kind that is not known."""
    site = Site(account, region, world)
    with world.lock:
        return [told for want in wants if (told := _MAKERS[want["kind"]](site, want))]


def _zone(site: Site, want: Want) -> str | None:
    """A public zone by name, maybe of another account."""
    home, name = Site(want.get("account", site.account), site.region, site.world), f"{want['name']}."
    if any(zone.name == name and not zone.private_zone for zone in backends.zones(home).zones.values()):
        return None
    hosted_zones.create(home, name, f"furnished {name}")
    return f"zone {want['name']} in account {home.account}"


def _role(site: Site, want: Want) -> str | None:
    """A role that everybody may assume, by its ARN."""
    account, name = want["arn"].split(":")[4], want["arn"].rsplit("/", 1)[-1]
    iam = backends.iam(Site(account, site.region, site.world))
    if any(role.name == name for role in iam.roles.values()):
        return None
    trust = json.dumps({"Version": "2012-10-17", "Statement": [_EVERYBODY]})
    rights = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = iam.create_role(name, trust, "/", None, "", [], "3600")
    iam.put_role_policy(role.name, "all", json.dumps({"Version": "2012-10-17", "Statement": [rights]}))
    return f"role {want['arn']}"


def _transit_gateway(site: Site, want: Want) -> str | None:
    ec2 = backends.ec2(site)
    if want["id"] in ec2.transit_gateways:
        return None
    made = ec2.create_transit_gateway(description="furnished")
    ec2.transit_gateways[want["id"]] = ec2.transit_gateways.pop(made.id)
    made.default_route_table.transit_gateway_id = made.id = want["id"]
    _beyond(ec2, made, want.get("routes", "").split())
    return f"transit gateway {made.id}"


def _beyond(ec2: EC2Backend, gateway: TransitGateway, networks: list[str]) -> None:
    """Networks that are behind it already, by way of a peer in another account, and are not seen from here."""
    if networks:
        peer = TransitGatewayPeeringAttachment(
            ec2, gateway, _PEER, gateway.ec2_backend.region_name, _ELSEWHERE, {}, gateway.ec2_backend.region_name
        )
        peer.state = "available"
        ec2.transit_gateway_attachments[peer.id] = peer
        for cidr in networks:
            ec2.create_transit_gateway_route(gateway.default_route_table.id, cidr, peer.id)


def _image(site: Site, want: Want) -> str | None:
    """An image of a private registry. One that is named by digest cannot be made: the digest is its content's."""
    image = Image.read(want["image"])
    repository = image.private
    if repository is None or image.by_digest:
        return None
    ecr = backends.ecr(Site(repository.account, repository.region, site.world))
    if repository.name not in ecr.repositories:
        ecr.create_repository(repository.name, None, {}, {}, "MUTABLE", [])
    stored = ecr.repositories[repository.name]
    if any(image.reference in (one.image_tags or ()) for one in stored.images):
        return None
    config = {"mediaType": _CONFIG, "size": 1, "digest": f"sha256:{0:064}"}
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": []}
    ecr.put_image(repository.name, json.dumps(manifest), image.reference, _MANIFEST)
    return f"image {want['image']}"


def _cluster(site: Site, want: Want) -> str | None:
    ecs = backends.ecs(site)
    if want["name"] in ecs.clusters:
        return None
    ecs.create_cluster(want["name"], [], [], {}, ["FARGATE", "FARGATE_SPOT"], [])
    return f"cluster {want['name']}"


_MAKERS: dict[str, Callable[[Site, Want], str | None]] = {
    "zone": _zone,
    "role": _role,
    "transit_gateway": _transit_gateway,
    "image": _image,
    "cluster": _cluster,
}


def route(world: World, body: Any) -> Any:
    """`POST furnish`: `{"account", "region", "wants": [...]}`, answered with what was made."""
    return {"made": furnish(world, body["account"], body["region"], body["wants"])}
