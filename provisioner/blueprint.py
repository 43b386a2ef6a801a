"""From a stack to the list of its steps: the table of contents of a deployment.

The list is in an order that works one by one (`--parallel 1`); the needs say what really waits for what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from provisioner.names import Names
from provisioner.parameters import DEPLOYMENT, GRACE_PERIOD, container_definition, environment, health_check
from provisioner.stack import Function as FunctionSettings
from provisioner.stack import Service as ServiceSettings
from provisioner.stack import Stack
from steps.balancing import Listener, LoadBalancer, TargetGroup
from steps.base import Need, Step, Until
from steps.containers import Cluster, Service, TaskDefinition
from steps.functions import Function
from steps.identity import Role, RolePolicyAttachment
from steps.logs import LogGroup
from steps.network import ElasticIp, InternetGateway, InternetGatewayAttachment, NatGateway, Subnet, Vpc
from steps.policies import ecs_tasks_trust, lambda_trust, managed
from steps.routing import Route, RouteTable, RouteTableAssociation
from steps.security import SecurityGroup, SecurityGroupRule

_ANYWHERE = "0.0.0.0/0"
_HTTPS = 443
_INSIGHTS_DAYS = 14


@dataclass(frozen=True)
class Site:
    """Where the stack is to stand: what AWS tells and the stack file cannot."""

    account: str
    region: str
    partition: str
    zones: tuple[str, ...]


def steps_of(stack: Stack, site: Site, code: Mapping[str, str]) -> list[Step]:
    """All steps of the stack. `code` gives the SHA-256 of each function's zip by function name."""
    names = Names(stack.name, site.region)
    return [
        *_roles(stack, site, names),
        *_log_groups(stack, names),
        *_network(stack, site),
        *_ways_out(stack, site),
        *_security_groups(stack, names),
        *_security_group_rules(stack),
        *_load_balancing(stack, site, names),
        *_services(stack, site, names),
        *_functions(stack, site, names, code),
    ]


def _roles(stack: Stack, site: Site, names: Names) -> Iterator[Step]:
    """Early: how long a fresh role takes to be usable everywhere overlaps with all the rest."""
    tasks = ecs_tasks_trust(site.partition, site.region, site.account)
    for service in stack.services:
        for part in ("execution", "task"):
            yield Role(
                name=f"role-{service}-{part}",
                role_name=names.role(f"{service}-{part}"),
                trust=tasks,
                description=f"{part} role of service {service} of stack {stack.name}",
            )
        yield _policy(f"{service}-execution", managed(site.partition, "AmazonECSTaskExecutionRolePolicy"))
    for name, function in stack.functions.items():
        yield Role(
            name=f"role-{name}-function",
            role_name=names.role(f"{name}-function"),
            trust=lambda_trust(),
            description=f"execution role of function {name} of stack {stack.name}",
        )
        policy = "AWSLambdaVPCAccessExecutionRole" if function.vpc else "AWSLambdaBasicExecutionRole"
        yield _policy(f"{name}-function", managed(site.partition, policy))


def _policy(role: str, arn: str) -> Step:
    return RolePolicyAttachment(
        name=f"policy-{role}", needs=(Need(f"role-{role}", Until.EXISTS),), role=f"role-{role}", policy_arn=arn
    )


def _log_groups(stack: Stack, names: Names) -> Iterator[Step]:
    """Before whatever writes to them, so that they are ours and end after some days."""
    for name, service in stack.services.items():
        yield LogGroup(
            name=f"log-group-service-{name}",
            group_name=names.log_group_service(name),
            retention=service.log_retention_days,
        )
    for name, function in stack.functions.items():
        yield LogGroup(
            name=f"log-group-function-{name}",
            group_name=names.log_group_function(name),
            retention=function.log_retention_days,
        )
    if stack.services and stack.cluster.container_insights:
        yield LogGroup(
            name="log-group-container-insights", group_name=names.log_group_insights, retention=_INSIGHTS_DAYS
        )


