"""Network ACLs and their entries."""

from __future__ import annotations

from moto.ec2.models.network_acls import NetworkAcl

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.vpc.tagging import specified

_SOURCE = "EC2 API Reference: error codes"
_INVALID = "InvalidParameterValue"
_LAST = 32767  # the entry that every ACL has, told as `*`
_CHANGES = ("CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry")


@instead("ec2", "CreateNetworkAcl", source="VPC User Guide: custom network ACLs")
def lets_nothing_pass_at_first(call: Call) -> Answer:
    """A new one has the entries that deny everything, in both directions."""
    acl = backends.ec2(call).create_network_acl(call.parameters["VpcId"])
    acl.add_tags(specified(call))
    for egress in (True, False):
        acl.ec2_backend.create_network_acl_entry(
            acl.id, _LAST, "-1", "deny", egress, "0.0.0.0/0", None, None, None, None, None
        )
    return {"NetworkAcl": acl}


@before("ec2", *_CHANGES, source="VPC User Guide: network ACL rules; the wording from memory")
def number_must_fit(call: Call) -> None:
    """InvalidParameterValue for numbers beyond 1 to 32766."""
    number = int(call.parameters["RuleNumber"])
    if not 1 <= number < _LAST:
        raise Refusal(_INVALID, f"Value ({number}) for parameter ruleNumber is invalid. Must be 1 to {_LAST - 1}.")


@before("ec2", "CreateNetworkAclEntry", source=f"{_SOURCE}; pulumi/pulumi-aws#3244")
def number_must_be_free(call: Call) -> None:
    """NetworkAclEntryAlreadyExists for a second entry of a number and direction."""
    if _has_entry(call):
        number = call.parameters["RuleNumber"]
        message = f"The network acl entry identified by {number} already exists."
        raise Refusal("NetworkAclEntryAlreadyExists", message)


@before("ec2", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry", source="terraform-provider-aws#12175")
def entry_must_be_there(call: Call) -> None:
    """InvalidNetworkAclEntry.NotFound for an entry that is not there."""
    if not _has_entry(call):
        way = "egress" if call.parameters["Egress"] else "ingress"
        message = f"no {way} entry with number {call.parameters['RuleNumber']} in network ACL {_acl(call).id}"
        raise Refusal("InvalidNetworkAclEntry.NotFound", message)


@before("ec2", "DeleteNetworkAcl", source="VPC User Guide: default network ACL; the wording from memory")
def default_one_stays(call: Call) -> None:
    """InvalidParameterValue for a VPC's default ACL."""
    if _acl(call).default:
        raise Refusal(_INVALID, f"cannot delete default network ACL {_acl(call).id}")


@before("ec2", "ReplaceNetworkAclAssociation", source=_SOURCE)
def association_must_fit(call: Call) -> None:
    """InvalidAssociationID.NotFound for an unknown one, InvalidParameterValue for an ACL of another VPC."""
    name, acls = call.parameters["AssociationId"], backends.ec2(call).network_acls.values()
    former = next((acl for acl in acls if name in acl._associations), None)
    if former is None:
        raise Refusal("InvalidAssociationID.NotFound", f"The association ID '{name}' does not exist")
    if former.vpc_id != _acl(call).vpc_id:
        subnet = former._associations[name].subnet_id
        message = f"Network ACL {_acl(call).id} and subnet {subnet} belong to different networks"
        raise Refusal(_INVALID, message)


def _acl(call: Call) -> NetworkAcl:
    return backends.ec2(call).network_acls[call.parameters["NetworkAclId"]]


def _has_entry(call: Call) -> bool:
    number, egress = int(call.parameters["RuleNumber"]), bool(call.parameters["Egress"])
    entries = _acl(call).network_acl_entries
    return any(int(one.rule_number) == number and bool(one.egress) is egress for one in entries)
