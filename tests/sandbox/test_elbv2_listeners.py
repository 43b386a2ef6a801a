"""Listeners: ports, protocols, certificates, and what they forward to."""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sandbox.test_elbv2 import new_network_balancer
from tests.sandbox.world import Network, refused

_NO_CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/0"
_WRONG = "InvalidConfigurationRequest"


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


def _issued(network: Network) -> list[dict[str, str]]:
    answer = network.sandbox.client("acm").import_certificate(**_self_signed())
    return [{"CertificateArn": answer["CertificateArn"]}]


def _pending(network: Network) -> list[dict[str, str]]:
    acm = network.sandbox.client("acm")
    answer = acm.request_certificate(DomainName="app.example.com", ValidationMethod="DNS")
    return [{"CertificateArn": answer["CertificateArn"]}]


def _forward(targets: str) -> list[dict[str, str]]:
    return [{"Type": "forward", "TargetGroupArn": targets}]


def _wanted(network: Network, **more: Any) -> dict[str, Any]:
    if "LoadBalancerArn" not in more:
        more["LoadBalancerArn"] = network.new_balancer()
    return {"Protocol": "HTTP", "Port": 80, "DefaultActions": _forward(network.new_targets()), **more}


def test_a_port_has_one_listener(network: Network) -> None:
    wanted = _wanted(network)
    network.elbv2.create_listener(**wanted)
    refused(network.elbv2.create_listener, "DuplicateListener", **wanted)
    answer = network.elbv2.create_listener(**{**wanted, "Port": 81})
    (other,) = answer["Listeners"]
    refused(network.elbv2.modify_listener, "DuplicateListener", ListenerArn=other["ListenerArn"], Port=80)
    network.elbv2.modify_listener(ListenerArn=other["ListenerArn"], Port=81)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Port": 65536}, "ValidationError"),
        ({"Protocol": "TCP"}, "ValidationError"),
        ({"SslPolicy": "ELBSecurityPolicy-2016-08"}, "ValidationError"),
        ({"Certificates": [{"CertificateArn": _NO_CERTIFICATE}]}, "ValidationError"),
        (
            {"LoadBalancerArn": "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/x/1"},
            "LoadBalancerNotFound",
        ),
        ({"DefaultActions": _forward("arn:nobody")}, "TargetGroupNotFound"),
    ],
)
def test_listeners_that_are_refused(network: Network, more: dict[str, Any], code: str) -> None:
    refused(network.elbv2.create_listener, code, **_wanted(network, **more))


def test_secure_listeners_have_an_issued_certificate(network: Network) -> None:
    wanted = {**_wanted(network), "Protocol": "HTTPS", "Port": 443}
    call = network.elbv2.create_listener
    assert refused(call, "ValidationError", **wanted) == "A certificate must be specified for HTTPS listeners"
    pending, issued = _pending(network), _issued(network)
    assert "fully-qualified" in refused(call, "UnsupportedCertificate", **wanted, Certificates=pending)
    refused(call, "CertificateNotFound", **wanted, Certificates=[{"CertificateArn": _NO_CERTIFICATE}])
    refused(call, "ValidationError", **wanted, Certificates=[*issued, *issued])
    refused(call, "SSLPolicyNotFound", **wanted, Certificates=issued, SslPolicy="ELBSecurityPolicy-None")
    (made,) = call(**wanted, Certificates=issued)["Listeners"]
    assert (made["Certificates"], made["SslPolicy"]) == (issued, "ELBSecurityPolicy-2016-08")


def test_server_certificates_of_iam(network: Network) -> None:
    wanted = {**_wanted(network), "Protocol": "HTTPS", "Port": 443}
    iam = network.sandbox.client("iam")
    answer = iam.upload_server_certificate(ServerCertificateName="c", CertificateBody="body", PrivateKey="key")
    arn = answer["ServerCertificateMetadata"]["Arn"]
    unknown = [{"CertificateArn": f"{arn}x"}]
    refused(network.elbv2.create_listener, "CertificateNotFound", **wanted, Certificates=unknown)
    network.elbv2.create_listener(**wanted, Certificates=[{"CertificateArn": arn}])


def test_plain_listeners_have_no_policy(network: Network) -> None:
    (made,) = network.elbv2.create_listener(**_wanted(network))["Listeners"]
    assert "SslPolicy" not in made and "Certificates" not in made


def test_a_listener_becomes_secure_and_plain_again(network: Network) -> None:
    (made,) = network.elbv2.create_listener(**_wanted(network))["Listeners"]
    change, arn, issued = network.elbv2.modify_listener, made["ListenerArn"], _issued(network)
    refused(change, "ValidationError", ListenerArn=arn, Protocol="HTTPS")
    refused(change, "UnsupportedCertificate", ListenerArn=arn, Protocol="HTTPS", Certificates=_pending(network))
    (secure,) = change(ListenerArn=arn, Protocol="HTTPS", Port=443, Certificates=issued)["Listeners"]
    assert (secure["Protocol"], secure["Port"], secure["Certificates"]) == ("HTTPS", 443, issued)
    assert secure["DefaultActions"] == made["DefaultActions"]
    (plain,) = change(ListenerArn=arn, Protocol="HTTP")["Listeners"]
    assert "Certificates" not in plain and "SslPolicy" not in plain
    refused(change, "ListenerNotFound", ListenerArn=f"{arn}x", Port=81)


