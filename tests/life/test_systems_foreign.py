"""What the further systems find in other hands stops them before they begin; destroying leaves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.run import Refused
from steps.lifecycle import Foreign
from tests.life.conftest import Bring
from tests.life.systems import FURTHER, POSTGRES, Inside, System
from tests.life.tool import REGION

INTERNAL, DATABASE, PUBLIC, SERVICES, _ = FURTHER
ZONE = "example.com"
Maker = Callable[[Inside], object]


def record(stack: Inside, zone: str, name: str, kind: str, *values: str) -> None:
    change = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": one} for one in values]}
    batch: Any = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]}
    stack.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def zone_named(stack: Inside, name: str) -> str:
    zones = stack.client("route53").list_hosted_zones()["HostedZones"]
    return next(str(zone["Id"]).rpartition("/")[2] for zone in zones if zone["Name"] == f"{name}.")


def delegation(stack: Inside) -> None:
    record(stack, zone_named(stack, ZONE), f"api.{ZONE}", "NS", "ns1.example.net.", "ns2.example.net.")


def secret(stack: Inside) -> None:
    stack.client("secretsmanager").create_secret(Name="lambda-database/database", SecretString="theirs")


def given_up_secret(stack: Inside) -> None:
    """One that waits for its deletion has its name all the same."""
    secret(stack)
    stack.client("secretsmanager").delete_secret(SecretId="lambda-database/database", RecoveryWindowInDays=7)


def instance_profile(stack: Inside) -> None:
    stack.client("iam").create_instance_profile(InstanceProfileName=f"lambda-database-database-{REGION}")


def log_group(name: str) -> Maker:
    return lambda stack: stack.client("logs").create_log_group(logGroupName=name)


def namespace(stack: Inside) -> None:
    stack.client("servicediscovery").create_http_namespace(Name="multi-service")


def target_group(stack: Inside) -> None:
    vpc = stack.client("ec2").create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    stack.sandbox.advance(1)
    stack.client("elbv2").create_target_group(
        Name="multi-service-backend", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )


def subnet_group(stack: Inside, name: str) -> None:
    ec2 = stack.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    stack.sandbox.advance(1)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.5.{place}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for place, zone in enumerate("ab")
    ]
    stack.sandbox.advance(1)
    stack.client("rds").create_db_subnet_group(
        DBSubnetGroupName=name,
        DBSubnetGroupDescription="theirs",
        SubnetIds=[one["Subnet"]["SubnetId"] for one in subnets],
    )


def db_instance(stack: Inside) -> None:
    subnet_group(stack, "theirs")
    stack.client("rds").create_db_instance(
        DBInstanceIdentifier="lambda-database-database",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="theirs",
        ManageMasterUserPassword=True,
        DBSubnetGroupName="theirs",
    )


FOREIGN: dict[str, tuple[System, str, Maker]] = {
    "delegation": (INTERNAL, "delegation", delegation),
    "secret": (DATABASE, "secret", secret),
    "secret that is given up": (DATABASE, "secret", given_up_secret),
    "instance profile": (DATABASE, "instance profile", instance_profile),
    "log group": (DATABASE, "log group", log_group("/aws/vendedlogs/apigateway/lambda-database")),
    "namespace": (SERVICES, "Cloud Map namespace", namespace),
    "target group": (SERVICES, "target group", target_group),
    "DB instance": (POSTGRES, "DB instance", db_instance),
    "DB subnet group": (
        POSTGRES,
        "DB subnet group",
        lambda stack: subnet_group(stack, "lambda-database-database"),
    ),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_thing_of_the_same_name_stops_the_run_untouched(bring: Bring, what: str) -> None:
    system, noun, make = FOREIGN[what]
    stack = bring(system)
    make(stack)
    stack.sandbox.advance(2)
    before = stack.inventory()
    stack.sandbox.forget_calls()
    with pytest.raises(Foreign, match=f"{noun} .* exists already"):
        stack.up()
    assert stack.mutations() == []
    assert stack.inventory() == before
    assert not list(stack.options.folder.glob("*.json"))


def with_a_zone_of_theirs(stack: Inside) -> System:
    """PUBLIC with a certificate and a name in a zone that was there before."""
    stack.client("route53").create_hosted_zone(Name=ZONE, CallerReference="theirs")
    names = (f"dns.zone={ZONE}", f"dns.zone_id={zone_named(stack, ZONE)}", f"dns.record=api.{ZONE}")
    return System(PUBLIC.example, ("load_balancer.tls.policy=ELBSecurityPolicy-TLS13-1-2-2021-06", *names))


def test_a_record_in_their_own_zone_stops_the_run_untouched(bring: Bring) -> None:
    stack = bring(PUBLIC)
    stack.system = with_a_zone_of_theirs(stack)
    record(stack, zone_named(stack, ZONE), f"api.{ZONE}", "A", "192.0.2.1")
    before = stack.inventory()
    stack.sandbox.forget_calls()
    with pytest.raises(Foreign, match=r"record set .* exists already"):
        stack.up()
    assert stack.mutations() == []
    assert stack.inventory() == before


def test_a_zone_of_theirs_is_left_as_it_was(bring: Bring) -> None:
    stack = bring(PUBLIC)
    stack.system = with_a_zone_of_theirs(stack)
    record(stack, zone_named(stack, ZONE), f"www.{ZONE}", "A", "192.0.2.1")
    before = stack.inventory()
    stack.up()
    stack.sandbox.forget_calls()
    stack.up()
    assert stack.mutations() == []
    record(stack, zone_named(stack, ZONE), f"mail.{ZONE}", "A", "192.0.2.2")
    stack.down()
    left = stack.inventory()
    assert [one for one in left["record set"] if "mail" not in one] == before["record set"]
    assert {**left, "record set": [], "hosted zone": []} == {**before, "record set": [], "hosted zone": []}


def test_an_api_of_the_same_name_is_no_hindrance(bring: Bring) -> None:
    stack = bring(DATABASE)
    stack.client("apigatewayv2").create_api(Name="lambda-database", ProtocolType="HTTP")
    before = stack.inventory()
    stack.up()
    stack.down()
    assert stack.inventory() == before


def test_records_of_others_in_the_stacks_own_zone_keep_it_until_they_are_given_up(bring: Bring) -> None:
    stack = bring(INTERNAL)
    stack.up()
    record(stack, stack.id_of("zone"), f"theirs.api.{ZONE}", "A", "192.0.2.1")
    standing = stack.inventory()
    stack.sandbox.forget_calls()
    with pytest.raises(Refused, match=f"theirs.api.{ZONE} A 192.0.2.1"):
        stack.down()
    assert stack.mutations() == []
    assert stack.inventory() == standing
    stack.down(force_records=True)
    assert stack.inventory() == stack.before


def swap_database(stack: Inside) -> None:
    """Ours deleted by hand, and somebody's in its place."""
    asked = {"DBInstanceIdentifier": "lambda-database-database", "SkipFinalSnapshot": True}
    stack.client("rds").delete_db_instance(**asked)
    stack.sandbox.advance(3)
    db_instance(stack)


