"""Routes and public addresses: the ways in and out."""

from __future__ import annotations

from provisioner.reach import names, ranges, services
from provisioner.reach.fixes.case import Case, add, advice, aws, put
from provisioner.reach.fixes.fronts import attribute
from provisioner.reach.needs import InVpc, Placed, PublicAddress, RouteTo, VpcAttribute
from provisioner.reach.snapshot import Network
from provisioner.reach.things import Endpoint
from provisioner.reach.verdict import Fix

_ROUTE, _ASSOCIATION = "route", "route_table_association"


def route(case: Case, need: RouteTo) -> Fix:
    """By the key that gives the subnets this way, or else a route by hand. What the stack file says is done to the
    route tables that the stack made or uses, and to no others."""
    if step := _recorded(case, need):
        return case.heal(step)
    for key in (_endpoints, _transit, _nat) if case.owned.step_of(need.table) else (_endpoints,):
        if (found := key(case, need)) is not None:
            return found
    return _create(case, need)


def _recorded(case: Case, need: RouteTo) -> str:
    """The step whose route, or whose association of the subnet, is not as it was made."""
    owned, table = case.owned, case.snapshot.network.tables.get(need.table)
    for step, subnet in owned.of_kind(_ASSOCIATION).items():
        if subnet == need.subnet and table is not None and subnet not in table.subnets:
            return step
    live = {one.destination for one in table.routes if not one.blackhole} if table else set()
    for step, key in owned.of_kind(_ROUTE).items():
        of, destination = key.split("|")
        mine = of == need.table and ranges.contains(destination, ranges.first(_cidr(need.address)))
        if mine and (destination not in live or destination == need.instead):
            return _cause(case, need) or step
    return ""


def _cause(case: Case, need: RouteTo) -> str:
    """The gateway to which the dead route leads, where that is the stack's own."""
    table = case.snapshot.network.tables[need.table]
    targets = (one.target for one in table.routes if one.destination == need.instead)
    return next((step for one in targets if (step := case.owned.step_of(one))), "")


def _cidr(address: str) -> str:
    return address if "/" in address else f"{address}/32"


def _endpoints(case: Case, need: RouteTo) -> Fix | None:
    """`network.endpoints` leads to AWS's services without the internet, from all of the stack's VPC."""
    network = case.snapshot.network
    inside = network.subnets[need.subnet].vpc == next(iter(network.vpcs), "")
    if case.meant.kind != "AWS service" or need.local or not inside:
        return None
    found = [services.named(host, case.snapshot.partition) for host in case.meant.hosts]
    wanted = list(dict.fromkeys(one.service for one in found if one))
    there = _live(case)
    if (named := _renamed(case, wanted)) is not None:
        return named
    for service in wanted:
        if service in there and need.table not in there[service].tables and not there[service].interfaces:
            return _add_table(case, there[service], need.table)
    missing = [one for one in wanted if one not in there]
    made = [step for one in missing if (step := f"endpoint-{one}") in case.owned.kinds]
    if made:
        return case.heal(", ".join(made))
    known = case.table("network").get("endpoints") or ()
    return add(("network", "endpoints"), known, *missing) if missing and case.settings else None


def _renamed(case: Case, wanted: list[str]) -> Fix | None:
    """Where there is an endpoint that has not got the service's name, what gives it the name."""
    network = case.snapshot.network
    vpc = next(iter(network.vpcs.values()), None)
    found = (names.endpoint_without_name(case.snapshot, vpc, one) for one in wanted) if vpc else ()
    unnamed = next((one for one in found if one), None)
    if unnamed is None or vpc is None:
        return None
    if unnamed.attribute:
        return attribute(case, VpcAttribute(vpc.id, unnamed.attribute))
    if step := case.owned.step_of(unnamed.endpoint.id):
        return case.heal(step)
    return aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", unnamed.endpoint.id, "--private-dns-enabled")


def _live(case: Case) -> dict[str, Endpoint]:
    """The usable endpoints of the stack's VPC, by service."""
    network, region = case.snapshot.network, case.snapshot.region
    vpc = next(iter(network.vpcs), "")
    mine = (one for one in network.endpoints.values() if one.vpc == vpc and one.available)
    return {one.service.partition(f".{region}.")[2]: one for one in mine}


def _add_table(case: Case, endpoint: Endpoint, table: str) -> Fix:
    if step := case.owned.step_of(endpoint.id):
        return case.heal(step)
    return aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", endpoint.id, "--add-route-table-ids", table)


