"""The attributes of load balancers and target groups: who has which, and what they may be set to.

From the ELB API Reference: LoadBalancerAttribute, TargetGroupAttribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from moto.elbv2.models import FakeTargetGroup

_SWITCH = ("true", "false")
_WEB, _STREAM, _GENEVE, _FUNCTION = "web", "stream", "geneve", "lambda"
_FAMILIES = {"HTTP": _WEB, "HTTPS": _WEB, "GENEVE": _GENEVE, None: _FUNCTION}
_ALB, _NLB, _GWLB = "application", "network", "gateway"


@dataclass(frozen=True)
class Attribute:
    """One attribute: which kinds have it with which value at first, and what it may become."""

    usual: Mapping[str, str]
    allowed: tuple[str, ...] | range | None = None

    def takes(self, value: str) -> bool:
        if isinstance(self.allowed, range):
            return value.isdecimal() and int(value) in self.allowed
        return self.allowed is None or value in self.allowed

    def told(self) -> str:
        """What it takes, in words."""
        if isinstance(self.allowed, range):
            return f"between '{self.allowed.start}-{self.allowed.stop - 1}' inclusive"
        return f"one of [{', '.join(self.allowed or ())}]"


def _of(kinds: Iterable[str], usual: str, allowed: tuple[str, ...] | range | None = None) -> Attribute:
    return Attribute(dict.fromkeys(kinds, usual), allowed)


_ANY = (_ALB, _NLB, _GWLB)
_LOGGED = (_ALB, _NLB)
LOAD_BALANCER: Mapping[str, Attribute] = {
    "deletion_protection.enabled": _of(_ANY, "false", _SWITCH),
    "load_balancing.cross_zone.enabled": Attribute({_ALB: "true", _NLB: "false", _GWLB: "false"}, _SWITCH),
    "access_logs.s3.enabled": _of(_LOGGED, "false", _SWITCH),
    "access_logs.s3.bucket": _of(_LOGGED, ""),
    "access_logs.s3.prefix": _of(_LOGGED, ""),
    "ipv6.deny_all_igw_traffic": _of(_LOGGED, "false", _SWITCH),
    "zonal_shift.config.enabled": _of(_LOGGED, "false", _SWITCH),
    "idle_timeout.timeout_seconds": _of((_ALB,), "60", range(1, 4001)),
    "client_keep_alive.seconds": _of((_ALB,), "3600", range(60, 604801)),
    "connection_logs.s3.enabled": _of((_ALB,), "false", _SWITCH),
    "connection_logs.s3.bucket": _of((_ALB,), ""),
    "connection_logs.s3.prefix": _of((_ALB,), ""),
    "health_check_logs.s3.enabled": _of((_ALB,), "false", _SWITCH),
    "health_check_logs.s3.bucket": _of((_ALB,), ""),
    "health_check_logs.s3.prefix": _of((_ALB,), ""),
    "routing.http.desync_mitigation_mode": _of((_ALB,), "defensive", ("monitor", "defensive", "strictest")),
    "routing.http.drop_invalid_header_fields.enabled": _of((_ALB,), "false", _SWITCH),
    "routing.http.preserve_host_header.enabled": _of((_ALB,), "false", _SWITCH),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": _of((_ALB,), "false", _SWITCH),
    "routing.http.xff_client_port.enabled": _of((_ALB,), "false", _SWITCH),
    "routing.http.xff_header_processing.mode": _of((_ALB,), "append", ("append", "preserve", "remove")),
    "routing.http2.enabled": _of((_ALB,), "true", _SWITCH),
    "waf.fail_open.enabled": _of((_ALB,), "false", _SWITCH),
    "dns_record.client_routing_policy": _of(
        (_NLB,),
        "any_availability_zone",
        ("availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone"),
    ),
    "secondary_ips.auto_assigned.per_subnet": _of((_NLB,), "0", range(8)),
}
_TARGETS = (_WEB, _STREAM)
_HEALTH = "target_group_health"
_UNHEALTHY = "target_health_state.unhealthy"
_WEEK = range(1, 604801)
_FAILOVER = ("rebalance", "no_rebalance")
TARGET_GROUP: Mapping[str, Attribute] = {
    "deregistration_delay.timeout_seconds": _of((*_TARGETS, _GENEVE), "300", range(3601)),
    "stickiness.enabled": _of((*_TARGETS, _GENEVE, _FUNCTION), "false", _SWITCH),
    "stickiness.type": Attribute({_WEB: "lb_cookie", _STREAM: "source_ip", _GENEVE: "source_ip_dest_ip_proto"}),
    "load_balancing.cross_zone.enabled": _of(
        _TARGETS, "use_load_balancer_configuration", (*_SWITCH, "use_load_balancer_configuration")
    ),
    f"{_HEALTH}.dns_failover.minimum_healthy_targets.count": _of(_TARGETS, "1"),
    f"{_HEALTH}.dns_failover.minimum_healthy_targets.percentage": _of(_TARGETS, "off"),
    f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets.count": _of(_TARGETS, "1"),
    f"{_HEALTH}.unhealthy_state_routing.minimum_healthy_targets.percentage": _of(_TARGETS, "off"),
    "load_balancing.algorithm.type": _of(
        (_WEB,), "round_robin", ("round_robin", "least_outstanding_requests", "weighted_random")
    ),
    "load_balancing.algorithm.anomaly_mitigation": _of((_WEB,), "off", ("on", "off")),
    "slow_start.duration_seconds": _of((_WEB,), "0", ("0", *(str(number) for number in range(30, 901)))),
    "stickiness.app_cookie.cookie_name": _of((_WEB,), ""),
    "stickiness.app_cookie.duration_seconds": _of((_WEB,), "86400", _WEEK),
    "stickiness.lb_cookie.duration_seconds": _of((_WEB,), "86400", _WEEK),
    "lambda.multi_value_headers.enabled": _of((_FUNCTION,), "false", _SWITCH),
    "deregistration_delay.connection_termination.enabled": _of((_STREAM,), "false", _SWITCH),
    "preserve_client_ip.enabled": _of((_STREAM,), "true", _SWITCH),
    "proxy_protocol_v2.enabled": _of((_STREAM,), "false", _SWITCH),
    f"{_UNHEALTHY}.connection_termination.enabled": _of((_STREAM,), "true", _SWITCH),
    f"{_UNHEALTHY}.draining_interval_seconds": _of((_STREAM,), "0", range(360001)),
    "target_failover.on_deregistration": _of((_GENEVE,), "no_rebalance", _FAILOVER),
    "target_failover.on_unhealthy": _of((_GENEVE,), "no_rebalance", _FAILOVER),
}


def usual(known: Mapping[str, Attribute], kind: str) -> dict[str, str]:
    """All that this kind has, as it is at first."""
    return {key: attribute.usual[kind] for key, attribute in known.items() if kind in attribute.usual}


def of_group(group: FakeTargetGroup) -> dict[str, str]:
    """What a new target group has: one of addresses does not keep its clients' addresses if it can help it."""
    found = usual(TARGET_GROUP, family(group.protocol))
    if group.target_type == "ip" and group.protocol in ("TCP", "TLS"):
        found["preserve_client_ip.enabled"] = "false"
    return found


def family(protocol: str | None) -> str:
    """What decides which attributes a target group has: its protocol, of a kind."""
    return _FAMILIES.get(protocol, _STREAM)
