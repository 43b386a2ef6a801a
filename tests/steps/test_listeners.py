"""Listeners and their rules: what they do, whom they belong to, and in which order rules are asked."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioner.run import Refused
from provisioner.schedule import Failed
from state.record import Record
from steps.aws.context import Look
from steps.base import Job, Ready, Seen, Step
from steps.lifecycle import Foreign
from steps.observed import Existing
from steps.registry import KINDS
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.front import balancer, listener, lost, network, rule, tags, targets, told
from tests.steps.lab import REGION, Lab

NOWHERE: Any = {"StatusCode": "404", "ContentType": "text/plain"}
THERE = {
    "Protocol": "HTTPS",
    "Port": "443",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
    "StatusCode": "HTTP_301",
}


@dataclass(frozen=True, kw_only=True)
class Certificate(Existing):
    kind = "test_certificate"
    noun = "certificate"
    family = "tests"

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return [Seen(record.key, {}, key=record.key) for record in records if record.key]

    def settle(self, job: Job, seen: Seen | None) -> Ready:
        return Ready({"arn": self.given})


@cache
def _self_signed() -> dict[str, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    valid = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    body = valid.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return {"Certificate": body, "PrivateKey": secret}


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setitem(KINDS, Certificate.kind, Certificate)
    return Lab(sandbox, tmp_path)


def certificate(lab: Lab, name: str = "certificate") -> Certificate:
    answer = lab.client("acm").import_certificate(**_self_signed())
    return Certificate(name=name, given=answer["CertificateArn"])


def stack(*steps: Step, **more: Any) -> list[Step]:
    return [*network(), balancer(**more), targets(), *steps]


def test_it_forwards_and_a_second_run_changes_nothing(lab: Lab) -> None:
    wanted = stack(listener())
    found = told(lab.up(wanted), "listener")
    assert (found["Protocol"], found["Port"]) == ("HTTP", 80)
    assert [action["TargetGroupArn"] for action in found["DefaultActions"]] == [lab.id_of("targets")]
    assert tags(lab, "listener")["provisioner:step"] == "listener"
    assert lab.changed(wanted) == []
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


@pytest.mark.parametrize(
    ("more", "action"),
    [
        ({"redirect_to": 443}, {"Type": "redirect", "RedirectConfig": THERE}),
        ({"fixed": 404}, {"Type": "fixed-response", "FixedResponseConfig": NOWHERE}),
    ],
)
def test_it_redirects_or_answers_by_itself(lab: Lab, more: dict[str, Any], action: dict[str, Any]) -> None:
    wanted = stack(listener(**more))
    (found,) = told(lab.up(wanted), "listener")["DefaultActions"]
    assert {key: found[key] for key in action} == action
    assert lab.changed(wanted) == []


@pytest.mark.parametrize("more", [{"fixed": 404, "target_group": "targets"}, {"target_group": None}])
def test_it_does_one_thing(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of target_group, redirect_to and fixed"):
        listener(**more)


@pytest.mark.parametrize(
    ("kind", "protocol", "inside"), [("application", "HTTPS", "HTTP"), ("network", "TLS", "TCP")]
)
def test_it_speaks_tls(lab: Lab, kind: str, protocol: str, inside: str) -> None:
    policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    secure = listener(protocol=protocol, port=443, certificate="certificate", ssl_policy=policy)
    group = targets(protocol=inside, health_check={})
    wanted = [*network(), balancer(type=kind), group, certificate(lab), secure]
    found = told(lab.up(wanted), "listener")
    assert [one["CertificateArn"] for one in found["Certificates"]] == [lab.id_of("certificate")]
    assert (found["Protocol"], found["SslPolicy"]) == (protocol, policy)
    assert lab.changed(wanted) == []


@pytest.mark.parametrize("code", ["CertificateNotFound", "UnsupportedCertificate"])
def test_a_fresh_certificate_is_waited_for(lab: Lab, code: str) -> None:
    lab.sandbox.faults([{"action": "CreateListener", "do": "error", "code": code, "status": 400, "times": 2}])
    wanted = stack(certificate(lab), listener(protocol="HTTPS", certificate="certificate"))
    lab.up(wanted)
    assert f"{code}: injected by the sandbox" in lab.said("listener")
    assert told(lab, "listener")["Protocol"] == "HTTPS"


def test_a_lost_answer_makes_no_second_one(lab: Lab) -> None:
    lost(lab.sandbox, "CreateListener")
    lost(lab.sandbox, "CreateRule")
    lab.up(stack(listener(), rule("shop", 10)))
    elbv2 = lab.client("elbv2")
    assert len(elbv2.describe_listeners(LoadBalancerArn=lab.id_of("balancer"))["Listeners"]) == 1
    assert len(elbv2.describe_rules(ListenerArn=lab.id_of("listener"))["Rules"]) == 2


def test_one_on_the_port_that_is_not_ours_is_left_alone(lab: Lab) -> None:
    lab.up(stack())
    action: Any = {"Type": "fixed-response", "FixedResponseConfig": NOWHERE}
    given = {"LoadBalancerArn": lab.id_of("balancer"), "Protocol": "HTTP", "Port": 80}
    lab.client("elbv2").create_listener(**given, DefaultActions=[action])
    lab.sandbox.forget_calls()
    with pytest.raises(Foreign, match=r"listener .*\|80 exists already"):
        lab.up(stack(listener()))
    assert lab.sandbox.calls(mutating=True) == []


def test_what_it_does_is_set_right(lab: Lab) -> None:
    wanted = stack(listener(redirect_to=443))
    elbv2, arn = lab.up(wanted).client("elbv2"), lab.id_of("listener")
    moved: Any = {**THERE, "StatusCode": "HTTP_302"}
    elbv2.modify_listener(ListenerArn=arn, DefaultActions=[{"Type": "redirect", "RedirectConfig": moved}], Port=81)
    lab.up(wanted)
    assert lab.notices() == ["set Port, DefaultActions"]
    found = told(lab, "listener")
    assert (found["Port"], found["DefaultActions"][0]["RedirectConfig"]["StatusCode"]) == (80, "HTTP_301")


def test_a_second_target_group_that_was_added_by_hand_goes_again(lab: Lab) -> None:
    wanted = [*stack(listener()), targets("other")]
    elbv2, arn = lab.up(wanted).client("elbv2"), lab.id_of("listener")
    groups = [{"TargetGroupArn": lab.id_of(name), "Weight": 1} for name in ("targets", "other")]
    both: Any = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    elbv2.modify_listener(ListenerArn=arn, DefaultActions=[both])
    lab.up(wanted)
    (found,) = told(lab, "listener")["DefaultActions"]
    assert found["TargetGroupArn"] == lab.id_of("targets")


def test_tls_that_was_taken_away_comes_back(lab: Lab) -> None:
    wanted = stack(certificate(lab), listener(protocol="HTTPS", certificate="certificate"))
    lab.up(wanted).client("elbv2").modify_listener(ListenerArn=lab.id_of("listener"), Protocol="HTTP")
    lab.up(wanted)
    found = told(lab, "listener")
    assert (found["Protocol"], len(found["Certificates"])) == ("HTTPS", 1)


def test_it_takes_another_certificate_policy_and_action_in_place(lab: Lab) -> None:
    secure: dict[str, Any] = {"protocol": "HTTPS", "certificate": "certificate"}
    both = [certificate(lab), certificate(lab, "other")]
    first = lab.up(stack(*both, listener(**secure))).id_of("listener")
    changed = {**secure, "certificate": "other", "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "fixed": 404}
    wanted = stack(*both, listener(**changed))
    found = told(lab.up(wanted), "listener")
    assert found["ListenerArn"] == first
    assert [one["CertificateArn"] for one in found["Certificates"]] == [lab.id_of("other")]
    assert found["SslPolicy"] == changed["ssl_policy"]
    assert found["DefaultActions"][0]["Type"] == "fixed-response"
    assert lab.changed(wanted) == []


def test_another_protocol_is_refused(lab: Lab) -> None:
    known = certificate(lab)
    lab.up(stack(known, listener()))
    with pytest.raises(Refused, match="listener: Protocol is 'HTTP', the stack file wants 'HTTPS'"):
        lab.up(stack(known, listener(protocol="HTTPS", certificate="certificate")))


def test_a_record_of_a_version_that_knew_fewer_parameters_is_valid(lab: Lab) -> None:
    wanted = stack(certificate(lab), listener(protocol="HTTPS", certificate="certificate"))
    record = lab.up(wanted).record("listener")
    known = ("LoadBalancerArn", "Protocol", "Port", "DefaultActions")
    lab.ledger.put(replace(record, request={key: record.request[key] for key in known}))
    assert lab.changed(wanted) == []
    assert lab.record("listener").request == record.request


# Rules.


def order(lab: Lab) -> list[tuple[str, str]]:
    rules = lab.client("elbv2").describe_rules(ListenerArn=lab.id_of("listener"))["Rules"]
    names = {lab.id_of(name): name for name in lab.ledger.records}
    return [(one["Priority"], names.get(one["RuleArn"], "?")) for one in rules if not one["IsDefault"]]


def theirs(lab: Lab, priority: int) -> str:
    """A rule of the same listener that somebody else made."""
    action: Any = {"Type": "fixed-response", "FixedResponseConfig": NOWHERE}
    where: Any = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/theirs"]}}
    answer = lab.client("elbv2").create_rule(
        ListenerArn=lab.id_of("listener"), Priority=priority, Conditions=[where], Actions=[action]
    )
    return str(answer["Rules"][0]["RuleArn"])


def test_rules_are_as_asked_for_and_a_second_run_changes_nothing(lab: Lab) -> None:
    shop = rule("shop", 10, paths=("/shop", "/shop/*"), hosts=("www.example.com",))
    wanted = stack(listener(fixed=404), shop, rule("admin", 20, paths=(), hosts=("admin.example.com",)))
    found = told(lab.up(wanted), "shop")
    assert [action["TargetGroupArn"] for action in found["Actions"]] == [lab.id_of("targets")]
    places = {one["Field"]: one for one in found["Conditions"]}
    assert places["path-pattern"]["PathPatternConfig"]["Values"] == ["/shop", "/shop/*"]
    assert places["host-header"]["HostHeaderConfig"]["Values"] == ["www.example.com"]
    assert order(lab) == [("10", "shop"), ("20", "admin")]
    assert tags(lab, "shop")["provisioner:step"] == "shop"
    assert lab.changed(wanted) == []
    reads = [call["action"] for call in lab.sandbox.calls()]
    assert (reads.count("DescribeRules"), reads.count("DescribeTags")) == (1, 0)
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_a_rule_has_a_condition() -> None:
    with pytest.raises(ValueError, match="at least one path or host"):
        rule("shop", 10, paths=())


def test_a_rule_of_the_priority_that_is_not_ours_is_left_alone(lab: Lab) -> None:
    lab.up(stack(listener()))
    theirs(lab, 10)
    lab.sandbox.forget_calls()
    with pytest.raises(Foreign, match=r"listener rule .*\|10 exists already"):
        lab.up(stack(listener(), rule("shop", 10)))
    assert lab.sandbox.calls(mutating=True) == []


def test_conditions_and_actions_are_set_right(lab: Lab) -> None:
    wanted = stack(listener(), rule("shop", 10))
    lab.up(wanted)
    where: Any = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x", "Values": ["/shop"]}}
    action: Any = {"Type": "fixed-response", "FixedResponseConfig": NOWHERE}
    lab.client("elbv2").modify_rule(RuleArn=lab.id_of("shop"), Conditions=[where], Actions=[action])
    lab.up(wanted)
    assert lab.notices() == ["set Actions, Conditions"]
    found = told(lab, "shop")
    assert [one["Field"] for one in found["Conditions"]] == ["path-pattern"]
    assert found["Actions"][0]["TargetGroupArn"] == lab.id_of("targets")
    assert lab.changed(wanted) == []


def test_conditions_target_and_priority_change_in_place(lab: Lab) -> None:
    first = lab.up([*stack(listener(), rule("shop", 10)), targets("other")]).id_of("shop")
    changed = [*stack(listener(), rule("shop", 7, paths=("/s",), target_group="other")), targets("other")]
    lab.up(changed)
    found = told(lab, "shop")
    assert (found["RuleArn"], found["Priority"]) == (first, "7")
    assert found["Actions"][0]["TargetGroupArn"] == lab.id_of("other")
    assert found["Conditions"][0]["PathPatternConfig"]["Values"] == ["/s"]
    assert lab.changed(changed) == []


def test_rules_move_up_one_after_the_other_and_a_new_one_takes_the_first_place(lab: Lab) -> None:
    lab.up(stack(listener(), rule("a", 1), rule("b", 2), rule("c", 3)))
    lab.up(stack(listener(), rule("new", 1), rule("a", 2), rule("b", 3), rule("c", 4)))
    assert order(lab) == [("1", "new"), ("2", "a"), ("3", "b"), ("4", "c")]
    assert told(lab, "a")["Conditions"][0]["PathPatternConfig"]["Values"] == ["/a"]


def test_rules_change_places(lab: Lab) -> None:
    lab.up(stack(listener(), rule("a", 1), rule("b", 2)))
    swapped = stack(listener(), rule("a", 2), rule("b", 1))
    lab.up(swapped)
    assert order(lab) == [("1", "b"), ("2", "a")]
    assert lab.changed(swapped) == []


def test_rules_move_one_at_a_time_too(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `--parallel 1` has it: the first is over before the next may begin."""
    lab.up(stack(listener(), rule("a", 1), rule("b", 2), rule("c", 3)))
    usual = lab._setting
    monkeypatch.setattr(lab, "_setting", lambda operation: replace(usual(operation), parallel=1))
    lab.up(stack(listener(), rule("a", 2), rule("b", 3), rule("c", 1)))
    assert order(lab) == [("1", "c"), ("2", "a"), ("3", "b")]


