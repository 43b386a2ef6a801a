"""Quotas that the services themselves tell, beside Service Quotas."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.quotas import limit
from provisioner.sandbox.registry import Answer, after


@after("route53", "GetAccountLimit", source="Route 53 API Reference: GetAccountLimit")
def zones_that_are_allowed_are_told(call: Call, answer: Answer) -> None:
    """Of MAX_HOSTED_ZONES_BY_OWNER the applied value."""
    if call.parameters.get("Type") == "MAX_HOSTED_ZONES_BY_OWNER":
        answer["Limit"]["Value"] = limit(call, "hosted-zones")


@after("iam", "GetAccountSummary", source="IAM API Reference: GetAccountSummary")
def roles_that_are_allowed_are_told(call: Call, answer: Answer) -> None:
    """RolesQuota is the applied value."""
    answer["SummaryMap"]["RolesQuota"] = limit(call, "roles")
