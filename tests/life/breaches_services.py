"""How people break a public API and two services behind paths: what `verify` says, and what mends it."""

from __future__ import annotations

from tests.life import breaking
from tests.life.breaking import (
    EVERYBODY,
    NAT,
    SERVICES,
    Breach,
    Rows,
    health_check,
    opened,
    policy_gone,
    revoked,
    route_gone,
    tasks,
)
from tests.life.hands import asked

PUBLIC: Rows = (
    (
        Breach(
            revoked("rule-load-balancer-from-0.0.0.0-0-80"),
            "internet reaches web",
            "security-group-load-balancer: no rule lets tcp 80 in",
        ),
        Breach(
            route_gone(NAT),
            "web reaches the registry of public.ecr.aws/docker/library/nginx:latest",
            "no route",
        ),
        Breach(
            health_check("web", HealthCheckPort="81"),
            "the targets of web are healthy",
            "; its health check asks at port 81, not traffic-port",
        ),
    ),
    (
        Breach(
            revoked("rule-service-web-from-load-balancer-80"),
            "the load balancer reaches the tasks of web",
            "security-group-service-web: no rule lets tcp 80 in",
        ),
        Breach(health_check("web", HealthCheckPath="/up"), SERVICES, "web: its health check asks for /up, not /"),
        Breach(
            asked("logs", "delete_log_group", logGroupName="{log-group-service-web}"),
            "the logs have their groups",
            "log-group-service-web is gone",
        ),
        Breach(
            policy_gone("policy-web-execution"), "the roles have their policies", "policy-web-execution is gone"
        ),
        Breach(
            breaking.balancer_in_the_default_group,
            "the load balancer is active",
            "not of security-group-load-balancer",
        ),
    ),
    (
        Breach(
            asked("elbv2", "delete_listener", ListenerArn="{listener-80}"),
            "the targets of web are healthy",
            "no listener sends anything to them",
        ),
        Breach(
            tasks("public-api", "web", assignPublicIp="ENABLED"), SERVICES, "web: its tasks get a public address"
        ),
    ),
)

TWO: Rows = (
    (
        Breach(
            asked("elbv2", "delete_rule", RuleArn="{listener-rule-backend}"),
            "backend gets its paths",
            '"backend" is not in the answer',
        ),
        Breach(breaking.nothing_more, "internet reaches backend", "no rule of the load balancer sends"),
        Breach(
            revoked("rule-service-backend-from-service-webapp-5000"),
            "webapp reaches http://backend:5000",
            "security-group-service-backend: no rule lets tcp 5000 in",
        ),
    ),
    (
        Breach(
            breaking.rule_before_ours,
            "internet reaches backend",
            "it gets another's answer: listener-80: rule 1 (path-pattern /api/*) sends",
            "aws elbv2 delete-rule",
        ),
        Breach(
            asked(
                *("ecs", "update_service"),
                cluster="multi-service",
                service="backend",
                serviceConnectConfiguration={"enabled": False},
            ),
            "webapp reaches http://backend:5000",
            "nobody has the name backend",
        ),
        Breach(
            opened("security-group-service-webapp", 3000, ranges=EVERYBODY),
            "internet does not reach the tasks of webapp by their own addresses",
            "at 3000 is open to it: security-group-service-webapp lets tcp 3000 in from 0.0.0.0/0",
            "aws ec2 revoke-security-group-ingress",
        ),
    ),
    (
        Breach(
            asked(
                *("elbv2", "modify_rule"),
                RuleArn="{listener-rule-backend}",
                Conditions=[{"Field": "path-pattern", "Values": ["/api/profile"]}],
            ),
            SERVICES,
            "backend: its rule is for /api/profile, not for /api/profile, /api/profile/*",
        ),
        Breach(
            tasks("multi-service", "webapp", assignPublicIp="DISABLED"),
            SERVICES,
            "webapp: its tasks get no public address",
        ),
        Breach(
            route_gone("route-public-internet"),
            "webapp reaches the registry of public.ecr.aws/docker/library/node:22",
            "no route",
        ),
    ),
)
