"""Databases in the network: from when on they answer, to whom, and why not."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from provisioner.user_data import mongodb as script
from tests.lambda_payload.zips import graphql_zip
from tests.sandbox.database_lab import CREDENTIALS, USER_DATA, DatabaseLab
from tests.sandbox_fixture import Sandbox

PORT = 27017


@pytest.fixture
def lab(sandbox: Sandbox) -> DatabaseLab:
    """Group a may ask group b."""
    made = DatabaseLab(sandbox)
    for port in (PORT, 5432):
        made.let_in(made.groups[1], port, group=made.groups[0])
    return made


def launched(lab: DatabaseLab, user_data: str = USER_DATA, **more: Any) -> tuple[str, str]:
    """An instance and its address."""
    instance = lab.new_instance(user_data, **more)
    return instance, lab.private_address(instance)


def refused(lab: DatabaseLab, address: str) -> str:
    """Assert that MongoDB's port is closed; why."""
    found = lab.reach(lab.a, address, PORT)
    assert found["outcome"] == "refused", found
    return found["why"]


def test_user_data_with_mongod_answers(lab: DatabaseLab) -> None:
    _, address = launched(lab)
    assert lab.opens(lab.a, address, PORT)
    assert lab.reach(lab.a, address, 80)["outcome"] == "hangs"


def test_other_user_data_does_not(lab: DatabaseLab) -> None:
    for user_data in ("#!/bin/bash\necho mongo", ""):
        _, address = launched(lab, user_data, profile=False)
        assert ":" not in refused(lab, address).partition("eni-")[2]


def test_it_takes_a_while(lab: DatabaseLab) -> None:
    lab.sandbox.latencies({"instance.installed": 60, "instance.running": 20})
    _, address = launched(lab)
    assert "nothing runs behind it" in lab.hangs(lab.a, address, PORT)
    lab.sandbox.advance(30)
    assert "its user data is still being carried out" in refused(lab, address)
    lab.sandbox.advance(31)
    assert lab.opens(lab.a, address, PORT)


def test_it_goes_with_its_instance(lab: DatabaseLab) -> None:
    lab.sandbox.latencies({"instance.terminated": 60})
    instance, address = launched(lab)
    assert lab.opens(lab.a, address, PORT)
    lab.ec2.terminate_instances(InstanceIds=[instance])
    assert f"MongoDB of {instance} does not run" in lab.hangs(lab.a, address, PORT)
    lab.sandbox.advance(61)
    assert "nobody has" in lab.hangs(lab.a, address, PORT)


def test_it_is_installed_from_the_internet(lab: DatabaseLab) -> None:
    """Without a way there it goes on trying."""
    lab.ec2.delete_route(RouteTableId=lab.private, DestinationCidrBlock="0.0.0.0/0")
    _, address = launched(lab)
    why = refused(lab, address)
    assert "its user data cannot reach repo.mongodb.org:443: no route of" in why
    lab.route(lab.private, "0.0.0.0/0", NatGatewayId=lab.new_nat(lab.subnets[0]))
    _in_time(lab, address)


def test_its_group_must_let_it_out(lab: DatabaseLab) -> None:
    lab.forbid_leaving(lab.groups[1])
    _, address = launched(lab)
    assert "its user data cannot reach repo.mongodb.org:443" in refused(lab, address)
    lab.let_out(lab.groups[1], 443)
    _in_time(lab, address)


def test_its_role_must_be_allowed_to_read_the_secret(lab: DatabaseLab) -> None:
    _, address = launched(lab, profile=False)
    assert "which has no role, may not secretsmanager:GetSecretValue on " in refused(lab, address)


def test_a_permission_that_comes_late(lab: DatabaseLab) -> None:
    iam = lab.sandbox.client("iam")
    lab.new_profile()
    policy = iam.get_role_policy(RoleName="database", PolicyName="read")["PolicyDocument"]
    iam.delete_role_policy(RoleName="database", PolicyName="read")
    _, address = launched(lab, profile="database")
    assert "role/database may not secretsmanager:GetSecretValue" in refused(lab, address)
    iam.put_role_policy(RoleName="database", PolicyName="read", PolicyDocument=json.dumps(policy))
    _in_time(lab, address)


