"""ARNs from parameters: `vpc/{VpcId}` is one ARN for each id that the call gives, none if it gives none.

A path goes into structures and through lists (`{DefaultActions.TargetGroupArn}`); after `=` stands what a missing
one is taken for. What is an ARN already stays as it is where nothing precedes it, elsewhere its last part counts.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.utilities.utils import get_partition

from provisioner.sandbox.call import Site

_HOLE = re.compile(r"\{(?P<path>[\w.@]+)(?:=(?P<default>[^}]*))?\}")

# What precedes a resource in its ARN, where it is not `arn:PARTITION:SERVICE:REGION:ACCOUNT:`.
_PREFIXES: Mapping[str, str] = {
    "iam": "arn:{partition}:iam::{account}:",
    "route53": "arn:{partition}:route53:::",
    "apigateway": "arn:{partition}:apigateway:{region}::",
}
_NOBODYS = {"ec2": ("image/", "snapshot/")}


def arns(site: Site, prefix: str, templates: str, parameters: Mapping[str, Any]) -> list[str]:
    """The ARNs that these templates (separated by blanks) give, in the service with this prefix of actions."""
    found = (text for template in templates.split() for text in expand(template, parameters))
    return [text if text.startswith("arn:") or text == "*" else arn(site, prefix, text) for text in found]


def arn(site: Site, prefix: str, resource: str) -> str:
    form = _PREFIXES.get(prefix, "arn:{partition}:{service}:{region}:{account}:")
    account = "" if resource.startswith(_NOBODYS.get(prefix, ("\0",))) else site.account
    names = {"partition": get_partition(site.region), "service": prefix, "region": site.region}
    return form.format(**names, account=account) + resource


def expand(template: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    """Every way to fill the template's holes."""
    holes = list(_HOLE.finditer(template))
    bare = len(holes) == 1 and holes[0][0] == template
    choices = [list(values(parameters, hole["path"])) or _default(hole) for hole in holes]
    texts = _HOLE.sub("\0", template).split("\0")
    for chosen in itertools.product(*choices):
        names = [value if bare else _last(value) for value in chosen]
        yield "".join(itertools.chain(*zip(texts, [*names, ""], strict=True)))


def values(parameters: Any, path: str) -> Iterator[str]:
    """What stands at the path, through lists."""
    if isinstance(parameters, list):
        for item in parameters:
            yield from values(item, path)
    elif not path:
        if parameters not in (None, ""):
            yield str(parameters)
    elif isinstance(parameters, Mapping):
        first, _, rest = path.partition(".")
        yield from values(parameters.get(first), rest)


def _default(hole: re.Match[str]) -> list[str]:
    return [] if hole["default"] is None else [hole["default"]]


def _last(value: str) -> str:
    """The name in an ARN; names that hold slashes themselves (log groups) stay whole."""
    return value.rpartition("/")[2] if value.startswith("arn:") else value
