"""Answers `POST /graphql` of an HTTP API (payload format 2.0): notes in MongoDB or PostgreSQL.

Set by the stack:
  DATABASE_ENGINE      mongodb or postgres
  DATABASE_HOST        name or address
  DATABASE_PORT        27017, 5432
  DATABASE_NAME        the database in which the notes are
  DATABASE_SECRET_ARN  a secret of Secrets Manager: {"username": ..., "password": ...}

Set by hand, if at all:
  DATABASE_TIMEOUT     seconds to wait for the database, and for the secret; without it 4
  DATABASE_CA_FILE     PEM file with the authorities that PostgreSQL's certificate is checked against; without it
                       `rds-ca.pem` beside this file is taken. AWS publishes its authorities at
                       https://truststore.pki.rds.amazonaws.com. Where there is neither, connections are encrypted
                       and nobody checks who is at the other end; the log says so.

The secret is read once in each execution environment, and again after the database has refused it. Connections are
kept for the next invocation. Where the database does not answer in time, the answer is 503.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambda_payload.graphql.notes import database, web
else:
    from notes import database, web

_notes = database.Database(os.environ, Path(__file__).parent)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The answer to one request; see `notes.web` for its statuses."""
    return web.answer(event, _notes)
