"""Security groups and their rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused

HTTP: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
ANY = [{"CidrIp": "0.0.0.0/0"}]
INVALID = "InvalidParameterValue"


def rules(network: Network, group: str = "", *, egress: bool = False) -> list[dict[str, Any]]:
    wanted = [{"Name": "group-id", "Values": [group or network.group]}]
    told = network.ec2.describe_security_group_rules(Filters=wanted)["SecurityGroupRules"]
    return [rule for rule in told if rule["IsEgress"] is egress]


def let_in(network: Network, *permissions: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = network.ec2.authorize_security_group_ingress(
        GroupId=network.group, IpPermissions=list(permissions), **more
    )
    made: list[dict[str, Any]] = answer["SecurityGroupRules"]
    return made


@pytest.mark.parametrize("name", ["sg-web", "n" * 256, "wéb", "web|app", "SG-1"])
def test_names_are_limited(network: Network, name: str) -> None:
    create = network.ec2.create_security_group
    refused(create, INVALID, GroupName=name, Description="x", VpcId=network.vpc)


@pytest.mark.parametrize("name", ["n" * 255, "web sg-1 ._-:/()#,@[]+=&;{}!$*"])
def test_other_names_are_taken(network: Network, name: str) -> None:
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "a", "Value": "1"}]}]
    create = network.ec2.create_security_group
    made = create(GroupName=name, Description="x", VpcId=network.vpc, TagSpecifications=tags)
    assert made["Tags"] == tags[0]["Tags"]


def test_a_name_is_one_groups_in_whatever_case(network: Network) -> None:
    create = network.ec2.create_security_group
    refused(create, "InvalidGroup.Duplicate", GroupName="APP", Description="x", VpcId=network.vpc)
    refused(create, "InvalidGroup.Reserved", GroupName="default", Description="x", VpcId=network.vpc)
    vpc = network.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    create(GroupName="APP", Description="x", VpcId=vpc)


@pytest.mark.parametrize("description", ["für alle", "d" * 256, "a\tb"])
def test_descriptions_are_limited(network: Network, description: str) -> None:
    create = network.ec2.create_security_group
    refused(create, INVALID, GroupName="web", Description=description, VpcId=network.vpc)
    refused(create, "MissingParameter", GroupName="web", Description="", VpcId=network.vpc)
    create(GroupName="web", Description="d" * 255, VpcId=network.vpc)


@pytest.mark.parametrize(
    "permission",
    [
        {"IpProtocol": "tcp", "FromPort": 70000, "ToPort": 70000},
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 80},
        {"IpProtocol": "udp", "FromPort": 53},
        {"IpProtocol": "http", "FromPort": 80, "ToPort": 80},
        {"IpProtocol": "256"},
    ],
)
def test_ports_and_protocols_must_fit(network: Network, permission: dict[str, Any]) -> None:
    authorize = network.ec2.authorize_security_group_ingress
    refused(authorize, INVALID, GroupId=network.group, IpPermissions=[{**permission, "IpRanges": ANY}])
    refused(authorize, INVALID, GroupId=network.group, IpPermissions=[HTTP])
    assert not rules(network)


@pytest.mark.parametrize(
    ("permission", "told"),
    [
        ({"IpProtocol": "-1"}, ("-1", -1, -1)),
        ({"IpProtocol": "all", "FromPort": 1, "ToPort": 2}, ("-1", -1, -1)),
        ({"IpProtocol": "6", "FromPort": 0, "ToPort": 65535}, ("tcp", 0, 65535)),
        ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}, ("icmp", 8, -1)),
        ({"IpProtocol": "50"}, ("50", -1, -1)),
    ],
)
def test_rules_are_told_as_they_are(network: Network, permission: dict[str, Any], told: tuple[Any, ...]) -> None:
    (made,) = let_in(network, {**permission, "IpRanges": [{"CidrIp": "10.1.2.3/8", "Description": "ours"}]})
    (found,) = rules(network)
    for rule in (made, found):
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == told
        assert (rule["CidrIpv4"], rule["Description"]) == ("10.0.0.0/8", "ours")
        assert rule["GroupOwnerId"] == "123456789012"
    assert made["SecurityGroupRuleId"] == found["SecurityGroupRuleId"]


def test_all_rules_of_a_call_are_told(network: Network) -> None:
    other = network.new_group("other")
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    reference = {"GroupId": other, "Description": "from others"}
    tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "1"}]}]
    made = let_in(
        network, {**HTTP, "IpRanges": ANY}, {**https, "UserIdGroupPairs": [reference]}, TagSpecifications=tags
    )
    assert len(made) == 2
    assert {rule["SecurityGroupRuleId"] for rule in made} == {
        rule["SecurityGroupRuleId"] for rule in rules(network)
    }
    (found,) = [rule for rule in rules(network) if "ReferencedGroupInfo" in rule]
    assert found["ReferencedGroupInfo"]["GroupId"] == other
    assert found["Description"] == "from others"
    assert all(rule["Tags"] == tags[0]["Tags"] for rule in rules(network))
    (group,) = network.ec2.describe_security_groups(GroupIds=[network.group])["SecurityGroups"]
    (pair,) = [pair for one in group["IpPermissions"] for pair in one["UserIdGroupPairs"]]
    assert (pair["GroupId"], pair["Description"]) == (other, "from others")


def test_a_rule_is_there_once(network: Network) -> None:
    authorize, other = network.ec2.authorize_security_group_ingress, network.new_group("other")
    reference = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": other, "Description": "one"}]}
    let_in(network, {**HTTP, "IpRanges": ANY}, reference)
    again = {"GroupId": network.group, "IpPermissions": [{**HTTP, "IpRanges": ANY}]}
    message = refused(authorize, "InvalidPermission.Duplicate", **again)
    assert message == 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW" already exists'
    described = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": other, "Description": "two"}]}
    refused(authorize, "InvalidPermission.Duplicate", GroupId=network.group, IpPermissions=[described])
    twice = {**HTTP, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.1.0.0/8"}]}
    refused(authorize, INVALID, GroupId=network.group, IpPermissions=[twice])
    some = [{**HTTP, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, {**HTTP, "IpRanges": ANY}]
    refused(authorize, "InvalidPermission.Duplicate", GroupId=network.group, IpPermissions=some)
    assert len(rules(network)) == 2


def test_rules_speak_of_groups_of_their_vpc(network: Network) -> None:
    vpc = network.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    other = network.ec2.create_security_group(GroupName="o", Description="o", VpcId=vpc)["GroupId"]
    authorize = network.ec2.authorize_security_group_ingress
    for name, text in ((other, "different networks"), ("sg-0123456789abcdef0", "does not exist")):
        wanted = [{**HTTP, "UserIdGroupPairs": [{"GroupId": name}]}]
        assert text in refused(authorize, "InvalidGroup.NotFound", GroupId=network.group, IpPermissions=wanted)
    lists = [{**HTTP, "PrefixListIds": [{"PrefixListId": "pl-01234567"}]}]
    refused(authorize, "InvalidPrefixListID.NotFound", GroupId=network.group, IpPermissions=lists)
    bad = [{**HTTP, "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}]
    refused(authorize, INVALID, GroupId=network.group, IpPermissions=bad)
    odd = [{**HTTP, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "für"}]}]
    refused(authorize, INVALID, GroupId=network.group, IpPermissions=odd)


def test_a_single_rule_needs_no_list(network: Network) -> None:
    ec2, both = network.ec2, {"GroupId": network.group, "CidrIp": "10.0.0.0/8"}
    ec2.authorize_security_group_ingress(**both, **HTTP)
    assert len(rules(network)) == 1
    ec2.revoke_security_group_ingress(**both, **HTTP)
    assert not rules(network)


def test_rules_are_revoked_by_what_they_say(network: Network) -> None:
    other = network.new_group("other")
    revoke = network.ec2.revoke_security_group_ingress
    let_in(network, {**HTTP, "UserIdGroupPairs": [{"GroupId": other, "Description": "others"}], "IpRanges": ANY})
    missing = [{**HTTP, "IpRanges": [*ANY, {"CidrIp": "10.0.0.0/8"}]}]
    refused(revoke, "InvalidPermission.NotFound", GroupId=network.group, IpPermissions=missing)
    assert len(rules(network)) == 2
    wanted = [{**HTTP, "UserIdGroupPairs": [{"GroupId": other}], "IpRanges": ANY}]
    revoke(GroupId=network.group, IpPermissions=wanted)
    assert not rules(network)


def test_rules_are_revoked_by_their_ids(network: Network) -> None:
    (made,) = let_in(network, {**HTTP, "IpRanges": ANY})
    revoke, name = network.ec2.revoke_security_group_ingress, made["SecurityGroupRuleId"]
    unknown = "sgr-0123456789abcdef0"
    code = "InvalidSecurityGroupRuleId.NotFound"
    refused(revoke, code, GroupId=network.group, SecurityGroupRuleIds=[name, unknown])
    revoke(GroupId=network.group, SecurityGroupRuleIds=[name])
    assert not rules(network)
    refused(network.ec2.describe_security_group_rules, code, SecurityGroupRuleIds=[name])


def test_what_goes_out_is_let_out_by_other_rules(network: Network) -> None:
    ec2, group = network.ec2, network.group
    (first,) = rules(network, egress=True)
    assert (first["CidrIpv4"], first["IpProtocol"]) == ("0.0.0.0/0", "-1")
    everything = [{"IpProtocol": "-1", "IpRanges": ANY}]
    refused(
        ec2.authorize_security_group_egress, "InvalidPermission.Duplicate", GroupId=group, IpPermissions=everything
    )
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
    assert not rules(network, egress=True)
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{**HTTP, "IpRanges": ANY}])
    assert len(rules(network, egress=True)) == 1
    assert not rules(network)


def change(rule: dict[str, Any], **wanted: Any) -> list[dict[str, Any]]:
    return [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wanted}]


def test_rules_can_be_changed(network: Network) -> None:
    first, _ = let_in(network, {**HTTP, "IpRanges": [*ANY, {"CidrIp": "10.0.0.0/8"}]})
    modify, group = network.ec2.modify_security_group_rules, network.group
    refused(modify, INVALID, GroupId=group, SecurityGroupRules=change(first, **HTTP, CidrIpv6="::/0"))
    refused(modify, "MissingParameter", GroupId=group, SecurityGroupRules=change(first, **HTTP))
    same = change(first, **HTTP, CidrIpv4="10.0.0.0/8")
    refused(modify, "InvalidPermission.Duplicate", GroupId=group, SecurityGroupRules=same)
    strange = change({"SecurityGroupRuleId": "sgr-0123456789abcdef0"}, **HTTP, CidrIpv4="10.0.0.0/8")
    refused(modify, "InvalidSecurityGroupRuleId.NotFound", GroupId=group, SecurityGroupRules=strange)
    wanted = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 54, "CidrIpv4": "10.9.0.0/16", "Description": "names"}
    modify(GroupId=group, SecurityGroupRules=change(first, **wanted))
    (told,) = [rule for rule in rules(network) if rule["SecurityGroupRuleId"] == first["SecurityGroupRuleId"]]
    assert {name: told[name] for name in wanted} == wanted


def test_rules_about_groups_can_be_changed(network: Network) -> None:
    other, third = network.new_group("other"), network.new_group("third")
    (made,) = let_in(network, {**HTTP, "UserIdGroupPairs": [{"GroupId": other}]})
    wanted = change(made, **HTTP, ReferencedGroupId=third)
    network.ec2.modify_security_group_rules(GroupId=network.group, SecurityGroupRules=wanted)
    assert rules(network)[0]["ReferencedGroupInfo"]["GroupId"] == third


def test_descriptions_can_be_changed(network: Network) -> None:
    ec2, other = network.ec2, network.new_group("other")
    pair = {"GroupId": other, "Description": "first"}
    (made,) = let_in(network, {**HTTP, "UserIdGroupPairs": [pair]})
    update, group = ec2.update_security_group_rule_descriptions_ingress, network.group
    new = {**HTTP, "UserIdGroupPairs": [{**pair, "Description": "second"}]}
    update(GroupId=group, IpPermissions=[new])
    assert rules(network)[0]["Description"] == "second"
    missing = [{**HTTP, "IpRanges": ANY}]
    refused(update, "InvalidPermission.NotFound", GroupId=group, IpPermissions=missing)
    named = {"SecurityGroupRuleId": made["SecurityGroupRuleId"]}
    update(GroupId=group, SecurityGroupRuleDescriptions=[{**named, "Description": "third"}])
    assert rules(network)[0]["Description"] == "third"
    refused(update, INVALID, GroupId=group, SecurityGroupRuleDescriptions=[{**named, "Description": "d" * 256}])
    update(GroupId=group, SecurityGroupRuleDescriptions=[named])
    assert not rules(network)[0].get("Description")


def test_what_other_lists_tell_of_groups(network: Network) -> None:
    ec2 = network.ec2
    told = ec2.get_security_groups_for_vpc(VpcId=network.vpc)["SecurityGroupForVpcs"]
    assert {one["GroupName"] for one in told} == {"app", "default"}
    assert ec2.describe_security_group_references(GroupId=[network.group])["SecurityGroupReferenceSet"] == []
    assert ec2.describe_stale_security_groups(VpcId=network.vpc)["StaleSecurityGroupSet"] == []
    refused(ec2.describe_stale_security_groups, "InvalidVpcID.NotFound", VpcId="vpc-0123456789abcdef0")


def default_group(network: Network, vpc: str) -> dict[str, Any]:
    wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (found,) = network.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    told: dict[str, Any] = found
    return told


def test_default_groups_let_themselves_in(network: Network) -> None:
    defaults = [{"Name": "is-default", "Values": ["true"]}]
    for vpc in (network.vpc, network.ec2.describe_vpcs(Filters=defaults)["Vpcs"][0]["VpcId"]):
        group = default_group(network, vpc)
        (permission,) = group["IpPermissions"]
        assert permission["IpProtocol"] == "-1"
        assert [pair["GroupId"] for pair in permission["UserIdGroupPairs"]] == [group["GroupId"]]
        assert permission["IpRanges"] == []
        (rule,) = rules(network, group["GroupId"])
        assert rule["ReferencedGroupInfo"]["GroupId"] == group["GroupId"]
        assert [rule["CidrIpv4"] for rule in rules(network, group["GroupId"], egress=True)] == ["0.0.0.0/0"]
    assert not rules(network)


def test_what_is_taken_from_a_default_group_stays_away(network: Network) -> None:
    group = default_group(network, network.vpc)["GroupId"]
    (rule,) = rules(network, group)
    revoke = network.ec2.revoke_security_group_ingress
    revoke(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    assert not rules(network, group)
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    refused(revoke, "InvalidPermission.NotFound", GroupId=group, IpPermissions=itself)


def test_a_vpc_goes_with_its_default_group(network: Network) -> None:
    vpc = network.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = default_group(network, vpc)["GroupId"]
    network.ec2.delete_vpc(VpcId=vpc)
    refused(network.ec2.describe_security_groups, "InvalidGroup.NotFound", GroupIds=[group])
