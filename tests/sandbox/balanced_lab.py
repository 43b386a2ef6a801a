"""A load balancer before stand-ins in a lab's subnets."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from tests.sandbox.network_lab import Lab


class BalancedLab(Lab):
    """A lab whose interfaces let load balancers in, and which can make those."""

    @cached_property
    def elbv2(self) -> Any:
        return self.sandbox.client("elbv2")

    def new_balancer(self, name: str = "web", *, public: bool = False, **more: Any) -> dict[str, Any]:
        """An application load balancer with a group of its own, which lets port 80 in from everywhere."""
        if public:
            for subnet in self.subnets:
                self.new_table(subnet, GatewayId=self.gateway)
        wanted: dict[str, Any] = {"Subnets": self.subnets, "Scheme": "internet-facing" if public else "internal"}
        if more.get("Type") != "network":
            self.balancing = self.new_group(f"balancer {name}")
            self.let_in(self.balancing)
            wanted["SecurityGroups"] = [self.balancing]
        made = self.elbv2.create_load_balancer(Name=name, **{**wanted, **more})
        found: dict[str, Any] = made["LoadBalancers"][0]
        return found

    def new_targets(self, name: str, *targets: str, port: int = 80, **more: Any) -> str:
        """A target group with interfaces in it."""
        wanted: dict[str, Any] = {"Protocol": "HTTP", "Port": port, "VpcId": self.vpc, "TargetType": "ip"}
        arn = self.elbv2.create_target_group(Name=name, **{**wanted, **more})["TargetGroups"][0]["TargetGroupArn"]
        if targets:
            known = [{"Id": self.address(target), "Port": port} for target in targets]
            self.elbv2.register_targets(TargetGroupArn=arn, Targets=known)
        return str(arn)

    def new_listener(self, balancer: dict[str, Any], *groups: str, port: int = 80, **more: Any) -> str:
        actions = [forward(*groups)] if groups else more.pop("DefaultActions")
        arn = balancer["LoadBalancerArn"]
        made = self.elbv2.create_listener(
            LoadBalancerArn=arn, Port=port, DefaultActions=actions, **{"Protocol": "HTTP", **more}
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def new_rule(self, listener: str, priority: int, action: dict[str, Any], *conditions: dict[str, Any]) -> str:
        made = self.elbv2.create_rule(
            ListenerArn=listener, Priority=priority, Conditions=list(conditions), Actions=[action]
        )
        return str(made["Rules"][0]["RuleArn"])

    def interfaces_of_balancer(self) -> list[dict[str, Any]]:
        filters = [{"Name": "description", "Values": ["ELB app/*"]}]
        found: list[dict[str, Any]] = self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return found

    def health(self, group: str) -> list[dict[str, Any]]:
        found = self.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [one["TargetHealth"] for one in found]


def forward(*groups: str) -> dict[str, Any]:
    if len(groups) == 1:
        return {"Type": "forward", "TargetGroupArn": groups[0]}
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn} for arn in groups]}}


def fixed(text: str, status: int = 200) -> dict[str, Any]:
    config = {"StatusCode": str(status), "ContentType": "text/plain", "MessageBody": text}
    return {"Type": "fixed-response", "FixedResponseConfig": config}
