"""Everything that exists in an account and region, told so that two runs can be compared.

Plain boto3, knowing nothing of the tool but the tag that names a step: it is the witness of whether a second run
changed nothing, and of whether a destroyed stack left nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

Item = dict[str, Any]

_STEP = "provisioner:step"
_ROOT = ("testing", "testing")
"""Keys that stand for a sandbox's root, whoever the environment says is at work."""
# They differ from run to run: what is drawn for each stack, and what follows from it.
_DRAWN_TAGS = frozenset({"provisioner:stack-id", "provisioner:token"})
_ID = re.compile(
    r"\b(vpc|subnet|igw|eipalloc|nat|rtb|sgr?|eni|vpce|tgw|tgw-attach|i|acl|vol|ecs-svc)[-/][0-9a-f]{8,20}\b"
)
_DNS = re.compile(r"-\d{1,10}(\.[a-z0-9-]+\.elb\.amazonaws\.com)")
_NAME_SERVER = re.compile(r"\bns-\d+\.awsdns-\d+\.\w+(\.uk)?")
_HEX = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{16,32}\b")


def inventory(where: str | boto3.Session, region: str = "eu-central-1") -> dict[str, list[str]]:
    """Every resource that is not there by default, by kind, sorted; `{}` if there is none.

    `where` is an endpoint or a session. Ids are replaced by the tag that names the step, by `Name`, or by the
    resource's own name.
    """
    look = _look(where, region)
    found = {kind: list(collect(look)) for kind, collect in _KINDS.items()}
    labels = _labels(found)
    told = {kind: sorted(_canonical(item, labels) for item in items) for kind, items in found.items()}
    return {kind: lines for kind, lines in told.items() if lines}


@dataclass
class Thing:
    """One resource: how it is told apart, what else it is known by, and what is worth comparing."""

    label: str
    ids: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.label = self.tags.get(_STEP) or self.tags.get("Name") or self.label


