"""Why a service does not come up, as far as the network is the reason: what ECS does not tell."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.events import Listener, Notice
from provisioner.reach import NoNetwork, Snapshot, UnknownEnd, hindered, take
from provisioner.schedule import Failed, Failure
from state.record import StackState
from steps.aws.context import Aws
from steps.base import StepFailed
from steps.services import Service


def deepened(error: Failed, aws: Aws, state: StackState, listener: Listener) -> Failed:
    """The same failures; those of services that did not come up with what in the live network keeps their tasks
    from their images, secrets and logs, or the load balancer from them, and with the change that opens it.

    What may not be read leaves them as they are: a failure must not be hidden by its explanation.
    """
    if not any(_is_of_service(one, state) for one in error.failures):
        return error
    listener.tell(Notice("looking in the network for what keeps tasks from starting"))
    try:
        snapshot = take(aws, state)
    except (ClientError, BotoCoreError, NoNetwork):
        return error
    found = [_deeper(snapshot, one) if _is_of_service(one, state) else one for one in error.failures]
    return Failed(found, error.unanswered)


def _is_of_service(failure: Failure, state: StackState) -> bool:
    """Whether a service was given up; where a call was refused, that is the reason."""
    record = state.records.get(failure.lane)
    given_up = isinstance(failure.error, StepFailed) and not failure.error.code
    return given_up and record is not None and record.kind == Service.kind


def _deeper(snapshot: Snapshot, failure: Failure) -> Failure:
    try:
        verdict = hindered(snapshot, failure.lane)
    except UnknownEnd:
        return failure
    if verdict is None or verdict.stop is None or not isinstance(failure.error, StepFailed):
        return failure
    missed = f"{verdict.source} does not reach {verdict.destination} at {verdict.port}"
    fix = "\n".join(verdict.fix.lines) if verdict.fix else failure.error.fix
    return replace(failure, error=StepFailed(f"{failure.error.why}\nnetwork: {missed}: {verdict.stop}", fix))
