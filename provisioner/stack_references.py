"""References in environment values, such as `http://${load_balancer.dns_name}/`: what they may name.

What they stand for is known only once the resources exist; see `parameters.environment`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from provisioner.stack_model import Function, Stack

URL_VARIABLE = "FARGATE_ALB_URL"
"""Set for functions that call services: the load balancer's DNS name."""
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_LONGEST = "x" * 100
"""As long as any load balancer's URL: `http://internal-`, 43 characters, `.REGION.elb.amazonaws.com:PORT`."""


def available(stack: Stack) -> list[str]:
    """Everything that may be referred to in this stack."""
    if stack.load_balancer is None:
        return []
    return ["load_balancer.dns_name", "load_balancer.url", *(f"services.{name}.url" for name in stack.services)]


def named(text: str) -> Iterator[str]:
    """The references in a value, without `${` and `}`."""
    return (found.group(1) for found in _REFERENCE.finditer(text))


def environment_size(function: Function) -> int:
    """Bytes of a function's variables once references are filled in, at the most.

    Lambda measures the variables written as JSON; its error message quotes what it measured.
    """
    variables = {URL_VARIABLE: _LONGEST} if function.calls else {}
    variables |= {name: _REFERENCE.sub(_LONGEST, text) for name, text in function.environment.items()}
    return len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())