@dataclass
class Look:
    """Where to look."""

    client: Callable[[str], Any]

    def all(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """Every item of a listing, on whatever page."""
        client = self.client(service)
        if client.can_paginate(operation):
            for page in client.get_paginator(operation).paginate(**parameters):
                yield from page[key]
        else:
            yield from getattr(client, operation)(**parameters)[key]


@cache  # making clients takes longer than asking them
def _look(where: str | boto3.Session, region: str) -> Look:
    endpoint = where if isinstance(where, str) else None
    session: Any = boto3.Session(*_ROOT) if isinstance(where, str) else where
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            config = Config(inject_host_prefix=False)
            clients[service] = session.client(service, region_name=region, endpoint_url=endpoint, config=config)
        return clients[service]

    return Look(client)


def _labels(found: Mapping[str, list[Thing]]) -> list[tuple[str, str]]:
    """Ids and what to write for them, longest first, for an id may begin another."""
    pairs = {key: f"<{kind} {item.label}>" for kind, items in found.items() for item in items for key in item.ids}
    return sorted(pairs.items(), key=lambda pair: -len(pair[0]))


def _canonical(thing: Thing, labels: list[tuple[str, str]]) -> str:
    tags = {key: value for key, value in thing.tags.items() if key not in _DRAWN_TAGS}
    text = json.dumps({**thing.settings, **({"tags": tags} if tags else {})}, default=str)
    for key, label in labels:
        text = text.replace(key, label)
    text = _HEX.sub("?", _ID.sub(r"<\1>", _DNS.sub(r"-?\1", _NAME_SERVER.sub("<ns>", text))))
    # Sorted only now: the order of ids says nothing, that of their labels is the same in each run.
    return f"{_HEX.sub('?', thing.label)}: {json.dumps(_ordered(json.loads(text)), sort_keys=True)}"


def _tags(raw: Any) -> dict[str, str]:
    """Whatever form a service gives them in."""
    if isinstance(raw, Mapping):
        return dict(raw)
    return {pair.get("Key", pair.get("key")): pair.get("Value", pair.get("value")) for pair in raw or ()}


def _only(raw: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: raw[name] for name in names if raw.get(name) not in (None, [], {}, "")}


def _ordered(value: Any) -> Any:
    """Lists sorted: AWS gives them in any order."""
    if isinstance(value, Mapping):
        return {key: _ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_ordered, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def _ec2(look: Look, operation: str, key: str, id_key: str, *names: str) -> Iterator[tuple[Item, Thing]]:
    for raw in look.all("ec2", operation, key):
        yield raw, Thing("untagged", (raw[id_key],), _only(raw, *names), _tags(raw.get("Tags")))


def _vpcs(look: Look) -> Iterator[Thing]:
    for raw, thing in _ec2(look, "describe_vpcs", "Vpcs", "VpcId", "CidrBlock", "State"):
        if not raw["IsDefault"]:
            asked = ("enableDnsSupport", "enableDnsHostnames")
            thing.settings = {**thing.settings, **{name: _attribute(look, raw["VpcId"], name) for name in asked}}
            yield thing


def _attribute(look: Look, vpc: str, name: str) -> bool:
    answer = look.client("ec2").describe_vpc_attribute(VpcId=vpc, Attribute=name)
    return bool(answer[name[0].upper() + name[1:]]["Value"])


def _subnets(look: Look) -> Iterator[Thing]:
    names = ("CidrBlock", "AvailabilityZone", "VpcId", "MapPublicIpOnLaunch", "State")
    for raw, thing in _ec2(look, "describe_subnets", "Subnets", "SubnetId", *names):
        if not raw["DefaultForAz"]:
            yield thing


def _internet_gateways(look: Look) -> Iterator[Thing]:
    operation = ("describe_internet_gateways", "InternetGateways", "InternetGatewayId")
    for _, thing in _ec2(look, *operation, "Attachments"):
        yield thing


def _addresses(look: Look) -> Iterator[Thing]:
    for raw, thing in _ec2(look, "describe_addresses", "Addresses", "AllocationId", "Domain"):
        thing.settings = {**thing.settings, "associated": "AssociationId" in raw}
        yield thing


def _nat_gateways(look: Look) -> Iterator[Thing]:
    names = ("State", "SubnetId", "VpcId", "ConnectivityType")
    for raw, thing in _ec2(look, "describe_nat_gateways", "NatGateways", "NatGatewayId", *names):
        if raw["State"] != "deleted":
            addresses = [address.get("AllocationId") for address in raw["NatGatewayAddresses"]]
            thing.settings = {**thing.settings, "addresses": addresses}
            yield thing


def _route_tables(look: Look) -> Iterator[Thing]:
    for raw, thing in _ec2(look, "describe_route_tables", "RouteTables", "RouteTableId", "VpcId", "Routes"):
        if not any(association["Main"] for association in raw["Associations"]):
            subnets = sorted(association.get("SubnetId", "") for association in raw["Associations"])
            thing.settings = {**thing.settings, "subnets": subnets}
            yield thing


def _groups(look: Look) -> Iterator[Thing]:
    names = ("GroupName", "Description", "VpcId")
    for raw, thing in _ec2(look, "describe_security_groups", "SecurityGroups", "GroupId", *names):
        if raw["GroupName"] != "default":
            thing.label = thing.label if thing.tags else raw["GroupName"]
            yield thing


def _group_rules(look: Look) -> Iterator[Thing]:
    ours = {key for thing in _groups(look) for key in thing.ids}
    names = (
        "GroupId",
        "IsEgress",
        "IpProtocol",
        "FromPort",
        "ToPort",
        "CidrIpv4",
        "CidrIpv6",
        "PrefixListId",
        "ReferencedGroupInfo",
        "Description",
    )
    operation = ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId")
    for raw, thing in _ec2(look, *operation, *names):
        if raw["GroupId"] in ours:
            thing.ids = ()
            thing.label = thing.tags.get(_STEP, "rule")
            yield thing


def _interfaces(look: Look) -> Iterator[Thing]:
    names = ("Description", "SubnetId", "VpcId", "InterfaceType", "Status")
    operation = ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId")
    for raw, thing in _ec2(look, *operation, *names):
        thing.label = thing.tags.get(_STEP, "interface")
        groups = sorted(group["GroupId"] for group in raw["Groups"])
        thing.settings = {**thing.settings, "groups": groups}
        yield thing


def _endpoints(look: Look) -> Iterator[Thing]:
    names = (
        "VpcEndpointType",
        "VpcId",
        "ServiceName",
        "State",
        "RouteTableIds",
        "SubnetIds",
        "Groups",
        "PrivateDnsEnabled",
    )
    for raw, thing in _ec2(look, "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", *names):
        if raw["State"] != "deleted":
            yield thing


def _transit_gateways(look: Look) -> Iterator[Thing]:
    names = ("State", "OwnerId")
    operation = ("describe_transit_gateways", "TransitGateways", "TransitGatewayId")
    for raw, thing in _ec2(look, *operation, *names):
        if raw["State"] != "deleted":
            yield thing


def _attachments(look: Look) -> Iterator[Thing]:
    names = ("State", "TransitGatewayId", "VpcId", "SubnetIds")
    operation = ("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments")
    for raw, thing in _ec2(look, *operation, "TransitGatewayAttachmentId", *names):
        if raw["State"] != "deleted":
            yield thing


def _instances(look: Look) -> Iterator[Thing]:
    for reservation in look.all("ec2", "describe_instances", "Reservations"):
        for raw in reservation["Instances"]:
            if raw["State"]["Name"] != "terminated":
                settings = _only(raw, "ImageId", "InstanceType", "SubnetId", "State")
                ids = tuple(_only(raw, "InstanceId", "PrivateIpAddress").values())
                yield Thing("instance", ids, settings, _tags(raw.get("Tags")))


def _balancers(look: Look) -> Iterator[Thing]:
    names = ("LoadBalancerName", "Scheme", "Type", "VpcId", "SecurityGroups", "State", "IpAddressType")
    for raw in look.all("elbv2", "describe_load_balancers", "LoadBalancers"):
        arn = raw["LoadBalancerArn"]
        told = look.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        subnets = sorted(zone["SubnetId"] for zone in raw["AvailabilityZones"])
        settings = {**_only(raw, *names), "subnets": subnets, "attributes": _tags(told)}
        # The interfaces of a load balancer speak of it by the end of its ARN.
        ids = (arn, arn.partition("loadbalancer/")[2])
        yield Thing(raw["LoadBalancerName"], ids, settings, _elb_tags(look, arn))


def _target_groups(look: Look) -> Iterator[Thing]:
    names = (
        "TargetGroupName",
        "Protocol",
        "Port",
        "VpcId",
        "TargetType",
        "HealthCheckProtocol",
        "HealthCheckPort",
        "HealthCheckPath",
        "HealthCheckIntervalSeconds",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "UnhealthyThresholdCount",
        "Matcher",
        "LoadBalancerArns",
    )
    elbv2 = look.client("elbv2")
    for raw in look.all("elbv2", "describe_target_groups", "TargetGroups"):
        arn = raw["TargetGroupArn"]
        attributes = _tags(elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
        health = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        states = sorted(target["TargetHealth"]["State"] for target in health)
        settings = {**_only(raw, *names), "attributes": attributes, "targets": states}
        yield Thing(raw["TargetGroupName"], (arn,), settings, _elb_tags(look, arn))


def _listeners(look: Look) -> Iterator[Thing]:
    for balancer in look.all("elbv2", "describe_load_balancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        for raw in look.all("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn):
            names = ("LoadBalancerArn", "Port", "Protocol", "DefaultActions", "Certificates", "SslPolicy")
            settings = _only(raw, *names)
            key = raw["ListenerArn"]
            yield Thing(f"{balancer['LoadBalancerName']}:{raw['Port']}", (key,), settings, _elb_tags(look, key))


def _listener_rules(look: Look) -> Iterator[Thing]:
    for listener in _listeners(look):
        for raw in look.all("elbv2", "describe_rules", "Rules", ListenerArn=listener.ids[0]):
            if not raw["IsDefault"]:
                settings = {"listener": listener.ids[0], **_only(raw, "Priority", "Conditions", "Actions")}
                yield Thing(
                    f"rule {raw['Priority']}", (raw["RuleArn"],), settings, _elb_tags(look, raw["RuleArn"])
                )


def _elb_tags(look: Look, arn: str) -> dict[str, str]:
    return _tags(look.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def _clusters(look: Look) -> Iterator[Thing]:
    ecs, arns = look.client("ecs"), list(look.all("ecs", "list_clusters", "clusterArns"))
    for raw in ecs.describe_clusters(clusters=arns, include=["TAGS", "SETTINGS"])["clusters"] if arns else ():
        if raw["status"] != "INACTIVE":
            names = ("clusterName", "status", "settings", "capacityProviders", "defaultCapacityProviderStrategy")
            settings = _only(raw, *names, "activeServicesCount", "runningTasksCount")
            yield Thing(raw["clusterName"], (raw["clusterArn"],), settings, _tags(raw.get("tags")))


def _services(look: Look) -> Iterator[Thing]:
    names = (
        "serviceName",
        "clusterArn",
        "status",
        "desiredCount",
        "runningCount",
        "pendingCount",
        "taskDefinition",
        "launchType",
        "capacityProviderStrategy",
        "platformVersion",
        "networkConfiguration",
        "loadBalancers",
        "deploymentConfiguration",
        "healthCheckGracePeriodSeconds",
        "enableECSManagedTags",
        "enableExecuteCommand",
        "propagateTags",
        "serviceRegistries",
    )
    for cluster in look.all("ecs", "list_clusters", "clusterArns"):
        for arn in look.all("ecs", "list_services", "serviceArns", cluster=cluster):
            asked = {"cluster": cluster, "services": [arn], "include": ["TAGS"]}
            for raw in look.client("ecs").describe_services(**asked)["services"]:
                if raw["status"] != "INACTIVE":
                    states = [deployment.get("rolloutState") for deployment in raw["deployments"]]
                    connected = [_only(one, "serviceConnectConfiguration") for one in raw["deployments"]]
                    settings = {**_only(raw, *names), "deployments": states, **(connected or [{}])[0]}
                    yield Thing(raw["serviceName"], (arn,), settings, _tags(raw.get("tags")))


def _tasks(look: Look) -> Iterator[Thing]:
    for cluster in look.all("ecs", "list_clusters", "clusterArns"):
        arns = list(look.all("ecs", "list_tasks", "taskArns", cluster=cluster))
        asked = {"cluster": cluster, "tasks": arns}
        for raw in look.client("ecs").describe_tasks(**asked)["tasks"] if arns else ():
            names = ("clusterArn", "taskDefinitionArn", "lastStatus", "desiredStatus", "launchType")
            yield Thing(raw.get("group", "task"), (raw["taskArn"],), _only(raw, *names))


def _task_definitions(look: Look) -> Iterator[Thing]:
    names = (
        "family",
        "revision",
        "status",
        "cpu",
        "memory",
        "networkMode",
        "requiresCompatibilities",
        "executionRoleArn",
        "taskRoleArn",
        "runtimePlatform",
        "ephemeralStorage",
        "containerDefinitions",
    )
    for status in ("ACTIVE", "INACTIVE"):
        for arn in look.all("ecs", "list_task_definitions", "taskDefinitionArns", status=status):
            answer = look.client("ecs").describe_task_definition(taskDefinition=arn, include=["TAGS"])
            raw = answer["taskDefinition"]
            label = f"{raw['family']}:{raw['revision']}"
            yield Thing(label, (arn,), _only(raw, *names), _tags(answer.get("tags")))


def _functions(look: Look) -> Iterator[Thing]:
    names = (
        "FunctionName",
        "Runtime",
        "Role",
        "Handler",
        "CodeSha256",
        "Description",
        "Timeout",
        "MemorySize",
        "Environment",
        "Architectures",
        "Layers",
        "EphemeralStorage",
        "State",
        "LastUpdateStatus",
    )
    for listed in look.all("lambda", "list_functions", "Functions"):
        answer = look.client("lambda").get_function(FunctionName=listed["FunctionName"])
        raw = answer["Configuration"]
        network = _only(raw.get("VpcConfig") or {}, "VpcId", "SubnetIds", "SecurityGroupIds")
        statements = _statements(look, raw["FunctionName"])
        reserved = _only(answer, "Concurrency")
        settings = {**_only(raw, *names), **reserved, "network": network, "statements": statements}
        yield Thing(raw["FunctionName"], (raw["FunctionArn"],), settings, _tags(answer.get("Tags")))


def _statements(look: Look, function: str) -> Any:
    client = look.client("lambda")
    try:
        document = json.loads(client.get_policy(FunctionName=function)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return []
    return document["Statement"]


def _function_urls(look: Look) -> Iterator[Thing]:
    client = look.client("lambda")
    for function in look.all("lambda", "list_functions", "Functions"):
        try:
            raw = client.get_function_url_config(FunctionName=function["FunctionName"])
        except client.exceptions.ResourceNotFoundException:
            continue
        yield Thing(function["FunctionName"], (raw["FunctionUrl"],), _only(raw, "AuthType", "Cors", "InvokeMode"))


def _http_apis(look: Look) -> Iterator[Thing]:
    for raw in look.all("apigatewayv2", "get_apis", "Items"):
        names = ("Name", "ProtocolType", "Description", "CorsConfiguration")
        yield Thing(raw["Name"], (raw["ApiId"],), _only(raw, *names), _tags(raw.get("Tags")))


def _api_parts(look: Look, operation: str, key: str, id_key: str, *names: str) -> Iterator[Thing]:
    for api in look.all("apigatewayv2", "get_apis", "Items"):
        for raw in look.all("apigatewayv2", operation, "Items", ApiId=api["ApiId"]):
            settings = {"api": api["ApiId"], **_only(raw, *names)}
            yield Thing(raw[key], (raw[id_key],) if id_key else (), settings, _tags(raw.get("Tags")))


def _integrations(look: Look) -> Iterator[Thing]:
    names = ("IntegrationType", "IntegrationMethod", "PayloadFormatVersion", "TimeoutInMillis")
    return _api_parts(look, "get_integrations", "IntegrationUri", "IntegrationId", *names)


def _api_routes(look: Look) -> Iterator[Thing]:
    return _api_parts(look, "get_routes", "RouteKey", "RouteId", "Target", "AuthorizationType")


def _stages(look: Look) -> Iterator[Thing]:
    names = ("AutoDeploy", "AccessLogSettings", "DefaultRouteSettings", "StageVariables")
    return _api_parts(look, "get_stages", "StageName", "", *names)


def _log_groups(look: Look) -> Iterator[Thing]:
    for raw in look.all("logs", "describe_log_groups", "logGroups"):
        arn = raw["arn"].removesuffix(":*")
        tags = look.client("logs").list_tags_for_resource(resourceArn=arn).get("tags")
        yield Thing(raw["logGroupName"], (arn,), _only(raw, "logGroupName", "retentionInDays"), _tags(tags))


def _roles(look: Look) -> Iterator[Thing]:
    iam = look.client("iam")
    for raw in look.all("iam", "list_roles", "Roles"):
        if raw["Path"].startswith("/aws-service-role/"):
            continue
        name = raw["RoleName"]
        attached = look.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
        inline = look.all("iam", "list_role_policies", "PolicyNames", RoleName=name)
        documents: Any = {
            policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in map(str, inline)
        }
        settings = {
            **_only(raw, "RoleName", "Path", "Description", "AssumeRolePolicyDocument"),
            "attached": sorted(policy["PolicyArn"] for policy in attached),
            "inline": documents,
        }
        yield Thing(name, (raw["Arn"],), settings, _tags(iam.list_role_tags(RoleName=name)["Tags"]))


def _policies(look: Look) -> Iterator[Thing]:
    for raw in look.all("iam", "list_policies", "Policies", Scope="Local"):
        yield Thing(raw["PolicyName"], (raw["Arn"],), _only(raw, "PolicyName", "AttachmentCount"))


def _instance_profiles(look: Look) -> Iterator[Thing]:
    for raw in look.all("iam", "list_instance_profiles", "InstanceProfiles"):
        roles = sorted(role["RoleName"] for role in raw["Roles"])
        yield Thing(raw["InstanceProfileName"], (raw["Arn"],), {"roles": roles})


def _zones(look: Look) -> Iterator[Thing]:
    for raw in look.all("route53", "list_hosted_zones", "HostedZones"):
        yield Thing(raw["Name"], (raw["Id"],), _only(raw, "Name", "ResourceRecordSetCount"))


def _record_sets(look: Look) -> Iterator[Thing]:
    """All but the two that a zone is born with."""
    for zone in look.all("route53", "list_hosted_zones", "HostedZones"):
        for raw in look.all("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]):
            if raw["Name"] != zone["Name"] or raw["Type"] not in ("NS", "SOA"):
                settings = {"zone": zone["Name"], **_only(raw, "TTL", "ResourceRecords", "AliasTarget")}
                yield Thing(f"{raw['Name']} {raw['Type']}", (), settings)


def _certificates(look: Look) -> Iterator[Thing]:
    for raw in look.all("acm", "list_certificates", "CertificateSummaryList"):
        arn = raw["CertificateArn"]
        tags = look.client("acm").list_tags_for_certificate(CertificateArn=arn).get("Tags")
        settings = _only(raw, "DomainName", "SubjectAlternativeNameSummaries", "Status")
        yield Thing(raw["DomainName"], (arn,), settings, _tags(tags))


def _namespaces(look: Look) -> Iterator[Thing]:
    for raw in look.all("servicediscovery", "list_namespaces", "Namespaces"):
        tags = look.client("servicediscovery").list_tags_for_resource(ResourceARN=raw["Arn"])["Tags"]
        settings = _only(raw, "Name", "Type", "Description")
        yield Thing(raw["Name"], (raw["Arn"], raw["Id"]), settings, _tags(tags))


def _discovered(look: Look) -> Iterator[Thing]:
    for raw in look.all("servicediscovery", "list_services", "Services"):
        yield Thing(raw["Name"], (raw["Arn"], raw["Id"]), _only(raw, "Name", "InstanceCount"))


def _scalable_targets(look: Look) -> Iterator[Thing]:
    scaling = look.client("application-autoscaling")
    targets = ("application-autoscaling", "describe_scalable_targets", "ScalableTargets")
    for raw in look.all(*targets, ServiceNamespace="ecs"):
        arn = raw["ScalableTargetARN"]
        settings = _only(raw, "ResourceId", "MinCapacity", "MaxCapacity", "RoleARN")
        tags = scaling.list_tags_for_resource(ResourceARN=arn)["Tags"]
        yield Thing(raw["ResourceId"], (arn, arn.rpartition("/")[2]), settings, tags)


def _scaling_policies(look: Look) -> Iterator[Thing]:
    policies = ("application-autoscaling", "describe_scaling_policies", "ScalingPolicies")
    for raw in look.all(*policies, ServiceNamespace="ecs"):
        settings = _only(raw, "ResourceId", "PolicyType", "TargetTrackingScalingPolicyConfiguration")
        yield Thing(raw["PolicyName"], (raw["PolicyARN"],), settings)


def _alarms(look: Look) -> Iterator[Thing]:
    for raw in look.all("cloudwatch", "describe_alarms", "MetricAlarms"):
        yield Thing(raw["MetricName"], (raw["AlarmArn"],), _only(raw, "MetricName", "Threshold", "Dimensions"))


def _secrets(look: Look) -> Iterator[Thing]:
    """Those that wait for their deletion are not listed."""
    for raw in look.all("secretsmanager", "list_secrets", "SecretList"):
        settings = _only(raw, "Description", "OwningService", "KmsKeyId")
        yield Thing(raw["Name"], (raw["ARN"],), settings, _tags(raw.get("Tags")))


def _db_instances(look: Look) -> Iterator[Thing]:
    names = (
        "DBInstanceIdentifier",
        "DBInstanceClass",
        "DBInstanceStatus",
        "Engine",
        "EngineVersion",
        "DBName",
        "MasterUsername",
        "AllocatedStorage",
        "StorageType",
        "StorageEncrypted",
        "MultiAZ",
        "BackupRetentionPeriod",
        "DeletionProtection",
        "PubliclyAccessible",
        "CopyTagsToSnapshot",
        "VpcSecurityGroups",
    )
    for raw in look.all("rds", "describe_db_instances", "DBInstances"):
        ids = (raw["DBInstanceArn"], raw["DbiResourceId"])
        yield Thing(raw["DBInstanceIdentifier"], ids, _only(raw, *names), _tags(raw.get("TagList")))


def _db_subnet_groups(look: Look) -> Iterator[Thing]:
    rds = look.client("rds")
    for raw in look.all("rds", "describe_db_subnet_groups", "DBSubnetGroups"):
        tags = rds.list_tags_for_resource(ResourceName=raw["DBSubnetGroupArn"])["TagList"]
        subnets = sorted(subnet["SubnetIdentifier"] for subnet in raw["Subnets"])
        settings = {**_only(raw, "DBSubnetGroupDescription", "VpcId"), "subnets": subnets}
        yield Thing(raw["DBSubnetGroupName"], (raw["DBSubnetGroupArn"],), settings, _tags(tags))


def _db_snapshots(look: Look) -> Iterator[Thing]:
    for raw in look.all("rds", "describe_db_snapshots", "DBSnapshots", SnapshotType="manual"):
        settings = _only(raw, "DBInstanceIdentifier", "Status", "Engine")
        yield Thing(raw["DBSnapshotIdentifier"], (raw["DBSnapshotArn"],), settings, _tags(raw.get("TagList")))


def _volumes(look: Look) -> Iterator[Thing]:
    names = ("Size", "VolumeType", "Encrypted", "State", "AvailabilityZone")
    for _, thing in _ec2(look, "describe_volumes", "Volumes", "VolumeId", *names):
        thing.label = thing.label if thing.tags else "volume"
        yield thing


def _snapshots(look: Look) -> Iterator[Thing]:
    """Ours: Amazon's public ones are everybody's."""
    for raw in look.all("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"]):
        settings = _only(raw, "VolumeSize", "State", "Description")
        yield Thing("snapshot", (raw["SnapshotId"],), settings, _tags(raw.get("Tags")))


_KINDS: Mapping[str, Callable[[Look], Iterator[Thing]]] = {
    "vpc": _vpcs,
    "subnet": _subnets,
    "internet gateway": _internet_gateways,
    "address": _addresses,
    "nat gateway": _nat_gateways,
    "route table": _route_tables,
    "security group": _groups,
    "security group rule": _group_rules,
    "network interface": _interfaces,
    "endpoint": _endpoints,
    "transit gateway": _transit_gateways,
    "transit gateway attachment": _attachments,
    "instance": _instances,
    "load balancer": _balancers,
    "target group": _target_groups,
    "listener": _listeners,
    "listener rule": _listener_rules,
    "cluster": _clusters,
    "service": _services,
    "task": _tasks,
    "task definition": _task_definitions,
    "function": _functions,
    "function url": _function_urls,
    "http api": _http_apis,
    "integration": _integrations,
    "api route": _api_routes,
    "stage": _stages,
    "log group": _log_groups,
    "role": _roles,
    "policy": _policies,
    "instance profile": _instance_profiles,
    "hosted zone": _zones,
    "record set": _record_sets,
    "certificate": _certificates,
    "namespace": _namespaces,
    "service in a namespace": _discovered,
    "scalable target": _scalable_targets,
    "scaling policy": _scaling_policies,
    "alarm": _alarms,
    "secret": _secrets,
    "db instance": _db_instances,
    "db subnet group": _db_subnet_groups,
    "db snapshot": _db_snapshots,
    "volume": _volumes,
    "snapshot": _snapshots,
}
