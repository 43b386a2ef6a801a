"""AWS is the truth: what hands have changed is found, set right and told; what they deleted is made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.life.tool import NAME, Tool, succeeded


def ids(tool: Tool) -> dict[str, str]:
    return {name: record["id"] for name, record in tool.state()["records"].items()}


def delete_rule(tool: Tool, of: dict[str, str]) -> None:
    group = of["security-group-load-balancer"]
    rule = of["rule-load-balancer-from-function-caller-80"]
    tool.client("ec2").revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])


def delete_route(tool: Tool, of: dict[str, str]) -> None:
    table, cidr = of["route-private-us-east-1a-internet"].split("|")
    tool.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock=cidr)


def delete_association(tool: Tool, of: dict[str, str]) -> None:
    association = of["association-private-us-east-1a"]
    tool.client("ec2").disassociate_route_table(AssociationId=association)


def delete_nat_gateway(tool: Tool, of: dict[str, str]) -> None:
    tool.client("ec2").delete_nat_gateway(NatGatewayId=of["nat-gateway-us-east-1a"])


def delete_function(tool: Tool, of: dict[str, str]) -> None:
    tool.client("lambda").delete_function(FunctionName=f"{NAME}-caller")


def delete_log_group(tool: Tool, of: dict[str, str]) -> None:
    tool.client("logs").delete_log_group(logGroupName=of["log-group-function-caller"])


def detach_policy(tool: Tool, of: dict[str, str]) -> None:
    role, arn = of["policy-caller-function"].split("|")
    tool.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


def delete_listener(tool: Tool, of: dict[str, str]) -> None:
    tool.client("elbv2").delete_listener(ListenerArn=of["listener-80"])


def delete_service(tool: Tool, of: dict[str, str]) -> None:
    tool.client("ecs").delete_service(cluster=NAME, service="web", force=True)


DELETIONS: dict[str, Callable[[Tool, dict[str, str]], None]] = {
    "rule-load-balancer-from-function-caller-80": delete_rule,
    "route-private-us-east-1a-internet": delete_route,
    "association-private-us-east-1a": delete_association,
    "nat-gateway-us-east-1a": delete_nat_gateway,
    "function-caller": delete_function,
    "log-group-function-caller": delete_log_group,
    "policy-caller-function": detach_policy,
    "listener-80": delete_listener,
    "service-web": delete_service,
}


def test_what_was_deleted_by_hand_is_made_again_and_told(tool: Tool) -> None:
    """One after the other, on one stack."""
    tool.provisioned()
    before = tool.inventory()
    for step, delete in DELETIONS.items():
        delete(tool, ids(tool))
        ended = tool.provisioned()
        assert tool.inventory() == before, step
        assert [line for line in ended.out.splitlines() if step in line and "made again" in line], step


def set_retention(tool: Tool, of: dict[str, str]) -> None:
    tool.client("logs").put_retention_policy(logGroupName=of["log-group-service-web"], retentionInDays=1)


def switch_off_hostnames(tool: Tool, of: dict[str, str]) -> None:
    tool.client("ec2").modify_vpc_attribute(VpcId=of["vpc"], EnableDnsHostnames={"Value": False})


def set_idle_timeout(tool: Tool, of: dict[str, str]) -> None:
    attributes: Any = [{"Key": "idle_timeout.timeout_seconds", "Value": "300"}]
    tool.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=of["load-balancer"], Attributes=attributes
    )


def set_deregistration_delay(tool: Tool, of: dict[str, str]) -> None:
    attributes: Any = [{"Key": "deregistration_delay.timeout_seconds", "Value": "300"}]
    tool.client("elbv2").modify_target_group_attributes(
        TargetGroupArn=of["target-group-web"], Attributes=attributes
    )


def set_health_check(tool: Tool, of: dict[str, str]) -> None:
    tool.client("elbv2").modify_target_group(TargetGroupArn=of["target-group-web"], HealthCheckPath="/elsewhere")


def set_timeout(tool: Tool, of: dict[str, str]) -> None:
    tool.client("lambda").update_function_configuration(FunctionName=f"{NAME}-caller", Timeout=3)


def scale_down(tool: Tool, of: dict[str, str]) -> None:
    tool.client("ecs").update_service(cluster=NAME, service="web", desiredCount=0)


def change_trust(tool: Tool, of: dict[str, str]) -> None:
    tool.client("iam").update_assume_role_policy(
        RoleName=of["role-caller-function"],
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
        ' "Principal": {"Service": "ec2.amazonaws.com"}}]}',
    )


def point_route_elsewhere(tool: Tool, of: dict[str, str]) -> None:
    table, cidr = of["route-private-us-east-1b-internet"].split("|")
    gateway = of["internet-gateway"]
    tool.client("ec2").replace_route(RouteTableId=table, DestinationCidrBlock=cidr, GatewayId=gateway)


def open_the_group_to_go_anywhere(tool: Tool, of: dict[str, str]) -> None:
    everything: Any = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    tool.client("ec2").authorize_security_group_egress(
        GroupId=of["security-group-load-balancer"], IpPermissions=everything
    )


CHANGES: dict[str, tuple[str, Callable[[Tool, dict[str, str]], None]]] = {
    "retention": ("log-group-service-web", set_retention),
    "dns hostnames": ("vpc", switch_off_hostnames),
    "idle timeout": ("load-balancer", set_idle_timeout),
    "deregistration delay": ("target-group-web", set_deregistration_delay),
    "health check": ("target-group-web", set_health_check),
    "function timeout": ("function-caller", set_timeout),
    "desired count": ("service-web", scale_down),
    "trust policy": ("role-caller-function", change_trust),
    "route target": ("route-private-us-east-1b-internet", point_route_elsewhere),
    "egress": ("security-group-load-balancer", open_the_group_to_go_anywhere),
}


def test_what_was_changed_by_hand_is_set_right_and_told(tool: Tool) -> None:
    """One after the other, on one stack."""
    tool.provisioned()
    before = tool.inventory()
    for change, (step, by_hand) in CHANGES.items():
        by_hand(tool, ids(tool))
        assert tool.inventory() != before, change
        ended = tool.provisioned()
        assert tool.inventory() == before, change
        assert [line for line in ended.out.splitlines() if step in line and "set right" in line], change


def test_a_rule_that_is_not_ours_is_left_alone_and_told(tool: Tool) -> None:
    tool.provisioned()
    group = tool.id_of("security-group-load-balancer")
    permission: Any = [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.1.2.3/32"}]}
    ]
    tool.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=permission)
    before = tool.inventory()
    ended = tool.provisioned()
    assert tool.inventory() == before
    assert "ingress tcp 22-22 10.1.2.3/32" in ended.out
    succeeded(tool.destroy())


def test_the_way_back_works_after_hands_have_been_at_it(tool: Tool) -> None:
    tool.provisioned()
    of = ids(tool)
    delete_rule(tool, of)
    delete_function(tool, of)
    detach_policy(tool, of)
    delete_nat_gateway(tool, of)
    succeeded(tool.destroy())
