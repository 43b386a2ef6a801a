"""RDS."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import pytest

from tests.sandbox.principals import User, allow, enforce
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox

NAME = "lab-database"


class Site(Network):
    """A network in which tests make databases."""

    @cached_property
    def rds(self) -> Any:
        return self.sandbox.client("rds")

    def new_group_of_subnets(self, name: str = "lab", subnets: Any = None, **more: Any) -> dict[str, Any]:
        asked = {"DBSubnetGroupName": name, "DBSubnetGroupDescription": "test"}
        answer = self.rds.create_db_subnet_group(**asked, SubnetIds=subnets or self.subnets, **more)
        made: dict[str, Any] = answer["DBSubnetGroup"]
        return made

    def asked(self, **more: Any) -> dict[str, Any]:
        usual: dict[str, Any] = {
            "DBInstanceIdentifier": NAME,
            "DBInstanceClass": "db.t4g.micro",
            "Engine": "postgres",
            "EngineVersion": "16",
            "AllocatedStorage": 20,
            "StorageType": "gp3",
            "DBName": "notes",
            "MasterUsername": "app",
            "ManageMasterUserPassword": True,
            "DBSubnetGroupName": "lab",
            "VpcSecurityGroupIds": [self.group],
            "PubliclyAccessible": False,
        }
        return {name: value for name, value in {**usual, **more}.items() if value is not None}

    def make(self, **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.rds.create_db_instance(**self.asked(**more))["DBInstance"]
        return made

    def told(self, name: str = NAME) -> dict[str, Any]:
        found: dict[str, Any] = self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        return found

    def status(self) -> str:
        return str(self.told()["DBInstanceStatus"])

    def change(self, **more: Any) -> None:
        self.rds.modify_db_instance(DBInstanceIdentifier=NAME, **more)

    def end(self, **more: Any) -> None:
        self.rds.delete_db_instance(DBInstanceIdentifier=NAME, **(more or {"SkipFinalSnapshot": True}))

    def secret(self) -> dict[str, str]:
        arn = self.told()["MasterUserSecret"]["SecretArn"]
        answer = self.sandbox.client("secretsmanager").get_secret_value(SecretId=arn)
        value: dict[str, str] = json.loads(answer["SecretString"])
        return value


@pytest.fixture
def site(sandbox: Sandbox) -> Site:
    found = Site(sandbox)
    found.new_group_of_subnets()
    return found


@pytest.fixture
def slow(sandbox: Sandbox) -> Site:
    """With AWS's own pace, for tests that move the clock."""
    sandbox.become("real")
    found = Site(sandbox)
    found.new_group_of_subnets()
    return found


class TestSubnetGroups:
    def test_two_zones(self, site: Site) -> None:
        again = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="eu-central-1a")
        pair = [site.subnets[0], again["Subnet"]["SubnetId"]]
        refused(site.new_group_of_subnets, "DBSubnetGroupDoesNotCoverEnoughAZs", name="other", subnets=pair)

    def test_one_network(self, site: Site) -> None:
        other = Network(site.sandbox)
        pair = [site.subnets[0], other.subnets[1]]
        refused(site.new_group_of_subnets, "InvalidSubnet", name="other", subnets=pair)

    def test_names(self, site: Site) -> None:
        refused(site.new_group_of_subnets, "DBSubnetGroupAlreadyExists", name="LAB")
        refused(site.new_group_of_subnets, "InvalidParameterValue", name="default")
        refused(site.new_group_of_subnets, "InvalidParameterValue", name="a/b")
        assert site.new_group_of_subnets("Other")["DBSubnetGroupName"] == "other"

    def test_unknown_subnets(self, site: Site) -> None:
        said = refused(
            site.new_group_of_subnets,
            "InvalidParameterValue",
            name="x",
            subnets=[site.subnets[0], "subnet-12345678"],
        )
        assert said == "Some input subnets in :[subnet-12345678] are invalid."

    def test_a_change_is_kept(self, site: Site) -> None:
        asked = {"DBSubnetGroupName": "lab", "DBSubnetGroupDescription": "new"}
        site.rds.modify_db_subnet_group(**asked, SubnetIds=site.subnets)
        (found,) = site.rds.describe_db_subnet_groups(DBSubnetGroupName="lab")["DBSubnetGroups"]
        assert (found["DBSubnetGroupDescription"], len(found["Subnets"])) == ("new", 2)

    def test_one_in_use_stays(self, slow: Site) -> None:
        slow.make()
        delete = slow.rds.delete_db_subnet_group
        said = refused(delete, "InvalidDBSubnetGroupStateFault", DBSubnetGroupName="lab")
        assert NAME in said
        slow.sandbox.advance(301)
        slow.end()
        refused(delete, "InvalidDBSubnetGroupStateFault", DBSubnetGroupName="lab")
        slow.sandbox.advance(241)
        delete(DBSubnetGroupName="lab")
        refused(delete, "DBSubnetGroupNotFoundFault", DBSubnetGroupName="lab")

    def test_a_subnet_in_use_is_not_left_out(self, site: Site) -> None:
        more = [
            site.ec2.create_subnet(VpcId=site.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)
            for number, zone in ((7, "eu-central-1b"), (8, "eu-central-1c"))
        ]
        site.make()
        asked = {"DBSubnetGroupName": "lab", "SubnetIds": [one["Subnet"]["SubnetId"] for one in more]}
        refused(site.rds.modify_db_subnet_group, "SubnetAlreadyInUse", **asked)


