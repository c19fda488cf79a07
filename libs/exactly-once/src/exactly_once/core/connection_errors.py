"""The last error of a connection, as a few words beside the reason for which a worker waits."""

import re

from exactly_once.core.reasons import WaitReason

_WAITS_FOR_A_CONNECTION = (WaitReason.COORDINATOR, WaitReason.METADATA, WaitReason.BROKERS_UNREACHABLE)
_STATE = re.compile(r" \(after \d+ms in state (\w+)(?:, .*)?\)$")


def connection_error(text: str) -> str:
    """What librdkafka says of a connection, without times and counts, and with the commonest cause of a TLS handshake
    that the broker ends.
    """
    state = _STATE.search(text)
    words = _STATE.sub("", text)
    if state is not None and state[1] == "SSL_HANDSHAKE" and "Disconnected" in words and "PLAINTEXT" not in words:
        words += ": connecting to a PLAINTEXT broker listener?"
    return words


def with_connection_error(reason: str, error: str | None) -> str:
    """The reason of a wait, with the error of the connection where it waits for one."""
    return f"{reason}: {error}" if error is not None and reason in _WAITS_FOR_A_CONNECTION else reason
