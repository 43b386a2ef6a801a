"""Which database there is, and the connection to it that is kept from one invocation to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .model import Refused, Store, Unavailable
from .place import TIMEOUT, Credentials, Place

_OWN_CA = "rds-ca.pem"


class Database:
    """Makes the store when it is first asked for, and keeps it."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._store: Store | None = None

    def store(self) -> Store:
        """Raises Unavailable, and LookupError or ValueError for settings that are missing or make no sense."""
        if self._store is None:
            place = _place(self._environment, self._folder)
            self._store = _opened(place, _credentials(place))
        return self._store

    def failed(self, error: Unavailable) -> None:
        """After refused credentials the secret is read anew: it may have been rotated."""
        if isinstance(error, Refused):
            self._store = None


def _place(environment: Mapping[str, str], folder: Path) -> Place:
    names = ("ENGINE", "HOST", "PORT", "NAME", "SECRET_ARN")
    if missing := [f"DATABASE_{name}" for name in names if not environment.get(f"DATABASE_{name}")]:
        raise LookupError(f"not set: {', '.join(missing)}")
    engine, host, port, name, secret = (environment[f"DATABASE_{one}"] for one in names)
    given, own = environment.get("DATABASE_CA_FILE"), folder / _OWN_CA
    authorities = Path(given) if given else own if own.is_file() else None
    timeout = float(environment.get("DATABASE_TIMEOUT") or TIMEOUT)
    return Place(engine, host, int(port), name, secret, timeout, authorities)


def _credentials(place: Place) -> Credentials:
    """From Secrets Manager; what it holds is not logged, nor is any part of it in an error."""
    half, secret = place.timeout / 2, place.secret
    config = Config(connect_timeout=half, read_timeout=half, retries={"total_max_attempts": 1})
    client: Any = botocore.session.get_session().create_client("secretsmanager", config=config)
    try:
        text = client.get_secret_value(SecretId=secret)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(f"the secret {secret} cannot be read: {error}") from error
    try:
        found = json.loads(text)
        return Credentials(str(found["username"]), str(found["password"]))
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"the secret {secret} is not JSON with username and password") from None


def _opened(place: Place, credentials: Credentials) -> Store:
    """With the driver of its engine; the other one is not even loaded."""
    if place.engine == "mongodb":
        from .store_mongodb import MongoStore

        return MongoStore(place, credentials)
    if place.engine == "postgres":
        from .store_postgres import PostgresStore

        return PostgresStore(place, credentials)
    raise ValueError(f"DATABASE_ENGINE is {place.engine!r}, neither mongodb nor postgres")