def test_a_rule_that_is_no_longer_asked_for_makes_room(lab: Lab) -> None:
    lab.up(stack(listener(), rule("a", 1), rule("b", 2)))
    lab.up(stack(listener(), rule("b", 1)))
    assert order(lab) == [("1", "b"), ("2", "a")]
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_a_priority_that_is_taken_in_between_is_waited_for(lab: Lab) -> None:
    lab.up(stack(listener(), rule("a", 1)))
    error = {"do": "error", "code": "PriorityInUse", "status": 400, "times": 1}
    lab.sandbox.faults([{"action": "SetRulePriorities", **error}])
    lab.up(stack(listener(), rule("a", 7)))
    assert "PriorityInUse: injected by the sandbox" in lab.said("a")
    assert order(lab) == [("7", "a")]


def test_rules_that_were_swapped_by_hand_change_places_again(lab: Lab) -> None:
    wanted = stack(listener(), rule("a", 1), rule("b", 2))
    lab.up(wanted)
    swapped: Any = [{"RuleArn": lab.id_of(name), "Priority": place} for name, place in (("a", 2), ("b", 1))]
    lab.client("elbv2").set_rule_priorities(RulePriorities=swapped)
    lab.up(wanted)
    assert order(lab) == [("1", "a"), ("2", "b")]


def test_a_new_priority_that_is_somebody_elses_stops_the_rule(lab: Lab) -> None:
    lab.up(stack(listener(), rule("shop", 10)))
    arn = theirs(lab, 20)
    with pytest.raises(Failed, match=f"priority 20 is that of a rule which is not this stack's: {arn}"):
        lab.up(stack(listener(), rule("shop", 20)))
    assert order(lab) == [("10", "shop"), ("20", "?")]


def test_rules_go_with_a_listener_that_was_deleted_by_hand(lab: Lab) -> None:
    lab.up(stack(listener(), rule("shop", 10)))
    lab.client("elbv2").delete_listener(ListenerArn=lab.id_of("listener"))
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_rules_are_made_again_with_their_listener(lab: Lab) -> None:
    wanted = stack(listener(), rule("shop", 10))
    lab.up(wanted).client("elbv2").delete_listener(ListenerArn=lab.id_of("listener"))
    lab.up(wanted)
    assert order(lab) == [("10", "shop")]
