"""SCRAM-SHA-256, the server's side. Source: RFC 5802, RFC 7677; without channel binding."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stringprep
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

MECHANISM = "SCRAM-SHA-256"
_NO_BINDING = ("n,", "y,")
_NONCE = 24
_SALT = 16


class Denied(Exception):
    """Whoever it is does not know the password, or does not speak SCRAM."""


@dataclass(frozen=True)
class Verifier:
    """What a server keeps of a password."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


Find = Callable[[str], Verifier | None]
"""The verifier of a user, None for one that nobody knows."""


def verifier(password: str, iterations: int) -> Verifier:
    salt = os.urandom(_SALT)
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(password).encode(), salt, iterations)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    return Verifier(salt, iterations, stored, _mac(salted, b"Server Key"))


class Exchange:
    """One login: `first`, then `final`. `user` is known after the first."""

    def __init__(self, find: Find) -> None:
        self.user = ""
        self._find = find
        self._verifier: Verifier | None = None
        self._begun = ""
        self._binding = ""
        self._nonce = ""

    def first(self, message: bytes) -> bytes:
        """The answer to the client's first message. Raises Denied for what is none."""
        header, bare = _split(message)
        named = _attributes(bare)
        self.user = named["n"].replace("=2C", ",").replace("=3D", "=")
        self._verifier = self._find(self.user)
        known = self._verifier or verifier(secrets.token_hex(), 4096)  # nobody learns which users there are
        self._nonce = named["r"] + secrets.token_urlsafe(_NONCE)
        self._binding = base64.b64encode(header.encode()).decode()
        answer = f"r={self._nonce},s={base64.b64encode(known.salt).decode()},i={known.iterations}"
        self._begun = f"{bare},{answer}"
        return answer.encode()

    def final(self, message: bytes) -> bytes:
        """The answer to its final one. Raises Denied for a wrong password or an unknown user."""
        text = _text(message)
        named = _attributes(text)
        known, proof = self._verifier, base64.b64decode(named.get("p", ""))
        if known is None or named.get("r") != self._nonce or named.get("c") != self._binding:
            raise Denied
        signed = f"{self._begun},{text.rpartition(',p=')[0]}".encode()
        signature = _mac(known.stored_key, signed)
        key = bytes(one ^ other for one, other in zip(proof, signature, strict=False))
        if not hmac.compare_digest(hashlib.sha256(key).digest(), known.stored_key):
            raise Denied
        return b"v=" + base64.b64encode(_mac(known.server_key, signed))


def _prepared(password: str) -> str:
    """As clients prepare it. Source: RFC 4013, SASLprep, without its prohibitions, which clients heed."""
    kept = (" " if stringprep.in_table_c12(one) else one for one in password if not stringprep.in_table_b1(one))
    return unicodedata.normalize("NFKC", "".join(kept))


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _text(message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError as error:
        raise Denied from error


def _split(message: bytes) -> tuple[str, str]:
    """Header (`n,,`) and the rest, which has a user's name and a nonce."""
    binding, _, rest = _text(message).partition(",")
    identity, comma, bare = rest.partition(",")
    if f"{binding}," not in _NO_BINDING or not comma or not {"n", "r"} <= _attributes(bare).keys():
        raise Denied
    return f"{binding},{identity},", bare


def _attributes(text: str) -> dict[str, str]:
    parts = (part.partition("=") for part in text.split(","))
    return {name: value for name, _, value in parts}
