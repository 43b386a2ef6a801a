"""Where a run works: the account, the region and the endpoint, checked against where the stack was recorded."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound

from provisioner.pace import Pace
from provisioner.sandbox import control
from state.record import Pin
from steps.aws.errors import Cause, verdict
from steps.aws.remedies import next_move
from steps.aws.session import (
    Clients,
    Elsewhere,
    Session,
    clients,
    sandbox_session,
    session,
    single_attempt_clients,
)
from steps.base import StepFailed

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import GetCallerIdentityResponseTypeDef

AWS = "aws"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_FASTEST = 60.0
"""However fast a sandbox's time passes: our own work is not faster there, nor is a fault shorter."""
_NO_URL = "Invalid endpoint"
"""botocore's words for what AWS_ENDPOINT_URL says and is no URL; it has no error of its own for that."""
_ROUNDS = 8
"""Of botocore's retries, of which each has some of its own."""
SANDBOX_REGION = "us-east-1"


class NotSetUp(Exception):
    """There are no credentials, no region or no such profile: nothing could be called."""


class WrongPlace(Exception):
    """The stack is recorded in another account, region or endpoint than this run would work in."""


@dataclass(frozen=True)
class Place:
    """`clients` repeat by themselves what may be repeated, `once` do not. `pin` is what the state file keeps."""

    clients: Clients
    once: Clients
    pin: Pin
    partition: str
    pace: Pace
    elsewhere: Elsewhere
    own_sandbox: str = ""
    """The endpoint of this folder's sandbox, where that is the place."""

    @property
    def sandbox_id(self) -> str | None:
        return sandbox_of(self.pin)


def sandbox_of(pin: Pin) -> str | None:
    """The id of the sandbox in which a stack is recorded; None for one on AWS or elsewhere."""
    kind, _, sandbox_id = pin.endpoint.partition(":")
    return sandbox_id if kind == "sandbox" else None


def in_sandbox(home: Path, region: str | None) -> Place:
    """The sandbox of this folder, started if it is not running."""
    status = control.start(home)
    made = sandbox_session(region or SANDBOX_REGION)
    return replace(_place(made, status.endpoint), own_sandbox=status.endpoint)


def on_aws(profile: str | None, region: str | None) -> Place:
    """What boto3 is configured for: AWS, or the endpoint that AWS_ENDPOINT_URL names.

    Raises NotSetUp before any call where boto3 lacks something, StepFailed where AWS refuses the first call.
    """
    try:
        made = session(profile, region or os.environ.get("AWS_REGION"))
        if made.region_name is None:
            raise NoRegionError
        return _place(made)
    except ProfileNotFound as error:
        raise NotSetUp(f"{error}. Fix: correct --profile or AWS_PROFILE, or add it to ~/.aws/config.") from error
    except NoRegionError as error:
        raise NotSetUp(
            "no region is set. Fix: give --region, `region` in the stack file, or AWS_REGION."
        ) from error
    except ValueError as error:
        if _NO_URL not in str(error):
            raise
        raise NotSetUp(f"{error}. Fix: correct AWS_ENDPOINT_URL, or endpoint_url in ~/.aws/config.") from error
    except NoCredentialsError as error:
        raise NotSetUp(
            "no AWS credentials were found. Fix: `aws configure`, `aws sso login` or AWS_PROFILE; "
            "to try without an account: --sandbox."
        ) from error


def _place(made: Session, given: str | None = None) -> Place:
    reading = clients(made, given)
    endpoint = given or reading.sts.meta.endpoint_url
    known = control.identity(endpoint) if urlsplit(endpoint).hostname in _LOOPBACK else None
    try:
        identity = _caller(reading)
    except NoCredentialsError:
        raise
    except (ClientError, BotoCoreError) as error:
        found = verdict(error)
        fix = next_move(found)
        raise StepFailed(str(found), fix, found.call or "GetCallerIdentity", found.code) from error
    where = f"sandbox:{known.id}" if known else AWS if _is_aws(endpoint) else endpoint
    pin = Pin(identity["Account"], reading.sts.meta.region_name, where)
    once, partition = single_attempt_clients(made, given), identity["Arn"].split(":")[1]
    return Place(reading, once, pin, partition, _pace(known), Elsewhere(made, given))


def _caller(reading: Clients) -> GetCallerIdentityResponseTypeDef:
    """The first call. A burst of servers' errors is outlived; an endpoint where nobody listens is told at once."""
    for left in reversed(range(_ROUNDS)):
        try:
            return reading.sts.get_caller_identity()
        except ClientError as error:
            if not left or verdict(error).cause not in (Cause.THROTTLED, Cause.UNKNOWN_OUTCOME):
                raise
    raise AssertionError("unreachable")


def _pace(known: control.Identity | None) -> Pace:
    """The sandbox's own: what takes AWS minutes takes it seconds, and is waited for accordingly."""
    if known is None:
        return Pace()
    return Pace(min(known.scale or _FASTEST, _FASTEST))


def _is_aws(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


def endpoint_is_given() -> bool:
    """Whether the environment names an endpoint for all of AWS (boto3's own setting)."""
    return bool(os.environ.get("AWS_ENDPOINT_URL"))


def check(recorded: Pin, found: Pin, stack: str) -> None:
    """Raise WrongPlace where a run would touch another account, region or endpoint than the stack's."""
    for what, ours, theirs in (
        ("account", recorded.account, found.account),
        ("region", recorded.region, found.region),
        ("endpoint", recorded.endpoint, found.endpoint),
    ):
        if ours != theirs:
            raise WrongPlace(
                f"stack '{stack}' is recorded in {what} {ours}, but this run would work in {theirs}. "
                f"Nothing was touched. Fix: use the credentials and settings of {ours}, or another --name."
            )
