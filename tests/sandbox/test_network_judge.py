"""Whether a connection comes about: each rule of the network opened and closed by one entry."""

from __future__ import annotations

import pytest

from tests.sandbox.network_lab import ALL, Lab
from tests.sandbox.world import Network, zipped
from tests.sandbox_fixture import Sandbox

HTTP = (80, 80)
EPHEMERAL = (1024, 65535)
INTERNET = "internet"
OUTSIDE = "www.elsewhere.org"


@pytest.fixture
def lab(sandbox: Sandbox) -> Lab:
    return Lab(sandbox)


def test_a_group_lets_nothing_in_until_a_rule_does(lab: Lab) -> None:
    assert lab.groups[1] in lab.hangs(lab.a, lab.b)
    rule = lab.let_in(lab.groups[1], cidr="10.0.0.0/24")
    assert rule in lab.opens(lab.a, lab.b)


def test_a_rule_for_another_block_does_not_count(lab: Lab) -> None:
    lab.let_in(lab.groups[1], cidr="10.0.9.0/24")
    lab.hangs(lab.a, lab.b)


def test_a_rule_is_for_its_ports_only(lab: Lab) -> None:
    lab.listen(lab.b, 8079, 8080, 8090, 8091)
    lab.let_in(lab.groups[1], 8080, to_port=8090)
    lab.hangs(lab.a, lab.b, 8079)
    lab.opens(lab.a, lab.b, 8080)
    lab.opens(lab.a, lab.b, 8090)
    lab.hangs(lab.a, lab.b, 8091)


def test_a_rule_for_udp_does_not_count_one_for_everything_does(lab: Lab) -> None:
    lab.let_in(lab.groups[1], cidr=ALL, protocol="udp")
    lab.hangs(lab.a, lab.b)
    lab.let_in(lab.groups[1], cidr=ALL, protocol="-1")
    lab.opens(lab.a, lab.b)


def test_a_rule_may_name_a_group(lab: Lab) -> None:
    lab.let_in(lab.groups[1], group=lab.groups[1])
    lab.hangs(lab.a, lab.b)
    rule = lab.let_in(lab.groups[1], group=lab.groups[0])
    assert rule in lab.opens(lab.a, lab.b)


def test_a_group_is_no_peer_from_the_internet(lab: Lab) -> None:
    """The address with which a packet comes back in is no member of anything."""
    for number in (0, 1):
        lab.new_table(lab.subnets[number], GatewayId=lab.gateway)
    lab.new_public_address(lab.a)
    public = lab.new_public_address(lab.b)["PublicIp"]
    lab.let_in(lab.groups[1], group=lab.groups[0])
    assert lab.groups[1] in lab.hangs(lab.a, public)
    lab.let_in(lab.groups[1])
    lab.opens(lab.a, public)


