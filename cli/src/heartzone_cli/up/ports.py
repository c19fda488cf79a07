"""The ports of all parts, checked before anything starts."""

import errno
import os
import random
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from heartzone_cli.errors import CannotRunError

LOOPBACK = "127.0.0.1"
ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - the services listen there, as in a container

API_FLAG = "--api-port"
KAFKA_FLAG = "--kafka-port"
REGISTRY_FLAG = "--registry-port"
METRICS_FLAG = "--metrics-port"

# Below the range of embedded Kafka's internal ports, and below every system's ephemeral ports.
_FREE_PORT_RANGE = range(10_000, 20_000)


@dataclass(frozen=True)
class Ports:
    """`producer_metrics` and `worker_metrics` are management ports, the latter in the order of the workers."""

    api: int
    kafka: int
    registry: int
    producer_metrics: int
    worker_metrics: tuple[int, ...]

    def by_flag(self) -> Iterator[tuple[str, int]]:
        """Yield each port with the flag that sets it."""
        yield API_FLAG, self.api
        yield KAFKA_FLAG, self.kafka
        yield REGISTRY_FLAG, self.registry
        for port in (self.producer_metrics, *self.worker_metrics):
            yield METRICS_FLAG, port

    def flag_of(self, port: int) -> str | None:
        """Return the flag that sets a port; None for a port that no flag was given for."""
        return next((flag for flag, given in self.by_flag() if given == port), None)


def assign(
    *,
    api: int,
    kafka: int,
    registry: int,
    metrics: int,
    workers: int,
    choose: Callable[[int, Collection[int]], Sequence[int]],
) -> Ports:
    """Assign the ports: 0 is a free one of `choose(count, excluding)`, `metrics` the first of 1 + workers in a row.

    Raises CannotRunError when two parts would get the same port, or when the row exceeds 65535.
    """
    row = range(metrics, metrics + 1 + workers) if metrics else [0] * (1 + workers)
    if row[-1] > 65535:
        raise CannotRunError(
            f"{METRICS_FLAG} {metrics} leaves no room for {1 + workers} ports in a row; at most "
            f"{65535 - workers} would be right."
        )
    requested = [api, kafka, registry, *row]
    fixed = [port for port in requested if port]
    free = iter(choose(len(requested) - len(fixed), fixed))
    given = [port or next(free) for port in requested]
    ports = Ports(given[0], given[1], given[2], given[3], tuple(given[4:]))
    seen: dict[int, str] = {}
    for flag, port in ports.by_flag():
        if port in seen:
            raise CannotRunError(f"Port {port} is given to both {seen[port]} and {flag}; each needs its own.")
        seen[port] = flag
    return ports


def choose_free(count: int, excluding: Collection[int]) -> list[int]:
    """Choose different ports on which no program listens now."""
    chosen: list[int] = []
    for port in random.sample(_FREE_PORT_RANGE, len(_FREE_PORT_RANGE)):
        if len(chosen) == count:
            break
        if port not in excluding and obstacle(port) is None:
            chosen.append(port)
    return chosen


def check_free(ports: Ports) -> None:
    """Raise CannotRunError, with port and flag, when a part could not listen on its port."""
    for flag, port in ports.by_flag():
        reason = obstacle(port)
        if reason is not None:
            raise CannotRunError(f"Port {port} {reason}; choose another with {flag}.")


def obstacle(port: int) -> str | None:
    """Return the reason why no part could listen on a port now; None when one could."""
    # Both: on BSD and macOS a program may have bound one of the two only.
    for host in (LOOPBACK, ALL_INTERFACES):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As the servers do themselves: connections of the last run may be in TIME_WAIT.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return "is taken by another program"
                return f"cannot be listened on ({os.strerror(error.errno or 0)})"
    return None
