"""A VPC with a database in its private subnet and a function that asks it, made with plain boto3."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.network_lab import Lab
from tests.sandbox_fixture import Sandbox

CREDENTIALS = {"username": "app", "password": "pass/word:ä"}
USER_DATA = """#!/bin/bash
dnf install -y https://repo.mongodb.org/yum/mongodb-org-server.rpm
aws secretsmanager get-secret-value --secret-id '{secret}'
cat > /etc/mongod.conf <<END
net: {port: 27017, bindIp: 0.0.0.0}
security: {authorization: enabled}
END
systemctl start mongod
"""
_READ = "secretsmanager:GetSecretValue"
_VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


class DatabaseLab(Lab):
    """Subnet a is public, subnet b reaches the internet through NAT. Group a is the function's, b the database's.

    The secret and the roles that may read it are there; nothing lets the function in.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.new_table(self.subnets[0], GatewayId=self.gateway)
        self.private = self.new_table(self.subnets[1], NatGatewayId=self.new_nat(self.subnets[0]))
        self.functions = sandbox.client("lambda")
        self.secret = self.new_secret(CREDENTIALS)

    def new_secret(self, value: Any) -> str:
        made = self.sandbox.client("secretsmanager").create_secret(Name="db", SecretString=json.dumps(value))
        return str(made["ARN"])

    def new_instance(self, user_data: str = USER_DATA, *, profile: str | bool = True) -> str:
        """One that installs MongoDB, in the private subnet, with a new profile, that one, or none; its id."""
        name = self.new_profile() if profile is True else profile
        more: dict[str, Any] = {"IamInstanceProfile": {"Name": name}} if name else {}
        made = self.ec2.run_instances(
            ImageId="resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            SubnetId=self.subnets[1],
            SecurityGroupIds=[self.groups[1]],
            UserData=user_data.replace("{secret}", self.secret),
            **more,
        )
        return str(made["Instances"][0]["InstanceId"])

    def new_profile(self) -> str:
        iam = self.sandbox.client("iam")
        self.new_role("database", "ec2.amazonaws.com")
        iam.create_instance_profile(InstanceProfileName="database")
        iam.add_role_to_instance_profile(InstanceProfileName="database", RoleName="database")
        return "database"

    def new_role(self, name: str, service: str) -> str:
        """One that may read the secret."""
        iam = self.sandbox.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
        reading = {"Effect": "Allow", "Action": _READ, "Resource": self.secret}
        iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=_document(reading))
        return str(made["Role"]["Arn"])

    def private_address(self, instance: str) -> str:
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return str(found["PrivateIpAddress"])

    def new_function(self, code: bytes, environment: dict[str, str], timeout: int = 10) -> None:
        """`graphql`, in the private subnet."""
        role = self.new_role("function", "lambda.amazonaws.com")
        self.sandbox.client("iam").attach_role_policy(RoleName="function", PolicyArn=_VPC_ACCESS)
        self.functions.create_function(
            FunctionName="graphql",
            Role=role,
            Runtime="python3.13",
            Architectures=["arm64"],
            Handler="handler.handler",
            Code={"ZipFile": code},
            VpcConfig={"SubnetIds": self.subnets[1:], "SecurityGroupIds": self.groups[:1]},
            Environment={"Variables": {**environment, "DATABASE_SECRET_ARN": self.secret}},
            MemorySize=256,
            Timeout=timeout,
        )

    def invoke(self, event: Any) -> Any:
        answer = self.functions.invoke(FunctionName="graphql", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def ask_graphql(self, query: str, **variables: Any) -> tuple[int, Any]:
        """Status and body of what the function answers to an HTTP API."""
        event = {
            "version": "2.0",
            "requestContext": {"http": {"method": "POST", "path": "/graphql"}},
            "headers": {"content-type": "application/json"},
            "body": json.dumps({"query": query, "variables": variables}),
            "isBase64Encoded": False,
        }
        answer = self.invoke(event)
        assert "statusCode" in answer, answer
        return answer["statusCode"], json.loads(answer["body"])

    def new_rds(self, **more: Any) -> dict[str, Any]:
        """A PostgreSQL instance in both subnets, in group b, with a secret of its own; as RDS describes it."""
        rds = self.sandbox.client("rds")
        rds.create_db_subnet_group(
            DBSubnetGroupName="group", DBSubnetGroupDescription="test", SubnetIds=self.subnets
        )
        usual: dict[str, Any] = {
            "DBInstanceIdentifier": "db",
            "DBInstanceClass": "db.t4g.micro",
            "Engine": "postgres",
            "EngineVersion": "17",
            "AllocatedStorage": 20,
            "MasterUsername": "app",
            "ManageMasterUserPassword": True,
            "DBName": "app",
            "DBSubnetGroupName": "group",
            "VpcSecurityGroupIds": [self.groups[1]],
        }
        rds.create_db_instance(**{**usual, **more})
        return self.rds()

    def rds(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sandbox.client("rds").describe_db_instances()["DBInstances"][0]
        return found

    def log(self) -> str:
        """All that the function has logged."""
        logs, group = self.sandbox.client("logs"), "/aws/lambda/graphql"
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        names = [stream["logStreamName"] for stream in streams]
        pages = [logs.get_log_events(logGroupName=group, logStreamName=name)["events"] for name in names]
        return "\n".join(event["message"] for page in pages for event in page)


def _document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
