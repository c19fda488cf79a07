"""TLS and SASL listeners beside the plaintext one, and what a client needs to reach them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from embedded_kafka.certificates import Certificates

Protocol = Literal["PLAINTEXT", "SSL", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-512"]
MECHANISMS: tuple[Mechanism, ...] = ("PLAIN", "SCRAM-SHA-512")


@dataclass(frozen=True, kw_only=True)
class Security:
    """The listeners beside PLAINTEXT: SSL always, SASL_SSL when there are users.

    Certificates are signed by an authority made for the data directory. The plaintext listener stays, on loopback: the
    nodes talk to each other over it.
    """

    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Passwords by user name, for PLAIN and SCRAM-SHA-512."""
    client_certificates: bool = False
    """True: the SSL listener demands a certificate of ours from clients (mutual TLS); the principal is CN=client."""

    def __post_init__(self) -> None:
        for user in self.users:
            if not re.fullmatch(r"[A-Za-z0-9_.-]+", user):
                raise ValueError(f"user name {user!r}: use letters, digits, '_', '.' and '-' only")

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols of the additional listeners."""
        return ("SSL", "SASL_SSL") if self.users else ("SSL",)

    def broker_properties(self, certificates: Certificates) -> dict[str, str]:
        """The properties of the additional listeners."""
        properties = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificates.server),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(certificates.ca),
        }
        if self.client_certificates:
            properties["listener.name.ssl.ssl.client.auth"] = "required"
        if self.users:
            listener = "listener.name.sasl_ssl"
            users = " ".join(f"user_{user}={_quoted(password)}" for user, password in self.users.items())
            properties |= {
                f"{listener}.sasl.enabled.mechanisms": ",".join(MECHANISMS),
                f"{listener}.plain.sasl.jaas.config": (
                    f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};"
                ),
                f"{listener}.scram-sha-512.sasl.jaas.config": (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                ),
            }
        return properties

    def client_properties(
        self, protocol: Protocol, certificates: Certificates, *, username: str | None, mechanism: Mechanism
    ) -> dict[str, str]:
        """The librdkafka properties for a listener. Raises ValueError for a protocol or user that there is not."""
        if protocol not in self.protocols:
            raise ValueError(f"there is no {protocol} listener: this cluster has {', '.join(self.protocols)}")
        properties = {"security.protocol": protocol, "ssl.ca.location": str(certificates.ca)}
        if protocol == "SASL_SSL":
            if username is None:
                username = next(iter(self.users))
            if username not in self.users:
                raise ValueError(f"there is no user {username!r}: this cluster knows {', '.join(self.users)}")
            properties |= {
                "sasl.mechanism": mechanism,
                "sasl.username": username,
                "sasl.password": self.users[username],
            }
        elif self.client_certificates:
            properties |= _key_pair(certificates.client)
        return properties


def _key_pair(path: Path) -> dict[str, str]:
    return {"ssl.certificate.location": str(path), "ssl.key.location": str(path)}


def _quoted(value: str) -> str:
    """A JAAS string (java.io.StreamTokenizer)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
