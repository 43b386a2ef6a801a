"""PostgreSQL on RDS: made once, set right, kept where it holds data, and gone with all that is its."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from provisioner.run import Refused
from provisioner.schedule import Failed
from state.record import Record
from steps.base import Job, Need, Pending, Ready, Seen, Step, StepFailed
from steps.databases import DbInstance, DbSubnetGroup
from steps.lifecycle import Foreign
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.front import SUBNETS, network
from tests.steps.lab import REGION, Lab

NAME = "lab-database"
AWS: Any = SimpleNamespace(clients=SimpleNamespace(databases=None))


def group(**more: Any) -> DbSubnetGroup:
    wanted: dict[str, Any] = {"group_name": "lab", "description": "of a test", "subnets": SUBNETS, **more}
    return DbSubnetGroup(name="subnet-group", needs=tuple(map(Need, wanted["subnets"])), **wanted)


def instance(**more: Any) -> DbInstance:
    wanted: dict[str, Any] = {
        "identifier": NAME,
        "engine_version": "16",
        "instance_class": "db.t4g.micro",
        "storage": 20,
        "database_name": "notes",
        "username": "app",
        "subnet_group": "subnet-group",
        "groups": ("database",),
        "final_snapshot": False,
        **more,
    }
    return DbInstance(name="instance", needs=(Need("subnet-group"), Need("database"), Need("other")), **wanted)


def stack(**more: Any) -> list[Step]:
    return [*network("database", "other"), group(), instance(**more)]


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def told(lab: Lab) -> dict[str, Any]:
    found = lab.client("rds").describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"]
    answer: dict[str, Any] = found[0]
    return answer


def told_group(lab: Lab) -> dict[str, Any]:
    found = lab.client("rds").describe_db_subnet_groups(DBSubnetGroupName="lab")["DBSubnetGroups"]
    answer: dict[str, Any] = found[0]
    return answer


def failure(run: Callable[[], object]) -> StepFailed:
    with pytest.raises(Failed) as caught:
        run()
    (one,) = caught.value.failures
    assert isinstance(one.error, StepFailed)
    return one.error


def snapshots(lab: Lab) -> list[str]:
    answer = lab.client("rds").describe_db_snapshots(SnapshotType="manual")
    return sorted(one["DBSnapshotIdentifier"] for one in answer["DBSnapshots"])


class TestSubnetGroup:
    def steps(self, **more: Any) -> list[Step]:
        return [*network(), group(**more)]

    def test_it_is_as_asked_for(self, lab: Lab) -> None:
        lab.up(self.steps())
        found = told_group(lab)
        assert found["DBSubnetGroupDescription"] == "of a test"
        subnets = {subnet["SubnetIdentifier"] for subnet in found["Subnets"]}
        assert subnets == {lab.id_of(subnet) for subnet in SUBNETS}
        tags = lab.client("rds").list_tags_for_resource(ResourceName=found["DBSubnetGroupArn"])["TagList"]
        assert {"Key": "provisioner:step", "Value": "subnet-group"} in tags
        assert lab.changed(self.steps()) == []

    def test_it_is_set_right(self, lab: Lab) -> None:
        lab.up(self.steps())
        asked = {"DBSubnetGroupName": "lab", "DBSubnetGroupDescription": "other"}
        lab.client("rds").modify_db_subnet_group(**asked, SubnetIds=[lab.id_of(subnet) for subnet in SUBNETS])
        assert lab.changed(self.steps()) == ["ModifyDBSubnetGroup"]
        assert told_group(lab)["DBSubnetGroupDescription"] == "of a test"

    def test_another_wish(self, lab: Lab) -> None:
        lab.up(self.steps()).up(self.steps(description="new"))
        assert told_group(lab)["DBSubnetGroupDescription"] == "new"
        assert lab.changed(self.steps(description="new")) == []

    def test_a_lost_answer(self, lab: Lab) -> None:
        lab.sandbox.faults([{"action": "CreateDBSubnetGroup", "do": "drop-after", "times": 2}])
        lab.up(self.steps())
        assert lab.id_of("subnet-group") == "lab"

    def test_a_foreign_one_of_that_name(self, lab: Lab) -> None:
        lab.up(network())
        asked = {"DBSubnetGroupName": "lab", "DBSubnetGroupDescription": "theirs"}
        lab.client("rds").create_db_subnet_group(**asked, SubnetIds=[lab.id_of(subnet) for subnet in SUBNETS])
        with pytest.raises(Foreign):
            lab.up(self.steps())
        assert told_group(lab)["DBSubnetGroupDescription"] == "theirs"

    def test_who_is_in_it_is_told_while_it_cannot_go(self, lab: Lab) -> None:
        lab.up(stack())
        job = Job(lab.aws, lab.record("subnet-group"), {})
        (found,) = DbSubnetGroup.blockers(job, Seen("lab", {}))
        assert (found.id, found.what, found.whose) == (NAME, "DB instance", "this stack's")
        assert found.since
        assert found.move.startswith(f"aws rds delete-db-instance --db-instance-identifier {NAME} ")


class TestInstance:
    def test_it_is_as_asked_for(self, lab: Lab) -> None:
        lab.up(stack(backup_days=3))
        found = told(lab)
        assert found["DBInstanceStatus"] == "available"
        expected = {
            "Engine": "postgres",
            "DBName": "notes",
            "MasterUsername": "app",
            "DBInstanceClass": "db.t4g.micro",
            "AllocatedStorage": 20,
            "StorageType": "gp3",
            "StorageEncrypted": True,
            "MultiAZ": False,
            "BackupRetentionPeriod": 3,
            "DeletionProtection": False,
            "PubliclyAccessible": False,
            "CopyTagsToSnapshot": True,
        }
        assert {name: found[name] for name in expected} == expected
        assert {"Key": "provisioner:step", "Value": "instance"} in found["TagList"]
        assert lab.outputs("instance") == {
            "host": found["Endpoint"]["Address"],
            "port": 5432,
            "secret_arn": found["MasterUserSecret"]["SecretArn"],
            "database": "notes",
            "resource_id": found["DbiResourceId"],
        }

    def test_no_password_passes_through_us(self, lab: Lab) -> None:
        lab.up(stack())
        (sent,) = [call for call in lab.sandbox.calls() if call["action"] == "CreateDBInstance"]
        assert sent["parameters"]["ManageMasterUserPassword"] is True
        assert "MasterUserPassword" not in sent["parameters"]
        assert not [call for call in lab.sandbox.calls() if call["service"] == "secretsmanager"]

    def test_a_second_run_changes_nothing(self, lab: Lab) -> None:
        assert lab.up(stack()).changed(stack()) == []
        reads = [call["action"] for call in lab.sandbox.calls() if call["service"] == "rds"]
        assert sorted(reads) == ["DescribeDBInstances", "DescribeDBSubnetGroups", "ListTagsForResource"]

    def test_it_is_waited_for(self, lab: Lab) -> None:
        lab.sandbox.latencies({"rds.available": 0.2, "rds.backing_up": 0.1})
        lab.up(stack())
        assert "creating" in lab.said("instance")

    @pytest.mark.parametrize("how", ["drop-after", "error-after"])
    def test_a_lost_answer_makes_no_second_one(self, lab: Lab, how: str) -> None:
        lab.sandbox.faults([{"action": "CreateDBInstance", "do": how, "times": 2}])
        lab.up(stack())
        assert len(lab.client("rds").describe_db_instances()["DBInstances"]) == 1
        assert lab.changed(stack()) == []

    def test_a_role_that_rds_has_just_made_is_waited_for(self, lab: Lab) -> None:
        message = "Unable to create the resource. Verify that you have permission to create service linked role."
        error = {"code": "InvalidParameterValue", "status": 400, "message": f"{message} Otherwise wait"}
        lab.sandbox.faults([{"action": "CreateDBInstance", "do": "error", "times": 2, **error}])
        lab.up(stack())
        assert sum(message in said for said in lab.said("instance")) == 2

    @pytest.mark.parametrize(
        ("wish", "shown"),
        [
            ({"instance_class": "db.t4g.small"}, ("DBInstanceClass", "db.t4g.small")),
            ({"storage": 30}, ("AllocatedStorage", 30)),
            ({"multi_az": True}, ("MultiAZ", True)),
            ({"backup_days": 7}, ("BackupRetentionPeriod", 7)),
            ({"deletion_protection": True}, ("DeletionProtection", True)),
        ],
    )
    def test_what_changes_in_place(self, lab: Lab, wish: dict[str, Any], shown: tuple[str, Any]) -> None:
        lab.up(stack()).up(stack(**wish))
        assert told(lab)[shown[0]] == shown[1]
        assert lab.notices() == [f"set {shown[0]}"]
        assert lab.changed(stack(**wish)) == []

    def test_a_change_that_takes_its_time_is_asked_for_once(self, lab: Lab) -> None:
        lab.up(stack())
        lab.sandbox.latencies({"rds.modified": 0.2})
        assert lab.changed(stack(storage=30, instance_class="db.t4g.small")) == ["ModifyDBInstance"]
        assert "modifying" in lab.said("instance")

    def test_a_change_that_waits_for_the_window_is_made_now(self, lab: Lab) -> None:
        lab.up(stack())
        lab.client("rds").modify_db_instance(DBInstanceIdentifier=NAME, AllocatedStorage=30)
        assert told(lab)["PendingModifiedValues"] == {"AllocatedStorage": 30}
        assert lab.changed(stack(storage=30)) == ["ModifyDBInstance"]
        assert told(lab)["AllocatedStorage"] == 30

    def test_groups_and_publicity_are_set_right(self, lab: Lab) -> None:
        lab.up(stack())
        changed = {"VpcSecurityGroupIds": [lab.id_of("other")], "BackupRetentionPeriod": 0}
        lab.client("rds").modify_db_instance(DBInstanceIdentifier=NAME, **changed, ApplyImmediately=True)
        assert lab.changed(stack()) == ["ModifyDBInstance"]
        found = told(lab)
        assert [one["VpcSecurityGroupId"] for one in found["VpcSecurityGroups"]] == [lab.id_of("database")]
        assert found["BackupRetentionPeriod"] == 1

    def test_more_storage_than_asked_for_is_left(self, lab: Lab) -> None:
        lab.up(stack())
        grown = {"AllocatedStorage": 50, "ApplyImmediately": True}
        lab.client("rds").modify_db_instance(DBInstanceIdentifier=NAME, **grown)
        assert lab.changed(stack()) == []
        assert told(lab)["AllocatedStorage"] == 50

    def test_less_storage_is_refused(self, lab: Lab) -> None:
        lab.up(stack(storage=30))
        lab.sandbox.forget_calls()
        error = failure(lambda: lab.up(stack(storage=20)))
        assert "never shrinks" in error.why
        assert not lab.sandbox.calls(mutating=True)

    def test_a_minor_version_is_raised_and_never_lowered(self, lab: Lab) -> None:
        lab.up(stack(engine_version="16.4")).up(stack(engine_version="16.5"))
        assert told(lab)["EngineVersion"] == "16.5"
        assert lab.changed(stack(engine_version="16.4")) == []
        assert lab.changed(stack(engine_version="16")) == []

    def test_a_major_version_is_not_changed(self, lab: Lab) -> None:
        lab.up(stack(engine_version="16"))
        lab.sandbox.forget_calls()
        error = failure(lambda: lab.up(stack(engine_version="17")))
        assert "--allow-major-version-upgrade" in error.fix
        assert not lab.sandbox.calls(mutating=True)

    @pytest.mark.parametrize("wish", [{"database_name": "other"}, {"username": "other"}])
    def test_what_is_fixed_for_life_is_refused(self, lab: Lab, wish: Any) -> None:
        lab.up(stack())
        with pytest.raises(Refused):
            lab.up(stack(**wish))

    def test_a_stopped_one_is_started(self, lab: Lab) -> None:
        lab.up(stack())
        lab.client("rds").stop_db_instance(DBInstanceIdentifier=NAME)
        assert lab.changed(stack()) == ["StartDBInstance"]
        assert told(lab)["DBInstanceStatus"] == "available"

    def test_a_foreign_one_of_that_name(self, lab: Lab) -> None:
        lab.up([*network("database", "other"), group()])
        lab.client("rds").create_db_instance(
            DBInstanceIdentifier=NAME,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="theirs",
            MasterUserPassword="hush-hush",
            DBSubnetGroupName="lab",
        )
        with pytest.raises(Foreign):
            lab.up(stack())
        assert told(lab)["MasterUsername"] == "theirs"

    def test_one_that_was_deleted_by_hand_is_made_again(self, lab: Lab) -> None:
        lab.up(stack())
        former = told(lab)["DbiResourceId"]
        lab.sandbox.latencies({"rds.deleted": 0.2})
        lab.client("rds").delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
        lab.up(stack())
        assert told(lab)["DbiResourceId"] != former
        assert lab.outcomes()["instance"] == "made again"

    def test_one_that_never_was_usable_is_deleted_and_made_anew(self, lab: Lab) -> None:
        narrow = [
            replace(step, cidr=step.cidr.replace("/24", "/28")) if step.name in SUBNETS else step  # type: ignore
            for step in network("database", "other")
        ]
        lab.up([*narrow, group()])
        ec2 = lab.client("ec2")
        fillers = [
            ec2.create_network_interface(SubnetId=lab.id_of(subnet))["NetworkInterface"]["NetworkInterfaceId"]
            for subnet in SUBNETS
            for _ in range(11)
        ]
        error = failure(lambda: lab.up([*narrow, group(), instance(final_snapshot=True)]))
        assert "incompatible-network" in error.why
        for filler in fillers:
            ec2.delete_network_interface(NetworkInterfaceId=filler)
        lab.up([*narrow, group(), instance(final_snapshot=True)])
        assert told(lab)["DBInstanceStatus"] == "available"
        assert snapshots(lab) == []


class TestEnd:
    def test_nothing_is_left(self, lab: Lab) -> None:
        lab.up(stack())
        lab.sandbox.latencies({"rds.deleted": 0.1})
        lab.down()
        assert inventory(lab.sandbox.endpoint, REGION) == {}
        assert lab.client("secretsmanager").list_secrets()["SecretList"] == []

    def test_a_final_snapshot_is_all_that_is_left(self, lab: Lab) -> None:
        lab.up(stack(final_snapshot=True)).down()
        assert set(inventory(lab.sandbox.endpoint, REGION)) == {"db snapshot"}
        assert snapshots(lab) == [f"{NAME}-final"]
        assert any(f"{NAME}-final" in said for said in lab.said("instance"))

    def test_the_last_life_s_snapshot_keeps_its_name(self, lab: Lab) -> None:
        lab.up(stack(final_snapshot=True)).down()
        lab.up(stack(final_snapshot=True)).down()
        first, second = snapshots(lab)
        assert first == f"{NAME}-final"
        assert second.startswith(f"{first}-20")

    def test_whether_there_is_one_can_be_decided_later(self, lab: Lab) -> None:
        lab.up(stack(final_snapshot=False))
        assert lab.changed(stack(final_snapshot=True)) == []
        lab.down()
        assert snapshots(lab) == [f"{NAME}-final"]

    def test_protection_is_told_with_the_fix(self, lab: Lab) -> None:
        lab.up(stack(deletion_protection=True))
        lab.sandbox.forget_calls()
        with pytest.raises(Refused, match=f"--db-instance-identifier {NAME} --no-deletion-protection"):
            lab.down()
        assert not lab.sandbox.calls(mutating=True)
        lab.up(stack(deletion_protection=False)).down()

    def test_one_that_is_still_being_made_is_waited_for(self, lab: Lab) -> None:
        """A final snapshot can only be made of what is available."""
        lab.sandbox.faults([{"action": "DescribeDBInstances", "do": "error", "nth": 2, **DENIED}])
        failure(lambda: lab.up(stack(final_snapshot=True)))
        lab.sandbox.latencies({"rds.available": 0.2, "rds.backing_up": 0.1})
        lab.down()
        assert snapshots(lab) == [f"{NAME}-final"]


DENIED = {"code": "AccessDenied", "status": 403, "message": "no"}


class TestVerdicts:
    """States that the sandbox does not come to by itself."""

    RECORD = Record("instance", "db_instance", id=NAME, request={"AllocatedStorage": 20, "FinalSnapshot": True})
    NEEDS = tuple(Record(name, "any", id=f"{name}-id") for name in ("database", "subnet-group"))

    def job(self, **more: Any) -> Job:
        return Job(AWS, replace(self.RECORD, **more), {one.name: one for one in self.NEEDS})

    def settle(self, job: Job, **raw: Any) -> Ready | Pending:
        return instance().settle(job, Seen(NAME, raw))

    def test_a_hopeless_one_with_data_is_for_people(self) -> None:
        with pytest.raises(StepFailed) as caught:
            self.settle(self.job(ready_at="2026"), DBInstanceStatus="storage-full")
        assert "storage-full" in caught.value.why
        assert "describe-events" in caught.value.fix

    def test_a_hopeless_one_without_is_for_the_next_run(self) -> None:
        with pytest.raises(StepFailed, match="incompatible-network") as caught:
            self.settle(self.job(), DBInstanceStatus="incompatible-network")
        assert "deleted first" in caught.value.fix

    @pytest.mark.parametrize("status", ["backing-up", "maintenance", "rebooting", "upgrading", "some-new-word"])
    def test_anything_else_is_waited_for(self, status: str) -> None:
        assert self.settle(self.job(), DBInstanceStatus=status) == Pending(status)

    def test_no_snapshot_can_be_made_of_a_failed_one_and_that_is_said(self) -> None:
        with pytest.raises(StepFailed, match="no final snapshot") as caught:
            DbInstance.delete(self.job(ready_at="2026"), Seen(NAME, {"DBInstanceStatus": "failed"}))
        assert "--skip-final-snapshot" in caught.value.fix
