"""Secrets Manager: names, versions, secrets that wait for their deletion, secrets of other services."""

from __future__ import annotations

import re
import time

from moto.secretsmanager.models import FakeSecret

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.clock import Action
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
_BAD_NAME = (
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)
_LONGEST = 65536
"""Bytes of a value."""
_DAY = 86400.0
_USUAL_WINDOW = 30
_API = "Secrets Manager API Reference"
_MARKED = "You can't perform this operation on the secret because it was marked for deletion."
_NAME_TAKEN = "You can't create this secret because a secret with this name is already scheduled for deletion."
# What is refused for a secret that waits for its deletion. It can be described, listed, restored, deleted at once.
_OF_LIVING = (
    "CancelRotateSecret",
    "DeleteResourcePolicy",
    "GetResourcePolicy",
    "GetSecretValue",
    "PutResourcePolicy",
    "PutSecretValue",
    "RotateSecret",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "UpdateSecretVersionStage",
)
_BY_ITS_SERVICE = ("DeleteSecret", "PutSecretValue", "RestoreSecret", "UpdateSecret", "UpdateSecretVersionStage")


def found(site: Site, name: str) -> FakeSecret | None:
    """The secret of this name or ARN, one that waits for its deletion, too."""
    secret = backends.secrets(site).secrets.get(name)
    return secret if isinstance(secret, FakeSecret) else None


@before("secretsmanager", "CreateSecret", source=f"{_API}: CreateSecret; localstack#6547 for the wording")
def names_of_secrets(call: Call) -> None:
    """ValidationException for a name with other characters, empty or too long."""
    if not _NAME.fullmatch(call.parameters["Name"]):
        raise Refusal("ValidationException", _BAD_NAME)


@before("secretsmanager", "CreateSecret", "PutSecretValue", "UpdateSecret", source=f"{_API}: CreateSecret")
def values_are_short(call: Call) -> None:
    """ValidationException for a value of more than 64 KiB."""
    given = call.parameters.get("SecretString", "")
    if len(given.encode()) > _LONGEST:
        constraint = f"Member must have length less than or equal to {_LONGEST}"
        # As AWS does it: the value itself is not repeated.
        raise Refusal(
            "ValidationException",
            f"1 validation error detected: Value at 'secretString' failed to satisfy constraint: {constraint}",
        )


@before("secretsmanager", "CreateSecret", source="redpanda-data/console#1835; localstack#6530")
def names_wait_with_their_secret(call: Call) -> None:
    """InvalidRequestException for the name of a secret that waits for its deletion."""
    secret = found(call, call.parameters["Name"])
    if secret is not None and secret.is_deleted():
        raise Refusal("InvalidRequestException", _NAME_TAKEN)


@before("secretsmanager", *_OF_LIVING, source=f"{_API}: InvalidRequestException; floci#2514 for the wording")
def who_waits_for_deletion_does_nothing_else(call: Call) -> None:
    """InvalidRequestException for a secret that waits for its deletion."""
    secret = found(call, call.parameters["SecretId"])
    if secret is not None and secret.is_deleted():
        raise Refusal("InvalidRequestException", _MARKED)


@before("secretsmanager", *_BY_ITS_SERVICE, source="Secrets Manager User Guide: secrets managed by other services")
def secrets_of_services_are_theirs(call: Call) -> None:
    """InvalidRequestException for changing or deleting a secret that another service made; wording from memory."""
    secret = found(call, call.parameters["SecretId"])
    if secret is not None and secret.owning_service:
        message = f"You can't perform this operation on a secret that is managed by {secret.owning_service}."
        raise Refusal("InvalidRequestException", message)


@before("secretsmanager", "DeleteSecret", source=f"{_API}: DeleteSecret")
def windows_are_a_week_to_a_month(call: Call) -> None:
    """InvalidParameterException for a window that is not 7 to 30 days, or one together with no recovery at all."""
    days, forced = call.parameters.get("RecoveryWindowInDays"), call.parameters.get("ForceDeleteWithoutRecovery")
    if days is not None and forced:
        message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        raise Refusal("InvalidParameterException", message)
    if days is not None and not 7 <= days <= _USUAL_WINDOW:
        message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        raise Refusal("InvalidParameterException", message)


@instead("secretsmanager", "DeleteSecret", source=f"{_API}: DeleteSecret")
def deletion_is_waited_for(call: Call) -> Answer:
    """The secret goes when its window is over; forced, after a moment, in which its name is not free yet.

    In a sandbox without time no window ever ends. Forced deletion of what is not there succeeds.
    """
    asked, forced = call.parameters["SecretId"], bool(call.parameters.get("ForceDeleteWithoutRecovery"))
    secret = found(call, asked)
    if secret is None:
        return _of_nothing(call, asked, forced)
    if secret.replicas:
        regions = ",".join(replica.region for replica in secret.replicas)
        message = f"You can't delete secret {asked} that still has replica regions [{regions}]."
        raise Refusal("InvalidParameterException", message)
    if secret.is_deleted() and not forced:
        raise Refusal("InvalidRequestException", _MARKED)
    wait = 0.0 if forced else _DAY * call.parameters.get("RecoveryWindowInDays", _USUAL_WINDOW)
    secret.delete(time.time() + wait)
    ends = _ends(call.site, secret)
    if forced:
        call.later("secret.deleted", ends)
    elif not call.world.latencies.profile.timeless:
        call.after(wait, ends)
    return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": secret.deleted_date}


def _of_nothing(call: Call, asked: str, forced: bool) -> Answer:
    if not forced:
        raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    return {"ARN": asked, "Name": asked, "DeletionDate": time.time()}


def _ends(site: Site, secret: FakeSecret) -> Action:
    """Gone, if nobody has restored it, or put its end off, meanwhile."""
    due = secret.deleted_date

    def act() -> None:
        if secret.deleted_date == due:
            backends.secrets(site).secrets.pop(secret.arn)

    return act


@after("secretsmanager", "DescribeSecret", "ListSecrets", source=f"{_API}: DescribeSecret")
def no_dates_that_never_came(call: Call, answer: Answer) -> None:
    """What never happened has no date: moto tells some as nothing."""
    for told in (answer, *answer.get("SecretList", ())):
        for name in [name for name, value in told.items() if name.endswith("Date") and value is None]:
            del told[name]
