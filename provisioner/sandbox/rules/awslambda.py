"""Lambda: functions that become active after a while, and what they must be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda.models import LambdaFunction

from provisioner.sandbox import backends, trust
from provisioner.sandbox.call import Call
from provisioner.sandbox.hyperplane import Hyperplane
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_INVALID = "InvalidParameterValueException"
_CONFLICT = "ResourceConflictException"
_NOT_NOW = "The operation cannot be performed at this time."
_UPDATES = ("UpdateFunctionConfiguration", "UpdateFunctionCode")


class Updates:
    """Which update of each function is in progress, by ARN."""

    def __init__(self) -> None:
        self.going: dict[str, object] = {}


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration", source="Lambda API Reference")
def role_trusts_lambda(call: Call) -> None:
    """InvalidParameterValueException for a role that Lambda may not assume, or not yet."""
    role = call.parameters.get("Role")
    if role and not trust.assumable(call, role, "lambda.amazonaws.com"):
        raise Refusal(_INVALID, "The role defined for the function cannot be assumed by Lambda.")


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration", source="Lambda API Reference")
def subnets_and_groups_come_together(call: Call) -> None:
    """InvalidParameterValueException for only one of them, or for one that does not exist."""
    subnets, groups = _vpc(call.parameters)
    if bool(subnets) != bool(groups):
        raise Refusal(_INVALID, "SubnetIds and SecurityIds must coexist or be both empty list.")
    ec2 = backends.ec2(call)
    for subnet in subnets:
        if not any(subnet in zone for zone in ec2.subnets.values()):
            raise _missing("Subnets", "InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
    for group in groups:
        if ec2.get_security_group_from_id(group) is None:
            text = f"The security group '{group}' does not exist"
            raise _missing("SecurityGroups", "InvalidGroup.NotFound", text)


@before("lambda", *_UPDATES, source="Lambda API Reference")
def one_update_at_a_time(call: Call) -> None:
    """ResourceConflictException (409) while the function is Pending or an update is in progress."""
    function = _function(call)
    if function is None:
        return
    if function.state == "Pending":
        raise Refusal(_CONFLICT, f"{_NOT_NOW} The function is currently in the following state: Pending", 409)
    if function.function_arn in call.ledger(Updates).going:
        raise Refusal(_CONFLICT, f"{_NOT_NOW} An update is in progress for resource: {function.function_arn}", 409)


@before("lambda", "AddPermission", source="Lambda API Reference")
def statement_id_is_used_once(call: Call) -> None:
    """ResourceConflictException (409) for a statement id that the function's policy has."""
    function, wanted = _function(call), call.parameters["StatementId"]
    if function and any(statement.get("Sid") == wanted for statement in function.policy.statements):
        message = f"The statement id ({wanted}) provided already exists."
        hint = "Please provide a new statement id, or remove the existing statement."
        raise Refusal(_CONFLICT, f"{message} {hint}", 409)


@after("lambda", "CreateFunction", source="Lambda API Reference")
def is_pending_at_first(call: Call, answer: Answer) -> None:
    """`Pending`, then `Active`; in a VPC it takes longer, unless another function has the same interfaces."""
    function = backends.functions(call).get_function(answer["FunctionName"])
    function.state = "Pending"
    fresh = call.ledger(Hyperplane).join(call, function.function_arn, *_vpc(call.parameters))
    call.later("lambda.vpc_active" if fresh else "lambda.active", _activate(function))
    _tell_state(call, function, answer)


@after("lambda", *_UPDATES, source="Lambda API Reference")
def is_in_progress_at_first(call: Call, answer: Answer) -> None:
    """`InProgress`, then `Successful`; out of one VPC's interfaces and into another's."""
    function = backends.functions(call).get_function(answer["FunctionName"])
    updates, mark = call.ledger(Updates), object()
    moved = "VpcConfig" in call.parameters
    if moved:
        call.ledger(Hyperplane).leave(call, function.function_arn, detached=True)
        call.ledger(Hyperplane).join(call, function.function_arn, *_vpc(call.parameters))
    updates.going[function.function_arn] = mark

    def finish() -> None:
        if updates.going.get(function.function_arn) is mark:
            del updates.going[function.function_arn]

    call.later("lambda.vpc_updated" if moved else "lambda.updated", finish)
    _tell_state(call, function, answer)


@after("lambda", "UpdateFunctionCode", source="Lambda API Reference")
def code_may_come_for_another_processor(call: Call, answer: Answer) -> None:
    """moto leaves the architecture as it was."""
    function = _function(call)
    if function is not None and (wanted := call.parameters.get("Architectures")):
        function.architectures = answer["Architectures"] = wanted


@after("lambda", "GetFunction", source="Lambda API Reference")
def function_tells_its_state(call: Call, answer: Answer) -> None:
    """State, the update's state, and the real VPC."""
    _tell(call, answer["Configuration"])


@after("lambda", "GetFunctionConfiguration", source="Lambda API Reference")
def configuration_tells_its_state(call: Call, answer: Answer) -> None:
    """State, the update's state, and the real VPC."""
    _tell(call, answer)


@after("lambda", "ListFunctions", source="Lambda API Reference")
def list_tells_states(call: Call, answer: Answer) -> None:
    """State, the update's state, and the real VPC of each."""
    for configuration in answer["Functions"]:
        _tell(call, configuration)


@before("lambda", "DeleteFunction", source="Lambda API Reference")
def interfaces_outlive_their_function(call: Call) -> None:
    """They hold subnets and groups for a while longer."""
    function = _function(call)
    if function is not None and "Qualifier" not in call.parameters:
        call.ledger(Updates).going.pop(function.function_arn, None)
        call.ledger(Hyperplane).leave(call, function.function_arn, detached=False)


def _tell(call: Call, configuration: dict[str, Any]) -> None:
    _tell_state(call, backends.functions(call).get_function(configuration["FunctionName"]), configuration)


def _tell_state(call: Call, function: LambdaFunction, configuration: dict[str, Any]) -> None:
    configuration["State"] = function.state
    if function.state == "Pending":
        reason = {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
        configuration.update(reason)
    going = function.function_arn in call.ledger(Updates).going
    configuration["LastUpdateStatus"] = "InProgress" if going or function.state == "Pending" else "Successful"
    network = configuration.get("VpcConfig")
    if network:
        subnets = network.get("SubnetIds", [])
        network["VpcId"] = backends.ec2(call).get_subnet(subnets[0]).vpc_id if subnets else ""


def _function(call: Call) -> LambdaFunction | None:
    """The function that the call names; None if there is none, of which moto will speak."""
    name = str(call.parameters["FunctionName"])
    functions = backends.functions(call).list_functions()
    return next((item for item in functions if name in (item.function_name, item.function_arn)), None)


def _vpc(parameters: dict[str, Any]) -> tuple[list[str], list[str]]:
    network = parameters.get("VpcConfig") or {}
    return network.get("SubnetIds", []), network.get("SecurityGroupIds", [])


def _missing(what: str, code: str, text: str) -> Refusal:
    where = f"Error occurred while Describe{what}."
    return Refusal(_INVALID, f"{where} EC2 Error Code: {code}. EC2 Error Message: {text}")


def _activate(function: LambdaFunction) -> Callable[[], None]:
    def act() -> None:
        function.state = "Active"

    return act