class TestCreating:
    def test_it_takes_minutes_and_is_backed_up(self, slow: Site) -> None:
        made = slow.make()
        assert made["DBInstanceStatus"] == "creating"
        assert "Endpoint" not in made
        assert made["MasterUserSecret"]["SecretStatus"] == "creating"
        slow.sandbox.advance(241)
        assert slow.status() == "backing-up"
        slow.sandbox.advance(60)
        found = slow.told()
        assert found["DBInstanceStatus"] == "available"
        assert found["Endpoint"]["Port"] == 5432
        assert found["Endpoint"]["Address"].startswith(f"{NAME}.")
        assert found["MasterUserSecret"]["SecretStatus"] == "active"

    def test_without_backups_there_is_none(self, slow: Site) -> None:
        slow.make(BackupRetentionPeriod=0)
        slow.sandbox.advance(241)
        assert slow.status() == "creating"
        slow.sandbox.advance(60)
        assert slow.status() == "available"

    def test_a_major_version_becomes_its_newest_minor(self, site: Site) -> None:
        site.make()
        assert site.told()["EngineVersion"].startswith("16.")

    def test_its_own_secret(self, site: Site) -> None:
        site.make()
        site.make(DBInstanceIdentifier="other")
        held = site.secret()
        assert held["username"] == "app"
        assert len(held["password"]) == 28
        secrets = site.sandbox.client("secretsmanager")
        listed = secrets.list_secrets()["SecretList"]
        assert [one["OwningService"] for one in listed] == ["rds", "rds"]
        values = {secrets.get_secret_value(SecretId=one["ARN"])["SecretString"] for one in listed}
        assert len(values) == 2
        one = {"SecretId": listed[0]["ARN"], "ForceDeleteWithoutRecovery": True}
        refused(secrets.delete_secret, "InvalidRequestException", **one)

    def test_its_interface_holds_subnet_and_group(self, site: Site) -> None:
        site.make()
        (interface,) = site.interfaces()
        assert interface["Description"] == "RDSNetworkInterface"
        assert interface["RequesterId"] == "amazon-rds"
        assert interface["Status"] == "in-use"
        assert [group["GroupId"] for group in interface["Groups"]] == [site.group]
        refused(site.ec2.delete_subnet, "DependencyViolation", SubnetId=interface["SubnetId"])
        refused(site.ec2.delete_security_group, "DependencyViolation", GroupId=site.group)

    def test_a_standby_is_in_another_zone(self, site: Site) -> None:
        site.make(MultiAZ=True)
        assert {one["SubnetId"] for one in site.interfaces()} == set(site.subnets)

    def test_a_full_subnet(self, site: Site) -> None:
        small = [
            site.ec2.create_subnet(VpcId=site.vpc, CidrBlock=f"10.0.20.{start}/28", AvailabilityZone=zone)
            for start, zone in ((0, "eu-central-1a"), (16, "eu-central-1b"))
        ]
        names = [one["Subnet"]["SubnetId"] for one in small]
        for _ in range(11):
            site.ec2.create_network_interface(SubnetId=names[0])
        site.new_group_of_subnets("small", subnets=names)
        site.make(DBSubnetGroupName="small", AvailabilityZone="eu-central-1a")
        assert site.status() == "incompatible-network"

    @pytest.mark.parametrize(
        ("wish", "code"),
        [
            ({"DBInstanceClass": "db.t9.micro"}, "InvalidParameterValue"),
            ({"DBInstanceClass": "t4g.micro"}, "InvalidParameterValue"),
            ({"DBInstanceClass": "db.m7g.micro"}, "InvalidParameterValue"),
            ({"DBInstanceClass": "db.t2.micro"}, "InvalidParameterCombination"),
            ({"EngineVersion": "99"}, "InvalidParameterCombination"),
            ({"AllocatedStorage": 5}, "InvalidParameterValue"),
            ({"AllocatedStorage": 70000}, "InvalidParameterValue"),
            ({"BackupRetentionPeriod": 36}, "InvalidParameterValue"),
            ({"Port": 80}, "InvalidParameterValue"),
            ({"MasterUsername": "admin"}, "InvalidParameterValue"),
            ({"MasterUsername": "1app"}, "InvalidParameterValue"),
            ({"DBName": "my-notes"}, "InvalidParameterValue"),
            ({"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault"),
            ({"VpcSecurityGroupIds": ["sg-12345678"]}, "InvalidParameterValue"),
            ({"MasterUserPassword": "hush-hush"}, "InvalidParameterCombination"),
            ({"ManageMasterUserPassword": None}, "InvalidParameterValue"),
            ({"DBInstanceIdentifier": "two--hyphens"}, "InvalidParameterValue"),
            ({"PubliclyAccessible": True}, "InvalidVPCNetworkStateFault"),
        ],
    )
    def test_refusals(self, site: Site, wish: dict[str, Any], code: str) -> None:
        refused(site.make, code, **wish)
        assert site.interfaces() == []
        assert site.sandbox.client("secretsmanager").list_secrets()["SecretList"] == []

    def test_groups_of_another_network(self, site: Site) -> None:
        other = Network(site.sandbox)
        refused(site.make, "InvalidParameterCombination", VpcSecurityGroupIds=[other.group])

    def test_identifiers(self, site: Site) -> None:
        site.make()
        refused(site.make, "DBInstanceAlreadyExists", DBInstanceIdentifier=NAME.upper())

    def test_the_quota(self, site: Site) -> None:
        site.sandbox.ask("POST", "quotas", {"db-instances": 1})
        site.make()
        refused(site.make, "InstanceQuotaExceeded", DBInstanceIdentifier="other")

    def test_its_role_is_made_at_first_use(self, site: Site) -> None:
        roles = site.sandbox.client("iam").list_roles()["Roles"]
        assert "AWSServiceRoleForRDS" in [role["RoleName"] for role in roles]

    def test_what_a_caller_must_be_allowed(self, site: Site) -> None:
        user = User(site.sandbox, allow("rds:CreateDBInstance"))
        kinds = [f"arn:aws:rds:*:*:{kind}:*" for kind in ("cluster", "db", "og", "pg", "secgrp")]
        other = User(site.sandbox, allow("rds:CreateDBInstance", resource=kinds))
        enforce(site.sandbox)
        said = refused(user.client("rds").create_db_instance, "AccessDenied", **site.asked())
        assert "kms:DescribeKey" in said
        said = refused(other.client("rds").create_db_instance, "AccessDenied", **site.asked())
        assert ":subgrp:lab" in said


class TestChanging:
    def test_some_things_at_once(self, slow: Site) -> None:
        slow.make()
        refused(slow.change, "InvalidDBInstanceState", DeletionProtection=True)
        slow.sandbox.advance(301)
        another = slow.new_group("another")
        slow.change(DeletionProtection=True, VpcSecurityGroupIds=[another], ApplyImmediately=True)
        assert slow.status() == "available"
        assert slow.told()["DeletionProtection"]
        assert [group["GroupId"] for group in slow.interfaces()[0]["Groups"]] == [another]

    def test_others_take_their_time(self, slow: Site) -> None:
        slow.make()
        slow.sandbox.advance(301)
        slow.change(DBInstanceClass="db.t4g.small", AllocatedStorage=30, ApplyImmediately=True)
        found = slow.told()
        assert found["DBInstanceStatus"] == "modifying"
        assert found["DBInstanceClass"] == "db.t4g.micro"
        assert found["PendingModifiedValues"] == {"DBInstanceClass": "db.t4g.small", "AllocatedStorage": 30}
        refused(slow.change, "InvalidDBInstanceState", AllocatedStorage=40)
        slow.sandbox.advance(241)
        found = slow.told()
        assert (found["DBInstanceStatus"], found["DBInstanceClass"]) == ("available", "db.t4g.small")
        assert not found.get("PendingModifiedValues")

    def test_or_wait_for_the_window(self, slow: Site) -> None:
        slow.make()
        slow.sandbox.advance(301)
        slow.change(DBInstanceClass="db.t4g.small")
        slow.sandbox.advance(3600)
        assert slow.told()["DBInstanceClass"] == "db.t4g.micro"
        slow.change(ApplyImmediately=True)
        slow.sandbox.advance(241)
        assert slow.told()["DBInstanceClass"] == "db.t4g.small"

    def test_a_standby_comes_and_goes(self, site: Site) -> None:
        site.make()
        site.change(MultiAZ=True, ApplyImmediately=True)
        assert len(site.interfaces()) == 2
        site.change(MultiAZ=False, ApplyImmediately=True)
        assert len(site.interfaces()) == 1

    @pytest.mark.parametrize(
        ("wish", "code"),
        [
            ({"AllocatedStorage": 20}, "InvalidParameterCombination"),
            ({"EngineVersion": "17"}, "InvalidParameterCombination"),
            ({"EngineVersion": "16.1"}, "InvalidParameterCombination"),
            ({"DBInstanceClass": "db.big"}, "InvalidParameterValue"),
            ({"VpcSecurityGroupIds": ["sg-12345678"]}, "InvalidParameterValue"),
        ],
    )
    def test_impossible_changes(self, site: Site, wish: dict[str, Any], code: str) -> None:
        site.make(AllocatedStorage=30)
        refused(site.change, code, **wish)

    def test_a_major_version_if_one_says_so(self, site: Site) -> None:
        site.make()
        site.change(EngineVersion="17", AllowMajorVersionUpgrade=True, ApplyImmediately=True)
        assert site.told()["EngineVersion"].startswith("17.")


class TestDeleting:
    def test_a_snapshot_is_made_or_declined(self, site: Site) -> None:
        site.make()
        refused(site.end, "InvalidParameterCombination", SkipFinalSnapshot=False)
        both = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"}
        refused(site.end, "InvalidParameterCombination", **both)

    def test_it_takes_minutes_with_all_that_is_its(self, slow: Site) -> None:
        slow.make()
        slow.sandbox.advance(301)
        slow.end()
        assert slow.status() == "deleting"
        refused(slow.end, "InvalidDBInstanceState", SkipFinalSnapshot=True)
        refused(slow.make, "DBInstanceAlreadyExists")
        assert len(slow.interfaces()) == 1
        slow.sandbox.advance(241)
        refused(slow.told, "DBInstanceNotFound")
        assert slow.interfaces() == []
        assert slow.sandbox.client("secretsmanager").list_secrets()["SecretList"] == []

    def test_the_last_snapshot_stays(self, slow: Site) -> None:
        slow.make()
        refused(slow.end, "InvalidDBInstanceState", FinalDBSnapshotIdentifier="last")
        slow.sandbox.advance(301)
        slow.end(FinalDBSnapshotIdentifier="last")
        (snapshot,) = slow.rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        assert snapshot["Status"] == "creating"
        slow.sandbox.advance(241)
        (snapshot,) = slow.rds.describe_db_snapshots()["DBSnapshots"]
        assert (snapshot["DBSnapshotIdentifier"], snapshot["Status"]) == ("last", "available")

    def test_the_name_of_another_snapshot(self, site: Site) -> None:
        site.make()
        site.rds.create_db_snapshot(DBInstanceIdentifier=NAME, DBSnapshotIdentifier="last")
        refused(site.end, "DBSnapshotAlreadyExists", FinalDBSnapshotIdentifier="last")
        assert site.status() == "available"

    def test_protection(self, site: Site) -> None:
        site.make(DeletionProtection=True)
        refused(site.end, "InvalidParameterCombination", SkipFinalSnapshot=True)
        site.change(DeletionProtection=False)
        site.end()
        refused(site.told, "DBInstanceNotFound")
