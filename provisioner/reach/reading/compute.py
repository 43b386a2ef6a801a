"""What runs: functions, services with their tasks, databases of RDS; each under the step that recorded it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from provisioner.reach.parts import Alias, Database, Function, Service, Task
from provisioner.reach.reading import definitions
from provisioner.reach.reading.pages import Raw, chunks, items
from steps.aws.errors import gone

_SERVICES, _TASKS = 10, 100
"""How many one call of ECS describes. Source: ECS API reference, DescribeServices, DescribeTasks."""


def functions(client: Any, recorded: Mapping[str, str]) -> list[Function]:
    return [found for step, arn in recorded.items() if (found := _function(client, step, arn))]


def _function(client: Any, step: str, arn: str) -> Function | None:
    try:
        raw = client.get_function_configuration(FunctionName=arn)
    except ClientError as error:
        if gone(error):
            return None
        raise
    network = raw.get("VpcConfig") or {}
    subnets, groups = network.get("SubnetIds") or (), network.get("SecurityGroupIds") or ()
    return Function(step, raw["FunctionName"], raw["FunctionArn"], tuple(subnets), tuple(groups))


def services(ecs: Any, recorded: Mapping[str, str]) -> list[Service]:
    """An ARN of a service holds its cluster: `arn:...:service/CLUSTER/NAME`."""
    steps = {arn: step for step, arn in recorded.items()}
    by_cluster: dict[str, list[str]] = {}
    for arn in recorded.values():
        by_cluster.setdefault(arn.split("/")[-2], []).append(arn)
    return [
        _service(ecs, steps[raw["serviceArn"]], raw)
        for cluster, arns in by_cluster.items()
        for raw in _described(ecs, cluster, arns)
    ]


def _described(ecs: Any, cluster: str, arns: list[str]) -> Iterator[Raw]:
    for some in chunks(arns, _SERVICES):
        try:
            answer = ecs.describe_services(cluster=cluster, services=some)
        except ClientError as error:
            if gone(error):  # with its cluster
                return
            raise
        yield from (raw for raw in answer["services"] if raw["status"] != "INACTIVE")


def _service(ecs: Any, step: str, raw: Raw) -> Service:
    network = _network(raw)
    connect = _connect(raw)
    containers = definitions.containers(ecs, raw)
    ports = [port for one in containers for port in one.get("portMappings") or ()]
    known = {one.get("name", ""): int(one["containerPort"]) for one in ports}
    return Service(
        step,
        raw["serviceName"],
        raw["serviceArn"],
        raw["clusterArn"],
        tuple(network.get("subnets") or ()),
        tuple(network.get("securityGroups") or ()),
        network.get("assignPublicIp") == "ENABLED",
        tuple(one["targetGroupArn"] for one in raw.get("loadBalancers") or () if one.get("targetGroupArn")),
        tuple(dict.fromkeys(int(one["containerPort"]) for one in ports)),
        tuple(_tasks(ecs, raw)),
        connect.get("namespace", "") if connect.get("enabled") else "",
        tuple(_aliases(connect, known)),
        definitions.wants(containers),
    )


def _primary(raw: Raw) -> Raw:
    """The deployment that new tasks are of."""
    known: Sequence[Raw] = raw.get("deployments") or ()
    return next((one for one in known if one["status"] == "PRIMARY"), {})


def _network(raw: Raw) -> Raw:
    found = raw.get("networkConfiguration") or _primary(raw).get("networkConfiguration") or {}
    network: Raw = found.get("awsvpcConfiguration") or {}
    return network


def _connect(raw: Raw) -> Raw:
    found: Raw = _primary(raw).get("serviceConnectConfiguration") or {}
    return found


def _aliases(connect: Raw, ports: Mapping[str, int]) -> Iterator[Alias]:
    """The names of what it offers; without an alias of its own it is `DISCOVERY-NAME.NAMESPACE`, which few use."""
    for one in connect.get("services") or ():
        behind = ports.get(one["portName"], 0)
        for alias in one.get("clientAliases") or ():
            name = alias.get("dnsName") or one.get("discoveryName") or one["portName"]
            yield Alias(name.lower(), int(alias["port"]), behind)


def _tasks(ecs: Any, raw: Raw) -> Iterator[Task]:
    """Those that are to run: a stopped one has no interface any longer."""
    cluster = raw["clusterArn"]
    listed = list(items(ecs, "list_tasks", "taskArns", cluster=cluster, serviceName=raw["serviceName"]))
    for some in chunks(listed, _TASKS):
        for task in ecs.describe_tasks(cluster=cluster, tasks=some)["tasks"]:
            if interface := _interface(task):
                yield Task(task["taskArn"], task["lastStatus"], interface)


def _interface(task: Raw) -> str:
    for one in task.get("attachments") or ():
        for detail in one.get("details") or ():
            if detail["name"] == "networkInterfaceId":
                return str(detail["value"])
    return ""


def databases(rds: Any, recorded: Mapping[str, str], zones: Mapping[str, str]) -> list[Database]:
    """`zones` gives the zone of each subnet."""
    return [found for step, name in recorded.items() if (found := _database(rds, step, name, zones))]


def _database(rds: Any, step: str, name: str, zones: Mapping[str, str]) -> Database | None:
    """By identifier; where it is not there yet it has no endpoint."""
    try:
        raw = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    except ClientError as error:
        if gone(error):
            return None
        raise
    group, endpoint = raw.get("DBSubnetGroup") or {}, raw.get("Endpoint") or {}
    subnets = [one["SubnetIdentifier"] for one in group.get("Subnets") or ()]
    here = [one for one in subnets if zones.get(one) == raw.get("AvailabilityZone")]
    return Database(
        step,
        raw["DBInstanceIdentifier"],
        endpoint.get("Address", ""),
        int(endpoint.get("Port") or 0),
        raw["DBInstanceStatus"],
        group.get("VpcId", ""),
        tuple(here or subnets),
        tuple(one["VpcSecurityGroupId"] for one in raw.get("VpcSecurityGroups") or ()),
    )
