"""Service Quotas tells what may be had, and what is applied in this account and region."""

from __future__ import annotations

from typing import Any

from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS

from provisioner.sandbox import quotas
from provisioner.sandbox.call import Call
from provisioner.sandbox.quotas import QUOTAS, Quota
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, instead

_SERVICE = "service-quotas"
_SOURCE = "Service Quotas API Reference"
_NAMES = {
    "AWSCloudMap": "AWS Cloud Map",
    "acm": "AWS Certificate Manager (ACM)",
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "elasticloadbalancing": "Elastic Load Balancing (ELB)",
    "iam": "AWS Identity and Access Management (IAM)",
    "rds": "Amazon Relational Database Service (Amazon RDS)",
    "route53": "Amazon Route 53",
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
}
_PAGE = 100


@instead(_SERVICE, "ListServices", source=_SOURCE)
def services_are_told(call: Call) -> Answer:
    """Those of which the sandbox knows quotas."""
    listed = [{"ServiceCode": code, "ServiceName": name} for code, name in _NAMES.items()]
    return _page(call, "Services", listed)


@instead(_SERVICE, "ListServiceQuotas", source=_SOURCE)
def applied_ones_are_listed(call: Call) -> Answer:
    """The applied values; NoSuchResourceException for an unknown service."""
    return _page(call, "Quotas", _listed(call, applied=True))


@instead(_SERVICE, "ListAWSDefaultServiceQuotas", source=_SOURCE)
def usual_ones_are_listed(call: Call) -> Answer:
    """The default values; NoSuchResourceException for an unknown service."""
    return _page(call, "Quotas", _listed(call, applied=False))


@instead(_SERVICE, "GetServiceQuota", source=_SOURCE)
def applied_one_is_told(call: Call) -> Answer:
    """The applied value; NoSuchResourceException for an unknown quota."""
    return {"Quota": _found(call, applied=True)}


@instead(_SERVICE, "GetAWSDefaultServiceQuota", source=_SOURCE)
def usual_one_is_told(call: Call) -> Answer:
    """The default value; NoSuchResourceException for an unknown quota."""
    return {"Quota": _found(call, applied=False)}


def _found(call: Call, *, applied: bool) -> dict[str, Any]:
    code = call.parameters["QuotaCode"]
    for told in _listed(call, applied=applied):
        if told["QuotaCode"] == code:
            return told
    raise _missing()


def _listed(call: Call, *, applied: bool) -> list[dict[str, Any]]:
    service = call.parameters["ServiceCode"]
    if service not in _NAMES:
        raise _missing()
    known = [_told(call, quota, applied) for quota in QUOTAS.values() if quota.code and quota.service == service]
    codes = {told["QuotaCode"] for told in known}
    others = [_others(call, told) for told in VPC_DEFAULT_QUOTAS if told["QuotaCode"] not in codes]
    return [*known, *(others if service == "vpc" else ())]


def _told(call: Call, quota: Quota, applied: bool) -> dict[str, Any]:
    return {
        "ServiceCode": quota.service,
        "ServiceName": _NAMES[quota.service],
        "QuotaArn": _arn(call, quota.service, quota.code, quota.everywhere),
        "QuotaCode": quota.code,
        "QuotaName": quota.title,
        "Value": float(quotas.limit(call, quota.name) if applied else quota.default),
        "Unit": "None",
        "Adjustable": quota.adjustable,
        "GlobalQuota": quota.everywhere,
    }


def _others(call: Call, told: dict[str, Any]) -> dict[str, Any]:
    """A quota that nothing here is held to."""
    return {**told, "QuotaArn": _arn(call, told["ServiceCode"], told["QuotaCode"], everywhere=False)}


def _arn(call: Call, service: str, code: str, everywhere: bool) -> str:
    region = "" if everywhere else call.region
    return f"arn:aws:servicequotas:{region}:{call.account}:{service}/{code}"


def _page(call: Call, key: str, items: list[dict[str, Any]]) -> Answer:
    start = int(call.parameters.get("NextToken", "0"))
    end = start + min(call.parameters.get("MaxResults", _PAGE), _PAGE)
    rest = {"NextToken": str(end)} if end < len(items) else {}
    return {key: items[start:end], **rest}


def _missing() -> Refusal:
    return Refusal("NoSuchResourceException", "The request failed because the specified resource does not exist.")
