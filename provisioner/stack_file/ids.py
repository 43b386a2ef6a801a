"""The names that a stack file gives to things of AWS: ids, ARNs, domain names, and patterns of them.

Each is checked for its form only; whether there is such a thing only AWS can tell.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, Strict

from provisioner.stack_file.errors import Wrong
from provisioner.stack_file.values import key, matches

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_ARN = r"arn:aws[a-z-]*:"
_HEX = r"([0-9a-f]{8}|[0-9a-f]{17})"


def _domain(name: str) -> str:
    """A rule: a domain name; in lower case and without the dot at its end, as AWS shows it."""
    plain = name.lower().removesuffix(".")
    if len(plain) > 253 or not _DOMAIN.fullmatch(plain):
        raise Wrong("is not a domain name", 'use a name such as "api.example.com"')
    return plain


def _private_name(name: str) -> str:
    if name.startswith("com.amazonaws."):
        raise Wrong("is the whole name of a service", f'leave out the beginning: "{name.split(".", 3)[-1]}"')
    return _ENDPOINT(name)


def _route_key(route: str) -> str:
    """A rule. Source: API Gateway developer guide, "Create routes for HTTP APIs"."""
    path = _ROUTE(route).partition(" ")[2]
    steps = path.strip("/").split("/")
    for place, step in enumerate(steps):
        if "{" in step or "}" in step:
            name = _PARAMETER.fullmatch(step)
            if name is None:
                raise Wrong(f"{step} is not a parameter", 'let it be all between two "/", as in "GET /items/{id}"')
            if name["greedy"] and place < len(steps) - 1:
                raise Wrong(f"{step} stands for all the rest of a path", "put it at the end, or leave out its +")
    return route


_PARAMETER = re.compile(r"\{[A-Za-z0-9._-]+(?P<greedy>\+)?\}")
_ROUTE = matches(
    r"\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /[^\s]*",
    "is not a route",
    'write METHOD /path, as in "POST /graphql", or "$default" for all the rest',
)
_ENDPOINT = matches(
    r"[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*",
    "is not the name of a service",
    'use a name such as "s3", "ecr.api" or "secretsmanager"',
)

VpcId = Annotated[
    str,
    Strict(),
    AfterValidator(matches(rf"vpc-{_HEX}", "is not a VPC's id", 'use one such as "vpc-0a1b2c3d"')),
    Field(examples=["vpc-0a1b2c3d"]),
]
SubnetId = Annotated[
    str,
    Strict(),
    AfterValidator(matches(rf"subnet-{_HEX}", "is not a subnet's id", 'use one such as "subnet-0a1b2c3d"')),
    Field(examples=["subnet-0a1b2c3d"]),
]
TransitGatewayId = Annotated[
    str,
    Strict(),
    AfterValidator(matches(rf"tgw-{_HEX}", "is not a transit gateway's id", 'use one such as "tgw-0a1b2c3d"')),
    Field(examples=["tgw-0a1b2c3d"]),
]
ZoneId = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(r"[A-Z0-9]{1,32}", "is not a hosted zone's id", 'use one such as "Z0123456789ABCDEFGHIJ"')
    ),
    Field(examples=["Z0123456789ABCDEFGHIJ"]),
]
EndpointService = Annotated[str, Strict(), AfterValidator(_private_name)]
DomainName = Annotated[str, Strict(), AfterValidator(_domain)]
CertificateArn = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            rf"{_ARN}acm:[a-z0-9-]+:\d{{12}}:certificate/[a-z0-9-]+",
            "is not the ARN of a certificate of ACM",
            'use one such as "arn:aws:acm:REGION:ACCOUNT:certificate/ID", of the stack\'s region',
        )
    ),
    Field(examples=["arn:aws:acm:REGION:ACCOUNT:certificate/ID"]),
]
RoleArn = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            rf"{_ARN}iam::\d{{12}}:role/[\w+=,.@/-]+",
            "is not the ARN of a role",
            'use one such as "arn:aws:iam::ACCOUNT:role/NAME"',
        )
    ),
    Field(examples=["arn:aws:iam::ACCOUNT:role/NAME"]),
]
PolicyArn = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            rf"{_ARN}iam::(\d{{12}}|aws):policy/[\w+=,.@/-]+",
            "is not the ARN of a policy",
            'use one such as "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"',
        )
    ),
    Field(examples=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]),
]
LayerArn = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            rf"{_ARN}lambda:[a-z0-9-]+:\d{{12}}:layer:[\w-]+:\d+",
            "is not the ARN of a layer's version",
            'use one such as "arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION"',
        )
    ),
    Field(examples=["arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION"]),
]
SecretReference = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            rf"{_ARN}(secretsmanager:[a-z0-9-]+:\d{{12}}:secret:[\w/+=.@-]+(:[^:]*){{0,3}}"
            r"|ssm:[a-z0-9-]+:\d{12}:parameter/[\w./-]+)",
            "is not the ARN of a secret or a parameter",
            'use one such as "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME" or '
            '"arn:aws:ssm:REGION:ACCOUNT:parameter/NAME"; the value itself does not belong into this file',
        )
    ),
    Field(examples=["arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"]),
]
IamAction = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+", "is not an action of IAM", 'use one such as "s3:GetObject"')
    ),
]
PolicyResource = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(rf"\*|{_ARN}[^\s]+", "is not an ARN", 'use an ARN such as "arn:aws:s3:::bucket/*", or "*"')
    ),
    Field(examples=["arn:aws:s3:::bucket/*"]),
]
SecurityPolicy = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"ELBSecurityPolicy-[A-Za-z0-9-]+",
            "is not the name of a security policy",
            'use one such as "ELBSecurityPolicy-TLS13-1-2-2021-06"',
        )
    ),
]
PathPattern = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"/[A-Za-z0-9_\-.$/~\"'@:+&*?]{0,127}",
            "is not a pattern of paths",
            'begin it with "/", with * and ? for what may be anything, at most 128 characters',
        )
    ),
]
"""Source: ELBv2 user guide, "Listener rules", path conditions."""
HostPattern = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"(?=.{1,128}$)(?=.*\.)[A-Za-z0-9\-.*?]*\.[A-Za-z*?]+",
            "is not a pattern of host names",
            'use a name such as "api.example.com" or "*.example.com"',
        )
    ),
]
NamespaceName = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(r"[!-~]{1,1024}", "is not a namespace's name", 'use a name such as "internal", without spaces')
    ),
]
InstanceType = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"(db\.)?[a-z][a-z0-9-]*\.[a-z0-9-]+",
            "is not an instance's type",
            'use one such as "t4g.small", for RDS "db.t4g.micro"',
        )
    ),
]
DatabaseVersion = Annotated[
    str, Strict(), AfterValidator(matches(r"\d+(\.\d+){0,2}", "is not a version", 'use one such as "8.0" or "17"'))
]
DatabaseName = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"[a-z][a-z0-9_]{0,62}",
            "is not a database's name that both engines take",
            "use lower-case letters, digits and _, a letter first, at most 63",
        )
    ),
]
RouteKey = Annotated[str, Strict(), AfterValidator(key(_route_key))]
HttpMethod = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"\*|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS",
            "is not a method of HTTP",
            'use "GET", "POST", ... or "*"',
        )
    ),
]
HeaderName = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(r"\*|[A-Za-z0-9!#$%&'*+.^_`|~-]+", "is not a header's name", 'use a name such as "content-type"')
    ),
    Field(examples=["content-type"]),
]
Origin = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"\*|https?://(\*|[A-Za-z0-9*.-]+(:\d+)?)",
            "is not an origin",
            'use scheme and host, as in "https://www.example.com", or "*"',
        )
    ),
    Field(examples=["https://www.example.com"]),
]
OutputName = Annotated[
    str,
    Strict(),
    AfterValidator(
        key(
            matches(
                r"[A-Za-z][A-Za-z0-9_-]*",
                "is not an output's name",
                "use letters, digits, _ and -, a letter first",
            )
        )
    ),
]
