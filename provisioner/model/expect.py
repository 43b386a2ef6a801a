"""What a stack must prove besides what follows from its own tables."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, Strict

from provisioner.model.table import Table
from provisioner.stack_file.ids import HeaderName
from provisioner.stack_file.values import Flag, Number, Port, Text, UrlPath, key, matches

Asked = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/|https?://|\$\{)[!-~]*",
            "is not a request",
            'write METHOD /path or METHOD URL, as in "POST /graphql" or "GET ${load_balancer.url}/api"',
        )
    ),
    Field(examples=["POST /graphql"]),
]
KeptName = Annotated[
    str,
    Strict(),
    AfterValidator(
        key(matches(r"[A-Za-z][A-Za-z0-9_]*", "is not a name for it", "use letters, digits and _, a letter first"))
    ),
]


class Expect(Table):
    """One thing that `provisioner verify` asks, and what must come of it.

    Either a request over HTTP from where the command is typed, or a connection from one end to another.
    """

    model_config = ConfigDict(serialize_by_alias=True)  # `from` is a word of Python's own

    name: Text | None = Field(default=None, description="What the report calls it; else it says what it asks.")
    source: Text | None = Field(
        default=None,
        alias="from",
        description='Who begins: a function, a service, "load-balancer", "database", "internet", a network or an '
        "address. A function is invoked where its answer is judged.",
    )
    to: Text | None = Field(
        default=None,
        description='Who is meant: any that `from` may be, a host, a URL, or an AWS service such as "s3".',
    )
    port: Port | None = Field(default=None, description="The TCP port; without it where `to` listens.")
    host: Text = Field(default="", description="The host for which a load balancer is asked.")
    path: UrlPath | None = Field(
        default=None,
        description="The path for which a load balancer is asked. A function that is invoked gets it as `path`.",
    )
    reaches: Flag | None = Field(
        default=None,
        description="Whether it must come through; without it true. False makes a function that asks a control, "
        "which must get no answer.",
    )
    request: Asked | None = Field(
        default=None,
        description="Asked over HTTP from here: a method, and a path of the HTTP API (or, without one, of the "
        "load balancer), or a URL that may hold references.",
    )
    headers: dict[HeaderName, Text] = Field(
        default={}, description="Headers of the request. A body that is JSON has its content type by itself."
    )
    body: Text | None = Field(
        default=None,
        description="What is sent with it, or the JSON with which the function is invoked. `${kept.NAME}` "
        "stands for what an earlier request kept.",
    )
    status: Number | None = Field(
        default=None, ge=100, le=599, description="The HTTP status of the answer; without it any below 400."
    )
    contains: Text | None = Field(default=None, description="Text that the answer must contain.")
    keep: dict[KeptName, Text] = Field(
        default={},
        description="Parts of a JSON answer for the requests after it, such as `{ note = "
        '"data.createNote.id" }`; those of a list by their numbers.',
    )

    @property
    def of_answer(self) -> bool:
        """Whether it is about what is answered, and not only about who reaches whom."""
        return self.request is not None or any(one is not None for one in (self.status, self.contains, self.body))

    @property
    def title(self) -> str:
        """What it is called in the report."""
        if self.name:
            return self.name
        if self.request:
            return self.request
        at = f" at port {self.port}" if self.port else ""
        word = "does not reach" if self.reaches is False else "is answered by" if self.of_answer else "reaches"
        return f"{self.source} {word} {self.to or 'anybody'}{at}{self.path or ''}"
