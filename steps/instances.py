"""Virtual machines: the profile that hands an instance its role, and the instance."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import machines, owner
from steps.aws.context import Look
from steps.aws.errors import gone, verdict
from steps.aws.listing import ListedStep
from steps.aws.machines import Machines
from steps.base import Gone, Job, Made, Pending, Piece, Ready, Retry, Seen, Step, StepFailed

_NO_ROOM = frozenset({"InsufficientInstanceCapacity", "InsufficientHostCapacity", "Unsupported"})
_REFUSED_BY_PROTECTION = "OperationNotPermitted"


@dataclass(frozen=True, kw_only=True)
class InstanceProfile(Step):
    """An instance profile with exactly one role. EC2 learns of it seconds later: launching with it is retried."""

    kind = "instance_profile"
    noun = "instance profile"
    family = "identity"
    retry = Retry.KEY
    typical = 3.0
    profile_name: str
    role: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.profile_name

    def request(self, job: Job) -> dict[str, Any]:
        return {"InstanceProfileName": self.profile_name}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for name in sorted({record.key for record in records if record.key}):
            try:
                answer = look.aws.clients.iam.get_instance_profile(InstanceProfileName=name)
            except ClientError as error:
                if gone(error):
                    continue
                raise
            raw = answer["InstanceProfile"]
            yield Seen(name, raw, owner.mapping(raw.get("Tags", ())), key=name)

    def create(self, job: Job) -> str:
        tags = job.aws.owner.pairs(self.name)
        answer = job.aws.once.iam.create_instance_profile(**job.record.request, Tags=tags)
        return answer["InstanceProfile"]["InstanceProfileName"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("created")
        wanted, found = job.id_of(self.role), [role["RoleName"] for role in seen.raw["Roles"]]
        if found == [wanted]:
            return Ready({"arn": seen.raw["Arn"], "name": seen.id})
        if job.once("role"):
            self._give(job, wanted, found)
        return Pending(f"giving it the role {wanted}")

    def _give(self, job: Job, wanted: str, found: Sequence[str]) -> None:
        """A profile takes one role: another one goes first."""
        _empty(job, self.profile_name, found)
        job.aws.clients.iam.add_role_to_instance_profile(InstanceProfileName=self.profile_name, RoleName=wanted)
        if job.record.ready_at:
            job.notes.append(f"had {', '.join(found) or 'no role'}, has {wanted} again")

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        _empty(job, seen.id, [role["RoleName"] for role in seen.raw["Roles"]])
        job.aws.clients.iam.delete_instance_profile(InstanceProfileName=seen.id)
        return Gone()


def _empty(job: Job, profile: str, roles: Iterable[str]) -> None:
    for role in roles:
        try:
            job.aws.clients.iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=role)
        except ClientError as error:
            if not gone(error):
                raise


@dataclass(frozen=True, kw_only=True)
class Instance(ListedStep):
    """One instance without a public address. Ready when it runs: what its user data does, EC2 does not tell.

    `image` is the id of an AMI, or `resolve:ssm:` and the name of a public parameter that holds one. `volume_size`
    is the root volume's in GiB; it is encrypted and goes with the instance. Metadata is given only for a token and
    to the instance itself (IMDSv2, one hop). EBS optimisation is left to the type: the current ones have it.
    `root_device` must be the AMI's own name for it, or a second, empty volume comes about; `/dev/xvda` is
    Amazon Linux's. Sources: EC2 API reference, RunInstances; EC2 User Guide, "Device names for volumes on Amazon
    EC2 instances" and "Amazon EBS-optimized instance types".
    """

    kind = "instance"
    noun = "EC2 instance"
    family = "instances"
    retry = Retry.TOKEN
    typical = 20.0
    patience = 900.0
    typical_delete = 40.0
    patience_delete = 1200.0
    listing = Machines(
        "describe_instances",
        "Reservations",
        "InstanceId",
        "instance-id",
        going=frozenset({"shutting-down"}),
        over=frozenset({"terminated"}),
    )
    image: str
    instance_type: str
    subnet: str
    groups: tuple[str, ...]
    profile: str
    user_data: tuple[Piece, ...]
    volume_size: int
    root_device: str = "/dev/xvda"

    def request(self, job: Job) -> dict[str, Any]:
        """Subnet and groups are apart, though the call takes them as one interface: only the groups may change."""
        volume = {
            "VolumeSize": self.volume_size,
            "VolumeType": "gp3",
            "Encrypted": True,
            "DeleteOnTermination": True,
        }
        return {
            "ImageId": self.image,
            "InstanceType": self.instance_type,
            "SubnetId": job.id_of(self.subnet),
            "SecurityGroupIds": self._groups(job),
            "IamInstanceProfile": {"Name": job.id_of(self.profile)},
            "UserData": job.joined(self.user_data),
            "BlockDeviceMappings": [{"DeviceName": self.root_device, "Ebs": volume}],
            "MetadataOptions": {
                "HttpEndpoint": "enabled",
                "HttpTokens": "required",
                "HttpPutResponseHopLimit": 1,
            },
            "InstanceInitiatedShutdownBehavior": "stop",
        }

    def _groups(self, job: Job) -> list[str]:
        return [job.id_of(group) for group in self.groups]

    mutable = frozenset({"SecurityGroupIds"})

    def create(self, job: Job) -> Made:
        of = job.aws.owner.specification
        tags = [
            *of("instance", self.name),
            *of("volume", self.name),
            *of("network-interface", self.name),
        ]
        try:
            answer = job.aws.once.ec2.run_instances(
                **_launch(job.record.request), ClientToken=job.record.token, TagSpecifications=tags
            )
        except ClientError as error:
            raise _no_room(error) from error
        made = answer["Instances"][0]
        return Made(made["InstanceId"], {"id": made["InstanceId"], "private_ip": made.get("PrivateIpAddress", "")})

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        return {"id": seen.id, "private_ip": seen.raw.get("PrivateIpAddress", "")}

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return machines.unlisted(job)
        state = seen.raw["State"]
        if state == "stopped":
            if job.once("start"):
                job.aws.clients.ec2.start_instances(InstanceIds=[seen.id])
                job.notes.append("was stopped, started")
            return Pending("stopped, starting")
        if state != "running":
            return Pending(state)
        if wrong := self._set_right(job, seen):
            return Pending(f"set {wrong}")
        if sick := machines.impaired(job):
            return Pending(sick, fix=f"stop and start {seen.id}: that gives it another host; then resume")
        return Ready(self.known(seen))

    def _set_right(self, job: Job, seen: Seen) -> str:
        """What differed and was changed."""
        ec2, groups = job.aws.clients.ec2, self._groups(job)
        wrong = []
        if sorted(group["GroupId"] for group in seen.raw["SecurityGroups"]) != sorted(groups):
            wrong.append("security groups")
            if job.once("security groups"):
                ec2.modify_instance_attribute(InstanceId=seen.id, Groups=groups)
                job.notes.append("set the security groups")
        if seen.raw.get("MetadataOptions", {}).get("HttpTokens", "required") != "required":
            wrong.append("metadata options")
            if job.once("metadata options"):
                options = job.record.request["MetadataOptions"]
                ec2.modify_instance_metadata_options(InstanceId=seen.id, **options)
                job.notes.append("metadata only for tokens again")
        return ", ".join(wrong)

    @classmethod
    def objection(cls, job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
        """Protection from termination (which only a read of its own tells), or a volume that is to be kept."""
        if seen.going:
            return None
        if volume := machines.outliving(seen):
            return StepFailed(
                f"the volume {volume} of {seen.id} is to outlive it: DeleteOnTermination was switched off by hand",
                "keep what is on it in a snapshot, and switch that on again (`aws ec2 modify-instance-attribute "
                f"--instance-id {seen.id} --block-device-mappings ...`)",
            )
        asked: Any = {"InstanceId": seen.id, "Attribute": "disableApiTermination"}
        answer = job.aws.clients.ec2.describe_instance_attribute(**asked)
        return _protected(seen.id) if answer["DisableApiTermination"].get("Value") else None

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return machines.remains(job)
        if not seen.going:
            _terminate(job, seen.id)
        return Pending("shutting-down")


def _launch(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as RunInstances takes it: only an interface's own description can refuse a public address."""
    rest = {name: value for name, value in request.items() if name not in ("SubnetId", "SecurityGroupIds")}
    interface = {
        "DeviceIndex": 0,
        "SubnetId": request["SubnetId"],
        "Groups": request["SecurityGroupIds"],
        "AssociatePublicIpAddress": False,
        "DeleteOnTermination": True,
    }
    return {**rest, "NetworkInterfaces": [interface], "MinCount": 1, "MaxCount": 1}


def _no_room(error: ClientError) -> Exception:
    found = verdict(error)
    if found.code not in _NO_ROOM:
        return error
    fix = "another instance type or another zone in the stack file, or resume later"
    return StepFailed(str(found), fix, found.call, found.code)


def _terminate(job: Job, instance: str) -> None:
    try:
        job.aws.clients.ec2.terminate_instances(InstanceIds=[instance])
    except ClientError as error:
        if verdict(error).code != _REFUSED_BY_PROTECTION:
            raise
        raise _protected(instance) from error


def _protected(instance: str) -> StepFailed:
    command = f"aws ec2 modify-instance-attribute --instance-id {instance} --no-disable-api-termination"
    return StepFailed(
        f"{instance} is protected from termination", f"`{command}`; then destroy", "TerminateInstances"
    )
