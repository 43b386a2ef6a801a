"""Whether the caller may make what this run will make: EC2's DryRun, and IAM's policy simulator for the rest.

Asked is only what creating calls ask: whether the run can begin, not whether it can repair or destroy
(`docs/permissions.md` has the policies for all that). The simulator is told one thing of each kind, with the
stack's tags; what it denies for want of a condition's value is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from provisioner.preflight.account import caller
from provisioner.preflight.base import Check, Finding, Ground, Level
from steps.aws.errors import Cause, permission, verdict
from steps.balancing import LoadBalancer
from steps.base import Step
from steps.identity import Role, RolePolicy
from steps.network import ElasticIp, InternetGateway, Vpc

_ASSUMED, _USER = ":assumed-role/", ":user/"
_SHORT = {"application": "app", "network": "net"}
_EC2 = "arn:{partition}:ec2:{region}:{account}:"
_ELB = "arn:{partition}:elasticloadbalancing:{region}:{account}:"
_ECS = "arn:{partition}:ecs:{region}:{account}:"
_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{function_name}"
_BALANCER = _ELB + "loadbalancer/{short_type}/{load_balancer_name}/0123456789abcdef"
_ROLE = "arn:{partition}:iam::{account}:role/{role_name}"
_SECRET = "arn:{partition}:secretsmanager:{region}:{account}:secret:{secret_name}-abcdef"
_GROUP = _EC2 + "security-group/sg-0123456789abcdef0"
_TABLE = _EC2 + "route-table/rtb-0123456789abcdef0"
RIGHTS: Mapping[str, Mapping[str, str]] = {
    "subnet": {"ec2:CreateSubnet": _EC2 + "subnet/subnet-0123456789abcdef0"},
    "internet_gateway_attachment": {"ec2:AttachInternetGateway": _EC2 + "internet-gateway/igw-0123456789abcdef0"},
    "nat_gateway": {"ec2:CreateNatGateway": _EC2 + "natgateway/nat-0123456789abcdef0"},
    "route_table": {"ec2:CreateRouteTable": _TABLE},
    "route": {"ec2:CreateRoute": _TABLE},
    "route_table_association": {"ec2:AssociateRouteTable": _TABLE},
    "vpc_endpoint": {"ec2:CreateVpcEndpoint": _EC2 + "vpc-endpoint/vpce-0123456789abcdef0"},
    "transit_gateway_attachment": {
        "ec2:CreateTransitGatewayVpcAttachment": _EC2 + "transit-gateway-attachment/tgw-attach-0123456789abcdef0"
    },
    "security_group": {"ec2:CreateSecurityGroup": _GROUP},
    "security_group_rule": {
        "ec2:AuthorizeSecurityGroupIngress": _GROUP,
        "ec2:AuthorizeSecurityGroupEgress": _GROUP,
    },
    "instance": {"ec2:RunInstances": _EC2 + "instance/i-0123456789abcdef0"},
    "role": {"iam:CreateRole": _ROLE, "iam:TagRole": _ROLE, "iam:PassRole": _ROLE},
    "role_policy": {"iam:PutRolePolicy": _ROLE},
    "load_balancer": {
        "elasticloadbalancing:CreateLoadBalancer": _BALANCER,
        "elasticloadbalancing:AddTags": _BALANCER,
    },
    "target_group": {
        "elasticloadbalancing:CreateTargetGroup": _ELB + "targetgroup/{target_group_name}/0123456789abcdef"
    },
    "cluster": {"ecs:CreateCluster": _ECS + "cluster/{cluster_name}"},
    "task_definition": {"ecs:RegisterTaskDefinition": _ECS + "task-definition/{task_family}:1"},
    "function": {"lambda:CreateFunction": _FUNCTION, "lambda:TagResource": _FUNCTION},
    "log_group": {
        "logs:CreateLogGroup": "arn:{partition}:logs:{region}:{account}:log-group:{group_name}:log-stream:"
    },
    "certificate": {"acm:RequestCertificate": "*"},
    "hosted_zone": {"route53:CreateHostedZone": "*"},
    "secret": {"secretsmanager:CreateSecret": _SECRET},
    "db_instance": {"rds:CreateDBInstance": "arn:{partition}:rds:{region}:{account}:db:{identifier}"},
    "namespace": {"servicediscovery:CreateHttpNamespace": "*"},
}
"""By kind of step: the actions that its creating call asks for, and on what.

