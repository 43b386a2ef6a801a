"""A network whose functions' roles have the permissions that Lambda needs of them."""

from __future__ import annotations

from tests.sandbox.world import Network

_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


class LambdaNetwork(Network):
    """Its roles may write logs and manage network interfaces."""

    def new_role(self, name: str, service: str) -> str:
        arn = super().new_role(name, service)
        if service == "lambda.amazonaws.com":
            self.sandbox.client("iam").attach_role_policy(RoleName=name, PolicyArn=_POLICY)
        return arn

    def delete_role(self, name: str) -> None:
        self.take_permissions(name)
        self.sandbox.client("iam").delete_role(RoleName=name)

    def take_permissions(self, name: str) -> None:
        self.sandbox.client("iam").detach_role_policy(RoleName=name, PolicyArn=_POLICY)

    def role(self, name: str) -> str:
        """The ARN of one that exists."""
        return str(self.sandbox.client("iam").get_role(RoleName=name)["Role"]["Arn"])
