"""The tags that a call of EC2's gives to what it makes."""

from __future__ import annotations

from provisioner.sandbox.call import Call


def specified(call: Call) -> dict[str, str]:
    """All that it specifies."""
    specifications = call.parameters.get("TagSpecifications", ())
    return {tag["Key"]: tag.get("Value", "") for one in specifications for tag in one.get("Tags", ())}
