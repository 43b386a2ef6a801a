"""What is somebody's own: found, used, never changed; and which of it a stack is to use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioner.events import Outcome
from provisioner.run import Refused
from steps.base import Need, Step
from steps.existing_network import (
    ExistingRouteTable,
    ExistingSubnet,
    ExistingVpc,
    FoundNetwork,
    FoundSubnet,
    Unfit,
    Wanted,
    find_network,
)
from steps.lifecycle import Foreign
from steps.network import InternetGateway, InternetGatewayAttachment
from steps.routing import Route
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import REGION, Lab
from tests.steps.networks import ZONES, Theirs

THERE = "192.168.0.0/16"
NOBODY = Wanted()


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path, scale=600.0)


@pytest.fixture
def theirs(lab: Lab) -> Theirs:
    return Theirs(lab.client("ec2"))


class TestSteps:
    """Existing things as steps, and a stack's routes in a table that is not its own."""

    def stack(self, theirs: Theirs, table: str, to: str = THERE) -> list[Step]:
        return [
            ExistingVpc(name="vpc", given=theirs.vpc),
            ExistingRouteTable(name="table", given=table),
            InternetGateway(name="gateway"),
            InternetGatewayAttachment(
                name="attached", needs=(Need("vpc"), Need("gateway")), gateway="gateway", vpc="vpc"
            ),
            Route(
                name="route",
                needs=(Need("table"), Need("gateway"), Need("attached")),
                table="table",
                destination=to,
                target="gateway",
                target_parameter="GatewayId",
            ),
        ]

    def test_they_are_found_and_tell_of_themselves(self, lab: Lab, theirs: Theirs) -> None:
        theirs.ec2.associate_vpc_cidr_block(VpcId=theirs.vpc, CidrBlock="10.10.0.0/16")
        table = theirs.main_table()
        subnet = theirs.subnet("10.9.1.0/24", ZONES[1])
        steps: list[Step] = [
            ExistingVpc(name="vpc", given=theirs.vpc),
            ExistingSubnet(name="subnet", given=subnet),
            ExistingRouteTable(name="table", given=table),
        ]
        before = inventory(lab.sandbox.endpoint, REGION)
        assert lab.changed(steps) == []
        assert lab.outputs("vpc") == {"cidr": "10.9.0.0/16", "cidrs": ["10.9.0.0/16", "10.10.0.0/16"]}
        assert lab.outputs("subnet") == {"cidr": "10.9.1.0/24", "zone": ZONES[1]}
        assert lab.outputs("table") == {"taken": []}
        assert (lab.id_of("vpc"), lab.id_of("subnet"), lab.id_of("table")) == (theirs.vpc, subnet, table)
        lab.sandbox.forget_calls()
        lab.down()
        assert lab.outcomes() == dict.fromkeys(("vpc", "subnet", "table"), Outcome.LEFT.value)
        assert lab.sandbox.calls(mutating=True) == []
        assert inventory(lab.sandbox.endpoint, REGION) == before

    @pytest.mark.parametrize(
        "step",
        [
            ExistingVpc(name="it", given="vpc-0123456789abcdef0"),
            ExistingSubnet(name="it", given="subnet-0123456789abcdef0"),
            ExistingRouteTable(name="it", given="rtb-0123456789abcdef0"),
        ],
        ids=lambda step: step.kind,
    )
    def test_what_is_not_there_is_told(self, lab: Lab, step: Any) -> None:
        with pytest.raises(Refused, match=f"there is no {step.noun} {step.given}"):
            lab.up([step])
        assert lab.sandbox.calls(mutating=True) == []
        lab.down()

    def test_a_route_in_somebodys_table_comes_and_goes_alone(self, lab: Lab, theirs: Theirs) -> None:
        table = theirs.table()
        lab.up(self.stack(theirs, table))
        assert theirs.routes(table)[THERE]["GatewayId"] == lab.id_of("gateway")
        assert lab.changed(self.stack(theirs, table)) == []
        lab.down()
        assert theirs.routes(table) == {}

    def test_a_route_that_was_there_before_is_left_alone(self, lab: Lab, theirs: Theirs) -> None:
        """Even one to the same target: who has made it decides, not where it leads."""
        table = theirs.table()
        theirs.route(table, THERE, GatewayId=theirs.gateway())
        before = inventory(lab.sandbox.endpoint, REGION)
        steps = [*self.stack(theirs, table)[1:3], self.plain()]
        for _ in range(2):
            with pytest.raises(Foreign):
                lab.up(steps)
        lab.down()
        assert inventory(lab.sandbox.endpoint, REGION) == before

    def test_it_is_made_when_the_former_one_was_taken_away(self, lab: Lab, theirs: Theirs) -> None:
        table, other = theirs.table(), theirs.gateway()
        theirs.route(table, THERE, GatewayId=other)
        with pytest.raises(Foreign):
            lab.up([*self.stack(theirs, table)[1:3], self.plain()])
        theirs.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=THERE)
        theirs.ec2.detach_internet_gateway(InternetGatewayId=other, VpcId=theirs.vpc)
        lab.up(self.stack(theirs, table))
        assert theirs.routes(table)[THERE]["GatewayId"] == lab.id_of("gateway")
        assert lab.changed(self.stack(theirs, table)) == []

    def plain(self) -> Step:
        """The route to a gateway that is not attached."""
        return Route(
            name="route",
            needs=(Need("table"), Need("gateway")),
            table="table",
            destination=THERE,
            target="gateway",
            target_parameter="GatewayId",
        )

    def test_a_route_that_somebody_adds_meanwhile_stops_the_run(self, lab: Lab, theirs: Theirs) -> None:
        table = theirs.table()
        lab.up(self.stack(theirs, table)[:4])
        theirs.route(table, THERE, GatewayId=lab.id_of("gateway"))
        lab.sandbox.forget_calls()
        with pytest.raises(Foreign, match=rf"{table}\|{THERE} exists already.* Fix: delete that route"):
            lab.up(self.stack(theirs, table))
        assert lab.sandbox.calls(mutating=True) == []
        lab.ledger.drop("gateway")
        assert THERE in theirs.routes(table)

    @pytest.mark.parametrize("do", ["drop-after", "error-after"])
    def test_a_lost_answer_makes_it_no_strangers(self, lab: Lab, theirs: Theirs, do: str) -> None:
        table = theirs.table()
        lab.sandbox.faults([{"action": "CreateRoute", "do": do, "times": 2}])
        lab.patient().up(self.stack(theirs, table))
        assert theirs.routes(table)[THERE]["GatewayId"] == lab.id_of("gateway")
        lab.down()
        assert theirs.routes(table) == {}

    def test_another_target_is_set_right(self, lab: Lab, theirs: Theirs) -> None:
        table = theirs.table()
        lab.up(self.stack(theirs, table))
        interface = theirs.ec2.create_network_interface(SubnetId=theirs.subnet("10.9.1.0/24"))["NetworkInterface"]
        theirs.ec2.replace_route(
            RouteTableId=table,
            DestinationCidrBlock=THERE,
            NetworkInterfaceId=interface["NetworkInterfaceId"],
        )
        assert lab.changed(self.stack(theirs, table)) == ["ReplaceRoute"]
        assert theirs.routes(table)[THERE]["GatewayId"] == lab.id_of("gateway")


