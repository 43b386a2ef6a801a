"""What a load balancer's health check finds at a target, as things stand now."""

from __future__ import annotations

from dataclasses import dataclass

from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox.call import Site
from provisioner.sandbox.network import judge, standins
from provisioner.sandbox.network.listening import Container
from provisioner.sandbox.network.messages import Request

_WEB = ("HTTP", "HTTPS")


@dataclass(frozen=True)
class Probe:
    """The result of one health check; a failed one has the reason code and description of DescribeTargetHealth."""

    ok: bool
    reason: str = ""
    description: str = ""


_FOUND = Probe(True)
_TIMEOUT = Probe(False, "Target.Timeout", "Request timed out")
_FAILED = Probe(False, "Target.FailedHealthChecks", "Health checks failed")


def probe(
    site: Site,
    balancer_interface: NetworkInterface | None,
    address: str,
    port: int,
    protocol: str,
    path: str = "/",
    matcher: str = "200",
) -> Probe:
    """A health check from that interface of a load balancer; `matcher` as in a target group: `200,301-399`."""
    if balancer_interface is None:
        return _TIMEOUT
    path_taken = judge.trace(site, balancer_interface, address, port)
    if path_taken.outcome != "open":
        return _FAILED if path_taken.outcome == "refused" else _TIMEOUT
    if protocol not in _WEB or not isinstance(path_taken.party, Container):
        return _FOUND
    headers = [("Host", f"{address}:{port}"), ("User-Agent", "ELB-HealthChecker/2.0"), ("Connection", "close")]
    status = standins.answer(path_taken.party, Request("GET", path or "/", headers, peer=path_taken.seen)).status
    if matches(matcher, status):
        return _FOUND
    code = "Target.ResponseCodeMismatch"
    return Probe(False, code, f"Health checks failed with these codes: [{status}]")


def matches(matcher: str, status: int) -> bool:
    """Whether `200,301-399` and the like contain a status."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False
