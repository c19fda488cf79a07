"""Loopback ports: free ones to choose, and whether a given one can be had."""

import random
import socket

from embedded_kafka.errors import PortTaken

LOOPBACK = "127.0.0.1"
# Below the ephemeral ranges of Linux (from 32768) and macOS (from 49152): no outgoing connection of any program can
# take the port of a node while that node is stopped.
CHOSEN_FROM = range(20_000, 32_768)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Java's server sockets: connections of a previous server in TIME_WAIT do not hinder.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def require_free(port: int) -> None:
    """Raise PortTaken unless a server could listen on the port now."""
    if not is_free(port):
        raise PortTaken(port)


def choose_free(count: int) -> list[int]:
    """Different ports that are free now; somebody else may take one before it is used, so the user must retry."""
    chosen: list[int] = []
    for port in random.sample(CHOSEN_FROM, len(CHOSEN_FROM)):
        if len(chosen) == count:
            break
        if is_free(port):
            chosen.append(port)
    return chosen