def placed(case: Case, need: Placed) -> Fix:
    """One subnet of its VPC is enough: of those who ask, if it is there."""
    if step := case.owned.step_of(need.endpoint):
        return case.heal(step)
    network = case.snapshot.network
    vpc = network.endpoints[need.endpoint].vpc
    near = [one.subnet for one in case.begin.interfaces if one.vpc == vpc]
    known = (*near, *(one.id for one in network.subnets.values() if one.vpc == vpc))
    if not known:
        return advice(f"a subnet in {vpc}, and {need.endpoint} in it")
    return aws("ec2", "modify-vpc-endpoint", "--vpc-endpoint-id", need.endpoint, "--add-subnet-ids", known[0])


def _transit(case: Case, need: RouteTo) -> Fix | None:
    """`network.transit_gateway.routes` sends networks behind it there, where it does not say so already."""
    transit, wanted = case.table("network", "transit_gateway"), _destination(case, need)
    known = transit.get("routes") or ()
    told = any(ranges.network(wanted).subnet_of(ranges.network(one)) for one in known)
    if not transit or told or not ranges.is_private(ranges.first(wanted)):
        return None
    return add(("network", "transit_gateway", "routes"), known, wanted)


def _nat(case: Case, need: RouteTo) -> Fix | None:
    """`network.egress` gives the private subnets the internet."""
    outward = not case.behind and case.caller and not ranges.is_private(ranges.first(_cidr(need.address)))
    if not outward or not case.settings or case.given or case.table("network").get("egress") in (None, "nat"):
        return None
    return put(("network", "egress"), "nat")


def _create(case: Case, need: RouteTo) -> Fix:
    """To the gateway by which such addresses are reached, as far as there is one."""
    destination = _destination(case, need)
    verb = "replace-route" if destination == need.instead else "create-route"
    target = _target(case.snapshot.network, need, destination)
    if need.local or not target:
        what = f"a route to {destination} in {need.table}, to a gateway that leads there"
        return advice(f"take {need.instead} out of {need.table}" if need.local and need.instead else what)
    return aws("ec2", verb, "--route-table-id", need.table, "--destination-cidr-block", destination, *target)


def _destination(case: Case, need: RouteTo) -> str:
    """All of the network in which an address is: what was asked for, another VPC's block, the internet."""
    if "/" in need.address:
        return need.address
    if not ranges.is_private(need.address):
        return ranges.EVERYWHERE
    vpc = case.snapshot.network.vpc_with(need.address)
    known = (case.network, *(vpc.blocks if vpc else ()))
    return next((one for one in known if one and ranges.contains(one, need.address)), f"{need.address}/32")


def _target(network: Network, need: RouteTo, destination: str) -> tuple[str, ...]:
    vpc = network.subnets[need.subnet].vpc
    if need.gateway:
        return ("--transit-gateway-id", need.gateway)
    if destination != ranges.EVERYWHERE:
        attached = (one.gateway for one in network.attachments.values() if one.resource == vpc and one.alive)
        return next((("--transit-gateway-id", one) for one in attached), ())
    internet = (one for one, where in network.internet_gateways.items() if where == vpc)
    return next((("--gateway-id", one) for one in internet), ())


def public_address(case: Case, need: PublicAddress) -> Fix:
    """Tasks may have one; functions never use one, and are to be behind a NAT gateway."""
    asked = case.table("network").get("egress"), case.table(*case.caller).get("public_ip")
    if case.caller[:1] == ("services",) and case.settings:
        has = asked[1] or (asked[1] is None and asked[0] == "public-ip")
        return case.heal(f"service-{case.begin.part}") if has else put((*case.caller, "public_ip"), True)
    if need.for_lambda or not need.interface:
        return _behind_nat(case, asked[0])
    return aws(
        *("ec2", "associate-address", "--network-interface-id", need.interface),
        *("--allocation-id", "$(aws ec2 allocate-address --query AllocationId --output text)"),
    )


def _behind_nat(case: Case, egress: str | None) -> Fix:
    if not case.settings or case.given:
        return advice("put it into a subnet whose default route leads to a NAT gateway")
    if egress in (None, "nat"):
        return case.heal(f"function-{case.begin.part}")
    return put(("network", "egress"), "nat")


def in_vpc(case: Case, need: InVpc) -> Fix:
    """Nobody outside has a way to private addresses: begin inside, or give the load balancer public ones."""
    if case.begin.kind == "function outside of VPCs" and case.settings:
        calls = case.asks()
        return put((*case.caller, "vpc"), True, *((calls.change,) if calls else ()))
    if case.to_balancer and case.table("load_balancer"):
        return put(("load_balancer", "scheme"), "internet-facing")
    return advice(f"begin in {need.vpc}, or behind a transit gateway: it has no public address, and needs none")
