"""What an AWS error means for us: one table from code to cause.

Codes are matched exactly; messages only where AWS gives one code to many causes. ELBv2, IAM, Route 53 and Cloud
Map put other words into the code than into the name of the exception class, so the codes are written as they come
over the wire (botocore service models).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnection


class Cause(StrEnum):
    GONE = "gone"
    """What the call names does not exist (or not yet: that depends on how old it is)."""
    IN_USE = "in use"
    """Something else must go first; it may already be going."""
    EXISTS = "exists"
    """There is one of this name or key already."""
    NOT_YET = "not yet"
    """What the call needs is there but has not reached every part of AWS."""
    THROTTLED = "throttled"
    """Refused for its rate only: nothing was done."""
    UNKNOWN_OUTCOME = "unknown outcome"
    """No answer, or a server's error: it may have been done or not."""
    QUOTA = "quota"
    DENIED = "denied"
    EXPIRED = "expired"
    REFUSED = "refused"
    """Anything else: AWS will not do this however often it is asked."""


_GONE = """
NoSuchHostedZone NoSuchChange
InvalidVpcID.NotFound InvalidSubnetID.NotFound InvalidSubnetId.NotFound InvalidInternetGatewayID.NotFound
InvalidGatewayID.NotFound Gateway.NotAttached InvalidAllocationID.NotFound InvalidAddress.NotFound
InvalidAssociationID.NotFound InvalidAssociation.NotFound NatGatewayNotFound InvalidNatGatewayID.NotFound
InvalidRouteTableID.NotFound InvalidRouteTableId.NotFound InvalidRoute.NotFound InvalidGroup.NotFound
InvalidGroupId.NotFound InvalidSecurityGroupID.NotFound InvalidPermission.NotFound
InvalidSecurityGroupRuleId.NotFound InvalidNetworkInterfaceID.NotFound InvalidAttachmentID.NotFound
InvalidVpcId.NotFound InvalidVpcEndpoint.NotFound InvalidVpcEndpointId.NotFound
InvalidTransitGatewayAttachmentID.NotFound
LoadBalancerNotFound TargetGroupNotFound ListenerNotFound RuleNotFound
ClusterNotFoundException ServiceNotFoundException ServiceNotActiveException
ResourceNotFoundException NotFoundException NoSuchEntity
InvalidInstanceID.NotFound InvalidVolume.NotFound DBInstanceNotFound DBSubnetGroupNotFoundFault DBSnapshotNotFound
NamespaceNotFound ServiceNotFound OperationNotFound InstanceNotFound NamespaceNotFoundException
ObjectNotFoundException NoSuchResourceException
"""

_IN_USE = """
HostedZoneNotEmpty
DuplicateRequest ConcurrentUpdateException
DependencyViolation InvalidIPAddress.InUse InvalidGroup.InUse InvalidNetworkInterface.InUse IncorrectState
ResourceInUse ClusterContainsServicesException ClusterContainsTasksException
ClusterContainsContainerInstancesException ConcurrentModification ConcurrentModificationException
UpdateInProgressException ResourceInUseException DeleteConflict OperationAbortedException ResourceConflictException
ConflictException
IncorrectInstanceState InvalidDBInstanceState InvalidDBSubnetGroupStateFault SubnetAlreadyInUse
"""

_EXISTS = """
HostedZoneAlreadyExists
NamespaceAlreadyExists ServiceAlreadyExists
InvalidSubnet.Conflict Resource.AlreadyAssociated RouteAlreadyExists InvalidGroup.Duplicate
InvalidPermission.Duplicate DuplicateTransitGatewayAttachment
DuplicateLoadBalancerName DuplicateTargetGroupName DuplicateListener
PriorityInUse EntityAlreadyExists ResourceAlreadyExistsException
ResourceExistsException DBInstanceAlreadyExists DBSubnetGroupAlreadyExists DBSnapshotAlreadyExists
"""

_THROTTLED = """
RequestLimitExceeded Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException
TooManyRequestsException EC2ThrottledException SlowDown BandwidthLimitExceeded TransactionInProgressException
PriorRequestNotComplete ProvisionedThroughputExceededException
"""

_NOT_YET = """
InvalidSecurityGroup SubnetNotFound CertificateNotFound UnsupportedCertificate InvalidTransitGatewayID.NotFound
"""
# As ELBv2 says of a group, a subnet and a certificate that are too fresh for it; as EC2 says of a transit gateway
# whose attachment to the VPC, or whose share with this account, is (terraform-provider-aws#10025).

