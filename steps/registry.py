"""Every kind of resource by its key: what destroy knows when it has nothing but a state file."""

from __future__ import annotations

from steps.balancing import Listener, LoadBalancer, TargetGroup
from steps.base import Step
from steps.containers import Cluster, Service, TaskDefinition
from steps.functions import Function
from steps.identity import Role, RolePolicyAttachment
from steps.logs import LogGroup
from steps.network import ElasticIp, InternetGateway, InternetGatewayAttachment, NatGateway, Subnet, Vpc
from steps.routing import Route, RouteTable, RouteTableAssociation
from steps.security import SecurityGroup, SecurityGroupRule

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
        SecurityGroup,
        SecurityGroupRule,
        Role,
        RolePolicyAttachment,
        LogGroup,
        LoadBalancer,
        TargetGroup,
        Listener,
        Cluster,
        TaskDefinition,
        Service,
        Function,
    )
}
