"""Lambda: who may invoke a function, and its URL."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from moto.awslambda.models import LambdaFunction

from provisioner.sandbox import functions
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_RECORDED = "LocalStack's recordings of AWS"
_PRINCIPAL = re.compile(r"\*|\d{12}|[\w.-]+\.amazonaws\.com(\.cn)?|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+")
_NO_RESOURCE = "The resource you requested does not exist."
_STALE = (
    "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest"
)


@before("lambda", "AddPermission", source=f"Lambda API Reference: AddPermission; {_RECORDED}")
def statements_are_well_formed(call: Call) -> None:
    """ValidationException for the id; InvalidParameterValueException for the principal or for $LATEST."""
    wanted = call.parameters["StatementId"]
    pattern = "([a-zA-Z0-9-_]+)"
    if not re.fullmatch(pattern, wanted):
        found = f"Value '{wanted}' at 'statementId' failed to satisfy constraint"
        text = f"1 validation error detected: {found}: Member must satisfy regular expression pattern: {pattern}"
        raise Refusal("ValidationException", text)
    if call.parameters.get("Qualifier") == "$LATEST":
        raise Refusal(functions.INVALID, "We currently do not support adding policies for $LATEST.")
    if not _PRINCIPAL.fullmatch(call.parameters["Principal"]):
        text = "The provided principal was invalid. Please check the principal and try again."
        raise Refusal(functions.INVALID, text)


@before("lambda", "AddPermission", source=f"Lambda API Reference: AddPermission; {_RECORDED}")
def statement_id_is_used_once(call: Call) -> None:
    """ResourceConflictException (409) for a statement id that the function's policy has."""
    function, wanted = functions.find(call), call.parameters["StatementId"]
    if function and wanted in _ids(function):
        message = f"The statement id ({wanted}) provided already exists."
        hint = "Please provide a new statement id, or remove the existing statement."
        raise Refusal(functions.CONFLICT, f"{message} {hint}", 409)


@before("lambda", "AddPermission", "RemovePermission", source="Lambda API Reference: AddPermission")
def revision_of_the_policy_is_the_latest(call: Call) -> None:
    """PreconditionFailedException (412) for another one."""
    function, wanted = functions.find(call), call.parameters.get("RevisionId")
    if function and wanted and wanted != function.policy.revision:
        raise Refusal("PreconditionFailedException", f"{_STALE} Revision Id", 412)


@before("lambda", "RemovePermission", source=_RECORDED)
def statement_is_there(call: Call) -> None:
    """ResourceNotFoundException (404) for a function without a policy, or a policy without the statement."""
    function, wanted = functions.find(call), call.parameters["StatementId"]
    if function is None:
        arn = functions.arn_of(call, functions.split(call)[0])
        raise Refusal(functions.MISSING, f"No policy found for: {arn}", 404)
    if not function.policy.statements:
        raise Refusal(functions.MISSING, "No policy is associated with the given resource.", 404)
    if wanted not in _ids(function):
        raise Refusal(functions.MISSING, f"Statement {wanted} is not found in resource policy.", 404)


@after("lambda", "AddPermission", source="Lambda API Reference: AddPermission")
def statement_is_as_aws_writes_it(call: Call, answer: Answer) -> None:
    """moto writes neither accounts as AWS does nor what function URLs ask for."""
    function = functions.find(call)
    if function is None:
        return
    statement = next(
        item for item in function.policy.statements if item.get("Sid") == call.parameters["StatementId"]
    )
    statement["Principal"] = _principal(call, call.parameters["Principal"])
    for name in ("FunctionUrlAuthType", "InvokedViaFunctionUrl"):
        if name in statement:
            value = statement.pop(name)
            kind, shown = ("Bool", str(value).lower()) if isinstance(value, bool) else ("StringEquals", value)
            statement.setdefault("Condition", {}).setdefault(kind, {})[f"lambda:{name}"] = shown
    answer["Statement"] = json.dumps(statement)


@instead("lambda", "RemovePermission", source="Lambda API Reference: RemovePermission")
def remove_permission(call: Call) -> Answer:
    """The policy has another revision then; moto refuses every call that names the former one."""
    if function := functions.find(call):
        kept = [item for item in function.policy.statements if item.get("Sid") != call.parameters["StatementId"]]
        function.policy.statements, function.policy.revision = kept, str(uuid.uuid4())
    return {}


@before("lambda", "CreateFunctionUrlConfig", source=_RECORDED)
def function_has_one_url(call: Call) -> None:
    """ResourceConflictException (409) for a second one."""
    function = functions.latest(call)
    if function is not None and function.url_config is not None:
        where = f"Failed to create function url config for [functionArn = {function.function_arn}]."
        text = f"{where} Error message:  FunctionUrlConfig exists for this Lambda function"
        raise Refusal(functions.CONFLICT, text, 409)


@before("lambda", "DeleteFunctionUrlConfig", "UpdateFunctionUrlConfig", "GetFunctionUrlConfig", source=_RECORDED)
def url_is_there(call: Call) -> None:
    """ResourceNotFoundException (404) for a function without one."""
    function = functions.latest(call)
    if function is None or function.url_config is None:
        raise Refusal(functions.MISSING, _NO_RESOURCE, 404)


def _ids(function: LambdaFunction) -> list[Any]:
    return [statement.get("Sid") for statement in function.policy.statements]


def _principal(call: Call, given: str) -> Any:
    """As the policy tells it: a service, an account's root, or everybody."""
    if given == "*":
        return "*"
    if ".amazonaws.com" in given:
        return {"Service": given}
    return {"AWS": f"arn:aws:iam::{given}:root" if given.isdigit() else given}