def found(lab: Lab, vpc: Wanted, private: Wanted = NOBODY, public: Wanted = NOBODY) -> FoundNetwork:
    return find_network(lab.aws, vpc, private, public)


def problems(
    lab: Lab, vpc: Wanted, private: Wanted = NOBODY, public: Wanted = NOBODY
) -> list[tuple[str, str, str]]:
    with pytest.raises(Unfit) as caught:
        find_network(lab.aws, vpc, private, public)
    return caught.value.problems


class TestFinding:
    def test_by_ids_with_what_their_tables_do(self, lab: Lab, theirs: Theirs) -> None:
        """Also where the table is the VPC's main one, with which a subnet is associated by no word."""
        open_table, nat_table = theirs.table(), theirs.table()
        theirs.route(open_table, "0.0.0.0/0", GatewayId=theirs.gateway())
        one = theirs.subnet("10.9.0.0/24", ZONES[0], open_table)
        nat = theirs.ec2.create_nat_gateway(
            SubnetId=one, AllocationId=theirs.ec2.allocate_address(Domain="vpc")["AllocationId"]
        )["NatGateway"]["NatGatewayId"]
        theirs.route(nat_table, "0.0.0.0/0", NatGatewayId=nat)
        theirs.route(nat_table, THERE, NatGatewayId=nat)
        two = theirs.subnet("10.9.1.0/24", ZONES[1], nat_table)
        three = theirs.subnet("10.9.2.0/24", ZONES[0])
        lab.sandbox.forget_calls()
        network = found(lab, Wanted((theirs.vpc,)), Wanted((two, three)), Wanted((one,)))
        assert network == FoundNetwork(
            theirs.vpc,
            ("10.9.0.0/16",),
            True,
            False,
            (
                FoundSubnet(three, ZONES[0], "10.9.2.0/24", theirs.main_table(), False, False),
                FoundSubnet(two, ZONES[1], "10.9.1.0/24", nat_table, False, True, ("0.0.0.0/0", THERE)),
            ),
            (FoundSubnet(one, ZONES[0], "10.9.0.0/24", open_table, True, True, ("0.0.0.0/0",)),),
        )
        assert lab.sandbox.calls(mutating=True) == []

    def test_the_main_table_may_lead_outward(self, lab: Lab, theirs: Theirs) -> None:
        theirs.route(theirs.main_table(), "0.0.0.0/0", GatewayId=theirs.gateway())
        subnet = theirs.subnet("10.9.0.0/24")
        [one] = found(lab, Wanted((theirs.vpc,)), Wanted((subnet,))).private
        assert (one.route_table, one.public, one.outward) == (theirs.main_table(), True, True)

    def test_a_blackhole_leads_nowhere(self, lab: Lab, theirs: Theirs) -> None:
        table, gateway = theirs.table(), theirs.gateway()
        theirs.route(table, "0.0.0.0/0", GatewayId=gateway)
        theirs.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=theirs.vpc)
        subnet = theirs.subnet("10.9.0.0/24", table=table)
        [one] = found(lab, Wanted((theirs.vpc,)), Wanted((subnet,))).private
        assert (one.public, one.outward, one.routes) == (False, False, ("0.0.0.0/0",))

    def test_few_reads(self, lab: Lab, theirs: Theirs) -> None:
        subnets = theirs.subnet("10.9.0.0/24"), theirs.subnet("10.9.1.0/24", ZONES[1])
        lab.sandbox.forget_calls()
        found(lab, Wanted((theirs.vpc,)), Wanted(subnets), Wanted(subnets))
        assert len(lab.sandbox.calls()) <= 7

    def test_dns_attributes_are_read_only(self, lab: Lab, theirs: Theirs) -> None:
        def attributes() -> tuple[bool, bool]:
            network = found(lab, Wanted((theirs.vpc,)))
            return network.dns_support, network.dns_hostnames

        assert attributes() == (True, False)
        theirs.ec2.modify_vpc_attribute(VpcId=theirs.vpc, EnableDnsHostnames={"Value": True})
        assert attributes() == (True, True)
        theirs.ec2.modify_vpc_attribute(VpcId=theirs.vpc, EnableDnsSupport={"Value": False})
        assert attributes()[0] is False

    def test_by_tags_the_lowest_of_each_zone(self, lab: Lab, theirs: Theirs) -> None:
        """Lowest as a network, not as a text."""
        theirs.tag(theirs.vpc, Name="main", env="prod")
        Theirs(theirs.ec2).subnet("10.9.0.0/24", tier="private")
        late = theirs.subnet("10.9.100.0/24", ZONES[0], tier="private")
        early = theirs.subnet("10.9.20.0/24", ZONES[0], tier="private")
        other = theirs.subnet("10.9.30.0/24", ZONES[1], tier="private")
        theirs.subnet("10.9.1.0/24", ZONES[1], tier="public")
        network = found(lab, Wanted(tags={"Name": "main", "env": "pr*"}), Wanted(tags={"tier": "private"}))
        assert [one.id for one in network.private] == [early, other]
        assert network.public == ()
        [passed] = network.passed_over
        why = f"has the tags too; one subnet a zone is used, {early} (10.9.20.0/24)"
        assert passed == f"{late} (10.9.100.0/24, {ZONES[0]}) {why}"

    def test_it_is_kept_as_json(self, lab: Lab, theirs: Theirs) -> None:
        theirs.route(theirs.main_table(), "0.0.0.0/0", GatewayId=theirs.gateway())
        for cidr in ("10.9.0.0/24", "10.9.1.0/24"):
            theirs.subnet(cidr, tier="public")
        network = found(lab, Wanted((theirs.vpc,)), public=Wanted(tags={"tier": "public"}))
        assert network.passed_over
        assert FoundNetwork.from_json(json.loads(json.dumps(network.to_json()))) == network


