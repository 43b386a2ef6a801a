"""How people break a function's way to a service and to a database: what `verify` says, and what mends it."""

from __future__ import annotations

from tests.life import breaking
from tests.life.breaking import (
    EVERYBODY,
    FUNCTIONS,
    NAT,
    Breach,
    Rows,
    denied,
    function,
    moved,
    opened,
    policy_gone,
    revoked,
    route_gone,
    tasks,
)
from tests.life.hands import asked, given

UNDENIED = "aws ec2 delete-network-acl-entry"
ALONE: Rows = (
    (
        Breach(
            revoked("rule-load-balancer-from-function-caller-80"),
            "caller gets an answer of web",
            "Task timed out after 1.00 seconds; it hangs: security-group-load-balancer: no rule lets tcp 80 in",
        ),
        Breach(
            route_gone(NAT),
            "web reaches the registry of amazon/amazon-ecs-sample",
            "it hangs: route-table-private-us-east-1a: no route",
        ),
        Breach(
            opened("security-group-load-balancer", 80, of="security-group-function-wrong-group"),
            "wrong-group (control) gets no answer of web",
            'it is answered: HTTP 200, "Simple PHP App"',
            "aws ec2 revoke-security-group-ingress",
        ),
    ),
    (
        Breach(
            moved("caller"),
            "caller gets an answer of web",
            "Task timed out after 1.00 seconds; it hangs: internet: 10.0.",
        ),
        Breach(
            moved("wrong-group", ["private-us-east-1a", "private-us-east-1b"], "caller"),
            "wrong-group (control) gets no answer of web",
            'it is answered: HTTP 200, "Simple PHP App"',
        ),
        Breach(
            asked("ec2", "delete_nat_gateway", NatGatewayId="{nat-gateway-us-east-1a}"),
            "the routes are as they were made",
            f"{NAT} is a black hole",
        ),
    ),
    (
        Breach(
            moved("caller", ["private-us-east-1a", "private-us-east-1b"], "wrong-group"),
            "caller gets an answer of web",
            "no rule lets tcp 80 in from 10.0.",
        ),
        Breach(
            route_gone("route-public-internet"),
            "web reaches the registry of amazon/amazon-ecs-sample",
            "it hangs: route-table-public: no route",
        ),
    ),
    (
        Breach(
            function("caller", Environment={"Variables": {"FARGATE_ALB_URL": "nobody.example.com"}}),
            FUNCTIONS,
            "caller: FARGATE_ALB_URL in its environment is not as set",
        ),
        Breach(
            tasks("private-lambda", "web", assignPublicIp="ENABLED"),
            "tasks of web have no public address",
            "eni-",
        ),
        Breach(policy_gone("policy-caller-function"), "the roles have their policies", "policy-caller-function"),
        Breach(
            asked("elbv2", "delete_listener", ListenerArn="{listener-80}"),
            "the load balancer listens at 80 and nowhere else",
            "it does not listen at 80",
        ),
    ),
    (
        Breach(
            denied(10, "10.0.2.0/23", (80, 443), egress=True),
            "caller reaches web",
            "does not let tcp 80 out to 10.0.",
            UNDENIED,
        ),
        Breach(
            denied(20, "0.0.0.0/0", (1024, 65535), egress=False),
            "web reaches the registry of amazon/amazon-ecs-sample",
            "does not let the answer, tcp 1024-65535 in from ",
            UNDENIED,
        ),
    ),
)

DATA: Rows = (
    (
        Breach(
            asked("apigatewayv2", "delete_cors_configuration", ApiId="{http-api}"),
            "POST /graphql: pages of other origins may ask",
            "Access-Control-Allow-Origin",
        ),
        Breach(
            breaking.database_with_address,
            "the database has no public address",
            "eni-",
            "aws ec2 disassociate-address --association-id eipassoc-",
        ),
        Breach(
            revoked("rule-function-graphql-to-database-27017", egress=True),
            "graphql reaches database",
            "security-group-function-graphql: no rule lets tcp 27017 out",
        ),
        Breach(
            opened("security-group-database", 27017, ranges=EVERYBODY),
            "internet does not reach the database",
            "at 27017 is open to it: security-group-database lets tcp 27017 in from 0.0.0.0/0",
            "aws ec2 revoke-security-group-ingress",
        ),
        Breach(
            breaking.out_through_the_internet_gateway,
            "graphql reaches its secrets (secretsmanager)",
            "a function's interface never uses a public address",
        ),
    ),
    (
        Breach(moved("graphql"), "graphql reaches database", "nobody has the name db.lambda-database.internal"),
        Breach(
            given("database-record", "10.9.9.9"),
            "the database has its name",
            "db.lambda-database.internal stands for 10.9.9.9, not for 10.30.",
        ),
        Breach(policy_gone("policy-graphql-function"), "the roles have their policies", "policy-graphql-function"),
        Breach(route_gone("route-public-internet"), "the routes are as they were made", "route-public-internet"),
    ),
    (
        Breach(
            moved("graphql", ["public-us-east-1a"], "graphql"),
            "graphql reaches its secrets (secretsmanager)",
            "a function's interface never uses a public address",
        ),
        Breach(
            asked("ec2", "stop_instances", InstanceIds=["{database}"]),
            "graphql reaches database",
            "the instance is stopped",
        ),
    ),
    (
        Breach(
            revoked("rule-database-from-function-graphql-27017"),
            "graphql reaches database",
            "security-group-database: no rule lets tcp 27017 in",
        ),
        Breach(function("graphql", Timeout=1), FUNCTIONS, "graphql: its time-out is 1 s, not 4 s"),
    ),
)
