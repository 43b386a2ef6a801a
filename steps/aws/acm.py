"""How certificates are found: one by its ARN, all of the account and region in a listing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from steps.aws import owner
from steps.aws.context import Aws, Look
from steps.aws.errors import gone

_ALL_KEYS: Any = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]
"""Most of them are left out of a listing that does not ask for them (ACM API reference, Filters)."""


def described(look: Look, arn: str) -> Mapping[str, Any] | None:
    """A certificate as ACM describes it, asked once in a look; None where there is none."""

    def read() -> Mapping[str, Any] | None:
        try:
            return look.aws.clients.acm.describe_certificate(CertificateArn=arn)["Certificate"]
        except ClientError as error:
            if gone(error):
                return None
            raise

    return look.share(f"certificate {arn}", read)


def listed(aws: Aws) -> Iterator[Mapping[str, Any]]:
    """All certificates of the account and region, as a listing tells them."""
    for page in aws.clients.acm.get_paginator("list_certificates").paginate(Includes={"keyTypes": _ALL_KEYS}):
        yield from page["CertificateSummaryList"]


def tags(aws: Aws, arn: str) -> dict[str, str]:
    return owner.mapping(aws.clients.acm.list_tags_for_certificate(CertificateArn=arn).get("Tags", ()))
