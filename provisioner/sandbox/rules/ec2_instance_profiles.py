"""Instance profiles, which EC2 learns of late."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before
from provisioner.sandbox.vpc import instances


@after(
    "iam",
    "CreateInstanceProfile",
    source="cdkd: 7.9 s in the median; terraform-provider-aws waits for two minutes",
)
def is_unknown_at_first(call: Call, answer: Answer) -> None:
    """EC2 knows a new profile only some seconds after IAM does."""
    name = answer["InstanceProfile"]["InstanceProfileName"]
    known_at = call.world.clock.now() + call.world.latencies.seconds("iam.profile.usable")
    instances.profiles(call).usable_at[name] = known_at


@before(
    "ec2",
    "RunInstances",
    "AssociateIamInstanceProfile",
    first=True,
    source="terraform-provider-aws#27516; DanielThomas/ec2gaming#17",
)
def profile_must_be_known(call: Call) -> None:
    """InvalidParameterValue for a profile that EC2 does not know, or not yet, or without a role; dry runs, too."""
    asked = call.parameters.get("IamInstanceProfile")
    if not asked:
        return
    profile = instances.profile(call, asked)
    if profile is None:
        kind, noun = ("arn", "ARN") if "Arn" in asked else ("name", "name")
        value = asked.get("Arn") or asked.get("Name")
        message = (
            f"Value ({value}) for parameter iamInstanceProfile.{kind} is invalid. Invalid IAM Instance Profile"
        )
        raise Refusal("InvalidParameterValue", f"{message} {noun}")
    if not profile.roles:
        raise Refusal("InvalidParameterValue", f'IAM Instance Profile "{profile.arn}" has no associated IAM Roles')
