"""What each error code means to this tool, in a clause: data for `docs/errors.md`."""

from __future__ import annotations

from collections.abc import Mapping

from steps.aws.errors import Cause

SENTENCES: Mapping[Cause, str] = {
    Cause.GONE: "{} is not there",
    Cause.IN_USE: "{}",
    Cause.EXISTS: "there is {} already",
    Cause.NOT_YET: "{}",
    Cause.THROTTLED: "{}",
    Cause.UNKNOWN_OUTCOME: "{}",
    Cause.QUOTA: "no more of these are allowed: {}",
    Cause.DENIED: "{}",
    Cause.EXPIRED: "{}",
    Cause.REFUSED: "{}",
}
"""How a code's clause stands in a sentence."""

_OF_CODES = """
NoSuchHostedZone | the hosted zone
NoSuchChange | the change of records
InvalidVpcID.NotFound | the VPC
InvalidSubnetID.NotFound | the subnet
InvalidSubnetId.NotFound | the subnet
InvalidInternetGatewayID.NotFound | the internet gateway
InvalidGatewayID.NotFound | the gateway of a route
Gateway.NotAttached | the attachment of the internet gateway
InvalidAllocationID.NotFound | the Elastic IP address
InvalidAddress.NotFound | the Elastic IP address
InvalidAssociationID.NotFound | the association of a route table or address
InvalidAssociation.NotFound | the association
NatGatewayNotFound | the NAT gateway
InvalidNatGatewayID.NotFound | the NAT gateway of a route
InvalidRouteTableID.NotFound | the route table
InvalidRouteTableId.NotFound | the route table
InvalidRoute.NotFound | the route
InvalidGroup.NotFound | the security group
InvalidGroupId.NotFound | the security group
InvalidSecurityGroupID.NotFound | the security group
InvalidPermission.NotFound | the security group's rule
InvalidSecurityGroupRuleId.NotFound | the security group's rule
InvalidNetworkInterfaceID.NotFound | the network interface
InvalidAttachmentID.NotFound | the attachment of the network interface
InvalidVpcId.NotFound | the VPC of an endpoint
InvalidVpcEndpoint.NotFound | the VPC endpoint
InvalidVpcEndpointId.NotFound | the VPC endpoint
InvalidTransitGatewayAttachmentID.NotFound | the transit gateway attachment
LoadBalancerNotFound | the load balancer
TargetGroupNotFound | the target group
ListenerNotFound | the listener
RuleNotFound | the listener rule
ClusterNotFoundException | the ECS cluster
ServiceNotFoundException | the ECS service
ServiceNotActiveException | an active ECS service of this name (but one that drains)
ResourceNotFoundException | the function, certificate, log group, secret or its policy
NotFoundException | the HTTP API or a part of it
NoSuchEntity | the role, policy or instance profile
InvalidInstanceID.NotFound | the instance
InvalidVolume.NotFound | the volume
DBInstanceNotFound | the DB instance
DBSubnetGroupNotFoundFault | the DB subnet group
DBSnapshotNotFound | the snapshot
NamespaceNotFound | the Cloud Map namespace
ServiceNotFound | the Cloud Map service
OperationNotFound | the Cloud Map operation
InstanceNotFound | the Cloud Map instance
NamespaceNotFoundException | the Service Connect namespace that an ECS service names
ObjectNotFoundException | the scalable target or scaling policy
NoSuchResourceException | a value of the account's own for a quota
HostedZoneNotEmpty | the hosted zone still holds records
DuplicateRequest | Cloud Map is working on the same request already
ConcurrentUpdateException | Application Auto Scaling is working on another change of the target
DependencyViolation | something still depends on it
InvalidIPAddress.InUse | an interface still has the address
InvalidGroup.InUse | an interface, or a rule of another group, still names the group
InvalidNetworkInterface.InUse | the network interface is still attached
IncorrectState | it is in a state in which this cannot be done, usually on its way to another
ResourceInUse | something still uses the target group, load balancer or namespace
ClusterContainsServicesException | the cluster still holds services
ClusterContainsTasksException | the cluster still holds tasks that stop
ClusterContainsContainerInstancesException | the cluster still holds container instances
ConcurrentModification | IAM is working on another change of it
ConcurrentModificationException | another change of it is under way
UpdateInProgressException | the cluster is being updated
ResourceInUseException | a load balancer still uses the certificate
DeleteConflict | the role or profile still has policies or roles
OperationAbortedException | CloudWatch Logs is working on another change of the log group
ResourceConflictException | the function is being made, updated or deleted
ConflictException | API Gateway is working on another change of it
IncorrectInstanceState | the instance is on its way to another state
InvalidDBInstanceState | the DB instance is on its way to another state
InvalidDBSubnetGroupStateFault | a DB instance still uses the subnet group
SubnetAlreadyInUse | a DB instance still uses the subnet
HostedZoneAlreadyExists | a hosted zone that was asked for with the same reference
NamespaceAlreadyExists | a namespace of this name
ServiceAlreadyExists | a Cloud Map service of this name
InvalidSubnet.Conflict | a subnet with these addresses
Resource.AlreadyAssociated | an association of it
RouteAlreadyExists | a route to this destination
InvalidGroup.Duplicate | a security group of this name in the VPC
InvalidPermission.Duplicate | such a rule in the security group
DuplicateTransitGatewayAttachment | an attachment of the VPC to this transit gateway
DuplicateLoadBalancerName | a load balancer of this name with other settings
DuplicateTargetGroupName | a target group of this name with other settings
DuplicateListener | a listener on this port
PriorityInUse | a rule of this priority
EntityAlreadyExists | a role, policy or instance profile of this name
ResourceAlreadyExistsException | a log group of this name
ResourceExistsException | a secret of this name
DBInstanceAlreadyExists | a DB instance of this name
DBSubnetGroupAlreadyExists | a DB subnet group of this name
DBSnapshotAlreadyExists | a snapshot of this name
RequestLimitExceeded | more calls of EC2, or of Cloud Map, than the account may make
Throttling | more calls a second than the account may make
ThrottlingException | more calls a second than the account may make
ThrottledException | more calls a second than the account may make
RequestThrottled | more calls a second than the account may make
RequestThrottledException | more calls a second than the account may make
TooManyRequestsException | more calls of Lambda or API Gateway a second than the account may make
EC2ThrottledException | Lambda was throttled by EC2
SlowDown | more calls a second than the account may make
BandwidthLimitExceeded | more data a second than the account may move
TransactionInProgressException | another transaction is under way
PriorRequestNotComplete | Route 53 is working on another change of the same zone
ProvisionedThroughputExceededException | more calls a second than was paid for
InvalidSecurityGroup | ELBv2 does not see the fresh security group yet
SubnetNotFound | ELBv2 does not see the fresh subnet yet
CertificateNotFound | ELBv2 does not see the fresh certificate yet
UnsupportedCertificate | ELBv2 cannot use the fresh certificate yet
InvalidTransitGatewayID.NotFound | EC2 does not see the attachment, or the share of the transit gateway, yet
UnauthorizedOperation | the caller's policies do not allow the action (EC2)
AccessDenied | the caller's policies do not allow the action
AccessDeniedException | the caller's policies do not allow the action
OptInRequired | the account has not enabled the Region or the service
AuthorizationError | the caller's policies do not allow the action
ExpiredToken | the session has ended
ExpiredTokenException | the session has ended
RequestExpired | the request is too old: the session has ended, or this computer's clock is wrong
InvalidClientTokenId | the access key is not known
UnrecognizedClientException | the access key is not known
AuthFailure | the credentials were not accepted
SignatureDoesNotMatch | the signature is wrong: the secret key, or this computer's clock
InternalServiceException | AWS has failed at it
InternalError | AWS has failed at it
InternalFailure | AWS has failed at it
InternalServerError | AWS has failed at it
ServiceUnavailable | AWS is not answering properly now
ServiceException | AWS has failed at it
ServerException | AWS has failed at it
Unavailable | AWS is not answering properly now
LimitExceeded | whatever of IAM's quotas the message names
LimitExceededException | whatever the message names (ACM, ECS, CloudWatch Logs, Secrets Manager)
CodeStorageExceededException | code storage of functions and layers
InsufficientFreeAddressesInSubnet | free addresses in the subnet
CredentialRetrievalError | the credentials could not be fetched
NoCredentialsError | there are no credentials any more
PartialCredentialsError | the credentials are not complete
SSOError | the login has ended
TokenRetrievalError | the login has ended
HTTPClientError | no answer came: time-out, connection closed, TLS
ConnectionError | nobody could be reached: name, network, proxy
"""
_OF_MESSAGES = """
cannot be assumed by Lambda | Lambda does not see the fresh role's trust yet
does not have permissions to call | Lambda does not see the fresh role's policy yet
KMS key is invalid for CreateGrant | the fresh role is no principal to KMS yet
InvalidGroup.NotFound | Lambda does not see the fresh security group yet
InvalidSubnetID.NotFound | Lambda does not see the fresh subnet yet
throttled by EC2 | Lambda was throttled by EC2
Unable to assume the service linked role | ECS's own role was made a moment ago
unable to assume the role | ECS does not see the fresh role's trust yet
verify that the ECS service role | ECS's own role was made a moment ago
does not have an associated load balancer | ECS does not see the fresh listener yet
was not idempotent | a service of this name with other settings
while deployments are active | a deployment of the service is under way
while scaled above 0 | the service still has tasks
SC service is already used | a service that is going still has the Service Connect name
Unable to assume IAM role | Application Auto Scaling's own role was made a moment ago
ECS service doesn't exist | Application Auto Scaling does not see the fresh service yet
Rate exceeded | CloudWatch was throttled behind Application Auto Scaling
not authorized to perform: cloudwatch | Application Auto Scaling's own role may not use CloudWatch yet
Invalid principal | IAM does not see the fresh role or user that a policy names yet
belong to different networks | EC2 does not see the fresh internet gateway's attachment yet
conflicting DNS domain | the private names of an endpoint that was deleted are not free yet
already exist | a function, or a permission of its policy, of this name
already exists | a route or stage of this name
conflicting variable | two routes of the API differ only in the name of a variable
Insufficient permissions to enable logging | the caller may not set up log delivery for API Gateway
breaking Cloudwatch Logs Constraints | the length of the account's policy for log delivery
FunctionUrlConfig exists | a URL of the function
UnreservedConcurrentExecution | concurrent executions of Lambda, of which 100 stay for all
Invalid IAM Instance Profile | EC2 does not see the fresh instance profile yet
has no associated IAM Roles | EC2 does not see the fresh profile's role yet
InstanceSessionsPerInstanceProfile | the profile has its role already, which a look did not show yet
permission to create service linked role | RDS's own role was made a moment ago
Some input subnets | RDS does not see the fresh subnets yet
scheduled for deletion | a secret of this name, which waits for its deletion
but it already exists | a record set of this name and type
but it was not found | the record set
currently in use | Lambda has not let go of the network interface yet
do not have permission to access the specified resource | an interface of AWS's own still has the address
"""


def _read(text: str) -> dict[str, str]:
    """Of lines of a key, a bar and a clause."""
    found = (line.partition(" | ") for line in text.splitlines() if line)
    return {key: clause for key, _, clause in found}


MEANINGS: Mapping[str, str] = _read(_OF_CODES)
"""By code, or by botocore's exception where nobody answered with a code."""
BY_WORDS: Mapping[str, str] = _read(_OF_MESSAGES)
"""By the words of the message that decide where a code alone does not."""