def _network(stack: Stack, site: Site) -> Iterator[Step]:
    """The VPC, a public and a private subnet in each zone, and the way to the internet."""
    yield Vpc(name="vpc", cidr=stack.network.cidr)
    yield InternetGateway(name="internet-gateway")
    yield InternetGatewayAttachment(
        name="internet-gateway-attachment",
        needs=(Need("vpc"), Need("internet-gateway")),
        gateway="internet-gateway",
        vpc="vpc",
    )
    yield RouteTable(name="route-table-public", needs=(Need("vpc"),), vpc="vpc")
    yield Route(
        name="route-public-internet",
        needs=(Need("route-table-public"), Need("internet-gateway"), Need("internet-gateway-attachment")),
        table="route-table-public",
        destination=_ANYWHERE,
        target="internet-gateway",
        target_parameter="GatewayId",
    )
    blocks = list(subnet_blocks(stack, site))
    for tier, zone, cidr in blocks:
        yield Subnet(name=_subnet(tier, zone), needs=(Need("vpc"),), vpc="vpc", cidr=cidr, zone=zone)
    for zone in site.zones:
        yield RouteTable(name=_table("private", zone), needs=(Need("vpc"),), vpc="vpc")
    for tier, zone, _ in blocks:
        yield _association(tier, zone)


def subnet_blocks(stack: Stack, site: Site) -> Iterator[tuple[str, str, str]]:
    """Tier, zone and CIDR of each subnet: the network's blocks in order, public ones first."""
    network = IPv4Network(stack.network.cidr)
    blocks = network.subnets(new_prefix=stack.network.subnet_prefix)
    for tier in ("public", "private"):
        for zone in site.zones:
            yield tier, zone, str(next(blocks))


def _association(tier: str, zone: str) -> Step:
    table, subnet = _table(tier, zone), _subnet(tier, zone)
    return RouteTableAssociation(
        name=f"association-{tier}-{zone}", needs=(Need(table), Need(subnet)), table=table, subnet=subnet
    )


def _ways_out(stack: Stack, site: Site) -> Iterator[Step]:
    """NAT gateways, and the private subnets' routes to them; a route may be made while its gateway is pending."""
    with_gateway = site.zones if stack.network.nat_gateways == "per-az" else site.zones[:1]
    for zone in with_gateway:
        yield ElasticIp(name=f"elastic-ip-{zone}", needs=(Need("internet-gateway-attachment", Until.EXISTS),))
        yield NatGateway(
            name=f"nat-gateway-{zone}",
            needs=(
                Need(_subnet("public", zone)),
                Need(f"elastic-ip-{zone}"),
                Need("internet-gateway-attachment"),
                Need("route-public-internet", Until.EXISTS),
                Need(f"association-public-{zone}", Until.EXISTS),
            ),
            subnet=_subnet("public", zone),
            address=f"elastic-ip-{zone}",
        )
    for zone in site.zones:
        gateway = f"nat-gateway-{zone if zone in with_gateway else with_gateway[0]}"
        yield Route(
            name=f"route-private-{zone}-internet",
            needs=(Need(_table("private", zone)), Need(gateway, Until.EXISTS)),
            table=_table("private", zone),
            destination=_ANYWHERE,
            target=gateway,
            target_parameter="NatGatewayId",
        )


def _way_out(stack: Stack, site: Site) -> tuple[Need, ...]:
    """What must stand before anything in the private subnets reaches the internet, and outlive it."""
    gateways = site.zones if stack.network.nat_gateways == "per-az" else site.zones[:1]
    return (
        *(Need(f"nat-gateway-{zone}") for zone in gateways),
        *(Need(f"route-private-{zone}-internet") for zone in site.zones),
        *(Need(f"association-private-{zone}") for zone in site.zones),
    )


