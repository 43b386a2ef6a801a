"""What a load balancer is asked for by those who mean a service behind it."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.reach import intent, rules
from provisioner.reach.balancers import Front
from provisioner.reach.ends import End
from provisioner.reach.rules import Request
from provisioner.reach.snapshot import Snapshot


@dataclass(frozen=True)
class Wish:
    """`host` and `path` are those that were given, nothing where they were not."""

    meant: End
    host: str = ""
    path: str = ""

    def of(self, snapshot: Snapshot, front: Front, client: str) -> Request:
        """What is asked of a load balancer: as given, or what is for the service that is meant.

        That is what the stack file gives to it and somebody else gets, if there is anything; where the stack file
        has no paths for the service, what the load balancer's rules have.
        """
        path = self.path or self.meant.path
        usual = Request(self.host or front.balancer.dns_name, path or "/", client)
        if (self.host and path) or not self.meant.groups:
            return usual
        examples = intent.requests(snapshot, self.meant.service) if self.meant.service else []
        wanted = [self._asked(one, usual) for one in examples]
        if wanted:
            return next((one for one in wanted if not self._is_sent(front, one)), wanted[0])
        live = (self._asked(one, usual) for one in rules.examples(front.listener, self.meant.groups))
        return next((one for one in live if self._is_sent(front, one)), usual)

    def _asked(self, example: Request, usual: Request) -> Request:
        path = self.path or self.meant.path or example.path
        return Request(self.host or example.host or usual.host, path, usual.client)

    def _is_sent(self, front: Front, asked: Request) -> bool:
        """Whether the one who is meant gets it."""
        found = rules.groups(rules.action(rules.matching(front.listener, asked)))
        return not set(self.meant.groups).isdisjoint(found)
