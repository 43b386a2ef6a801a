"""On which resources actions are allowed or denied. Source: Service Authorization Reference, service by service.

What is not here has no resources: its policies must say `"Resource": "*"`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import resources_ec2, resources_iam
from provisioner.sandbox.permissions.templates import arns

_BALANCER = "loadbalancer/{@Kind}/{Name}/*"
_TASKS = "task/{cluster=default}/{tasks} task/{cluster=default}/{task}"
_SERVICE = "service/{cluster=default}/{service}"
_FUNCTION = "function:{@Function}"
# CloudWatch Logs asks for a group together with its streams (terraform-provider-aws#8804), but for its tags alone.
_GROUP = "log-group:{logGroupName}:log-stream:{logStreamName=}"
_ZONE = "hostedzone/{HostedZoneId}"

_ACTIONS: Mapping[str, Mapping[str, str]] = {
    "ec2": resources_ec2.ACTIONS,
    "elasticloadbalancing": {
        "CreateLoadBalancer": _BALANCER,
        "CreateTargetGroup": "targetgroup/{Name}/*",
        "CreateListener": "{LoadBalancerArn}",
        "CreateRule DeleteListener ModifyListener AddListenerCertificates RemoveListenerCertificates": (
            "{ListenerArn}"
        ),
        "ModifyListenerAttributes": "{ListenerArn}",
        "DeleteRule ModifyRule": "{RuleArn}",
        "SetRulePriorities": "{RulePriorities.RuleArn}",
        "DeleteLoadBalancer ModifyLoadBalancerAttributes SetSecurityGroups": "{LoadBalancerArn}",
        "SetSubnets SetIpAddressType": "{LoadBalancerArn}",
        "DeleteTargetGroup ModifyTargetGroup ModifyTargetGroupAttributes": "{TargetGroupArn}",
        "RegisterTargets DeregisterTargets": "{TargetGroupArn}",
        "AddTags RemoveTags": "{ResourceArns}",
    },
    "ecs": {
        "CreateCluster": "cluster/{clusterName=default}",
        "DeleteCluster UpdateCluster UpdateClusterSettings PutClusterCapacityProviders": "cluster/{cluster}",
        "DescribeClusters": "cluster/{clusters=default}",
        "ListContainerInstances": "cluster/{cluster=default}",
        "CreateService": "service/{cluster=default}/{serviceName}",
        "UpdateService DeleteService ListServiceDeployments": _SERVICE,
        "DescribeServices": "service/{cluster=default}/{services}",
        "DescribeServiceRevisions": "{serviceRevisionArns}",
        "DescribeServiceDeployments": "{serviceDeploymentArns}",
        "RegisterTaskDefinition": "task-definition/{family}:*",
        "DeleteTaskDefinitions": "task-definition/{taskDefinitions}",
        "RunTask StartTask": "task-definition/{@Revision}",
        "DescribeTasks StopTask GetTaskProtection UpdateTaskProtection": _TASKS,
        "ListTasks": "container-instance/{cluster=default}/*",
        "ExecuteCommand": "cluster/{cluster=default} task/{cluster=default}/{task}",
        "TagResource UntagResource ListTagsForResource": "{resourceArn}",
    },
    "lambda": {
        "CreateFunction UpdateFunctionConfiguration UpdateFunctionCode DeleteFunction": _FUNCTION,
        "GetFunction GetFunctionConfiguration GetFunctionConcurrency GetPolicy": _FUNCTION,
        "AddPermission RemovePermission InvokeFunction InvokeAsync": _FUNCTION,
        "PublishVersion ListVersionsByFunction CreateAlias UpdateAlias DeleteAlias GetAlias": _FUNCTION,
        "PutFunctionConcurrency DeleteFunctionConcurrency PutFunctionEventInvokeConfig": _FUNCTION,
        "CreateFunctionUrlConfig GetFunctionUrlConfig DeleteFunctionUrlConfig": _FUNCTION,
        "TagResource UntagResource ListTags": "{Resource}",
    },
    "logs": {
        "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy": _GROUP,
        "CreateLogStream DeleteLogStream DescribeLogStreams PutLogEvents GetLogEvents FilterLogEvents": _GROUP,
        "TagLogGroup UntagLogGroup ListTagsLogGroup StartQuery": _GROUP,
        "DescribeLogGroups": "log-group::log-stream:",
        "TagResource UntagResource ListTagsForResource": "{resourceArn}",
    },
    "route53": {
        "GetHostedZone DeleteHostedZone UpdateHostedZoneComment": "hostedzone/{Id}",
        "ChangeResourceRecordSets ListResourceRecordSets": _ZONE,
        "AssociateVPCWithHostedZone DisassociateVPCFromHostedZone CreateVPCAssociationAuthorization": _ZONE,
        "ChangeTagsForResource ListTagsForResource": "{ResourceType}/{ResourceId}",
        "GetChange": "change/{Id}",
    },
    "servicediscovery": {
        "CreateService": "namespace/{NamespaceId} service/*",
        "GetNamespace DeleteNamespace UpdateHttpNamespace": "namespace/{Id}",
        "GetService DeleteService UpdateService": "service/{Id}",
        "RegisterInstance DeregisterInstance ListInstances GetInstance": "service/{ServiceId}",
        "DiscoverInstances": "namespace/* service/*",
        "GetOperation": "namespace/*",
    },
    "acm": {
        "DescribeCertificate DeleteCertificate GetCertificate AddTagsToCertificate": "{CertificateArn}",
        "ListTagsForCertificate RemoveTagsFromCertificate RenewCertificate": "{CertificateArn}",
    },
    "ecr": {
        "CreateRepository DeleteRepository PutImage PutLifecyclePolicy SetRepositoryPolicy": (
            "repository/{repositoryName}"
        ),
        "DescribeImages DescribeImageScanFindings ListImages BatchGetImage BatchDeleteImage": (
            "repository/{repositoryName}"
        ),
        "BatchCheckLayerAvailability GetDownloadUrlForLayer InitiateLayerUpload": "repository/{repositoryName}",
        "DescribeRepositories": "repository/{repositoryNames=*}",
        "TagResource UntagResource ListTagsForResource": "{resourceArn}",
    },
    "application-autoscaling": {
        "RegisterScalableTarget DeregisterScalableTarget": "scalable-target/*",
        "PutScalingPolicy DeleteScalingPolicy": "scalable-target/*",
        "TagResource UntagResource ListTagsForResource": "{ResourceARN}",
    },
    "cloudwatch": {
        "PutMetricAlarm": "alarm:{AlarmName}",
        "DeleteAlarms": "alarm:{AlarmNames}",
        "DescribeAlarms": "alarm:{AlarmNames=*}",
    },
    "secretsmanager": {
        "CreateSecret": "secret:{Name}-??????",
        "DescribeSecret GetSecretValue ListSecretVersionIds GetResourcePolicy": "{@Secret}",
        "PutSecretValue UpdateSecret UpdateSecretVersionStage RotateSecret CancelRotateSecret": "{@Secret}",
        "DeleteSecret RestoreSecret PutResourcePolicy DeleteResourcePolicy TagResource UntagResource": "{@Secret}",
    },
    "rds": {
        # The groups that RDS gives an instance by itself count, too: RDS User Guide, "Allow a user to create DB
        # instances in an AWS account".
        "CreateDBInstance": (
            "db:{DBInstanceIdentifier} subgrp:{DBSubnetGroupName} "
            "og:{OptionGroupName=default:*} pg:{DBParameterGroupName=default.*}"
        ),
        "ModifyDBInstance DeleteDBInstance StartDBInstance StopDBInstance RebootDBInstance": (
            "db:{DBInstanceIdentifier}"
        ),
        "DescribeDBInstances": "db:{DBInstanceIdentifier=*}",
        "CreateDBSubnetGroup DeleteDBSubnetGroup": "subgrp:{DBSubnetGroupName}",
        "ModifyDBSubnetGroup": "subgrp:{DBSubnetGroupName}",
        "DescribeDBSubnetGroups": "subgrp:{DBSubnetGroupName=*}",
        "CreateDBSnapshot": "db:{DBInstanceIdentifier} snapshot:{DBSnapshotIdentifier}",
        "DeleteDBSnapshot": "snapshot:{DBSnapshotIdentifier}",
        "DescribeDBSnapshots": "snapshot:{DBSnapshotIdentifier=*}",
        "AddTagsToResource RemoveTagsFromResource ListTagsForResource": "{ResourceName}",
    },
    "ssm": {
        "GetParameter PutParameter DeleteParameter": "parameter/{@Parameter}",
        "GetParameters": "parameter/{@Parameter}",
    },
    "sts": {"AssumeRole AssumeRoleWithWebIdentity AssumeRoleWithSAML": "{RoleArn}"},
}


def named(call: Call, prefix: str, action: str) -> list[str]:
    """The ARNs on which the action of this call is to be allowed; `*` if it knows no resources."""
    if prefix == "iam":
        return list(resources_iam.named(call)) or ["*"]
    templates = _templates(prefix).get(action)
    if templates is None:
        return ["*"]
    implied = _IMPLIED.get(prefix)
    parameters = {**call.parameters, **(implied(call) if implied else {})}
    return arns(call, prefix, templates, parameters) or ["*"]


@cache
def _templates(prefix: str) -> dict[str, str]:
    table = _ACTIONS.get(prefix, {})
    return {action: templates for actions, templates in table.items() for action in actions.split()}


def _balancers(call: Call) -> dict[str, Any]:
    kinds = {"network": "net", "gateway": "gwy"}
    return {"@Kind": kinds.get(call.parameters.get("Type", ""), "app")}


def _revisions(call: Call) -> dict[str, Any]:
    return {"@Revision": revision(call)}


def revision(call: Call) -> str:
    """The task definition that the call names, as `FAMILY:REVISION`; without a revision the newest is meant."""
    name = str(call.parameters.get("taskDefinition", "")).rpartition("/")[2]
    known = backends.ecs(call).task_definitions.get(name, {})
    return name if ":" in name else f"{name}:{max(known, default='*')}"


def _functions(call: Call) -> dict[str, Any]:
    """A function may be named by its name, its ARN or a part of that, with or without a qualifier."""
    name = re.sub(r".*function:", "", str(call.parameters.get("FunctionName", "")))
    qualifier = call.parameters.get("Qualifier")
    return {"@Function": f"{name}:{qualifier}" if qualifier and ":" not in name else name}


def _parameters(call: Call) -> dict[str, Any]:
    names = [call.parameters.get("Name", ""), *call.parameters.get("Names", ())]
    return {"@Parameter": [name.lstrip("/") for name in names if name]}


def _secrets(call: Call) -> dict[str, Any]:
    """A secret may be named by its name or its ARN; of one that is not there the end of the ARN is not known."""
    name = str(call.parameters.get("SecretId", ""))
    known = backends.secrets(call).secrets.get(name)
    return {"@Secret": known.arn if known else name if name.startswith("arn:") else f"secret:{name}-??????"}


_IMPLIED: Mapping[str, Callable[[Call], dict[str, Any]]] = {
    "ec2": resources_ec2.implied,
    "elasticloadbalancing": _balancers,
    "ecs": _revisions,
    "lambda": _functions,
    "secretsmanager": _secrets,
    "ssm": _parameters,
}
