"""Listeners: their ports, protocols and certificates."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import FakeAction, FakeListener
from moto.elbv2.ssl_policies import SSL_POLICIES

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead

_CREATE = "ELB API Reference: CreateListener"
_SECURE = ("HTTPS", "TLS")
_POLICY = "ELBSecurityPolicy-2016-08"
_PROTOCOLS = {"application": ("HTTPS", "HTTP"), "network": ("TCP", "TLS", "UDP", "TCP_UDP")}


@before("elbv2", "CreateListener", "ModifyListener", source=f"{_CREATE}; terraform-provider-aws#6173")
def protocol_is_of_the_load_balancer(call: Call) -> None:
    """ValidationError for a protocol that the load balancer does not speak, or none."""
    balancer, listener = _subject(call)
    known, protocol = _PROTOCOLS.get(balancer.type), _given(call, listener, "Protocol")
    if known is None:
        return
    for name in ("Port", "Protocol"):
        if not _given(call, listener, name):
            raise Refusal("ValidationError", f"A listener {name.lower()} must be specified")
    if protocol not in known:
        raise Refusal("ValidationError", f"Listener protocol '{protocol}' must be one of '{', '.join(known)}'")


@before("elbv2", "CreateListener", "ModifyListener", source=_CREATE)
def port_has_one_listener(call: Call) -> None:
    """DuplicateListener for a second listener on a port."""
    balancer, listener = _subject(call)
    others = [other for other in balancer.listeners.values() if other is not listener]
    if any(int(other.port or 0) == call.parameters.get("Port") for other in others):
        message = f"A listener already exists on this port for this load balancer '{balancer.arn}'"
        raise Refusal("DuplicateListener", message)


@before("elbv2", "CreateListener", "ModifyListener", source=f"{_CREATE}; pulumi-awsx#1242")
def secure_listeners_have_one_certificate(call: Call) -> None:
    """ValidationError for an HTTPS or TLS listener without a certificate or with several, or another with one."""
    _, listener = _subject(call)
    protocol = _given(call, listener, "Protocol")
    given = call.parameters.get("Certificates") or (listener.certificates[:1] if listener else [])
    if protocol in _SECURE and not given:
        raise Refusal("ValidationError", f"A certificate must be specified for {protocol} listeners")
    if protocol in _SECURE and len(given) > 1:
        raise Refusal("ValidationError", "Only one certificate can be specified for a listener")
    if protocol not in _SECURE and call.parameters.get("Certificates"):
        raise Refusal("ValidationError", f"A certificate cannot be specified for {protocol} listeners")


@before(
    "elbv2",
    "CreateListener",
    "ModifyListener",
    "AddListenerCertificates",
    source=f"{_CREATE}; terraform-provider-aws#26245",
)
def certificates_are_issued(call: Call) -> None:
    """CertificateNotFound for an unknown one, UnsupportedCertificate for one that is not issued."""
    for certificate in call.parameters.get("Certificates", ()):
        arn = certificate["CertificateArn"]
        if ":iam:" in arn:
            if backends.iam(call).get_certificate_by_arn(arn) is None:
                raise _unknown(arn)
            continue
        found = backends.acm(call)._certificates.get(arn)
        if found is None:
            raise _unknown(arn)
        if found.status != "ISSUED":
            must = "must have a fully-qualified domain name, a supported signature, and a supported key size."
            raise Refusal("UnsupportedCertificate", f"The certificate '{arn}' {must}")


@before("elbv2", "CreateListener", "ModifyListener", source=_CREATE)
def security_policy_is_known(call: Call) -> None:
    """SSLPolicyNotFound for one that AWS does not have; ValidationError for a listener without TLS."""
    policy = call.parameters.get("SslPolicy")
    if policy is None:
        return
    protocol = _given(call, _subject(call)[1], "Protocol")
    if protocol not in _SECURE:
        raise Refusal("ValidationError", f"An SSL policy cannot be specified for {protocol} listeners")
    if policy not in SSL_POLICIES:
        raise Refusal("SSLPolicyNotFound", f"SSL policy '{policy}' not found")


@instead("elbv2", "CreateListener", source="ELB API Reference: Listener")
def only_secure_listeners_have_a_policy(call: Call) -> Answer:
    """ELBSecurityPolicy-2016-08 where the call names none; listeners without TLS have none."""
    given = call.parameters
    certificates = [item["CertificateArn"] for item in given.get("Certificates", ())]
    secure = given.get("Protocol") in _SECURE
    wanted: dict[str, Any] = {
        "load_balancer_arn": given["LoadBalancerArn"],
        "protocol": given.get("Protocol"),
        "port": given.get("Port"),
        "ssl_policy": given.get("SslPolicy", _POLICY) if secure else None,
        "certificate": certificates[0] if certificates else None,
        "actions": given["DefaultActions"],
        "alpn_policy": given.get("AlpnPolicy", []),
        "tags": given.get("Tags"),
    }
    listener = backends.elbv2(call).create_listener(**wanted)
    return {"Listeners": [listener]}


@instead("elbv2", "ModifyListener", source="ELB API Reference: ModifyListener")
def listener_changes(call: Call) -> Answer:
    """What the call leaves out stays; a listener that no longer speaks TLS loses its certificate and policy."""
    _, listener = balancers.listener(call, call.parameters["ListenerArn"])
    given = call.parameters
    listener.port = given.get("Port", listener.port)
    listener.protocol = given.get("Protocol", listener.protocol)
    _secure(listener, given)
    if given.get("DefaultActions"):
        listener.default_actions = [FakeAction(action) for action in given["DefaultActions"]]
        listener._default_rule[0].actions = listener.default_actions
    return {"Listeners": [listener]}


def _secure(listener: FakeListener, given: dict[str, Any]) -> None:
    if listener.protocol not in _SECURE:
        listener.certificate, listener.certificates = None, []
        vars(listener)["ssl_policy"] = None
        return
    listener.ssl_policy = given.get("SslPolicy") or listener.ssl_policy or _POLICY
    if given.get("Certificates"):
        listener.certificate = given["Certificates"][0]["CertificateArn"]
        listener.certificates = [listener.certificate, *listener.certificates[1:]]


def _subject(call: Call) -> tuple[Any, Any]:
    """The load balancer, and the listener if it exists already."""
    if call.action == "CreateListener":
        return balancers.find(call, call.parameters["LoadBalancerArn"]), None
    return balancers.listener(call, call.parameters["ListenerArn"])


def _given(call: Call, listener: FakeListener | None, name: str) -> Any:
    """What the listener's port or protocol is going to be."""
    return call.parameters.get(name) or (getattr(listener, name.lower()) if listener is not None else None)


def _unknown(arn: str) -> Refusal:
    return Refusal("CertificateNotFound", f"Certificate '{arn}' not found")
