"""Network ACLs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused


def new_acl(network: Network, vpc: str = "") -> str:
    return str(network.ec2.create_network_acl(VpcId=vpc or network.vpc)["NetworkAcl"]["NetworkAclId"])


def told(network: Network, acl: str) -> dict[str, Any]:
    found: dict[str, Any] = network.ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]
    return found


def entry(acl: str, number: int = 100, *, egress: bool = False, action: str = "allow") -> dict[str, Any]:
    named = {"NetworkAclId": acl, "RuleNumber": number, "Egress": egress}
    return {**named, "Protocol": "-1", "RuleAction": action, "CidrBlock": "0.0.0.0/0"}


def default_acl(network: Network) -> dict[str, Any]:
    wanted = [{"Name": "vpc-id", "Values": [network.vpc]}, {"Name": "default", "Values": ["true"]}]
    found: dict[str, Any] = network.ec2.describe_network_acls(Filters=wanted)["NetworkAcls"][0]
    return found


def test_a_vpc_has_one_that_lets_everything_pass_and_every_subnet_is_in_it(network: Network) -> None:
    found = default_acl(network)
    rules = {(one["RuleNumber"], one["Egress"]): one["RuleAction"] for one in found["Entries"]}
    assert rules == {
        (100, True): "allow",
        (100, False): "allow",
        (32767, True): "deny",
        (32767, False): "deny",
    }
    assert {one["SubnetId"] for one in found["Associations"]} == set(network.subnets)
    refused(network.ec2.delete_network_acl, "InvalidParameterValue", NetworkAclId=found["NetworkAclId"])


def test_a_new_one_lets_nothing_pass(network: Network) -> None:
    acl = new_acl(network)
    rules = [(one["RuleNumber"], one["RuleAction"]) for one in told(network, acl)["Entries"]]
    assert rules == [(32767, "deny")] * 2
    network.ec2.delete_network_acl(NetworkAclId=acl)


def test_entries_have_numbers_of_their_own(network: Network) -> None:
    ec2, acl = network.ec2, new_acl(network)
    ec2.create_network_acl_entry(**entry(acl))
    refused(ec2.create_network_acl_entry, "NetworkAclEntryAlreadyExists", **entry(acl))
    ec2.create_network_acl_entry(**entry(acl, egress=True))
    ec2.replace_network_acl_entry(**entry(acl, action="deny"))
    (found,) = [one for one in told(network, acl)["Entries"] if (one["RuleNumber"], one["Egress"]) == (100, False)]
    assert found["RuleAction"] == "deny"


@pytest.mark.parametrize("number", [0, 32767])
def test_numbers_are_limited(network: Network, number: int) -> None:
    acl = new_acl(network)
    refused(network.ec2.create_network_acl_entry, "InvalidParameterValue", **entry(acl, number))
    network.ec2.create_network_acl_entry(**entry(acl, 32766))


def test_an_entry_must_be_there(network: Network) -> None:
    ec2, acl = network.ec2, new_acl(network)
    code, named = "InvalidNetworkAclEntry.NotFound", {"NetworkAclId": acl, "RuleNumber": 120, "Egress": False}
    assert "no ingress entry with number 120" in refused(ec2.delete_network_acl_entry, code, **named)
    refused(ec2.replace_network_acl_entry, code, **entry(acl, 120))
    ec2.create_network_acl_entry(**entry(acl, 120))
    ec2.delete_network_acl_entry(**named)


def test_a_subnet_moves_from_one_to_another(network: Network) -> None:
    ec2, acl = network.ec2, new_acl(network)
    association = default_acl(network)["Associations"][0]
    name = association["NetworkAclAssociationId"]
    replace = ec2.replace_network_acl_association
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    refused(replace, "InvalidParameterValue", AssociationId=name, NetworkAclId=new_acl(network, vpc))
    replace(AssociationId=name, NetworkAclId=acl)
    assert [one["SubnetId"] for one in told(network, acl)["Associations"]] == [association["SubnetId"]]
    refused(replace, "InvalidAssociationID.NotFound", AssociationId=name, NetworkAclId=acl)
    refused(ec2.delete_network_acl, "DependencyViolation", NetworkAclId=acl)
