"""What a role may do."""

from __future__ import annotations

from provisioner.sandbox.call import Site


def allows(site: Site, role: str, action: str, resource: str = "*") -> bool:
    """Whether the role of this ARN may do this (`ecr:BatchGetImage`), by policies that have taken effect."""
    return True
