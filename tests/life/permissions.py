"""The policies of `docs/policies`, and the tool run by somebody who has some of them and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import actions
from provisioner.sandbox.world import Nature, World
from tests.life.tool import REGION, ROOT
from tests.sandbox.principals import ACCOUNT, User, enforce
from tests.sandbox_fixture import Sandbox

FOLDER = ROOT / "docs" / "policies"
Document = dict[str, Any]


def policy(name: str) -> Document:
    found: Document = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def without(name: str, *actions: str) -> Document:
    """The policy that does not allow these; each must be in it."""
    found = policy(name)
    assert set(actions) <= set(allowed(found)), "not in the policy"
    for statement in found["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one not in actions]
    found["Statement"] = [one for one in found["Statement"] if one["Action"]]
    return found


def allowed(*documents: Document) -> frozenset[str]:
    """The actions that these policies allow."""
    return frozenset(one for each in documents for statement in each["Statement"] for one in statement["Action"])


def become(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *documents: Document) -> User:
    """From now on the tool runs as a user with these managed policies, and everybody is held to theirs."""
    user, iam = User(sandbox), sandbox.client("iam")
    for number, document in enumerate(documents):
        text = json.dumps(document)
        made = iam.create_policy(PolicyName=f"{user.name}-{number}", PolicyDocument=text)["Policy"]
        iam.attach_user_policy(UserName=user.name, PolicyArn=made["Arn"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", user.keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", user.keys["SecretAccessKey"])
    enforce(sandbox)
    return user


def asked(calls: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """All actions that somebody must be allowed to make these calls."""
    return frozenset(ask.action for entry in calls for ask in actions.asks(_call(entry)))


def _call(entry: Mapping[str, Any]) -> Call:
    """In an empty account, where what is used is used for the first time."""
    given = {name: entry[name] for name in ("service", "action", "parameters")}
    return Call(ACCOUNT, REGION, World(Nature(), lambda: None), **given)


def refused(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    """The calls that the caller was not allowed to make."""
    return [
        call["action"]
        for call in calls
        if call["status"] == 403 or str(call["error"]).startswith(("AccessDenied", "UnauthorizedOperation"))
    ]
