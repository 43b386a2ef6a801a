"""A network from which images can be pulled, and what ECS runs in it."""

from __future__ import annotations

from typing import Any

from tests.sandbox.world import Network

EXECUTION_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


class Fargate(Network):
    """Its subnets are public: tasks have public addresses and reach the internet through the gateway."""

    def __post_init__(self) -> None:
        super().__post_init__()
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}]
        self.routes = self.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
        self.open_internet()
        web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[web])

    def open_internet(self) -> None:
        self.ec2.create_route(RouteTableId=self.routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)

    def close_internet(self) -> None:
        self.ec2.delete_route(RouteTableId=self.routes, DestinationCidrBlock="0.0.0.0/0")

    def placement(self, **more: Any) -> dict[str, Any]:
        network = {"subnets": self.subnets, "securityGroups": [self.group], "assignPublicIp": "ENABLED"}
        return {"awsvpcConfiguration": {**network, **more}}

    def service_parameters(self, **more: Any) -> dict[str, Any]:
        return super().service_parameters(**{"networkConfiguration": self.placement(), **more})

    def new_definition(self, **more: Any) -> str:
        """Changes of its only container may be given as `container`."""
        changes = more.pop("container", {})
        container = {"name": "app", "image": "nginx:1", "portMappings": [{"containerPort": 80}], **changes}
        wanted = {
            "family": "app",
            "containerDefinitions": [container],
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            **more,
        }
        answer = self.ecs.register_task_definition(**wanted)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def new_execution_role(self, *policies: str) -> str:
        """A role for tasks with these managed policies."""
        role = self.new_role("execution", "ecs-tasks.amazonaws.com")
        for policy in policies:
            self.sandbox.client("iam").attach_role_policy(RoleName="execution", PolicyArn=policy)
        return role

    def balanced(self, **group: Any) -> dict[str, Any]:
        """What makes a service one behind a load balancer; settings of the target group may be given."""
        targets = self.new_targets(HealthCheckIntervalSeconds=10, **group)
        self.new_listener(self.new_balancer(), targets)
        return {"loadBalancers": [{"targetGroupArn": targets, "containerName": "app", "containerPort": 80}]}

    def tasks(self, status: str = "RUNNING", **more: Any) -> list[dict[str, Any]]:
        """Those of the cluster `main` that are to be in that status, as described, with tags."""
        arns = self.ecs.list_tasks(cluster="main", desiredStatus=status, **more)["taskArns"]
        if not arns:
            return []
        answer = self.ecs.describe_tasks(cluster="main", tasks=arns, include=["TAGS"])
        found: list[dict[str, Any]] = answer["tasks"]
        return found

    def statuses(self, status: str = "RUNNING") -> list[str]:
        return [task["lastStatus"] for task in self.tasks(status)]

    def events(self) -> list[str]:
        """Messages of the service's events, oldest first, without what begins each of them."""
        return [event["message"].partition(") ")[2] for event in reversed(self.service()["events"])]

    def primary(self) -> dict[str, Any]:
        found: dict[str, Any] = self.service()["deployments"][0]
        return found