Source: Service Authorization Reference. CloudWatch Logs asks for what its refusals name: a group with its streams.
"""
_FIX = (
    "give the caller {}, or begin with --no-preflight where that is wrong (docs/permissions.md has whole policies)"
)


_TRIED: Mapping[type[Step], tuple[str, str, Mapping[str, str]]] = {
    Vpc: ("CreateVpc", "vpc", {"CidrBlock": "cidr"}),
    InternetGateway: ("CreateInternetGateway", "internet-gateway", {}),
    ElasticIp: ("AllocateAddress", "elastic-ip", {}),
}
"""What EC2 can be asked before anything of the stack is there: the call, what it tags, parameters by field."""


def dry_run(ground: Ground) -> Iterator[Finding]:
    """The calls of EC2 that need nothing of the stack yet, with their tags: tried, and not carried out."""
    firsts = {kind: ground.making(kind)[0] for kind in _TRIED if ground.making(kind)}
    denied = [told for kind, step in firsts.items() if (told := _denied(ground, step, *_TRIED[kind]))]
    if firsts:
        yield _told(denied, f"EC2 would make {', '.join(kind.noun for kind in firsts)}")


def _denied(ground: Ground, step: Step, call: str, tagged: Any, given: Mapping[str, str]) -> str:
    """The action that is missing, as AWS names it if it does; "" where none is, or EC2 has another objection."""
    parameters = {name: getattr(step, field) for name, field in given.items()}
    tags = ground.aws.owner.specification(tagged, step.name)
    try:
        getattr(ground.aws.clients.ec2, xform_name(call))(**parameters, TagSpecifications=tags, DryRun=True)
    except ClientError as error:
        found = verdict(error)
        return (permission(found.message) or f"ec2:{call}") if found.cause is Cause.DENIED else ""
    return ""


def simulated(ground: Ground) -> Iterator[Finding]:
    """What IAM's policy simulator says of the rest: one question a service."""
    who = _principal(ground)
    asked = _questions(ground)
    if not who or not asked:
        return
    context = _context(ground)
    denied: list[str] = []
    for rights in asked.values():
        answer = ground.aws.clients.iam.simulate_principal_policy(
            PolicySourceArn=who,
            ActionNames=list(rights),
            ResourceArns=sorted(set(rights.values())),
            ContextEntries=context,
        )
        denied += [one["EvalActionName"] for one in answer["EvaluationResults"] if _missing(one, rights)]
    yield _told(denied, f"IAM's simulator allows what the creating calls of {', '.join(asked)} ask for")


def _missing(result: Any, rights: Mapping[str, str]) -> bool:
    """Of all pairs of an action and a resource, only those that were meant."""
    meant = rights[result["EvalActionName"]] == result["EvalResourceName"]
    return meant and result["EvalDecision"] != "allowed" and not result.get("MissingContextValues")


def _told(denied: Iterable[str], fine: str) -> Finding:
    missing = ", ".join(dict.fromkeys(denied))
    if not missing:
        return Finding(Level.OK, fine)
    return Finding(Level.PROBLEM, f"the caller may not {missing}", _FIX.format(missing))


def _principal(ground: Ground) -> str:
    """Whose policies are to be simulated: a user or a role; "" of the root, who may everything, and of others.

    An assumed role's ARN leaves out the role's path, so the role is asked for.
    """
    arn = caller(ground)
    if _ASSUMED in arn:
        name = arn.partition(_ASSUMED)[2].partition("/")[0]
        return str(ground.aws.clients.iam.get_role(RoleName=name)["Role"]["Arn"])
    return arn if _USER in arn else ""


def _questions(ground: Ground) -> dict[str, dict[str, str]]:
    """By service: each action that the first step of its kind asks for, and on what."""
    firsts: dict[str, Step] = {}
    for step in ground.fresh:
        firsts.setdefault(step.kind, step)
    found: dict[str, dict[str, str]] = {}
    for kind, step in firsts.items():
        known = _known(ground, step)
        for action, resource in RIGHTS.get(kind, {}).items():
            found.setdefault(action.partition(":")[0], {})[action] = resource.format_map(known)
    return found


def _known(ground: Ground, step: Step) -> dict[str, Any]:
    """What the ARN of a step's resource is made of."""
    aws = ground.aws
    role = vars(ground.step(step.role)) if isinstance(step, RolePolicy) else {}
    kind = {"short_type": _SHORT[step.type]} if isinstance(step, LoadBalancer) else {}
    return {**role, **vars(step), **kind, "account": aws.account, "region": aws.region, "partition": aws.partition}


def _context(ground: Ground) -> list[Any]:
    """What conditions may ask of a creating call: the stack's tags, and to whom its first role is handed on."""
    tags = ground.aws.owner.of("step")
    roles = ground.making(Role)
    service = [roles[0].trust["Statement"][0]["Principal"]["Service"]] if roles else []
    values = {
        "aws:RequestedRegion": [ground.aws.region],
        "aws:TagKeys": list(tags),
        **{f"aws:{whose}Tag/{key}": [value] for whose in ("Request", "Resource") for key, value in tags.items()},
        **({"iam:PassedToService": service} if service else {}),
    }
    return [
        {
            "ContextKeyName": name,
            "ContextKeyValues": given,
            "ContextKeyType": "stringList" if name == "aws:TagKeys" else "string",
        }
        for name, given in values.items()
    ]


CHECKS: dict[str, Check] = {"permissions of EC2": dry_run, "simulated permissions": simulated}