def swap_namespace(stack: Inside) -> None:
    for service in ("webapp", "backend"):
        stack.client("ecs").delete_service(cluster="multi-service", service=service, force=True)
    stack.sandbox.advance(5)
    key = str(stack.state().records["namespace"].outputs["arn"]).rpartition("/")[2]
    stack.client("servicediscovery").delete_namespace(Id=key)
    stack.sandbox.advance(1)
    namespace(stack)


def swap_target(stack: Inside) -> None:
    place: Any = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/public-api/web",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling = stack.client("application-autoscaling")
    scaling.deregister_scalable_target(**place)
    scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=2)


def swap_secret(stack: Inside) -> None:
    name = {"SecretId": "lambda-database/database", "ForceDeleteWithoutRecovery": True}
    stack.client("secretsmanager").delete_secret(**name)
    stack.sandbox.advance(1)
    secret(stack)


def swap_rule(stack: Inside) -> None:
    elbv2 = stack.client("elbv2")
    elbv2.delete_rule(RuleArn=stack.id_of("listener-rule-backend"))
    action: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    condition: Any = {"Field": "path-pattern", "Values": ["/theirs"]}
    place = {"ListenerArn": stack.id_of("listener-80"), "Priority": 10}
    elbv2.create_rule(**place, Conditions=[condition], Actions=[action])


SWAPPED: dict[str, tuple[System, str, Maker]] = {
    "DB instance": (POSTGRES, "DB instance", swap_database),
    "namespace": (SERVICES, "Cloud Map namespace", swap_namespace),
    "listener rule": (SERVICES, "listener rule", swap_rule),
    "scalable target": (PUBLIC, "scalable target", swap_target),
    "secret": (DATABASE, "secret", swap_secret),
}


@pytest.mark.parametrize("what", SWAPPED)
def test_what_has_got_the_name_of_ours_is_not_taken_for_it(bring: Bring, what: str) -> None:
    system, noun, swap = SWAPPED[what]
    stack = bring(system)
    stack.up()
    swap(stack)
    stack.sandbox.advance(2)
    standing = stack.inventory()
    stack.sandbox.forget_calls()
    for run in (stack.up, stack.down):
        with pytest.raises(Foreign, match=f"{noun} .* exists already"):
            run()
    assert stack.mutations() == []
    assert stack.inventory() == standing


def test_a_record_changed_by_hand_in_the_stacks_own_zone_stops_destroy_before_it_begins(bring: Bring) -> None:
    stack = bring(INTERNAL)
    stack.up()
    record(stack, stack.id_of("zone"), f"api.{ZONE}", "A", "192.0.2.1")
    standing = stack.inventory()
    stack.sandbox.forget_calls()
    with pytest.raises(Refused, match=f"changed by hand, and is now api.{ZONE} A 192.0.2.1"):
        stack.down()
    assert stack.mutations() == []
    assert stack.inventory() == standing
    stack.up()
    stack.down()
    assert stack.inventory() == stack.before


def test_a_validation_that_another_certificate_needs_stops_destroy_before_it_begins(bring: Bring) -> None:
    stack = bring(INTERNAL)
    stack.up()
    acm = stack.client("acm")
    theirs = acm.request_certificate(DomainName=f"api.{ZONE}", ValidationMethod="DNS")["CertificateArn"]
    stack.sandbox.advance(1)
    stack.sandbox.forget_calls()
    with pytest.raises(Refused, match=theirs):
        stack.down()
    assert stack.mutations() == []
    acm.delete_certificate(CertificateArn=theirs)
    stack.down()
    assert stack.inventory() == stack.before
