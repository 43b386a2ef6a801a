"""Who may reach whom: security groups and their rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Look
from steps.aws.errors import Cause, verdict
from steps.aws.holders import parts
from steps.aws.holders.holder import Holder
from steps.aws.listing import ListedStep, Listing, describe
from steps.aws.owner import mapping
from steps.base import Gone, Job, Pending, Ready, Retry, Seen, Step

_EVERYWHERE: Any = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


@dataclass(frozen=True, kw_only=True)
class SecurityGroup(ListedStep):
    """A group that lets nothing in and nothing out: the rule that AWS gives to each new group is taken away."""

    kind = "security_group"
    noun = "security group"
    family = "security"
    retry = Retry.KEY
    typical = 2.0
    patience_delete = 2700.0
    listing = Listing("describe_security_groups", "SecurityGroups", "GroupId", "group-id")
    vpc: str
    group_name: str
    description: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.vpc]}|{self.group_name}" if self.vpc in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {"VpcId": job.id_of(self.vpc), "GroupName": self.group_name, "Description": self.description}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """The stack's own, and what has the name of one that is still to be made: in a VPC that was there before,
        somebody else's may have it."""
        own = cls.listing.read(look, records)
        known = {seen.id for seen in own}
        keys = sorted({record.key for record in records if record.key and record.id is None})
        return [*own, *(seen for seen in _named(look, keys) if seen.id not in known)]

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("security-group", self.name)
        return job.aws.once.ec2.create_security_group(**job.record.request, TagSpecifications=tags)["GroupId"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None or any(_is_allow_all(rule) for rule in seen.raw["IpPermissionsEgress"]):
            _revoke_allow_all(job)
            if job.record.ready_at:
                job.notes.append("it let everything out, which was taken away")
        return Ready() if seen else Pending("created")

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        """Rules that others put into it may be what keeps it (two groups that name each other)."""
        try:
            job.aws.clients.ec2.delete_security_group(GroupId=seen.id)
        except ClientError as error:
            if verdict(error).cause is Cause.IN_USE:
                _revoke_all(job, seen)
            raise

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        return parts.of_group(job.aws, seen.id)


def _named(look: Look, keys: Iterable[str]) -> Iterator[Seen]:
    """The groups of these keys, whoever has made them."""
    places: dict[str, list[str]] = {}
    for key in keys:
        vpc, _, name = key.partition("|")
        places.setdefault(vpc, []).append(name)
    for vpc, names in places.items():
        filters = {"vpc-id": [vpc], "group-name": names}
        for raw in describe(look, "describe_security_groups", "SecurityGroups", filters):
            key = f"{vpc}|{raw['GroupName']}"
            yield Seen(raw["GroupId"], raw, mapping(raw.get("Tags", ())), key=key)


def _revoke_all(job: Job, seen: Seen) -> None:
    ec2 = job.aws.clients.ec2
    if inward := seen.raw["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=seen.id, IpPermissions=inward)
    if outward := seen.raw["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=seen.id, IpPermissions=outward)


def _is_allow_all(rule: Mapping[str, Any]) -> bool:
    return rule.get("IpProtocol") == "-1" and any(
        cidr["CidrIp"] == "0.0.0.0/0" for cidr in rule.get("IpRanges", ())
    )


def _revoke_allow_all(job: Job) -> None:
    try:
        job.aws.clients.ec2.revoke_security_group_egress(GroupId=job.id, IpPermissions=_EVERYWHERE)
    except ClientError as error:
        # The group itself may not be visible yet; only the missing rule is what we wanted.
        if verdict(error).code != "InvalidPermission.NotFound":
            raise


@dataclass(frozen=True, kw_only=True)
class SecurityGroupRule(Step):
    """One rule of a group, for TCP `port`, towards or from another group (`peer`) or a `cidr`."""

    kind = "security_group_rule"
    noun = "security group rule"
    family = "security"
    retry = Retry.KEY
    group: str
    direction: Literal["ingress", "egress"]
    port: int
    peer: str | None = None
    cidr: str | None = None
    description: str = ""

    def key(self, ids: Mapping[str, str]) -> str | None:
        peer = ids.get(self.peer) if self.peer else self.cidr
        if self.group not in ids or peer is None:
            return None
        return f"{ids[self.group]}|{self.direction}|tcp|{self.port}|{self.port}|{peer}"

    def request(self, job: Job) -> dict[str, Any]:
        permission: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": self.port, "ToPort": self.port}
        if self.peer:
            permission["UserIdGroupPairs"] = [{"GroupId": job.id_of(self.peer), "Description": self.description}]
        else:
            permission["IpRanges"] = [{"CidrIp": self.cidr, "Description": self.description}]
        return {"GroupId": job.id_of(self.group), "IpPermissions": [permission]}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Every rule of our groups, whoever made it: a rule by hand may be the very one that we want."""
        groups = sorted({record.key.split("|")[0] for record in records if record.key})
        found = describe(look, *_RULES, {"group-id": groups}) if groups else ()
        return [Seen(raw["SecurityGroupRuleId"], raw, key=_key(raw)) for raw in found]

    def create(self, job: Job) -> str:
        authorize = {
            "ingress": job.aws.once.ec2.authorize_security_group_ingress,
            "egress": job.aws.once.ec2.authorize_security_group_egress,
        }[self.direction]
        tags = job.aws.owner.specification("security-group-rule", self.name)
        answer: Mapping[str, Any] = authorize(**job.record.request, TagSpecifications=tags)
        rule_id: str = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return rule_id

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen and seen.key != job.record.key:
            job.aws.clients.ec2.modify_security_group_rules(
                GroupId=seen.raw["GroupId"],
                SecurityGroupRules=[{"SecurityGroupRuleId": seen.id, "SecurityGroupRule": self._wanted(job)}],
            )
            job.notes.append(f"the rule had become {seen.key}, set right")
        return Ready()

    def _wanted(self, job: Job) -> Any:
        peer = {"ReferencedGroupId": job.id_of(self.peer)} if self.peer else {"CidrIpv4": self.cidr}
        ports = {"IpProtocol": "tcp", "FromPort": self.port, "ToPort": self.port}
        return {**ports, **peer, "Description": self.description}

    @classmethod
    def stranger(cls, seen: Seen) -> str | None:
        if seen.raw["IsEgress"] and seen.raw["IpProtocol"] == "-1" and seen.raw.get("CidrIpv4") == "0.0.0.0/0":
            return None  # AWS's rule of birth, which the group's own step takes away
        group, direction, protocol, first, last, peer = (seen.key or "").split("|")
        return f"{seen.id} in {group}: {direction} {protocol} {first}-{last} {peer}"

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        ec2 = job.aws.clients.ec2
        revoke = ec2.revoke_security_group_egress if seen.raw["IsEgress"] else ec2.revoke_security_group_ingress
        revoke(GroupId=seen.raw["GroupId"], SecurityGroupRuleIds=[seen.id])
        return Gone()


_RULES = ("describe_security_group_rules", "SecurityGroupRules")


def _key(raw: Mapping[str, Any]) -> str:
    direction = "egress" if raw["IsEgress"] else "ingress"
    group = raw.get("ReferencedGroupInfo", {}).get("GroupId")
    peer = group or raw.get("CidrIpv4") or raw.get("CidrIpv6") or raw.get("PrefixListId")
    ports = f"{raw.get('FromPort', -1)}|{raw.get('ToPort', -1)}"
    return f"{raw['GroupId']}|{direction}|{raw['IpProtocol']}|{ports}|{peer}"