@pytest.mark.parametrize("value", ["text", {"username": "a"}, None])
def test_secrets_that_do_not_fit(lab: DatabaseLab, value: Any) -> None:
    secrets = lab.sandbox.client("secretsmanager")
    if value is None:
        secrets.delete_secret(SecretId=lab.secret, ForceDeleteWithoutRecovery=True)
    else:
        secrets.put_secret_value(SecretId=lab.secret, SecretString=json.dumps(value))
    _, address = launched(lab)
    words = "there is no arn:" if value is None else "is not JSON with username and password"
    assert words in refused(lab, address)
    if value is not None:
        secrets.put_secret_value(SecretId=lab.secret, SecretString=json.dumps(CREDENTIALS))
        _in_time(lab, address)


def test_mongod_listens_at_the_loopback_unless_told_otherwise(lab: DatabaseLab) -> None:
    _, address = launched(lab, USER_DATA.replace(", bindIp: 0.0.0.0", ""))
    assert "mongod listens at 127.0.0.1 alone" in refused(lab, address)


def test_a_stopped_instance_does_not_answer(lab: DatabaseLab) -> None:
    instance, address = launched(lab)
    assert lab.opens(lab.a, address, PORT)
    lab.ec2.stop_instances(InstanceIds=[instance])
    assert "does not run" in lab.hangs(lab.a, address, PORT)


def test_the_script_of_the_tool(lab: DatabaseLab) -> None:
    """What `provisioner` has an instance do is understood."""
    pieces = script(("secret", "arn"), "eu-central-1", "8.0", "app")
    text = "".join(one if isinstance(one, str) else lab.secret for one in pieces)
    _, address = launched(lab, text)
    assert lab.opens(lab.a, address, PORT)
    lab.new_function(
        graphql_zip(),
        {"DATABASE_ENGINE": "mongodb", "DATABASE_HOST": address, "DATABASE_PORT": "27017", "DATABASE_NAME": "app"},
    )
    assert lab.ask_graphql("{ notes { id } }") == (200, {"data": {"notes": []}})


def test_rds_answers_when_it_is_available(lab: DatabaseLab) -> None:
    lab.sandbox.latencies({"rds.available": 60, "rds.backing_up": 10})
    assert "Endpoint" not in lab.new_rds()
    interface = lab.ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["RDSNetworkInterface"]}]
    )["NetworkInterfaces"][0]
    assert "db is creating" in lab.hangs(lab.a, interface["PrivateIpAddress"], 5432)
    lab.sandbox.advance(51)
    host = lab.rds()["Endpoint"]["Address"]
    found = lab.reach(lab.a, host, 5432)
    assert (found["outcome"], found["address"]) == ("open", interface["PrivateIpAddress"])
    assert lab.reach(lab.a, f"other.{host.partition('.')[2]}", 5432)["outcome"] == "unknown name"


def test_rds_is_not_on_the_internet(lab: DatabaseLab) -> None:
    host = lab.new_rds()["Endpoint"]["Address"]
    assert "private address" in lab.hangs("internet", host, 5432)


def test_rds_listens_at_its_port(lab: DatabaseLab) -> None:
    lab.let_in(lab.groups[1], 0, to_port=65535)
    host = lab.new_rds(Port=5433)["Endpoint"]["Address"]
    assert lab.opens(lab.a, host, 5433)
    assert lab.reach(lab.a, host, 5432)["outcome"] == "refused"


def test_a_standby_does_not_answer(lab: DatabaseLab) -> None:
    host = lab.new_rds(MultiAZ=True)["Endpoint"]["Address"]
    assert lab.opens(lab.a, host, 5432)
    found = lab.ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["RDSNetworkInterface"]}]
    )["NetworkInterfaces"]
    active = lab.reach(lab.a, host, 5432)["address"]
    (standby,) = [one["PrivateIpAddress"] for one in found if one["PrivateIpAddress"] != active]
    assert "it is the standby's of db" in lab.hangs(lab.a, standby, 5432)


def _in_time(lab: DatabaseLab, address: str) -> None:
    """Assert that it is installed with one of the next tries."""
    end = time.monotonic() + 3
    while (found := lab.reach(lab.a, address, PORT))["outcome"] != "open":
        assert time.monotonic() < end, found
        time.sleep(0.02)
