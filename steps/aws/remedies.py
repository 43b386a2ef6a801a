"""What to do about an AWS error, and what each means here: data, from which `docs/errors.md` is made too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steps.aws.errors import CAUSES, NEXT_MOVE, Cause, Verdict, permission


@dataclass(frozen=True)
class Quota:
    """As Service Quotas knows it; without `service` it has no entry there."""

    title: str
    service: str = ""
    code: str = ""

    @property
    def fix(self) -> str:
        where = f"Service Quotas: {self.service} {self.code}" if self.service else "by a support case"
        return f"ask for a higher quota of '{self.title}' ({where}) or remove what is not needed, then resume"


_ELB = "elasticloadbalancing"
QUOTAS: Mapping[str, Quota] = {
    "VpcLimitExceeded": Quota("VPCs per Region", "vpc", "L-F678F1CE"),
    "SubnetLimitExceeded": Quota("Subnets per VPC", "vpc", "L-407747CB"),
    "InternetGatewayLimitExceeded": Quota("Internet gateways per Region", "vpc", "L-A4707A72"),
    "AddressLimitExceeded": Quota("EC2-VPC Elastic IPs", "ec2", "L-0263D0A3"),
    "NatGatewayLimitExceeded": Quota("NAT gateways per Availability Zone", "vpc", "L-FE5A380F"),
    "RouteTableLimitExceeded": Quota("Route tables per VPC", "vpc", "L-589F43AA"),
    "RouteLimitExceeded": Quota("Routes per route table", "vpc", "L-93826ACB"),
    "SecurityGroupLimitExceeded": Quota("VPC security groups per Region", "vpc", "L-E79EC296"),
    "SecurityGroupsPerInterfaceLimitExceeded": Quota("Security groups per network interface", "vpc", "L-2AFB9258"),
    "RulesPerSecurityGroupLimitExceeded": Quota(
        "Inbound or outbound rules per security group", "vpc", "L-0EA8095F"
    ),
    "NetworkInterfaceLimitExceeded": Quota("Network interfaces per Region", "vpc", "L-DF5E4CA3"),
    "VpcEndpointLimitExceeded": Quota("Interface VPC endpoints per VPC", "vpc", "L-29B6F2EB"),
    "TransitGatewayAttachmentLimitExceeded": Quota("Transit gateway attachments per VPC", "ec2", "L-6DA43717"),
    "InstanceLimitExceeded": Quota("Running On-Demand Standard instances", "ec2", "L-1216C47A"),
    "VcpuLimitExceeded": Quota("Running On-Demand Standard instances", "ec2", "L-1216C47A"),
    "VolumeLimitExceeded": Quota("storage for General Purpose SSD (gp3) volumes"),
    "TooManyLoadBalancers": Quota("Application (or Network) Load Balancers per Region", _ELB, "L-53DA6B97"),
    "TooManyTargetGroups": Quota("Target Groups per Region", _ELB, "L-B22855CB"),
    "TooManyListeners": Quota("Listeners per Application (or Network) Load Balancer", _ELB, "L-B6DF7632"),
    "TooManyRules": Quota("Rules per Application Load Balancer", _ELB, "L-7EED9B64"),
    "TooManyTargets": Quota("targets per load balancer or target group"),
    "TooManyTags": Quota("tags per load balancer"),
    "TooManyActions": Quota("actions per rule"),
    "TooManyCertificates": Quota("certificates per load balancer"),
    "TooManyUniqueTargetGroupsPerLoadBalancer": Quota("target groups per load balancer"),
    "TargetGroupAssociationLimit": Quota("load balancers per target group"),
    "TooManyHostedZones": Quota("Hosted zones", "route53", "L-4EA4796A"),
    "ResourceLimitExceeded": Quota("Cloud Map namespaces per Region", "AWSCloudMap", "L-0FE3F50E"),
    "InstanceQuotaExceeded": Quota("DB instances", "rds", "L-7B6409FD"),
    "StorageQuotaExceeded": Quota("total storage for all DB instances"),
    "SnapshotQuotaExceeded": Quota("manual DB instance snapshots"),
    "DBSubnetGroupQuotaExceeded": Quota("DB subnet groups", "rds", "L-48C6BF61"),
    "DBSubnetQuotaExceededFault": Quota("subnets per DB subnet group"),
}
"""The quota behind a code that stands for one. Source: Service Quotas; ELBv2 and RDS API references, errors."""

_NO_SUCH_KEY = "AWS does not know the access key: use another, or enable the Region, then resume"
MOVES: Mapping[str, str] = {
    "LimitExceeded": "IAM's message names the quota: ask for more in the IAM console's quotas, then resume",
    "LimitExceededException": "the message names the quota: ask for more in Service Quotas, then resume",
    "CodeStorageExceededException": "delete old versions of functions (75 GB a Region), then resume",
    "InsufficientFreeAddressesInSubnet": "free addresses in the subnet, or take larger ones "
    "(network.subnet_prefix), then resume",
    "OptInRequired": "enable the Region or the service for this account (its Account page), then resume",
    "RequestExpired": "set this computer's clock right, or refresh the credentials, then resume",
    "SignatureDoesNotMatch": "correct the secret access key, or set this computer's clock right, then resume",
    "InvalidClientTokenId": _NO_SUCH_KEY,
    "UnrecognizedClientException": _NO_SUCH_KEY,
    "HostedZoneNotEmpty": "others made records in the zone: remove them, or destroy with --force-records",
    "DependencyViolation": "AWS does not say what still uses it, and no read told: look at its VPC, then resume",
    "PriorityInUse": "another rule of the listener has this priority: set services.NAME.priority, then resume",
    "DuplicateListener": "the load balancer has a listener on this port that is not ours: remove it, then resume",
    "InvalidSubnet.Conflict": "another subnet of the VPC has these addresses: remove it, or take another "
    "network.cidr, then resume",
    "DuplicateTransitGatewayAttachment": "the VPC is attached to this transit gateway already: remove that "
    "attachment, or leave out network.transit_gateway, then resume",
    "RouteAlreadyExists": "somebody else's route leads there already: remove it, then resume",
    "EntityAlreadyExists": "IAM has a role or profile of this name that is not ours: remove it, or take "
    "another --name",
    "ResourceExistsException": "a secret of this name is not ours: remove it, or take another --name",
    "HostedZoneAlreadyExists": "look for the zone of this reference in Route 53; resume takes over what is ours",
    "InvalidTransitGatewayID.NotFound": "have the transit gateway's owner share it with this account (AWS RAM), "
    "then resume",
    "PriorRequestNotComplete": "Route 53 is still working on another change of the zone; resume",
}
"""By code, where what fits the cause in general says too little."""


def next_move(found: Verdict) -> str:
    """What the user can do; after `resume` the run goes on from where it was."""
    if found.cause is Cause.DENIED and (missing := permission(found.message)):
        more = " (on the role that is handed on)" if missing == "iam:PassRole" else ""
        return f"give the caller {missing}{more}, then resume"
    if found.cause is Cause.QUOTA and found.code in QUOTAS:
        return QUOTAS[found.code].fix
    if found.code in MOVES and found.cause is CAUSES.get(found.code):
        return MOVES[found.code]
    return NEXT_MOVE[found.cause]