def test_a_rule_may_name_a_prefix_list(lab: Lab) -> None:
    entries = [{"Cidr": "10.0.0.0/24", "Description": "a"}]
    made = lab.ec2.create_managed_prefix_list(
        PrefixListName="subnets", Entries=entries, MaxEntries=5, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    lab.let_in(lab.groups[1], prefix_list=made)
    assert made in lab.opens(lab.a, lab.b)
    lab.let_in(lab.groups[0], prefix_list=made)
    lab.hangs(lab.b, lab.a)


def test_what_may_leave_is_judged_too(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    lab.opens(lab.a, lab.b)
    lab.forbid_leaving(lab.groups[0])
    assert "out to" in lab.hangs(lab.a, lab.b)
    lab.let_out(lab.groups[0], group=lab.groups[0])
    lab.hangs(lab.a, lab.b)
    rule = lab.let_out(lab.groups[0], group=lab.groups[1])
    assert rule in lab.opens(lab.a, lab.b)


def test_groups_know_connections(lab: Lab) -> None:
    """Whoever accepts one needs no rule to answer."""
    lab.let_in(lab.groups[1])
    lab.forbid_leaving(lab.groups[1])
    lab.opens(lab.a, lab.b)


def test_where_nothing_listens_a_connection_is_refused(lab: Lab) -> None:
    lab.let_in(lab.groups[1], 81)
    assert lab.reach(lab.a, lab.b, 81)["outcome"] == "refused"


def test_an_interface_without_anything_behind_it_does_not_even_refuse(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    lab.ask("silence", **{"from": lab.b})
    lab.hangs(lab.a, lab.b)


def test_nobody_has_the_address(lab: Lab) -> None:
    assert "nobody has" in lab.hangs(lab.a, "10.0.1.200")


def test_network_acls_are_asked_in_both_directions(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    acl = lab.new_acl(lab.subnets[1])
    assert acl in lab.hangs(lab.a, lab.b)
    lab.entry(acl, 100, HTTP, egress=False)
    assert "the answer" in lab.hangs(lab.a, lab.b)
    lab.entry(acl, 100, EPHEMERAL, egress=True)
    lab.opens(lab.a, lab.b)


def test_the_network_acl_of_the_source_counts(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    acl = lab.new_acl(lab.subnets[0])
    lab.entry(acl, 100, HTTP, egress=True, cidr="10.0.1.0/24")
    lab.entry(acl, 100, EPHEMERAL, egress=False, cidr="10.0.0.0/24")
    assert "the answer" in lab.hangs(lab.a, lab.b)
    lab.entry(acl, 200, EPHEMERAL, egress=False, cidr="10.0.1.0/24")
    lab.opens(lab.a, lab.b)


def test_the_first_entry_that_fits_decides(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    acl = lab.new_acl(lab.subnets[1])
    lab.entry(acl, 100, EPHEMERAL, egress=True)
    lab.entry(acl, 200, HTTP, egress=False, cidr="10.0.0.0/24", deny=True)
    lab.entry(acl, 300, HTTP, egress=False)
    assert f"entry 200 of {acl}" in lab.hangs(lab.a, lab.b)
    lab.entry(acl, 150, HTTP, egress=False)
    lab.opens(lab.a, lab.b)


def test_answers_need_all_ephemeral_ports(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    acl = lab.new_acl(lab.subnets[1])
    lab.entry(acl, 100, HTTP, egress=False)
    lab.entry(acl, 100, (32768, 65535), egress=True)
    lab.hangs(lab.a, lab.b)
    lab.entry(acl, 200, (1024, 40000), egress=True)
    lab.opens(lab.a, lab.b)


def test_one_denied_ephemeral_port_is_one_too_many(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    acl = lab.new_acl(lab.subnets[1])
    lab.entry(acl, 100, HTTP, egress=False)
    lab.entry(acl, 90, (3389, 3389), egress=True, deny=True)
    lab.entry(acl, 100, EPHEMERAL, egress=True)
    assert f"entry 90 of {acl}" in lab.hangs(lab.a, lab.b)


def test_network_acls_are_not_asked_within_a_subnet(lab: Lab) -> None:
    lab.let_in(lab.groups[0])
    neighbour = lab.new_interface(0)
    lab.new_acl(lab.subnets[0])
    lab.opens(neighbour, lab.a)


def test_the_internet_needs_a_route_and_a_public_address(lab: Lab) -> None:
    assert "no route" in lab.hangs(lab.a, OUTSIDE, 443)
    lab.new_table(lab.subnets[0], GatewayId=lab.gateway)
    assert "no public address" in lab.hangs(lab.a, OUTSIDE, 443)
    lab.new_public_address(lab.a)
    lab.opens(lab.a, OUTSIDE, 443)


def test_a_route_to_a_detached_gateway_is_a_blackhole(lab: Lab) -> None:
    lab.new_table(lab.subnets[0], GatewayId=lab.gateway)
    assert "no public address" in lab.hangs(lab.a, OUTSIDE)
    lab.ec2.detach_internet_gateway(InternetGatewayId=lab.gateway, VpcId=lab.vpc)
    assert "blackhole" in lab.hangs(lab.a, OUTSIDE)


def test_the_main_table_is_for_subnets_without_their_own(lab: Lab) -> None:
    lab.new_public_address(lab.a)
    filters = [{"Name": "vpc-id", "Values": [lab.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    main = lab.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
    lab.hangs(lab.a, OUTSIDE)
    lab.route(main, ALL, GatewayId=lab.gateway)
    lab.opens(lab.a, OUTSIDE)
    own = lab.new_table(lab.subnets[0])
    assert own in lab.hangs(lab.a, OUTSIDE)


def test_the_longest_prefix_wins(lab: Lab) -> None:
    table = lab.new_table(lab.subnets[0], GatewayId=lab.gateway)
    lab.new_public_address(lab.a)
    address = lab.reach(lab.a, OUTSIDE)["address"]
    nat = lab.new_nat(lab.subnets[1])
    lab.route(table, f"{address}/32", NatGatewayId=nat)
    assert lab.subnets[1] not in lab.opens(lab.a, "www.somewhere.net")
    assert "no route" in lab.hangs(lab.a, OUTSIDE)  # the gateway's subnet has none


def test_a_nat_gateway_needs_a_route_to_the_internet(lab: Lab) -> None:
    nat = lab.new_nat(lab.subnets[1])
    lab.new_table(lab.subnets[0], NatGatewayId=nat)
    lab.hangs(lab.a, OUTSIDE)
    lab.new_table(lab.subnets[1], GatewayId=lab.gateway)
    assert nat in lab.opens(lab.a, OUTSIDE)


def test_a_nat_gateway_in_its_own_way(lab: Lab) -> None:
    nat = lab.new_nat(lab.subnets[0])
    lab.new_table(lab.subnets[0], NatGatewayId=nat)
    assert "circles" in lab.hangs(lab.a, OUTSIDE)


def test_a_nat_gateway_must_be_available(lab: Lab) -> None:
    lab.sandbox.latencies({"nat_gateway.available": 90, "nat_gateway.deleted": 60})
    lab.new_table(lab.subnets[1], GatewayId=lab.gateway)
    nat = lab.new_nat(lab.subnets[1])
    lab.new_table(lab.subnets[0], NatGatewayId=nat)
    assert "pending" in lab.hangs(lab.a, OUTSIDE)
    lab.sandbox.advance(91)
    lab.opens(lab.a, OUTSIDE)
    lab.ec2.delete_nat_gateway(NatGatewayId=nat)
    lab.hangs(lab.a, OUTSIDE)


def test_a_private_nat_gateway_is_no_way_to_the_internet(lab: Lab) -> None:
    lab.new_table(lab.subnets[1], GatewayId=lab.gateway)
    nat = lab.new_nat(lab.subnets[1], ConnectivityType="private")
    lab.new_table(lab.subnets[0], NatGatewayId=nat)
    assert "no public address" in lab.hangs(lab.a, OUTSIDE)


def test_the_network_acl_of_a_nat_gateway_counts(lab: Lab) -> None:
    lab.new_table(lab.subnets[1], GatewayId=lab.gateway)
    nat = lab.new_nat(lab.subnets[1])
    lab.new_table(lab.subnets[0], NatGatewayId=nat)
    acl = lab.new_acl(lab.subnets[1])
    for number, egress, ports in ((10, False, HTTP), (10, True, HTTP), (20, True, EPHEMERAL)):
        assert acl in lab.hangs(lab.a, OUTSIDE)
        lab.entry(acl, number, ports, egress=egress)
    assert acl in lab.hangs(lab.a, OUTSIDE)
    lab.entry(acl, 20, EPHEMERAL, egress=False)
    lab.opens(lab.a, OUTSIDE)


def test_a_nat_gateway_accepts_nothing(lab: Lab) -> None:
    lab.new_table(lab.subnets[1], GatewayId=lab.gateway)
    made = lab.new_public_address()
    lab.new_nat(lab.subnets[1], AllocationId=made["AllocationId"])
    assert "NAT gateway" in lab.hangs(INTERNET, made["PublicIp"])


def test_from_the_internet_one_needs_a_rule_and_a_way_back(lab: Lab) -> None:
    public = lab.new_public_address(lab.a)["PublicIp"]
    assert "no way back" in lab.hangs(INTERNET, public)
    lab.new_table(lab.subnets[0], GatewayId=lab.gateway)
    assert lab.groups[0] in lab.hangs(INTERNET, public)
    lab.let_in(lab.groups[0])
    lab.opens(INTERNET, public)


def test_a_way_back_by_a_nat_gateway_is_none(lab: Lab) -> None:
    public = lab.new_public_address(lab.a)["PublicIp"]
    lab.let_in(lab.groups[0])
    lab.new_table(lab.subnets[1], GatewayId=lab.gateway)
    lab.new_table(lab.subnets[0], NatGatewayId=lab.new_nat(lab.subnets[1]))
    assert "no way back" in lab.hangs(INTERNET, public)


def test_private_addresses_mean_nothing_on_the_internet(lab: Lab) -> None:
    lab.let_in(lab.groups[0])
    assert "private address" in lab.hangs(INTERNET, lab.a)


def test_functions_use_no_public_address(lab: Lab) -> None:
    """Though a task in the same subnet would."""
    lab.new_table(lab.subnets[0], GatewayId=lab.gateway)
    function = new_function(lab, "inside", {"SubnetIds": lab.subnets[:1], "SecurityGroupIds": lab.groups[:1]})
    interfaces = lab.ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": lab.subnets[:1]}])
    mine = next(one for one in interfaces["NetworkInterfaces"] if "Lambda" in one["Description"])
    lab.new_public_address(mine["NetworkInterfaceId"])
    assert "no public address" in lab.hangs(function, OUTSIDE)


def test_functions_outside_of_the_vpc_are_on_the_internet(lab: Lab) -> None:
    lab.let_in(lab.groups[0])
    function = new_function(lab, "outside", {})
    lab.opens(function, OUTSIDE)
    lab.hangs(function, lab.a)


def test_functions_inside_are_where_their_interfaces_are(lab: Lab) -> None:
    function = new_function(lab, "inside", {"SubnetIds": lab.subnets[:1], "SecurityGroupIds": lab.groups[:1]})
    lab.hangs(function, lab.b)
    lab.let_in(lab.groups[1], group=lab.groups[0])
    lab.opens(function, lab.b)
    assert lab.reach(function, OUTSIDE)["outcome"] == "hangs"


def test_an_interface_that_is_gone_accepts_nothing(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    address = lab.address(lab.b)
    lab.opens(lab.a, address)
    lab.ec2.delete_network_interface(NetworkInterfaceId=lab.b)
    assert "nobody has" in lab.hangs(lab.a, address)


def test_an_interface_that_is_gone_makes_no_connections(lab: Lab) -> None:
    lab.let_in(lab.groups[1])
    token = lab.ask("register", **{"from": lab.a})["source"]
    lab.ec2.delete_network_interface(NetworkInterfaceId=lab.a)
    lab.ask("connect", source=token, address=lab.address(lab.b), port=80)
    made = lab.sandbox.ask("GET", "network/connections")[-1]
    assert (made["outcome"], made["why"]) == ("hangs", f"{lab.a} is gone")


def new_function(lab: Lab, name: str, network: dict[str, list[str]]) -> str:
    role = Network.new_role(lab, f"{name}-role", "lambda.amazonaws.com")  # type: ignore[arg-type]
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    lab.sandbox.client("iam").attach_role_policy(RoleName=f"{name}-role", PolicyArn=policy)
    lab.sandbox.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="a.b",
        Code={"ZipFile": zipped()},
        VpcConfig=network,
    )
    return name
