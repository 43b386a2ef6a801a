"""TLS inside the sandbox: a certificate authority of its own, which signs whatever is needed.

Whoever is to trust it is given the file that `trusted` names.
"""

from __future__ import annotations

import datetime
import shutil
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioner.sandbox.world import World

_NAME = "Sandbox Certificate Authority"
_VALID = datetime.timedelta(days=365)


@dataclass
class _Authority:
    """The authority of one world, and what it has signed, by the names in the certificate."""

    folder: Path = Path()
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    contexts: dict[tuple[str, ...], ssl.SSLContext] = field(default_factory=dict)
    own: x509.Certificate | None = None

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"


def trusted(world: World) -> Path:
    """The file with the certificate that everybody inside has to trust."""
    with world.lock:
        return _of(world).file


def context(world: World, names: Sequence[str]) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate for these names."""
    with world.lock:
        authority, key = _of(world), tuple(names)
        if key not in authority.contexts:
            authority.contexts[key] = _new_context(authority, key)
        return authority.contexts[key]


def for_any_name(world: World) -> ssl.SSLContext:
    """A server's side of TLS that has a certificate for whatever name a client asks for."""
    made = context(world, ["any.invalid"])

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name:
            connection.context = context(world, [name])

    made.sni_callback = choose
    return made


def _of(world: World) -> _Authority:
    authority = world.ledger(_Authority, "", "")
    if authority.own is None:
        authority.folder = Path(tempfile.mkdtemp(prefix="tls-", dir=world.home))
        authority.own = _signed(authority, [_NAME], authority=True)
        authority.file.write_bytes(_pem(authority.own))
        (authority.folder / "key.pem").write_bytes(
            authority.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        world.at_end(lambda: shutil.rmtree(authority.folder, ignore_errors=True))
    return authority


def _new_context(authority: _Authority, names: tuple[str, ...]) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = authority.folder / f"{len(authority.contexts)}.pem"
    file.write_bytes(_pem(_signed(authority, names, authority=False)))
    made.load_cert_chain(file, authority.folder / "key.pem")
    return made


def _signed(of: _Authority, names: Sequence[str], *, authority: bool) -> x509.Certificate:
    """A certificate for the authority's own key, which all its servers share."""
    now = datetime.datetime.now(datetime.UTC)
    public = of.key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(names[0]))
        .issuer_name(_named(_NAME))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    if not authority:
        known = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(known, critical=False)
    return builder.sign(of.key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
