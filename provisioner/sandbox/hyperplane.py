"""Lambda's network interfaces: one for each subnet and set of groups, shared by functions, slow to go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox import backends, interfaces
from provisioner.sandbox.call import Call

Place = tuple[str, frozenset[str]]


@dataclass
class _Shared:
    """One interface and the functions that use it; `joined` counts how often one came to use it."""

    interface: NetworkInterface
    users: set[str] = field(default_factory=set)
    joined: int = 0


class Hyperplane:
    """All of them in an account and region."""

    def __init__(self) -> None:
        self._shared: dict[Place, _Shared] = {}

    def join(self, call: Call, function: str, subnets: Iterable[str], groups: Iterable[str]) -> bool:
        """Give a function its interfaces; whether a new one was needed, which takes a while."""
        fresh = False
        for subnet in subnets:
            place = (subnet, frozenset(groups))
            shared = self._shared.get(place)
            if shared is None or shared.interface.id not in backends.ec2(call).enis:
                shared = self._shared[place] = _Shared(_interface(call, function, place))
                fresh = True
            shared.users.add(function)
            shared.joined += 1
        return fresh

    def leave(self, call: Call, function: str, *, detached: bool) -> None:
        """Take a function off its interfaces. What nobody uses any longer goes, after a good while.

        A function that was `detached` from its VPC while it lives frees them sooner: then they are `available`,
        and whoever owns the subnet may delete them.
        """
        for place, shared in list(self._shared.items()):
            if function in shared.users:
                shared.users.discard(function)
                if not shared.users:
                    self._abandon(call, place, detached=detached)

    def _abandon(self, call: Call, place: Place, *, detached: bool) -> None:
        shared = self._shared[place]
        joined = shared.joined

        def free() -> None:
            if shared.joined == joined:  # nobody has come back since
                shared.interface.status = "available"
                shared.interface.interface_type = "interface"
                shared.interface.requester_managed = False

        def vanish() -> None:
            if shared.joined == joined:
                interfaces.remove(backends.ec2(call), shared.interface)

        if detached:
            call.later("lambda.detached_interfaces", free)
        call.later("lambda.interfaces", vanish)


def _interface(call: Call, function: str, place: Place) -> NetworkInterface:
    subnet, groups = place
    description = f"AWS Lambda VPC ENI-{function.rpartition(':')[2]}-{subnet}"
    return interfaces.place(call, subnet, sorted(groups), description, kind="lambda")
