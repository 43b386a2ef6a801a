"""Lambda: functions that become active after a while, are updated after a while, and what they tell of it."""

from __future__ import annotations

import copy
from typing import Any

from moto.awslambda.models import LambdaFunction

from provisioner.sandbox import backends, functions, trust
from provisioner.sandbox.call import Call
from provisioner.sandbox.functions import Notes, Reason
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before
from provisioner.sandbox.runtime.environments import Environments
from provisioner.sandbox.vpc.hyperplane import Hyperplane, SubnetIsFull

_NOT_NOW = "The operation cannot be performed at this time."
_UPDATES = ("UpdateFunctionConfiguration", "UpdateFunctionCode")
_FULL: Reason = (
    "SubnetOutOfIPAddresses",
    "Lambda couldn't set up VPC access for the Lambda function because one or more configured subnets has no "
    "available IP addresses.",
)
_BEING_MADE: Reason = ("Creating", "The function is being created.")


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration", source="Lambda API Reference: CreateFunction")
def role_trusts_lambda(call: Call) -> None:
    """InvalidParameterValueException for a role that Lambda may not assume, or not yet."""
    role = call.parameters.get("Role")
    if role and not trust.assumable(call, role, "lambda.amazonaws.com", "lambda"):
        raise Refusal(functions.INVALID, "The role defined for the function cannot be assumed by Lambda.")


@before("lambda", *_UPDATES, source="Lambda Developer Guide: function states")
def one_update_at_a_time(call: Call) -> None:
    """ResourceConflictException (409) while the function is Pending or an update is in progress."""
    function = functions.latest(call)
    if function is None:
        return
    if function.state == "Pending":
        text = f"{_NOT_NOW} The function is currently in the following state: Pending"
        raise Refusal(functions.CONFLICT, text, 409)
    if functions.notes(call, function).update is not None:
        text = f"{_NOT_NOW} An update is in progress for resource: {function.function_arn}"
        raise Refusal(functions.CONFLICT, text, 409)


@before("lambda", *_UPDATES, source="Lambda Developer Guide: function states")
def the_former_one_stays_for_a_while(call: Call) -> None:
    """Invocations run what was there before as long as the update is in progress."""
    if function := functions.latest(call):
        functions.notes(call, function).former = copy.copy(function)


@after("lambda", "CreateFunction", source="Lambda Developer Guide: function states")
def is_pending_at_first(call: Call, answer: Answer) -> None:
    """`Pending`, then `Active`; in a VPC it takes longer, unless another function has the same interfaces.

    `Failed` (SubnetOutOfIPAddresses) if a subnet has no address left.
    """
    function = backends.functions(call).get_function(answer["FunctionName"])
    functions.forget(call, function)
    known = functions.notes(call, function)
    known.changed(call.parameters)
    known.grantee = _role_id(call, function)
    function.state = "Pending"
    fresh, failure = _join(call, function)
    _join_newest_version(call, function)

    def settle() -> None:
        function.state, known.failure = ("Failed" if failure else "Active"), failure

    call.later("lambda.vpc_active" if fresh else "lambda.active", settle)
    _tell(call, function, answer)


@after("lambda", *_UPDATES, source="Lambda Developer Guide: function states")
def is_in_progress_at_first(call: Call, answer: Answer) -> None:
    """`InProgress`, then `Successful`; out of one VPC's interfaces and into another's, `Failed` without room."""
    if call.parameters.get("DryRun"):
        return
    function = backends.functions(call).get_function(answer["FunctionName"])
    known = functions.notes(call, function)
    known.changed(call.parameters)
    if {"Role", "Environment"} & call.parameters.keys():
        known.grantee = _role_id(call, function)
    moved, failure = _move(call, function, known.former), None
    if moved:
        _, failure = _join(call, function)
    _join_newest_version(call, function)
    known.update = mark = object()

    def finish() -> None:
        if known.update is mark:
            known.update, known.former, known.update_failure = None, None, failure

    call.later("lambda.vpc_updated" if moved else "lambda.updated", finish)
    _tell(call, function, answer)


@after("lambda", "PublishVersion", source="Lambda Developer Guide: Hyperplane ENIs")
def versions_keep_interfaces(call: Call, answer: Answer) -> None:
    """A published version uses its function's interfaces until it is deleted."""
    function = functions.latest(call)
    if function is not None:
        _join_newest_version(call, function)
        _tell(call, function, answer)


@after("lambda", "GetFunction", source="Lambda API Reference: GetFunction")
def function_tells_its_state(call: Call, answer: Answer) -> None:
    """State, the update's state, revision, logging, and the real VPC."""
    _tell_named(call, answer["Configuration"])


