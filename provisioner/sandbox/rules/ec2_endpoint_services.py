"""The services that have VPC endpoints, and the addresses behind gateway ones."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before
from provisioner.sandbox.vpc import endpoints

_LISTS = ("DescribePrefixLists", "DescribeManagedPrefixLists", "GetManagedPrefixListEntries")


@before("ec2", *_LISTS, "CreateRoute", "DeleteRoute", source="VPC User Guide: AWS-managed prefix lists")
def prefix_lists_are_stable(call: Call) -> None:
    """A service's prefix list has the same id in a region for ever, and public addresses of the service."""
    for service in endpoints.PREFIX_LISTS:
        endpoints.prefix_list(call, service)


@before("ec2", *_LISTS, source="EC2 API Reference: error codes")
def prefix_lists_must_exist(call: Call) -> None:
    """InvalidPrefixListID.NotFound for an unknown one."""
    asked = call.parameters.get("PrefixListIds") or [call.parameters.get("PrefixListId")]
    for name in filter(None, asked):
        if name not in endpoints.prefix_lists(call):
            raise Refusal("InvalidPrefixListID.NotFound", f"The prefix list ID '{name}' does not exist")


@after("ec2", "DescribePrefixLists", source="EC2 API Reference: DescribePrefixLists")
def prefix_lists_have_addresses(call: Call, answer: Answer) -> None:
    """Each with its addresses."""
    for one in answer.get("PrefixLists", ()):
        one["Cidrs"] = endpoints.prefix_lists(call)[one["PrefixListId"]]


@after("ec2", "DescribeVpcEndpointServices", source="EC2 API Reference: ServiceDetail")
def services_have_private_names(call: Call, answer: Answer) -> None:
    """Those of interface endpoints; gateway endpoints have none."""
    for service in answer.get("ServiceDetails", ()):
        service.pop("PrivateDnsName", None)
        service.pop("PrivateDnsNames", None)
        if [kind["ServiceType"] for kind in service["ServiceType"]] == [endpoints.INTERFACE]:
            names = endpoints.private_names(call, service["ServiceName"])
            service["PrivateDnsName"] = names[0]
            service["PrivateDnsNames"] = [{"PrivateDnsName": name} for name in names]
