"""What calls of RDS need beside their own actions. Source: Service Authorization Reference, dependent actions."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.permissions.templates import arn


def asks(call: Call) -> Iterator[Ask]:
    if call.parameters.get("ManageMasterUserPassword"):
        yield from _managed_password(call)
    if snapshot := call.parameters.get("FinalDBSnapshotIdentifier"):
        instance = arn(call, "rds", f"db:{call.parameters.get('DBInstanceIdentifier', '')}")
        yield from (
            Ask("rds:CreateDBSnapshot", one) for one in (instance, arn(call, "rds", f"snapshot:{snapshot}"))
        )


def _managed_password(call: Call) -> Iterator[Ask]:
    """RDS makes the secret with the caller's permissions. Source: RDS User Guide, "Password management"."""
    secret = arn(call, "secretsmanager", "secret:rds!db-????????-????-????-????-????????????-??????")
    yield Ask("kms:DescribeKey", arn(call, "kms", "key/aws/secretsmanager"))
    yield Ask("secretsmanager:CreateSecret", secret)
    yield Ask("secretsmanager:TagResource", secret)
