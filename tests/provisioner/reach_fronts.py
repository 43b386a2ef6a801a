"""Load balancers that chance draws: one before two targets, and moves that change one entry each."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st

from provisioner.reach import Outcome, Snapshot, Verdict, judge
from tests.provisioner.reach_lab import FAILS, OPENS, Witnesses, aws_of, told
from tests.provisioner.reach_networks import Move, move
from tests.sandbox.balanced_lab import BalancedLab, fixed, forward
from tests.sandbox_fixture import Sandbox

PATHS = ("/", "/api/profile", "/api/profile/x", "/API/profile")
PATTERNS = ("/api/*", "/api/profile", "/*", "/api/profile?")
STATUS = {200: "", 404: "", 502: "gets HTTP 502", 503: "gets HTTP 503", 504: "gets HTTP 504"}
"""What a plain target answers, and what our verdict says of a load balancer's own answers."""


class Fronts:
    """A load balancer before interfaces a and b, each in a zone and, to begin with, in both groups of targets."""

    def __init__(self, sandbox: Sandbox, kind: str) -> None:
        self.lab = lab = BalancedLab(sandbox)
        self.kind, self.elbv2, self.ec2 = kind, lab.elbv2, lab.ec2
        self.witnesses = Witnesses(lab, aws_of(sandbox))
        self.client = lab.new_interface(0)
        self.web = kind == "application"
        protocol = "HTTP" if self.web else "TCP"
        self.own = lab.new_group("own")
        lab.let_in(self.own)
        found = lab.new_balancer("front", Type=kind, SecurityGroups=[self.own])
        self.balancer, self.name = found["LoadBalancerArn"], found["DNSName"]
        more: dict[str, Any] = (
            {"HealthCheckTimeoutSeconds": 2, "HealthCheckIntervalSeconds": 5, "Matcher": {"HttpCode": "200-499"}}
            if self.web
            else {}
        )
        self.groups = [
            lab.new_targets(name, *targets, Protocol=protocol, **more)
            for name, targets in (("one", (lab.a, lab.b)), ("two", (lab.b,)))
        ]
        self.listener = lab.new_listener(found, self.groups[0], Protocol=protocol)
        for interface, group in zip((lab.a, lab.b), lab.groups, strict=True):
            lab.listen(interface, 80, image="own/app:1")
            lab.let_in(group, cidr="10.0.0.0/16")

    def move(self, name: str, arguments: tuple[Any, ...]) -> None:
        with suppress(ClientError):
            getattr(self, name)(*arguments)

    def close(self, which: int) -> None:
        """Nothing gets into the group of a target."""
        found = self.ec2.describe_security_groups(GroupIds=[self.lab.groups[which]])["SecurityGroups"][0]
        self.ec2.revoke_security_group_ingress(GroupId=found["GroupId"], IpPermissions=found["IpPermissions"])

    def open_to(self, which: int, to: str) -> None:
        """To the load balancer's group, to its address in one zone, or to the client."""
        if to == "group":
            self.lab.let_in(self.lab.groups[which], group=self.own)
        else:
            self.lab.let_in(self.lab.groups[which], cidr=f"{self.lab.address(self.client)}/32")

    def shut_in(self) -> None:
        """The load balancer's own group lets nothing out."""
        self.lab.forbid_leaving(self.own)

    def let_out(self, which: int) -> None:
        self.lab.let_out(self.own, group=self.lab.groups[which])

    def deregister(self, group: int, which: int) -> None:
        target = [{"Id": self.lab.address((self.lab.a, self.lab.b)[which]), "Port": 80}]
        self.elbv2.deregister_targets(TargetGroupArn=self.groups[group], Targets=target)

    def register(self, group: int, which: int, port: int) -> None:
        target = [{"Id": self.lab.address((self.lab.a, self.lab.b)[which]), "Port": port}]
        self.elbv2.register_targets(TargetGroupArn=self.groups[group], Targets=target)

    def attribute(self, group: int, key: str, value: str) -> None:
        self.elbv2.modify_target_group_attributes(
            TargetGroupArn=self.groups[group], Attributes=[{"Key": key, "Value": value}]
        )

    def cross(self, value: str) -> None:
        self.elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=self.balancer,
            Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": value}],
        )

    def send_to(self, group: int) -> None:
        self.elbv2.modify_listener(ListenerArn=self.listener, DefaultActions=[forward(self.groups[group])])

    def rule(self, priority: int, pattern: str, group: int | None) -> None:
        action = fixed("none", 404) if group is None else forward(self.groups[group])
        condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}
        self.lab.new_rule(self.listener, priority, action, condition)

    def agree(self) -> None:
        """Assert that both say the same of what the client gets."""
        snapshot = self.witnesses.look()
        for path in PATHS if self.web else PATHS[:1]:
            verdict = judge(snapshot, self.client, self.name, 80, path=path)
            (self._web if self.web else self._net)(snapshot, verdict, path)

    def _net(self, snapshot: Snapshot, verdict: Verdict, path: str) -> None:
        """A network load balancer takes turns: only where all its turns come to the same can one be compared."""
        found = self.lab.ask("reach", **{"from": self.client}, to=self.name, port=80)
        ours = {way.outcome for way in verdict.ways if way.target == found["address"]}
        assert ours, (found, verdict.ways)
        if len(ours) == 1:
            assert (ours == {Outcome.REACHES}) is OPENS[found["outcome"]], told(verdict, found)
            if verdict.stop:
                assert verdict.stop.fails in FAILS.values()

    def _web(self, snapshot: Snapshot, verdict: Verdict, path: str) -> None:
        found = self.lab.fetch(self.client, f"http://{self.name}{path}")
        seen = {way.stop.fails if way.stop else "" for way in verdict.ways if way.target == found["address"]}
        assert seen, (found, verdict.ways)
        if len(seen) > 1:
            return
        ours = seen.pop()
        if found["outcome"] != "open":
            assert ours == FAILS[found["outcome"]], told(verdict, found)
        else:
            assert ours == STATUS[found["status"]], told(verdict, found)


two, flags = st.sampled_from((0, 1)), st.sampled_from(("true", "false"))
FRONT_MOVES: st.SearchStrategy[Move] = st.one_of(
    move("close", two),
    move("open_to", two, st.sampled_from(("group", "client"))),
    move("shut_in"),
    move("let_out", two),
    move("deregister", two, two),
    move("register", two, two, st.sampled_from((80, 81))),
    move("attribute", two, st.just("preserve_client_ip.enabled"), flags),
    move("attribute", two, st.just("load_balancing.cross_zone.enabled"), flags),
    move("cross", flags),
    move("send_to", two),
    move("rule", st.sampled_from((5, 10, 20)), st.sampled_from(PATTERNS), st.sampled_from((None, 0, 1))),
)
