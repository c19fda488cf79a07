"""Loopback ports: choosing free ones, checking given ones, starting a program on them."""

import random
import socket
from collections.abc import Callable, Collection, Sequence

from embedded_kafka.errors import PortInUseError, StartError

LOOPBACK = "127.0.0.1"
# Below the ephemeral ranges of Linux (from 32768) and macOS (from 49152): no outgoing connection of any program can
# take the port of a node while that node is stopped.
CHOSEN_FROM = range(20_000, 32_768)
ATTEMPTS = 5


def is_free(port: int) -> bool:
    """Check whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Java's server sockets: connections of a previous server in TIME_WAIT do not hinder.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_free(count: int, *, excluding: Collection[int] = ()) -> list[int]:
    """Different ports that are free now; somebody else may take one before it is used."""
    chosen: list[int] = []
    for port in random.sample(CHOSEN_FROM, len(CHOSEN_FROM)):
        if len(chosen) == count:
            break
        if port not in excluding and is_free(port):
            chosen.append(port)
    return chosen


def start_on_ports(fixed: Sequence[int], random_count: int, start: Callable[[Sequence[int]], None]) -> None:
    """Call `start` with the fixed ports and then `random_count` free ones.

    Only listening proves that a port was free: when `start` raises StartError and a port is taken now, another program
    came first. Then other random ports are tried; a fixed one that is taken raises PortInUseError, before or after.
    """
    for attempt in range(1, ATTEMPTS + 1):
        for port in fixed:
            if not is_free(port):
                raise PortInUseError(port)
        ports = [*fixed, *choose_free(random_count, excluding=fixed)]
        try:
            start(ports)
        except StartError:
            taken = [port for port in ports if not is_free(port)]
            if not taken:
                raise
            if attempt == ATTEMPTS:
                raise PortInUseError(taken[0]) from None
        else:
            return
