"""TLS of the API's port, whose certificate may be replaced while it listens."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


def server_context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """A context of a server that shows a certificate, and asks clients for one where there is a CA for theirs.

    A client without one is connected all the same: what describes the API is open to everybody.

    Raises:
        OSError: a file cannot be read, or is none of these (ssl.SSLError).
        ValueError: the private key has a password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key, password=_no_password)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        # A resumed session is not checked again, however old its certificate or CA.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
    return context


def following_context(current: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """A context that becomes the current one in each handshake; the connections that there are keep theirs."""
    context = current()

    def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        # Called in every handshake, also where the client names no server.
        connection.context = current()

    context.sni_callback = choose
    return context


def _no_password() -> NoReturn:
    raise ValueError("the private key has a password, which it must not")
