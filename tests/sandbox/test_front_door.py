"""Requests that come to the sandbox's own port with the name of a load balancer."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sandbox.balanced_lab import BalancedLab
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def lab(sandbox: Sandbox) -> BalancedLab:
    made = BalancedLab(sandbox)
    made.listen(made.b, 80, image="nginx")
    return made


def get(lab: BalancedLab, host: str, path: str = "/") -> Any:
    """The answer to `curl -H 'Host: HOST'`."""
    place = urlsplit(lab.sandbox.endpoint)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def web(lab: BalancedLab, *, public: bool = True) -> dict[str, Any]:
    """A load balancer before interface b."""
    balancer = lab.new_balancer(public=public)
    lab.let_in(lab.groups[1], group=lab.balancing)
    lab.new_listener(balancer, lab.new_targets("web", lab.b))
    return balancer


def test_the_name_of_a_load_balancer_leads_to_it(lab: BalancedLab) -> None:
    name = web(lab)["DNSName"]
    status, body = get(lab, name)
    assert status == 200
    assert "Welcome to nginx!" in body
    assert get(lab, f"{name}:80", "/nothing?a=b")[0] == 404


def test_so_does_a_public_record(lab: BalancedLab) -> None:
    balancer = web(lab)
    zones = lab.sandbox.client("route53")
    zone = zones.create_hosted_zone(Name="company.com", CallerReference="1")["HostedZone"]["Id"]
    target = {
        "HostedZoneId": balancer["CanonicalHostedZoneId"],
        "DNSName": balancer["DNSName"],
        "EvaluateTargetHealth": False,
    }
    record = {"Name": "www.company.com", "Type": "A", "AliasTarget": target}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    assert get(lab, "www.company.com")[0] == 200


def test_an_internal_one_cannot_be_reached(lab: BalancedLab) -> None:
    name = web(lab, public=False)["DNSName"]
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        get(lab, name)


def test_neither_can_one_whose_group_does_not_let_it_in(lab: BalancedLab) -> None:
    name = web(lab)["DNSName"]
    everybody = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    lab.ec2.revoke_security_group_ingress(GroupId=lab.balancing, IpPermissions=[everybody])
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        get(lab, name)


def test_everything_else_is_for_aws(lab: BalancedLab) -> None:
    web(lab)
    assert lab.ec2.describe_vpcs(VpcIds=[lab.vpc])["Vpcs"]
    status, _ = get(lab, "www.elsewhere.org", "/_sandbox/identity")
    assert status == 200
