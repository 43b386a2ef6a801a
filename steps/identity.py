"""Who may do what: IAM roles and the policies attached to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import owner
from steps.aws.context import Look
from steps.aws.errors import Cause, gone, verdict
from steps.base import Gone, Job, Pending, Piece, Ready, Retry, Seen, Step
from steps.policies import document


@dataclass(frozen=True, kw_only=True)
class Role(Step):
    """An IAM role. That it exists does not mean that a service can assume it yet: its users must retry.

    Lambda deletes its network interfaces and ECS drains its tasks with these roles, so they go last.
    """

    kind = "role"
    noun = "IAM role"
    family = "identity"
    retry = Retry.KEY
    typical = 6.0
    stage = 2
    role_name: str
    trust: Mapping[str, Any]
    description: str = ""

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.role_name

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "RoleName": self.role_name,
            "AssumeRolePolicyDocument": document(self.trust),
            "Description": self.description,
        }

    mutable = frozenset({"AssumeRolePolicyDocument", "Description"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for name in sorted({record.key for record in records if record.key}):
            try:
                role = look.aws.clients.iam.get_role(RoleName=name)["Role"]
            except ClientError as error:
                if gone(error):
                    continue
                raise
            yield Seen(role["RoleName"], role, owner.mapping(role.get("Tags", ())), key=role["RoleName"])

    def create(self, job: Job) -> str:
        tags = job.aws.owner.pairs(self.name)
        return job.aws.once.iam.create_role(**job.record.request, Tags=tags)["Role"]["RoleName"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("created")
        if seen.raw["AssumeRolePolicyDocument"] != self.trust:
            job.aws.clients.iam.update_assume_role_policy(RoleName=seen.id, PolicyDocument=document(self.trust))
            job.notes.append("the trust policy had been changed, set right")
        if seen.raw.get("Description", "") != self.description:
            job.aws.clients.iam.update_role(RoleName=seen.id, Description=self.description)
            job.notes.append("set the description")
        return Ready({"arn": seen.raw["Arn"]})

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        try:
            job.aws.clients.iam.delete_role(RoleName=seen.id)
        except ClientError as error:
            if verdict(error).cause is not Cause.IN_USE:
                raise
            _strip(job, seen.id)
            return Pending("taking off the policies that were added by hand")
        return Gone()


def _strip(job: Job, role: str) -> None:
    """Take everything off the role that others put on it; a role with anything on it cannot be deleted."""
    iam = job.aws.clients.iam
    for attached in _attached(job.aws.clients.iam, role):
        iam.detach_role_policy(RoleName=role, PolicyArn=attached)
    for inline in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=inline)
    for profile in iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=role)


def _attached(iam: Any, role: str) -> Iterator[str]:
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for policy in page["AttachedPolicies"]:
            yield policy["PolicyArn"]


@dataclass(frozen=True, kw_only=True)
class RolePolicyAttachment(Step):
    """A managed policy attached to a role. Id: `ROLE|ARN`. It is kept as long as the role's users live."""

    kind = "role_policy_attachment"
    noun = "policy attachment"
    family = "identity"
    retry = Retry.KEY
    stage = 2
    role: str
    policy_arn: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.role]}|{self.policy_arn}" if self.role in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {"RoleName": job.id_of(self.role), "PolicyArn": self.policy_arn}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Only what is wanted: a policy that the user attached besides stays, as long as the role does."""
        wanted = {record.key for record in records if record.key}
        for role in sorted({key.split("|")[0] for key in wanted}):
            for key in _attachments(look, role):
                if key in wanted:
                    yield Seen(key, {}, key=key)

    def create(self, job: Job) -> str:
        job.aws.once.iam.attach_role_policy(**job.record.request)
        return f"{job.id_of(self.role)}|{self.policy_arn}"

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        role, arn = seen.id.split("|")
        job.aws.clients.iam.detach_role_policy(RoleName=role, PolicyArn=arn)


def _attachments(look: Look, role: str) -> list[str]:
    try:
        return [f"{role}|{arn}" for arn in _attached(look.aws.clients.iam, role)]
    except ClientError as error:
        if gone(error):
            return []
        raise


@dataclass(frozen=True, kw_only=True)
class RolePolicy(Step):
    """An inline policy of a role. Id and key: `ROLE|NAME`. It is kept as long as the role's users live.

    `statements` are as IAM writes them, but `Resource` is a list of which each entry is a tuple of pieces:
    `[(("secret-database", "arn"),), (("bucket", "arn"), "/*"), ("*",)]`.
    """

    kind = "role_policy"
    noun = "inline policy"
    family = "identity"
    retry = Retry.KEY
    stage = 2
    role: str
    policy_name: str
    statements: tuple[Mapping[str, Any], ...]

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.role]}|{self.policy_name}" if self.role in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        statements = [_joined(job, statement) for statement in self.statements]
        return {
            "RoleName": job.id_of(self.role),
            "PolicyName": self.policy_name,
            "PolicyDocument": document({"Version": "2012-10-17", "Statement": statements}),
        }

    mutable = frozenset({"PolicyDocument"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """One read each. The role is ours, so a policy of this name on it is no other's."""
        for key in sorted({record.key for record in records if record.key}):
            role, _, name = key.partition("|")
            try:
                raw: Mapping[str, Any] = look.aws.clients.iam.get_role_policy(RoleName=role, PolicyName=name)
            except ClientError as error:
                if gone(error):
                    continue
                raise
            yield Seen(key, raw, key=key)

    def create(self, job: Job) -> str:
        job.aws.once.iam.put_role_policy(**job.record.request)
        return f"{job.record.request['RoleName']}|{self.policy_name}"

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        wanted = self.request(job)
        if seen is None or seen.raw["PolicyDocument"] == json.loads(wanted["PolicyDocument"]):
            return Ready()
        if job.once("policy"):
            job.aws.clients.iam.put_role_policy(**wanted)
            job.notes.append(f"the policy {self.policy_name} was another one, set right")
        return Pending("changed")

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        role, _, name = seen.id.partition("|")
        job.aws.clients.iam.delete_role_policy(RoleName=role, PolicyName=name)


def _joined(job: Job, statement: Mapping[str, Any]) -> dict[str, Any]:
    resources: Iterable[Sequence[Piece]] = statement["Resource"]
    return {**statement, "Resource": [job.joined(pieces) for pieces in resources]}