_QUOTA = """
TooManyHostedZones
VpcLimitExceeded SubnetLimitExceeded InternetGatewayLimitExceeded AddressLimitExceeded NatGatewayLimitExceeded
RouteTableLimitExceeded RouteLimitExceeded SecurityGroupLimitExceeded SecurityGroupsPerInterfaceLimitExceeded
RulesPerSecurityGroupLimitExceeded NetworkInterfaceLimitExceeded VpcEndpointLimitExceeded
TransitGatewayAttachmentLimitExceeded TooManyLoadBalancers TooManyTargetGroups
TooManyListeners TooManyRules TooManyTargets TooManyTags TooManyActions TooManyCertificates
TooManyUniqueTargetGroupsPerLoadBalancer TargetGroupAssociationLimit LimitExceeded
LimitExceededException CodeStorageExceededException InsufficientFreeAddressesInSubnet
InstanceLimitExceeded VcpuLimitExceeded VolumeLimitExceeded InstanceQuotaExceeded StorageQuotaExceeded
SnapshotQuotaExceeded DBSubnetGroupQuotaExceeded DBSubnetQuotaExceededFault
ResourceLimitExceeded
"""

_DENIED = "UnauthorizedOperation AccessDenied AccessDeniedException OptInRequired AuthorizationError"

_EXPIRED = """
ExpiredToken ExpiredTokenException RequestExpired InvalidClientTokenId UnrecognizedClientException AuthFailure
SignatureDoesNotMatch
"""

_SERVER = """
InternalServiceException
InternalError InternalFailure InternalServerError ServiceUnavailable ServiceException ServerException Unavailable
"""

CAUSES: dict[str, Cause] = {
    code: cause
    for cause, codes in (
        (Cause.GONE, _GONE),
        (Cause.IN_USE, _IN_USE),
        (Cause.EXISTS, _EXISTS),
        (Cause.NOT_YET, _NOT_YET),
        (Cause.THROTTLED, _THROTTLED),
        (Cause.QUOTA, _QUOTA),
        (Cause.DENIED, _DENIED),
        (Cause.EXPIRED, _EXPIRED),
        (Cause.UNKNOWN_OUTCOME, _SERVER),
    )
    for code in codes.split()
}

BY_MESSAGE: tuple[tuple[str, str, Cause], ...] = (
    # A fresh role or policy has not reached the service that is to use it (section 2.2 of the manual).
    ("InvalidParameterValueException", "cannot be assumed by Lambda", Cause.NOT_YET),
    ("InvalidParameterValueException", "does not have permissions to call", Cause.NOT_YET),
    # The same of the grant that Lambda wants for the environment's key: the fresh role is no principal yet.
    ("InvalidParameterValueException", "KMS key is invalid for CreateGrant", Cause.NOT_YET),
    ("InvalidParameterValueException", "InvalidGroup.NotFound", Cause.NOT_YET),
    ("InvalidParameterValueException", "InvalidSubnetID.NotFound", Cause.NOT_YET),
    ("InvalidParameterValueException", "throttled by EC2", Cause.THROTTLED),
    ("InvalidParameterException", "Unable to assume the service linked role", Cause.NOT_YET),
    ("InvalidParameterException", "unable to assume the role", Cause.NOT_YET),
    ("InvalidParameterException", "verify that the ECS service role", Cause.NOT_YET),
    ("ClientException", "unable to assume the role", Cause.NOT_YET),
    ("InvalidParameterException", "does not have an associated load balancer", Cause.NOT_YET),
    ("InvalidParameterException", "was not idempotent", Cause.EXISTS),
    ("InvalidParameterException", "while deployments are active", Cause.IN_USE),
    ("InvalidParameterException", "while scaled above 0", Cause.IN_USE),
    # A name in a Cloud Map namespace that a service which is going still has (aws/copilot-cli#4313).
    ("InvalidParameterException", "SC service is already used", Cause.IN_USE),
    # Application Auto Scaling, of a fresh service-linked role, a fresh service and a busy CloudWatch.
    ("ValidationException", "Unable to assume IAM role", Cause.NOT_YET),
    ("ValidationException", "ECS service doesn't exist", Cause.NOT_YET),
    ("FailedResourceAccessException", "Rate exceeded", Cause.THROTTLED),
    ("FailedResourceAccessException", "not authorized to perform: cloudwatch", Cause.NOT_YET),
    ("MalformedPolicyDocument", "Invalid principal", Cause.NOT_YET),
    # The attachment of a fresh internet gateway has not landed yet.
    ("InvalidParameterValue", "belong to different networks", Cause.NOT_YET),
    # The private names of an endpoint that was deleted a few minutes ago are not free yet.
    ("InvalidParameter", "conflicting DNS domain", Cause.NOT_YET),
    ("ResourceConflictException", "already exist", Cause.EXISTS),
    # API Gateway has one code for a change at the same time, which passes, and for these, which do not.
    ("ConflictException", "already exists", Cause.EXISTS),
    ("ConflictException", "conflicting variable", Cause.REFUSED),
    ("BadRequestException", "Insufficient permissions to enable logging", Cause.DENIED),
    ("BadRequestException", "breaking Cloudwatch Logs Constraints", Cause.QUOTA),
    ("ResourceConflictException", "FunctionUrlConfig exists", Cause.EXISTS),
    # At least 100 executions must stay unreserved in an account (Lambda: PutFunctionConcurrency).
    ("InvalidParameterValueException", "UnreservedConcurrentExecution", Cause.QUOTA),
    # EC2 learns of an instance profile, and of the role in it, seconds after IAM.
    ("InvalidParameterValue", "Invalid IAM Instance Profile", Cause.NOT_YET),
    ("InvalidParameterValue", "has no associated IAM Roles", Cause.NOT_YET),
    # A profile takes one role: it has it already, and a look did not show it yet.
    ("LimitExceeded", "InstanceSessionsPerInstanceProfile", Cause.NOT_YET),
    # RDS's role is made at the first use in an account (eks-workshop-v2#1609); its view of a fresh subnet lags.
    ("InvalidParameterValue", "permission to create service linked role", Cause.NOT_YET),
    ("InvalidParameterValue", "Some input subnets", Cause.NOT_YET),
    # Secrets Manager gives the name of a secret to no other while it waits for its deletion.
    ("InvalidRequestException", "scheduled for deletion", Cause.EXISTS),
    # Route 53 has one code for everything that is wrong with a change of records.
    ("InvalidChangeBatch", "but it already exists", Cause.EXISTS),
    ("InvalidChangeBatch", "but it was not found", Cause.GONE),
    # What DeleteNetworkInterface says while Lambda's release of it flaps.
    ("InvalidParameterValue", "currently in use", Cause.IN_USE),
    # ReleaseAddress while an interface of AWS's own still holds the address.
    ("AuthFailure", "do not have permission to access the specified resource", Cause.IN_USE),
)


