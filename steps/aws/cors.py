"""CORS configurations, which HTTP APIs and function URLs write in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def same_cors(found: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None) -> bool:
    """Whether they say the same: order and case do not count, nor does whether a default is written.

    AWS gives header names back in another case than it was given them (terraform-provider-aws,
    aws_apigatewayv2_api: its lists are compared without regard to case).
    """
    return _normal(found or {}) == _normal(wanted or {})


def _normal(cors: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unordered(value) for name, value in cors.items() if value}


def _unordered(value: Any) -> Any:
    return {str(item).lower() for item in value} if isinstance(value, (list, tuple)) else value