class TestUnfit:
    def test_no_vpc(self, lab: Lab) -> None:
        [(key, what, fix)] = problems(lab, Wanted(("vpc-0123456789abcdef0",)))
        assert key == "vpc"
        assert what == f"there is no VPC vpc-0123456789abcdef0 in {REGION} of account {lab.aws.account}"
        assert fix
        assert [what for _, what, _ in problems(lab, Wanted(tags={"Name": "no", "env": "x"}))] == [
            f"there is no VPC Name=no, env=x in {REGION} of account {lab.aws.account}"
        ]

    def test_nothing_named(self, lab: Lab, theirs: Theirs) -> None:
        assert [(key, what) for key, what, _ in problems(lab, NOBODY)] == [("vpc", "no VPC is named")]

    def test_several_vpcs(self, lab: Lab, theirs: Theirs) -> None:
        twin = Theirs(theirs.ec2)
        for one in (theirs, twin):
            one.tag(one.vpc, Name="main")
        [(key, what, _)] = problems(lab, Wanted(tags={"Name": "main"}))
        assert key == "vpc"
        assert what == f"2 VPCs are meant by Name=main: {', '.join(sorted((theirs.vpc, twin.vpc)))}"

    def test_subnets_that_are_not_there_or_elsewhere_all_at_once(self, lab: Lab, theirs: Theirs) -> None:
        twin = Theirs(theirs.ec2)
        strange, good = twin.subnet("10.9.0.0/24"), theirs.subnet("10.9.0.0/24")
        missing = "subnet-0123456789abcdef0"
        said = problems(lab, Wanted((theirs.vpc,)), Wanted((missing, good)), Wanted((strange,)))
        assert [(key, what) for key, what, _ in said] == [
            ("private_subnets", f"there is no subnet {missing} with IPv4 addresses"),
            ("public_subnets", f"subnet {strange} is in {twin.vpc}, not in {theirs.vpc}"),
        ]

    def test_two_ids_in_one_zone(self, lab: Lab, theirs: Theirs) -> None:
        one, two = theirs.subnet("10.9.0.0/24"), theirs.subnet("10.9.1.0/24")
        three = theirs.subnet("10.9.2.0/24", ZONES[1])
        [(key, what, fix)] = problems(lab, Wanted((theirs.vpc,)), Wanted((two, one, three)))
        assert (key, what) == ("private_subnets", f"{one} and {two} are both in {ZONES[0]}")
        assert "exactly one" in fix

    def test_tags_that_nothing_has(self, lab: Lab, theirs: Theirs) -> None:
        theirs.subnet("10.9.0.0/24", tier="public")
        [(key, what, _)] = problems(lab, Wanted((theirs.vpc,)), Wanted(tags={"tier": "private"}))
        assert (key, what) == ("private_subnets", f"no subnet of {theirs.vpc} has the tags tier=private")

    def test_its_text_tells_them_all(self) -> None:
        error: Callable[[], str] = Unfit([("vpc", "is wrong", "x"), ("public_subnets", "are wrong", "y")]).__str__
        assert error() == "vpc: is wrong; public_subnets: are wrong"