def _security_groups(stack: Stack, names: Names) -> Iterator[Step]:
    """One for the load balancer, one for each service's tasks, one for each function in the VPC."""
    parts = [("load-balancer", f"load balancer of stack {stack.name}")] if stack.load_balancer else []
    parts += [(f"service-{name}", f"tasks of service {name} of stack {stack.name}") for name in stack.services]
    parts += [
        (f"function-{name}", f"function {name} of stack {stack.name}")
        for name, function in stack.functions.items()
        if function.vpc
    ]
    for part, description in parts:
        yield SecurityGroup(
            name=_group(part),
            needs=(Need("vpc"),),
            vpc="vpc",
            group_name=names.security_group(part),
            description=description,
        )


def _security_group_rules(stack: Stack) -> Iterator[Step]:
    """Exactly who reaches whom. Names are resolved by the VPC's own resolver, which no group filters."""
    for service, settings in stack.services.items():
        yield from _pass("load-balancer", f"service-{service}", settings.port)
        yield _egress(f"service-{service}", _ANYWHERE, _HTTPS, "image registry and AWS APIs")
    for name, function in stack.functions.items():
        if function.calls and stack.load_balancer:
            yield from _pass(f"function-{name}", "load-balancer", stack.load_balancer.port)
        for way in function.egress:
            yield _egress(f"function-{name}", str(way.cidr), way.port, f"function {name} may go there")


def _pass(source: str, target: str, port: int) -> Iterator[Step]:
    """Both ends of one permitted connection: out of the source's group, into the target's."""
    needs = (Need(_group(source)), Need(_group(target)))
    for direction, group, peer, word in (
        ("egress", source, target, "to"),
        ("ingress", target, source, "from"),
    ):
        yield SecurityGroupRule(
            name=f"rule-{group}-{word}-{peer}-{port}",
            needs=needs,
            group=_group(group),
            direction="egress" if direction == "egress" else "ingress",
            port=port,
            peer=_group(peer),
            description=f"{word} {peer}",
        )


def _egress(part: str, cidr: str, port: int, why: str) -> Step:
    return SecurityGroupRule(
        name=f"rule-{part}-to-{cidr.replace('/', '-')}-{port}",
        needs=(Need(_group(part)),),
        group=_group(part),
        direction="egress",
        port=port,
        cidr=cidr,
        description=why,
    )


def _rules_of(stack: Stack, part: str) -> tuple[str, ...]:
    """The rules that touch a group, which must stand before anyone in it starts to work."""
    return tuple(
        rule.name
        for rule in _security_group_rules(stack)
        if isinstance(rule, SecurityGroupRule) and _group(part) in (rule.group, rule.peer)
    )


def _load_balancing(stack: Stack, site: Site, names: Names) -> Iterator[Step]:
    balancer = stack.load_balancer
    if balancer is None:
        return
    subnets = tuple(_subnet("private", zone) for zone in site.zones)
    yield LoadBalancer(
        name="load-balancer",
        needs=(*map(Need, subnets), Need(_group("load-balancer"))),
        load_balancer_name=names.load_balancer,
        scheme=balancer.scheme,
        subnets=subnets,
        groups=(_group("load-balancer"),),
        attributes={"idle_timeout.timeout_seconds": str(balancer.idle_timeout)},
    )
    for service, settings in stack.services.items():
        yield TargetGroup(
            name=f"target-group-{service}",
            needs=(Need("vpc"),),
            vpc="vpc",
            target_group_name=names.target_group(service),
            port=settings.port,
            health_check=health_check(settings),
            attributes={"deregistration_delay.timeout_seconds": str(settings.deregistration_delay)},
        )
        yield Listener(
            name=f"listener-{balancer.port}",
            needs=(Need("load-balancer", Until.EXISTS), Need(f"target-group-{service}", Until.EXISTS)),
            load_balancer="load-balancer",
            target_group=f"target-group-{service}",
            port=balancer.port,
        )


