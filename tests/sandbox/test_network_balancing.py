"""Requests through load balancers: rules, actions, targets, health checks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.balanced_lab import BalancedLab, fixed, forward
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def lab(sandbox: Sandbox) -> BalancedLab:
    """Interface a is the client, b the target, which lets the load balancer in."""
    made = BalancedLab(sandbox)
    made.balancer = made.new_balancer()  # type: ignore[attr-defined]
    made.name = made.balancer["DNSName"]  # type: ignore[attr-defined]
    made.let_in(made.groups[1], group=made.balancing)
    made.listen(made.b, 80, image="nginx")
    return made


def get(lab: Any, path: str = "/", source: str = "", **more: Any) -> Any:
    """What the load balancer answers to the client."""
    found = lab.fetch(source or lab.a, f"http://{lab.name}{path}", **more)
    assert found["outcome"] == "open", found
    return found


def test_requests_go_to_the_target(lab: Any) -> None:
    lab.new_listener(lab.balancer, lab.new_targets("web", lab.b))
    found = get(lab)
    assert (found["status"], found["headers"]["Server"]) == (200, "nginx")
    assert get(lab, "/nothing")["status"] == 404


def test_without_a_listener_it_refuses(lab: Any) -> None:
    lab.let_in(lab.balancing, 81)
    lab.new_listener(lab.balancer, lab.new_targets("web", lab.b))
    assert lab.reach(lab.a, lab.name, 81)["outcome"] == "refused"


def test_before_it_is_active_nobody_answers(lab: Any) -> None:
    lab.sandbox.latencies({"load_balancer.active": 120})
    late = lab.new_balancer("late")
    lab.new_listener(late, lab.new_targets("web", lab.b))
    assert "provisioning" in lab.hangs(lab.a, late["DNSName"])
    lab.sandbox.advance(121)
    lab.opens(lab.a, late["DNSName"])


def test_without_targets_it_says_503(lab: Any) -> None:
    lab.new_listener(lab.balancer, lab.new_targets("web"))
    found = get(lab)
    assert (found["status"], found["headers"]["Server"]) == (503, "awselb/2.0")
    assert "503 Service Unavailable" in found["body"]


def test_where_the_target_refuses_it_says_502(lab: Any) -> None:
    lab.let_in(lab.groups[1], 81)
    lab.new_listener(lab.balancer, lab.new_targets("web", lab.b, port=81))
    assert get(lab)["status"] == 502


def test_where_the_target_hangs_it_says_504(lab: Any) -> None:
    lab.new_listener(lab.balancer, lab.new_targets("web", lab.a))
    assert get(lab)["status"] == 504
    lab.let_in(lab.groups[0], group=lab.balancing)
    assert get(lab)["status"] == 200


def test_the_load_balancers_own_group_may_forbid_it_to_send(lab: Any) -> None:
    lab.new_listener(lab.balancer, lab.new_targets("web", lab.b))
    lab.forbid_leaving(lab.balancing)
    assert get(lab)["status"] == 504
    lab.let_out(lab.balancing, group=lab.groups[1])
    assert get(lab)["status"] == 200


def test_the_target_learns_of_the_client(lab: Any) -> None:
    lab.listen(lab.b, 80, image="own/app:1")
    lab.new_listener(lab.balancer, lab.new_targets("web", lab.b))
    found = json.loads(get(lab, "/a?b=c", headers={"X-Forwarded-For": "1.2.3.4"}, body="hello")["body"])
    headers = found["headers"]
    assert headers["X-Forwarded-For"] == f"1.2.3.4, {lab.address(lab.a)}"
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"], headers["Host"]) == ("http", "80", lab.name)
    assert headers["X-Amzn-Trace-Id"].startswith("Root=1-")
    assert (found["path"], found["body"], found["method"]) == ("/a?b=c", "hello", "GET")
    assert found["client"] in {one["PrivateIpAddress"] for one in lab.interfaces_of_balancer()}


def test_targets_take_turns(lab: Any) -> None:
    lab.let_in(lab.groups[0], group=lab.balancing)
    for interface in (lab.a, lab.b):
        lab.listen(interface, 80, image="own/app:1")
    lab.new_listener(lab.balancer, lab.new_targets("web", lab.a, lab.b))
    found = {json.loads(get(lab)["body"])["task"] for _ in range(2)}
    assert found == {lab.a, lab.b}


@pytest.mark.parametrize(
    ("condition", "met", "not_met"),
    [
        (
            {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/img/*", "/x?.html"]}},
            [{"path": "/img/a/b"}, {"path": "/x1.html?a=b"}],
            [{"path": "/IMG/a"}, {"path": "/x12.html"}, {"path": "/"}],
        ),
        (
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.shop.org"]}},
            [{"headers": {"Host": "WWW.Shop.org:80"}}],
            [{"headers": {"Host": "shop.org"}}, {}],
        ),
        (
            {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["PUT"]}},
            [{"method": "PUT"}],
            [{"method": "POST"}, {"method": "put"}],
        ),
        (
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": ["*Chrome*"]}},
            [{"headers": {"user-agent": "some chrome 1"}}],
            [{"headers": {"User-Agent": "Safari"}}, {}],
        ),
        (
            {
                "Field": "query-string",
                "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1*"}, {"Value": "any"}]},
            },
            [{"path": "/?v=12"}, {"path": "/?z=ANY"}],
            [{"path": "/?v=2"}, {"path": "/?w=1"}, {"path": "/"}],
        ),
    ],
    ids=["path", "host", "method", "header", "query"],
)
def test_conditions(lab: Any, condition: Any, met: list[Any], not_met: list[Any]) -> None:
    listener = lab.new_listener(lab.balancer, DefaultActions=[fixed("default")])
    lab.new_rule(listener, 5, fixed("rule"), condition)
    assert [get(lab, **one)["body"] for one in met] == ["rule"] * len(met)
    assert [get(lab, **one)["body"] for one in not_met] == ["default"] * len(not_met)


def test_a_rule_may_be_for_some_clients_only(lab: Any) -> None:
    listener = lab.new_listener(lab.balancer, DefaultActions=[fixed("default")])
    lab.new_rule(listener, 5, fixed("rule"), {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/24"]}})
    assert get(lab)["body"] == "rule"
    assert get(lab, source=lab.b)["body"] == "default"


def test_all_conditions_must_be_met_and_the_lowest_priority_wins(lab: Any) -> None:
    listener = lab.new_listener(lab.balancer, DefaultActions=[fixed("default")])
    path = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a*"]}}
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.org"]}}
    lab.new_rule(listener, 100, fixed("path"), path)
    lab.new_rule(listener, 20, fixed("both", 404), path, host)
    assert get(lab, "/a")["body"] == "path"
    found = get(lab, "/a", headers={"Host": "shop.org"})
    assert (found["body"], found["status"]) == ("both", 404)


def test_a_redirect_says_where(lab: Any) -> None:
    config = {"Protocol": "HTTPS", "Port": "443", "Path": "/new/#{path}", "StatusCode": "HTTP_301"}
    action = {"Type": "redirect", "RedirectConfig": config}
    lab.new_listener(lab.balancer, DefaultActions=[action])
    found = get(lab, "/old?a=b", headers={"Host": "shop.org"})
    assert found["status"] == 301
    assert found["headers"]["Location"] == "https://shop.org:443/new/old?a=b"


def test_weights_share_requests_out(lab: Any) -> None:
    lab.listen(lab.b, 8080, image="own/app:1")
    lab.let_in(lab.groups[1], 8080, group=lab.balancing)
    groups = [lab.new_targets("one", lab.b), lab.new_targets("two", lab.b, port=8080)]
    config = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(groups, (0, 10), strict=True)]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": config}}
    listener = lab.new_listener(lab.balancer, DefaultActions=[action])
    assert all("Welcome" not in get(lab)["body"] for _ in range(5))
    lab.elbv2.modify_listener(ListenerArn=listener, DefaultActions=[forward(*groups)])
    found = {"Welcome" in get(lab)["body"] for _ in range(30)}
    assert found == {True, False}


def test_health_checks_see_what_the_network_lets_through(lab: Any) -> None:
    group = lab.new_targets("web", lab.a, HealthCheckIntervalSeconds=30)
    lab.new_listener(lab.balancer, group)
    assert [(one["State"], one["Reason"]) for one in lab.health(group)] == [("unhealthy", "Target.Timeout")]
    lab.let_in(lab.groups[0], group=lab.balancing)
    assert [one["State"] for one in lab.health(group)] == ["healthy"]
    lab.ask("silence", **{"from": lab.a})
    assert [one["Reason"] for one in lab.health(group)] == ["Target.Timeout"]
    lab.listen(lab.a, 81)
    assert [one["Reason"] for one in lab.health(group)] == ["Target.FailedHealthChecks"]


def test_health_checks_look_at_the_status(lab: Any) -> None:
    group = lab.new_targets("web", lab.b, HealthCheckPath="/health")
    lab.new_listener(lab.balancer, group)
    found = lab.health(group)[0]
    assert found["Reason"] == "Target.ResponseCodeMismatch"
    assert found["Description"] == "Health checks failed with these codes: [404]"
    lab.elbv2.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": "200-299,404"})
    assert lab.health(group)[0]["State"] == "healthy"


class Networked:
    """A network load balancer for TCP before interface b."""

    def __init__(self, lab: BalancedLab, **more: Any) -> None:
        self.lab = lab
        made = lab.new_balancer("net", Type="network", **more)
        self.name = made["DNSName"]
        self.group = lab.new_targets("net", lab.b, Protocol="TCP", HealthCheckProtocol="TCP")
        lab.new_listener(made, self.group, Protocol="TCP")

    def addresses(self) -> set[str]:
        filters = [{"Name": "description", "Values": ["ELB net/net/*"]}]
        found = self.lab.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return {one["PrivateIpAddress"] for one in found}


@pytest.fixture
def plain(sandbox: Sandbox) -> BalancedLab:
    return BalancedLab(sandbox)


def test_a_network_load_balancer_passes_connections_on(plain: BalancedLab) -> None:
    net = Networked(plain)
    assert plain.groups[1] in plain.hangs(plain.a, net.name)
    for address in net.addresses():
        plain.let_in(plain.groups[1], cidr=f"{address}/32")
    plain.listen(plain.b, 80, image="own/app:1")
    found = plain.fetch(plain.a, f"http://{net.name}/x")
    assert json.loads(found["body"])["client"] in net.addresses()
    assert "X-Forwarded-For" not in json.loads(found["body"])["headers"]


def test_it_may_leave_the_client_its_address(plain: BalancedLab) -> None:
    net = Networked(plain)
    plain.let_in(plain.groups[1], cidr="10.0.0.0/16")
    plain.listen(plain.b, 80, image="own/app:1")
    attributes = [{"Key": "preserve_client_ip.enabled", "Value": "true"}]
    plain.elbv2.modify_target_group_attributes(TargetGroupArn=net.group, Attributes=attributes)
    found = plain.fetch(plain.a, f"http://{net.name}/x")
    assert json.loads(found["body"])["client"] == plain.address(plain.a)


def test_its_groups_count_if_it_has_any(plain: BalancedLab) -> None:
    own = plain.new_group("net")
    net = Networked(plain, SecurityGroups=[own])
    plain.let_in(plain.groups[1], group=own)
    assert own in plain.hangs(plain.a, net.name)
    plain.let_in(own)
    plain.opens(plain.a, net.name)


def test_without_targets_it_refuses(plain: BalancedLab) -> None:
    net = Networked(plain)
    plain.let_in(plain.groups[1])
    plain.opens(plain.a, net.name)
    target = [{"Id": plain.address(plain.b), "Port": 80}]
    plain.elbv2.deregister_targets(TargetGroupArn=net.group, Targets=target)
    assert plain.reach(plain.a, net.name)["outcome"] == "refused"
