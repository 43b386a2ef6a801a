"""What must be kept secret: a user's name and password in Secrets Manager.

The password is drawn by Secrets Manager, put into the creating call and forgotten: it is in no record, output,
note or error of ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import owner
from steps.aws.context import Aws, Look
from steps.aws.errors import Cause, gone, verdict
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step

_SENT = ("Name", "Description")
"""Of the request, what CreateSecret takes; the rest is how the password is drawn and how it ends."""


@dataclass(frozen=True, kw_only=True)
class Secret(Step):
    """A secret `{"username": ..., "password": ...}` with a password drawn for it, of `length` letters and digits.

    A lost answer leaves a secret whose password nobody has seen; it is found by its name and tag and is as good.
    Destroy schedules it for deletion in `recovery_days` days (7 to 30), or deletes it at once where they are 0.
    Until then AWS gives its name to no other secret, so that the same stack, provisioned again, takes it back: it
    is restored and gets a new password and new tags. That is done only for a secret that is scheduled for deletion
    and was tagged as this step of a stack of this name; what was its password stays as AWSPREVIOUS. One that was
    scheduled by hand while the stack lives is restored with the password that it has, for that is in use.

    Source: Secrets Manager API reference, DeleteSecret, RestoreSecret.
    """

    kind = "secret"
    noun = "secret"
    family = "secrets"
    retry = Retry.KEY
    typical = 2.0
    typical_delete = 2.0
    secret_name: str
    username: str
    description: str = ""
    length: int = 32
    recovery_days: int = 7

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.secret_name

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "Name": self.secret_name,
            "Description": self.description,
            "Username": self.username,
            "PasswordLength": self.length,
            "RecoveryWindowInDays": self.recovery_days,
        }

    mutable = frozenset({"Description", "RecoveryWindowInDays"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """One by one: ListSecrets may not show the changes of the last five minutes, DescribeSecret does.

        The recorded ARN says enough of whose it is: its last six characters are drawn, and never given again.
        Source: Secrets Manager API reference, ListSecrets, CreateSecret.
        """
        for record in records:
            if raw := _described(look.aws, record.key):
                tags = owner.mapping(raw.get("Tags", ()))
                ours = raw["ARN"] == record.id or _given_up(look.aws, record, raw, tags)
                yield Seen(raw["ARN"], raw, None if ours else tags, key=raw["Name"])

    def create(self, job: Job) -> Made:
        request = job.record.request
        answer = job.aws.once.secrets.create_secret(
            **{name: request[name] for name in _SENT},
            SecretString=_drawn(job),
            ClientRequestToken=job.record.token,
            Tags=job.aws.owner.pairs(self.name),
        )
        return Made(answer["ARN"], {"arn": answer["ARN"], "name": answer["Name"]})

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        return {"arn": seen.id, "name": seen.raw["Name"]}

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("created")
        if "DeletedDate" in seen.raw:
            return _restore(job, seen)
        if not job.aws.owner.owns(owner.mapping(seen.raw.get("Tags", ()))):
            return _take_back(job, seen)
        if seen.raw.get("Description", "") != self.description:
            if not job.once("description"):
                return Pending("updated, but not shown yet")
            job.aws.clients.secrets.update_secret(SecretId=seen.id, Description=self.description)
            job.notes.append("set the description")
        return Ready(self.known(seen))

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Gone when it is scheduled for deletion, or with no days to wait when it is really gone."""
        days = int(job.record.request.get("RecoveryWindowInDays", 0))
        if seen is None or (days and "DeletedDate" in seen.raw):
            return Gone()
        how: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        job.aws.clients.secrets.delete_secret(SecretId=seen.id, **how)
        return Pending(f"scheduled for deletion in {days} days" if days else "deleting")


def _described(aws: Aws, name: str | None) -> Mapping[str, Any] | None:
    if name is None:
        return None
    try:
        return aws.clients.secrets.describe_secret(SecretId=name)
    except ClientError as error:
        if gone(error):
            return None
        raise


def _given_up(aws: Aws, record: Record, raw: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
    """Whether it is what a destroyed stack of this name has left to be deleted."""
    former = tags.get(owner.STACK) == aws.owner.stack and tags.get(owner.STEP) == record.name
    return former and "DeletedDate" in raw


def _drawn(job: Job) -> str:
    """The text of the secret, with a password that neither a URL nor a shell needs quoted."""
    length = job.record.request["PasswordLength"]
    answer = job.aws.clients.secrets.get_random_password(PasswordLength=length, ExcludePunctuation=True)
    return json.dumps({"username": job.record.request["Username"], "password": answer["RandomPassword"]})


def _restore(job: Job, seen: Seen) -> Pending:
    if job.once("restoring"):
        job.aws.clients.secrets.restore_secret(SecretId=seen.id)
        job.notes.append("was scheduled for deletion, restored")
    return Pending("restoring")


def _take_back(job: Job, seen: Seen) -> Pending:
    """A new password, then the tags: they tell a run that comes back after a kill that the password is there.

    One that was usable in this life has only lost its tags: its password is in use.
    """
    if not job.once("tags"):
        return Pending("tagged, but not shown yet")
    if not job.record.ready_at:
        _renew(job, seen)
    job.aws.clients.secrets.tag_resource(SecretId=seen.id, Tags=job.aws.owner.pairs(job.record.name))
    job.notes.append("tagged again" if job.record.ready_at else "taken back, with a new password")
    return Pending("taking it back")


def _renew(job: Job, seen: Seen) -> None:
    """Put another password. A token that has one already is of a run that was killed before it could tag."""
    token = owner.token(job.aws.owner.stack_id, job.record.name, job.record.intended_at or "")
    secrets = job.aws.clients.secrets
    try:
        secrets.put_secret_value(SecretId=seen.id, SecretString=_drawn(job), ClientRequestToken=token)
    except ClientError as error:
        if verdict(error).cause is not Cause.EXISTS:
            raise