def _services(stack: Stack, site: Site, names: Names) -> Iterator[Step]:
    if not stack.services:
        return
    insights = stack.cluster.container_insights
    yield Cluster(
        name="cluster",
        needs=(Need("log-group-container-insights"),) if insights else (),
        cluster_name=names.cluster,
        container_insights=insights,
    )
    for name, settings in stack.services.items():
        yield _task_definition(name, settings, site, names)
        yield _service(stack, name, settings, site, names)


def _task_definition(name: str, settings: ServiceSettings, site: Site, names: Names) -> Step:
    return TaskDefinition(
        name=f"task-definition-{name}",
        needs=(
            Need(f"role-{name}-execution"),
            Need(f"role-{name}-task"),
            Need(f"log-group-service-{name}", Until.EXISTS),
        ),
        task_family=names.task_family(name),
        container=container_definition(name, settings, site.region, names.log_group_service(name)),
        cpu=settings.cpu,
        memory=settings.memory,
        architecture=settings.architecture.upper(),
        execution_role=f"role-{name}-execution",
        task_role=f"role-{name}-task",
    )


def _service(stack: Stack, name: str, settings: ServiceSettings, site: Site, names: Names) -> Step:
    """Its tasks need more than its ids: a way to the registry, their roles' policies, and their rules."""
    listener = f"listener-{stack.load_balancer.port if stack.load_balancer else 0}"
    subnets = tuple(_subnet("private", zone) for zone in site.zones)
    return Service(
        name=f"service-{name}",
        needs=(
            Need("cluster"),
            Need(f"task-definition-{name}"),
            Need(f"target-group-{name}"),
            Need(listener),
            Need(f"policy-{name}-execution"),
            Need(f"log-group-service-{name}"),
            Need(_group(f"service-{name}")),
            *map(Need, _rules_of(stack, f"service-{name}")),
            *map(Need, subnets),
            *_way_out(stack, site),
        ),
        service_name=names.service(name),
        cluster="cluster",
        task_definition=f"task-definition-{name}",
        count=settings.count,
        subnets=subnets,
        groups=(_group(f"service-{name}"),),
        target_group=f"target-group-{name}",
        container_name=name,
        container_port=settings.port,
        deployment=DEPLOYMENT,
        grace_period=GRACE_PERIOD,
    )


def _functions(stack: Stack, site: Site, names: Names, code: Mapping[str, str]) -> Iterator[Step]:
    for name, settings in stack.functions.items():
        yield _function(stack, name, settings, site, names, code[name])


def _function(stack: Stack, name: str, settings: FunctionSettings, site: Site, names: Names, sha256: str) -> Step:
    # Lambda takes long to let go of its interfaces: only what those hang on must wait for it on the way back.
    subnets = tuple(_subnet("private", zone) for zone in site.zones) if settings.vpc else ()
    groups = (_group(f"function-{name}"),) if settings.vpc else ()
    variables = environment(stack, settings)
    sources = {part[0] for parts in variables.values() for part in parts if isinstance(part, tuple)}
    return Function(
        name=f"function-{name}",
        needs=(
            Need(f"role-{name}-function"),
            Need(f"policy-{name}-function"),
            Need(f"log-group-function-{name}"),
            *map(Need, (*subnets, *groups)),
            *(Need(rule, holds=False) for rule in _rules_of(stack, f"function-{name}")),
            *(Need(source, Until.EXISTS, holds=False) for source in sorted(sources)),
        ),
        function_name=names.function(name),
        role=f"role-{name}-function",
        handler=settings.handler,
        runtime=settings.runtime,
        architecture=settings.architecture,
        timeout=settings.timeout,
        memory=settings.memory,
        code_sha256=sha256,
        environment=variables,
        subnets=subnets,
        groups=groups,
    )


def _subnet(tier: str, zone: str) -> str:
    return f"subnet-{tier}-{zone}"


def _table(tier: str, zone: str) -> str:
    return "route-table-public" if tier == "public" else f"route-table-private-{zone}"


def _group(part: str) -> str:
    return f"security-group-{part}"
