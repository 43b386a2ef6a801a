"""How many there may be of what other services than EC2 make."""

from __future__ import annotations

from moto.elbv2.models import FakeLoadBalancer

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.quotas import Limit, enforce


def _balancers(call: Call, kind: str) -> int:
    if call.parameters.get("Type", "application") != kind:
        return 0
    return sum(one.type == kind for one in backends.elbv2(call).load_balancers.values()) + 1


def _listeners(call: Call, kind: str) -> int:
    found = backends.elbv2(call).load_balancers.get(call.parameters["LoadBalancerArn"])
    return len(found.listeners) + 1 if found is not None and found.type == kind else 0


def _target_groups(call: Call) -> int:
    return len(backends.elbv2(call).target_groups) + 1


def _rules(call: Call) -> int:
    """Those of all listeners of the load balancer; default ones do not count."""
    listener = call.parameters["ListenerArn"]
    for balancer in backends.elbv2(call).load_balancers.values():
        if listener in balancer.listeners:
            return _rules_of(balancer) + 1
    return 0


def _rules_of(balancer: FakeLoadBalancer) -> int:
    return sum(len(one._non_default_rules) for one in balancer.listeners.values())


def _certificates(call: Call) -> int:
    return len(backends.acm(call)._certificates) + 1


def _namespaces(call: Call) -> int:
    return len(backends.namespaces(call).namespaces) + 1


def _log_groups(call: Call) -> int:
    return len(backends.logs(call).groups) + 1


def _zones(call: Call) -> int:
    return len(backends.zones(call).zones) + 1


def _roles(call: Call) -> int:
    return len(backends.iam(call).roles) + 1


def _policies_of_role(call: Call) -> int:
    name, arn = call.parameters["RoleName"], call.parameters["PolicyArn"]
    role = next((role for role in backends.iam(call).roles.values() if role.name == name), None)
    return len({*role.managed_policies, arn}) if role else 0


_ACCOUNT = "Exceeded quota of account {account}"
_NAMESPACES = ("CreateHttpNamespace", "CreatePrivateDnsNamespace", "CreatePublicDnsNamespace")

enforce(
    (
        Limit(
            "application-load-balancers",
            "elbv2",
            "CreateLoadBalancer",
            lambda call: _balancers(call, "application"),
            "TooManyLoadBalancers",
            _ACCOUNT,
        ),
        Limit(
            "network-load-balancers",
            "elbv2",
            "CreateLoadBalancer",
            lambda call: _balancers(call, "network"),
            "TooManyLoadBalancers",
            _ACCOUNT,
        ),
        Limit(
            "target-groups",
            "elbv2",
            "CreateTargetGroup",
            _target_groups,
            "TooManyTargetGroups",
            "The maximum number of target groups has been reached",
        ),
        Limit(
            "application-listeners",
            "elbv2",
            "CreateListener",
            lambda call: _listeners(call, "application"),
            "TooManyListeners",
            "The maximum number of listeners per load balancer has been reached",
        ),
        Limit(
            "network-listeners",
            "elbv2",
            "CreateListener",
            lambda call: _listeners(call, "network"),
            "TooManyListeners",
            "The maximum number of listeners per load balancer has been reached",
        ),
        Limit(
            "listener-rules",
            "elbv2",
            "CreateRule",
            _rules,
            "TooManyRules",
            "The maximum number of rules per load balancer has been reached",
        ),
    ),
    "ELB User Guide: quotas; ELB API Reference: errors",
)
enforce(
    (
        Limit(
            "roles",
            "iam",
            "CreateRole",
            _roles,
            "LimitExceeded",
            "Cannot exceed quota for RolesPerAccount: {limit}",
            409,
        ),
        Limit(
            "policies-of-role",
            "iam",
            "AttachRolePolicy",
            _policies_of_role,
            "LimitExceeded",
            "Cannot exceed quota for PoliciesPerRole: {limit}",
            409,
        ),
    ),
    "IAM User Guide: IAM and AWS STS quotas",
)
enforce(
    (
        Limit(
            "hosted-zones",
            "route53",
            "CreateHostedZone",
            _zones,
            "TooManyHostedZones",
            "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.",
        ),
    ),
    "Route 53 Developer Guide: quotas; the wording: what installers of OpenShift met",
)
enforce(
    (
        Limit(
            "certificates",
            "acm",
            "RequestCertificate",
            _certificates,
            "LimitExceededException",
            "Error: you have reached your limit of {limit} certificates.",
        ),
    ),
    "ACM User Guide: quotas",
)
enforce(
    tuple(
        Limit(
            "namespaces",
            "servicediscovery",
            action,
            _namespaces,
            "ResourceLimitExceeded",
            "The maximum number of namespaces has been reached: {limit}.",
        )
        for action in _NAMESPACES
    ),
    "Cloud Map Developer Guide: quotas; the wording from memory",
)
enforce(
    (
        Limit(
            "log-groups",
            "logs",
            "CreateLogGroup",
            _log_groups,
            "LimitExceededException",
            "Resource limit exceeded.",
        ),
    ),
    "CloudWatch Logs User Guide: quotas",
)
