"""Every kind of resource by its key: what destroy knows when it has nothing but a state file."""

from __future__ import annotations

from steps.apis import ApiRoute, HttpApi, Integration, Stage
from steps.balancing import LoadBalancer
from steps.base import Step
from steps.certificates import Certificate, ExistingCertificate, IssuedCertificate, ValidationRecord
from steps.clusters import Cluster, ExistingCluster
from steps.databases import DbInstance, DbSubnetGroup
from steps.discovery import Namespace
from steps.dns import ExistingZone, HostedZone
from steps.endpoints import VpcEndpoint
from steps.existing_network import ExistingRouteTable, ExistingSubnet, ExistingVpc
from steps.functions import Function
from steps.identity import Role, RolePolicy, RolePolicyAttachment
from steps.instances import Instance, InstanceProfile
from steps.invocation import FunctionPermission, FunctionUrl
from steps.listeners import Listener, ListenerRule
from steps.logs import LogGroup
from steps.network import ElasticIp, InternetGateway, InternetGatewayAttachment, NatGateway, Subnet, Vpc
from steps.records import Delegation, RecordSet
from steps.routing import Route, RouteTable, RouteTableAssociation
from steps.scaling import ScalableTarget, ScalingPolicy
from steps.secrets import Secret
from steps.security import SecurityGroup, SecurityGroupRule
from steps.services import Service
from steps.targets import TargetGroup
from steps.task_definitions import TaskDefinition
from steps.transit import TransitGatewayAttachment

KINDS: dict[str, type[Step]] = {
    cls.kind: cls
    for cls in (
        Vpc,
        Subnet,
        InternetGateway,
        InternetGatewayAttachment,
        ElasticIp,
        NatGateway,
        RouteTable,
        Route,
        RouteTableAssociation,
        VpcEndpoint,
        TransitGatewayAttachment,
        ExistingVpc,
        ExistingSubnet,
        ExistingRouteTable,
        SecurityGroup,
        SecurityGroupRule,
        HostedZone,
        ExistingZone,
        Delegation,
        RecordSet,
        Certificate,
        ValidationRecord,
        IssuedCertificate,
        ExistingCertificate,
        Role,
        RolePolicyAttachment,
        RolePolicy,
        LogGroup,
        LoadBalancer,
        TargetGroup,
        Listener,
        ListenerRule,
        Cluster,
        ExistingCluster,
        Namespace,
        TaskDefinition,
        Service,
        ScalableTarget,
        ScalingPolicy,
        Function,
        FunctionPermission,
        FunctionUrl,
        HttpApi,
        Integration,
        ApiRoute,
        Stage,
        Secret,
        InstanceProfile,
        Instance,
        DbSubnetGroup,
        DbInstance,
    )
}
