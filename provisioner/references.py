"""References in values, such as `http://${load_balancer.dns_name}/`: what they may name, and what they stand for.

What they stand for is known only once the resources exist, so they become pieces: a step and one of its outputs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from provisioner.model import Function, Stack
from steps.base import Piece as Piece

URL_VARIABLE = "FARGATE_ALB_URL"
"""Set for functions that call services: the load balancer's DNS name."""
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_LONGEST = "x" * 100
"""As long as any load balancer's URL: `http://internal-`, 43 characters, `.REGION.elb.amazonaws.com:PORT`."""
_USUAL = {"http": 80, "https": 443}

Pieces = tuple[Piece, ...]


def for_environments(stack: Stack) -> dict[str, Pieces]:
    """What environments of tasks and functions may refer to."""
    return {**_of_load_balancer(stack), **_of_services(stack), **_of_database(stack)}


def for_outputs(stack: Stack) -> dict[str, Pieces]:
    """What `[outputs]` may refer to: all of it."""
    found = {**for_environments(stack), **_of_functions(stack)}
    if stack.api:
        found["api.url"] = (("http-api", "url"),)
    if stack.dns:
        found["dns.name"] = (stack.dns.name,)
    return found | {"vpc.id": (("vpc", "id"),)}


def _of_load_balancer(stack: Stack) -> dict[str, Pieces]:
    if stack.load_balancer is None:
        return {}
    return {"load_balancer.dns_name": (("load-balancer", "dns_name"),), "load_balancer.url": url(stack)}


def _of_services(stack: Stack) -> dict[str, Pieces]:
    """A service's URL is the load balancer's: it is the load balancer that answers for it."""
    found = {f"services.{name}.url": url(stack) for name in stack.balanced}
    if stack.service_connect:
        for name, service in stack.services.items():
            found[f"services.{name}.connect_url"] = (f"http://{name}:{service.port}",)
    return found


def url(stack: Stack) -> Pieces:
    """Where the load balancer answers: under the stack's own name where it has one."""
    balancer = stack.load_balancer
    assert balancer is not None
    scheme = "https" if balancer.tls else "http"
    host: Piece = stack.dns.name if stack.dns else ("load-balancer", "dns_name")
    port = "" if balancer.listens_on == _USUAL[scheme] else f":{balancer.listens_on}"
    return (f"{scheme}://", host, port) if port else (f"{scheme}://", host)


def _of_database(stack: Stack) -> dict[str, Pieces]:
    return {f"database.{name}": pieces for name, pieces in _database(stack).items() if name != "engine"}


def _database(stack: Stack) -> dict[str, Pieces]:
    database = stack.database
    if database is None:
        return {}
    own = database.engine == "mongodb"
    return {
        "engine": (database.engine,),
        "host": (database_host(stack),) if own else (("database", "host"),),
        "port": (str(database.port),),
        "name": (database.name,),
        "secret_arn": (("secret-database", "arn") if own else ("database", "secret_arn"),),
    }


def database_zone(stack: Stack) -> str:
    """The private zone in which MongoDB has its name."""
    given = stack.database.private_zone if stack.database else None
    return given or f"{stack.name}.internal"


def database_host(stack: Stack) -> str:
    return f"db.{database_zone(stack)}"


def database_variables(stack: Stack) -> dict[str, Pieces]:
    """What those that call the database are told of it: where it is, never its password."""
    return {f"DATABASE_{name.upper()}": pieces for name, pieces in _database(stack).items()}


def _of_functions(stack: Stack) -> dict[str, Pieces]:
    found: dict[str, Pieces] = {}
    for name, function in stack.functions.items():
        found |= {f"functions.{name}.{part}": ((f"function-{name}", part),) for part in ("arn", "name")}
        if function.url:
            found[f"functions.{name}.url"] = ((f"function-url-{name}", "url"),)
    return found


def named(text: str) -> Iterator[str]:
    """The references in a value, without `${` and `}`."""
    return (found.group(1) for found in _REFERENCE.finditer(text))


def pieces(text: str, known: Mapping[str, Pieces]) -> Pieces:
    """`http://${load_balancer.dns_name}/x` as its literal and its referring pieces."""
    found: list[Piece] = []
    for place, part in enumerate(_REFERENCE.split(text)):
        found += known[part] if place % 2 else [part] if part else []
    return tuple(found)


def sources(values: Iterable[Pieces]) -> list[str]:
    """The steps that these texts take something from."""
    return sorted({piece[0] for value in values for piece in value if isinstance(piece, tuple)})


def environment_size(function: Function) -> int:
    """Bytes of a function's variables once references are filled in, at the most.

    Lambda measures the variables written as JSON; its error message quotes what it measured.
    """
    variables = {URL_VARIABLE: _LONGEST} if set(function.calls) - {"database"} else {}
    if "database" in function.calls:
        variables |= {f"DATABASE_{name}": _LONGEST for name in ("ENGINE", "HOST", "PORT", "NAME", "SECRET_ARN")}
    variables |= {name: _REFERENCE.sub(_LONGEST, text) for name, text in function.environment.items()}
    variables |= dict(function.secrets)
    return len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())
