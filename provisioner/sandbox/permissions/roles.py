"""What a role may do."""

from __future__ import annotations

from moto.iam.models import Role

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.permissions.callers import grants
from provisioner.sandbox.permissions.conditions import Context
from provisioner.sandbox.permissions.policies import Request


def allows(site: Site, role_arn: str, action: str, resource: str = "*") -> bool:
    """Whether the role of this ARN may do this (`ecr:BatchGetImage`), by policies that have taken effect."""
    home, role = find(site, role_arn)
    if role is None:
        return False
    context = {
        "aws:PrincipalArn": role_arn,
        "aws:PrincipalAccount": home.account,
        "aws:PrincipalType": "AssumedRole",
        "aws:RequestedRegion": site.region,
        "aws:SecureTransport": "true",
        **{f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in role.tags},
    }
    return grants(home, role).judge(Request(action, resource, Context(context))).allowed


def find(site: Site, role_arn: str) -> tuple[Site, Role | None]:
    """The role of this ARN, if there is one, and the account that it is in."""
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    home = Site(account or site.account, site.region, site.world)
    return home, next((role for role in backends.iam(home).get_roles() if role.arn == role_arn), None)
