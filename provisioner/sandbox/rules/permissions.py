"""Permissions: callers are held to their policies where the sandbox has been told to."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import enforcement
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.registry import Answer, after, before

_SOURCE = "IAM User Guide: policy evaluation logic; Service Authorization Reference"


def _enforced(call: Call) -> bool:
    return call.world.enforcing


@before("*", "*", first=True, source=_SOURCE)
def callers_need_permission(call: Call) -> None:
    """UnauthorizedOperation, AccessDenied or AccessDeniedException (403, 400) for what no policy allows."""
    if _enforced(call):
        enforcement.check(call)


@after("lambda", "GetFunction", when=_enforced, source="Lambda API Reference: GetFunction, TagsError")
def tags_need_a_permission_of_their_own(call: Call, answer: Answer) -> None:
    """Without lambda:ListTags the answer has TagsError instead of Tags."""
    ask = Ask("lambda:ListTags", answer["Configuration"]["FunctionArn"])
    if not enforcement.may(call, enforcement.known(call), ask).allowed:
        answer.pop("Tags", None)
        message = "The tags of this function cannot be retrieved because the caller lacks lambda:ListTags."
        answer["TagsError"] = {"ErrorCode": "AccessDeniedException", "Message": message}
