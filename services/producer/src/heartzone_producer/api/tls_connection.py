"""A connection over TLS, whose requests know the certificate that the client connected with."""

import asyncio
from typing import TYPE_CHECKING

from heartzone_producer.api.authentication import CLIENT_CERTIFICATE
from heartzone_producer.api.connection import Connection
from heartzone_producer.authentication.certificates import ClientCertificate, client_certificate

if TYPE_CHECKING:
    from starlette.types import Scope


class TlsConnection(Connection):
    """The certificate is looked at once a connection."""

    certificate: ClientCertificate | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The handshake is over."""
        super().connection_made(transport)
        self.certificate = client_certificate(transport.get_extra_info("peercert"))

    def on_message_begin(self) -> None:
        """A request has begun."""
        super().on_message_begin()
        scope: Scope = self.scope  # type: ignore[assignment] # the server's own type has only what the standard has
        scope[CLIENT_CERTIFICATE] = self.certificate
