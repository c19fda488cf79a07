"""Certificates that clients connect with (mutual TLS): the name that one gives, and until when. Pure.

The handshake has checked that one is of a client CA, and valid then.
"""

import ssl
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from heartzone_producer.authentication.errors import UnauthenticatedError
from heartzone_producer.authentication.principals import Principal

METHOD = "certificate"
MAX_NAME_LENGTH = 255


class ClientCertificate(Struct, frozen=True):
    """What is needed of a certificate, for each request of a connection."""

    name: str | None
    expires: float
    """In seconds since 1970. A connection may last longer than the certificate that it was made with."""

    def principal(self, now: float) -> Principal:
        """Who it names.

        Raises:
            UnauthenticatedError: nobody, or not any more.
        """
        if self.name is None:
            raise UnauthenticatedError("the client's certificate has neither one common name nor another name")
        if now >= self.expires:
            raise UnauthenticatedError("the client's certificate has expired since it connected")
        return Principal(METHOD, self.name)


def client_certificate(peer: Mapping[str, Any] | None) -> ClientCertificate | None:
    """A certificate as `ssl.SSLSocket.getpeercert` shows it; None when there is none, or it was not checked."""
    if not peer:
        return None
    return ClientCertificate(_name(peer), ssl.cert_time_to_seconds(peer["notAfter"]))


def _name(peer: Mapping[str, Any]) -> str | None:
    """The subject's common name, as Kubernetes reads it; without one, the first URI (SPIFFE) or DNS name."""
    common_names = [value for part in peer.get("subject", ()) for kind, value in part if kind == "commonName"]
    if len(common_names) > 1:
        return None
    others = peer.get("subjectAltName", ())
    names = common_names + [value for wanted in ("URI", "DNS") for kind, value in others if kind == wanted]
    return names[0] if names and 0 < len(names[0]) <= MAX_NAME_LENGTH else None
