"""A certificate authority of our own and what it signs, as PEM files that Kafka and librdkafka both read."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from embedded_kafka.processes.ports import LOOPBACK

VALID_FOR = timedelta(days=825)
RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files: the authority's certificate, and private key with certificate of the servers and of a client."""

    ca: Path
    server: Path
    client: Path


def ensure_certificates(directory: Path) -> Certificates:
    """Make the files, or keep those of an earlier start, which clients may have been configured with."""
    files = Certificates(directory / "ca.pem", directory / "server.pem", directory / "client.pem")
    if not _is_valid(files):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(files)
    return files


def _is_valid(files: Certificates) -> bool:
    if not (files.ca.exists() and files.server.exists() and files.client.exists()):
        return False
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    return datetime.now(UTC) + RENEW_BEFORE < ca.not_valid_after_utc


def _make(files: Certificates) -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("embedded-kafka CA")
    ca = (
        _builder(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
    _issue(
        files.server,
        "localhost",
        usage=ExtendedKeyUsageOID.SERVER_AUTH,
        names=names,
        ca=ca,
        ca_key=ca_key,
    )
    _issue(
        files.client,
        "client",
        usage=ExtendedKeyUsageOID.CLIENT_AUTH,
        names=[x509.DNSName("client")],
        ca=ca,
        ca_key=ca_key,
    )
    files.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))


def _issue(
    path: Path,
    common_name: str,
    *,
    usage: x509.ObjectIdentifier,
    names: Sequence[x509.GeneralName],
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(common_name), ca.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    path.touch(mode=0o600)
    path.write_bytes(
        # PKCS #8 without a password: the only private-key form that Kafka's PEM store takes (KIP-651).
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(minutes=5),
        not_valid_after=now + VALID_FOR,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
