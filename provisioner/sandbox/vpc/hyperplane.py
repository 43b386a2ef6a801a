"""Lambda's network interfaces: one for each subnet and set of groups, shared by functions, slow to go."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox import backends, functions
from provisioner.sandbox.call import Site
from provisioner.sandbox.permissions import roles
from provisioner.sandbox.vpc import interfaces

Place = tuple[str, frozenset[str]]


class SubnetIsFull(Exception):
    """There is no address left for another interface."""


@dataclass
class _Shared:
    """One interface and the functions that use it; `joined` counts how often one came to use it.

    `role` is the execution role of whoever left it last: Lambda deletes it with that role's permissions.
    """

    interface: NetworkInterface
    users: set[str] = field(default_factory=set)
    joined: int = 0
    role: str = ""


class Hyperplane:
    """All of them in an account and region."""

    def __init__(self) -> None:
        self._shared: dict[Place, _Shared] = {}
        self._turn = 0

    def join(self, site: Site, function: str, subnets: Iterable[str], groups: Iterable[str]) -> bool:
        """Give a function its interfaces; whether a new one was needed, which takes a while.

        Raises SubnetIsFull where one cannot be had; the others it has then.
        """
        fresh, full = False, ""
        for subnet in subnets:
            place = (subnet, frozenset(groups))
            try:
                fresh = self._join(site, function, place) or fresh
            except ValueError:
                full = subnet
        if full:
            raise SubnetIsFull(full)
        return fresh

    def _join(self, site: Site, function: str, place: Place) -> bool:
        shared, fresh = self._shared.get(place), False
        if shared is None or shared.interface.id not in backends.ec2(site).enis:
            shared = self._shared[place] = _Shared(_interface(site, function, place))
            fresh = True
        interfaces.occupy(shared.interface, shared.interface.description, "lambda")
        shared.users.add(function)
        shared.joined += 1
        return fresh

    def leave(self, site: Site, function: str, *, role: str, detached: bool) -> None:
        """Take a function off its interfaces. What nobody uses any longer goes, after a good while.

        A function that was `detached` from its VPC while it lives frees them sooner: then they are `available`,
        and whoever owns the subnet may delete them.
        """
        for place, shared in list(self._shared.items()):
            if function in shared.users:
                shared.users.discard(function)
                shared.role = role
                if not shared.users:
                    self._abandon(site, place, detached=detached)

    def source(self, subnets: Iterable[str], groups: Iterable[str]) -> NetworkInterface | None:
        """One of the interfaces for these, each in its turn; None where there are none."""
        there = self.all(subnets, groups)
        self._turn += 1
        return there[self._turn % len(there)] if there else None

    def all(self, subnets: Iterable[str], groups: Iterable[str]) -> list[NetworkInterface]:
        """The interfaces for these."""
        members = frozenset(groups)
        wanted = [self._shared.get((subnet, members)) for subnet in subnets]
        return [shared.interface for shared in wanted if shared]

    def _abandon(self, site: Site, place: Place, *, detached: bool) -> None:
        shared = self._shared[place]
        joined = shared.joined

        def free() -> None:
            if shared.joined == joined:  # nobody has come back since
                _release(shared.interface)

        def vanish() -> None:
            if shared.joined != joined:
                return
            if _may_delete(site, shared.role):
                interfaces.remove(backends.ec2(site), shared.interface)
            else:
                free()

        if detached:
            site.later("lambda.detached_interfaces", free)
        site.later("lambda.interfaces", vanish)


def _may_delete(site: Site, role: str) -> bool:
    """Whether Lambda can delete an interface: with the execution role, which has to be there for it."""
    return functions.role(site, role) is not None and roles.allows(site, role, "ec2:DeleteNetworkInterface")


def _release(interface: NetworkInterface) -> None:
    """Leave it to the owner of the subnet."""
    interface.status = "available"
    interface.interface_type = "interface"
    interface.requester_managed = False


def _interface(site: Site, function: str, place: Place) -> NetworkInterface:
    subnet, groups = place
    description = f"AWS Lambda VPC ENI-{function.split(':')[6]}-{uuid.uuid4()}"
    return interfaces.place(site, subnet, sorted(groups), description, kind="lambda")