def test_more_certificates_are_issued_ones_too(network: Network) -> None:
    wanted = _wanted(network, Certificates=_issued(network))
    (made,) = network.elbv2.create_listener(**{**wanted, "Protocol": "HTTPS"})["Listeners"]
    call, arn = network.elbv2.add_listener_certificates, made["ListenerArn"]
    refused(call, "UnsupportedCertificate", ListenerArn=arn, Certificates=_pending(network))
    call(ListenerArn=arn, Certificates=_issued(network))


@pytest.mark.parametrize(
    ("protocol", "group", "fits"),
    [
        ("TCP", "HTTP", False),
        ("TCP", "UDP", False),
        ("UDP", "TCP", False),
        ("TCP_UDP", "TCP", False),
        ("TCP", "TCP", True),
        ("TCP", "TCP_UDP", True),
        ("UDP", "UDP", True),
    ],
)
def test_protocols_of_network_load_balancers(network: Network, protocol: str, group: str, fits: bool) -> None:
    balancer, targets = new_network_balancer(network), network.new_targets(Protocol=group)
    wanted = {"LoadBalancerArn": balancer, "Port": 80, "Protocol": protocol, "DefaultActions": _forward(targets)}
    if fits:
        network.elbv2.create_listener(**wanted)
    else:
        assert targets in refused(network.elbv2.create_listener, "IncompatibleProtocols", **wanted)


def test_tls_of_network_load_balancers(network: Network) -> None:
    balancer, targets = new_network_balancer(network), network.new_targets(Protocol="TCP")
    wanted = {"LoadBalancerArn": balancer, "Port": 443, "Protocol": "TLS", "DefaultActions": _forward(targets)}
    refused(network.elbv2.create_listener, "ValidationError", **wanted)
    (made,) = network.elbv2.create_listener(**wanted, Certificates=_issued(network))["Listeners"]
    other = {"ListenerArn": made["ListenerArn"], "DefaultActions": _forward(network.new_targets("http"))}
    refused(network.elbv2.modify_listener, "IncompatibleProtocols", **other)
    network.elbv2.modify_listener(ListenerArn=made["ListenerArn"], Protocol="TCP")


def test_an_application_load_balancer_does_not_forward_to_tcp(network: Network) -> None:
    wanted = _wanted(network, DefaultActions=_forward(network.new_targets("tcp", Protocol="TCP")))
    refused(network.elbv2.create_listener, "IncompatibleProtocols", **wanted)


def test_a_target_group_has_one_load_balancer(network: Network) -> None:
    first, second, targets = network.new_balancer(), network.new_balancer("second"), network.new_targets()
    network.new_listener(first, targets)
    network.new_listener(first, targets, 81)
    wanted = {"LoadBalancerArn": second, "Port": 80, "Protocol": "HTTP", "DefaultActions": _forward(targets)}
    text = refused(network.elbv2.create_listener, "TargetGroupAssociationLimit", **wanted)
    assert "cannot be associated with more than one load balancer" in text
    network.elbv2.delete_load_balancer(LoadBalancerArn=first)
    network.elbv2.create_listener(**wanted)


def test_a_target_group_of_another_vpc(network: Network) -> None:
    other = network.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    wanted = _wanted(network, DefaultActions=_forward(network.new_targets("other", VpcId=other)))
    refused(network.elbv2.create_listener, _WRONG, **wanted)


def test_weighted_groups_are_checked_too(network: Network) -> None:
    tcp, web = network.new_targets("tcp", Protocol="TCP"), network.new_targets("http")

    def several(*groups: str) -> list[dict[str, Any]]:
        weights = [{"TargetGroupArn": group, "Weight": 1} for group in groups]
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}]

    wanted = _wanted(network, DefaultActions=several(web, tcp))
    refused(network.elbv2.create_listener, "IncompatibleProtocols", **wanted)
    network.elbv2.create_listener(**{**wanted, "DefaultActions": several(web)})
    refused(network.elbv2.delete_target_group, "ResourceInUse", TargetGroupArn=web)


def test_other_actions(network: Network) -> None:
    fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}]
    network.elbv2.create_listener(**_wanted(network, DefaultActions=fixed))
    redirect = {
        "Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }
    balancer = network.new_balancer()
    network.elbv2.create_listener(LoadBalancerArn=balancer, Port=81, Protocol="HTTP", DefaultActions=[redirect])
    loop = [{"Type": "redirect", "RedirectConfig": {"Port": "82", "StatusCode": "HTTP_301"}}]
    wanted = {"LoadBalancerArn": balancer, "Port": 82, "Protocol": "HTTP", "DefaultActions": loop}
    assert "loop" in refused(network.elbv2.create_listener, "InvalidLoadBalancerAction", **wanted)
    net = {"LoadBalancerArn": new_network_balancer(network, "net"), "Port": 80, "Protocol": "TCP"}
    refused(network.elbv2.create_listener, "InvalidLoadBalancerAction", **net, DefaultActions=fixed)


def test_listeners_go_with_their_rules(network: Network) -> None:
    targets = network.new_targets()
    listener = network.new_listener(network.new_balancer(), targets)
    network.elbv2.delete_listener(ListenerArn=listener)
    refused(network.elbv2.delete_listener, "ListenerNotFound", ListenerArn=listener)
    refused(network.elbv2.describe_rules, "ListenerNotFound", ListenerArn=listener)
    network.elbv2.delete_target_group(TargetGroupArn=targets)
