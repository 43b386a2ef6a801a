"""Lambda: an account's limits, reserved concurrency, and how runtimes are updated."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_paths

from provisioner.sandbox import functions
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_CONCURRENCY, _UNRESERVED = 1000, 100
_MIB = 1 << 20

# moto knows nothing of these calls, not even their addresses.
for _path in ("account-settings", "functions/(?P<function_name>[^/]+)/runtime-management-config"):
    url_paths[rf"{{0}}/(?P<api_version>[^/]+)/{_path}/?$"] = LambdaResponse.dispatch


class RuntimeUpdates:
    """How the runtimes of functions are updated, by ARN, where it is not as usual."""

    def __init__(self) -> None:
        self.by: dict[str, dict[str, Any]] = {}


@instead("lambda", "GetAccountSettings", source="Lambda API Reference: GetAccountSettings; Lambda quotas")
def get_account_settings(call: Call) -> Answer:
    """The limits, and what is used of them."""
    listed = list(functions.every(call))
    limits = {
        "TotalCodeSize": 75 * 1024 * _MIB,
        "CodeSizeUnzipped": 250 * _MIB,
        "CodeSizeZipped": 50 * _MIB,
        "ConcurrentExecutions": _CONCURRENCY,
        "UnreservedConcurrentExecutions": _CONCURRENCY - _reserved(call),
    }
    used = {"TotalCodeSize": sum(item.code_size for item in listed), "FunctionCount": len(listed)}
    return {"AccountLimit": limits, "AccountUsage": used}


@before("lambda", "PutFunctionConcurrency", source="Lambda API Reference; LocalStack's recordings of AWS")
def some_concurrency_stays_unreserved(call: Call) -> None:
    """InvalidParameterValueException where less than 100 of 1000 would be left for all others."""
    function, wanted = functions.latest(call), call.parameters["ReservedConcurrentExecutions"]
    own = int(function.reserved_concurrency or 0) if function else 0
    if function and _CONCURRENCY - _reserved(call) + own - wanted < _UNRESERVED:
        text = (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution"
        )
        raise Refusal(functions.INVALID, f"{text} below its minimum value of [{_UNRESERVED}].")


@after("lambda", "GetFunction", source="Lambda Developer Guide: Configuring reserved concurrency")
def no_concurrency_at_all_is_told_too(call: Call, answer: Answer) -> None:
    """A function with a reserved concurrency of 0 never runs; moto says as little of it as of one with none."""
    function = functions.find(call)
    if function is not None and function.reserved_concurrency is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": int(function.reserved_concurrency)}


@instead("lambda", "PutRuntimeManagementConfig", source="Lambda API Reference: PutRuntimeManagementConfig")
def put_runtime_management_config(call: Call) -> Answer:
    """Keep it; InvalidParameterValueException for a manual one without a version, or a version with another."""
    function, wanted = _function(call), call.parameters["UpdateRuntimeOn"]
    version = call.parameters.get("RuntimeVersionArn")
    if wanted == "Manual" and not version:
        raise Refusal(functions.INVALID, "RuntimeVersionArn is required when UpdateRuntimeOn is set to Manual.")
    if wanted != "Manual" and version:
        raise Refusal(
            functions.INVALID, "RuntimeVersionArn is supported only when UpdateRuntimeOn is set to Manual."
        )
    told = {"UpdateRuntimeOn": wanted, **({"RuntimeVersionArn": version} if version else {})}
    call.ledger(RuntimeUpdates).by[function.function_arn] = told
    return {"FunctionArn": function.function_arn, **told}


@instead("lambda", "GetRuntimeManagementConfig", source="Lambda API Reference: GetRuntimeManagementConfig")
def get_runtime_management_config(call: Call) -> Answer:
    """`Auto` unless it was set."""
    function = _function(call)
    told = call.ledger(RuntimeUpdates).by.get(function.function_arn, {"UpdateRuntimeOn": "Auto"})
    return {"FunctionArn": function.function_arn, **told}


def _function(call: Call) -> LambdaFunction:
    function = functions.find(call)
    if function is None:
        name, qualifier = functions.split(call)
        raise Refusal(functions.MISSING, f"Function not found: {functions.arn_of(call, name, qualifier)}", 404)
    return function


def _reserved(site: Site) -> int:
    return sum(int(item.reserved_concurrency or 0) for item in functions.every(site))