NO_LOGIN = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
"""The login has ended while the run went on, or could not be renewed."""
CONNECTION = (HTTPClientError, NoConnection)
"""The request may have arrived or not."""


@dataclass(frozen=True)
class Verdict:
    """`call` is the API's operation name; `code` and `message` are AWS's own words."""

    cause: Cause
    code: str
    message: str
    call: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else self.code


_ENCODED = " Encoded authorization failure message"
"""What follows in EC2's denials are hundreds of characters that only sts:DecodeAuthorizationMessage reads."""


def verdict(error: ClientError | BotoCoreError) -> Verdict:
    """Sort an error that boto3 raised."""
    if isinstance(error, ClientError):
        return _of_answer(error)
    if isinstance(error, CONNECTION):
        return Verdict(Cause.UNKNOWN_OUTCOME, type(error).__name__, str(error))
    cause = Cause.EXPIRED if isinstance(error, NO_LOGIN) else Cause.REFUSED
    return Verdict(cause, type(error).__name__, str(error))


def _of_answer(error: ClientError) -> Verdict:
    details: dict[str, Any] = dict(error.response.get("Error", {}))
    code, message = str(details.get("Code", "")), str(details.get("Message", "")).partition(_ENCODED)[0]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Verdict(_cause(code, message, status), code, message, error.operation_name)


def _cause(code: str, message: str, status: int) -> Cause:
    for listed, words, cause in BY_MESSAGE:
        if code == listed and words.lower() in message.lower():
            return cause
    if code in CAUSES:
        return CAUSES[code]
    return Cause.UNKNOWN_OUTCOME if status >= 500 else Cause.REFUSED


_PERMISSION = re.compile(r"perform:? ([a-z0-9-]+:[A-Z][A-Za-z]+)")


def permission(message: str) -> str:
    """The action that a refusal names, such as `ec2:CreateVpc`; "" where it names none."""
    found = _PERMISSION.search(message)
    return found[1] if found else ""


def gone(error: ClientError) -> bool:
    """Whether the error says that what the call names does not exist."""
    return verdict(error).cause is Cause.GONE


NEXT_MOVE: dict[Cause, str] = {
    Cause.QUOTA: "ask for a higher quota in the Service Quotas console or remove what is not needed, then resume",
    Cause.DENIED: "give the caller this permission (and iam:PassRole where a role is handed on), then resume",
    Cause.EXPIRED: "refresh the credentials (for example `aws sso login`), then resume",
    Cause.IN_USE: "something else still uses it: remove that, then resume",
    Cause.GONE: "something that this step needs was deleted meanwhile; resume makes it again",
    Cause.THROTTLED: "AWS is limiting this account's call rate; resume when other load on it has gone down",
    Cause.UNKNOWN_OUTCOME: "AWS or the way to it is failing; resume when it has recovered",
    Cause.NOT_YET: "AWS had not propagated a fresh resource in time; resume",
    Cause.EXISTS: "there is one of this name that could not be taken over; look at it, then resume",
    Cause.REFUSED: "correct what AWS refuses in the stack file (or in the account), then resume",
}
