"""What tasks and functions may do, beyond what they need to run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provisioner.model.table import Table
from provisioner.stack_file.ids import IamAction, PolicyResource
from provisioner.stack_file.values import Text


class Statement(Table):
    """One statement of an inline policy."""

    effect: Literal["Allow", "Deny"] = Field(default="Allow", description="What the statement does.")
    actions: tuple[IamAction, ...] = Field(min_length=1, description='Actions, such as "s3:GetObject".')
    resources: tuple[PolicyResource, ...] = Field(min_length=1, description='ARNs, or "*".')
    conditions: dict[Text, dict[Text, Text]] = Field(
        default={}, description="Operators, each with its condition keys and values."
    )
