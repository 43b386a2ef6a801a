"""How people break a deployed stack by hand: by system, what is tried on one stack after the other."""

from __future__ import annotations

from tests.life.breaches_functions import ALONE, DATA
from tests.life.breaches_internal import INTERNAL, INTERNAL_FURTHER
from tests.life.breaches_services import PUBLIC, TWO
from tests.life.systems import System

SHORT = ("functions.wrong-group.timeout=1", "functions.outside-vpc.timeout=1", "functions.caller.timeout=1")
PRIVATE_LAMBDA = System("private-lambda", SHORT)
INTERNAL_API, DATABASE = System("internal-api"), System("lambda-database", ("functions.graphql.timeout=4",))
PUBLIC_API, MULTI_SERVICE = System("public-api"), System("multi-service")

BREACHES = (
    (PRIVATE_LAMBDA, ALONE[:2]),
    (PRIVATE_LAMBDA, ALONE[2:]),
    (INTERNAL_API, INTERNAL),
    (INTERNAL_API, INTERNAL_FURTHER),
    (DATABASE, DATA[:2]),
    (DATABASE, DATA[2:]),
    (PUBLIC_API, PUBLIC),
    (MULTI_SERVICE, TWO),
)