@after("lambda", "GetFunctionConfiguration", source="Lambda API Reference: GetFunctionConfiguration")
def configuration_tells_its_state(call: Call, answer: Answer) -> None:
    """State, the update's state, revision, logging, and the real VPC."""
    _tell_named(call, answer)


@after("lambda", "ListFunctions", source="Lambda API Reference: ListFunctions")
def list_tells_states(call: Call, answer: Answer) -> None:
    """State, the update's state, revision, logging, and the real VPC of each."""
    for configuration in answer["Functions"]:
        _tell_named(call, configuration)


@before("lambda", "DeleteFunction", source="Lambda API Reference: DeleteFunction")
def what_can_be_deleted(call: Call) -> None:
    """InvalidParameterValueException for $LATEST or an alias alone."""
    _, qualifier = functions.split(call)
    if qualifier == "$LATEST":
        raise Refusal(functions.INVALID, "$LATEST version cannot be deleted without deleting the function.")
    if qualifier and not qualifier.isdigit():
        raise Refusal(functions.INVALID, "Deletion of aliases is not currently supported.")


@before("lambda", "DeleteFunction", source="Lambda Developer Guide: Hyperplane ENIs; terraform-provider-aws#10329")
def interfaces_outlive_their_function(call: Call) -> None:
    """They hold subnets and groups for a while longer, and for good if the execution role goes before them."""
    function = functions.find(call)
    if function is None:
        return
    _, qualifier = functions.split(call)
    gone = [function] if qualifier else [function, *functions.versions(call, function)]
    for version in gone:
        call.ledger(Hyperplane).leave(call.site, version.function_arn, role=version.role, detached=False)
        call.world.ledger(Environments, "", "").drop(version.function_arn)
    if not qualifier:
        functions.forget(call, function)


def _join(call: Call, function: LambdaFunction) -> tuple[bool, Reason | None]:
    """Whether it needs new interfaces, and why it does not get them."""
    subnets, groups = functions.vpc(function)
    try:
        return call.ledger(Hyperplane).join(call.site, function.function_arn, subnets, groups), None
    except SubnetIsFull:
        return True, _FULL


def _join_newest_version(call: Call, function: LambdaFunction) -> None:
    for version in functions.versions(call, function)[-1:]:
        _join(call, version)


def _move(call: Call, function: LambdaFunction, former: LambdaFunction | None) -> bool:
    """Take the function off its former interfaces, if it has other ones now."""
    if former is None or _same_place(former, function):
        return False
    call.ledger(Hyperplane).leave(call.site, function.function_arn, role=former.role, detached=True)
    return True


def _same_place(one: LambdaFunction, other: LambdaFunction) -> bool:
    return list(map(sorted, functions.vpc(one))) == list(map(sorted, functions.vpc(other)))


def _role_id(call: Call, function: LambdaFunction) -> str:
    role = functions.role(call, function.role)
    return role.id if role else ""


def _tell_named(call: Call, configuration: dict[str, Any]) -> None:
    function = backends.functions(call).get_function(configuration["FunctionName"])
    _tell(call, function, configuration)


def _tell(call: Call, function: LambdaFunction, configuration: dict[str, Any]) -> None:
    known = functions.notes(call, function)
    configuration |= known.given
    configuration["RevisionId"], configuration["LastModified"] = known.revision, known.modified
    group = functions.log_group(call, function)
    configuration["LoggingConfig"] = {
        "LogFormat": "Text",
        **(known.given.get("LoggingConfig") or {}),
        "LogGroup": group,
    }
    _tell_state(function, known, configuration)
    network = configuration.get("VpcConfig")
    if network:
        subnets = network.get("SubnetIds", [])
        network["VpcId"] = backends.ec2(call).get_subnet(subnets[0]).vpc_id if subnets else ""


def _tell_state(function: LambdaFunction, known: Notes, configuration: dict[str, Any]) -> None:
    configuration["State"] = function.state
    if reason := _BEING_MADE if function.state == "Pending" else known.failure:
        configuration["StateReasonCode"], configuration["StateReason"] = reason
    configuration.pop("LastUpdateStatus", None)  # first told after the creation
    if function.state != "Pending":
        configuration |= _update(known)


def _update(known: Notes) -> dict[str, str]:
    status, reason = "Successful", known.update_failure
    if known.update is not None:
        status, reason = "InProgress", _BEING_MADE  # the same text for both, on AWS
    elif reason:
        status = "Failed"
    told = {"LastUpdateStatusReasonCode": reason[0], "LastUpdateStatusReason": reason[1]} if reason else {}
    return {"LastUpdateStatus": status, **told}
