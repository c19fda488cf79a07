"""The port of each part of `up`, and the errors of ports that cannot be assigned."""

import socket
from collections.abc import Collection, Sequence
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartzone_cli.errors import CannotRunError
from heartzone_cli.up.ports import Ports, assign, check_free, choose_free


def first_free(count: int, excluding: Collection[int]) -> Sequence[int]:
    """Stands for the machine: every port is free, and the lowest come first."""
    return list(islice((port for port in range(1, 65536) if port not in excluding), count))


def test_the_default_ports_are_those_of_the_documentation() -> None:
    ports = assign(api=8080, kafka=9092, registry=8081, metrics=9100, workers=2, choose=first_free)

    assert ports == Ports(8080, 9092, 8081, producer_metrics=9100, worker_metrics=(9101, 9102))


port = st.integers(0, 65535)


@given(api=port, kafka=port, registry=port, metrics=port, workers=st.integers(1, 32))
def test_each_part_gets_a_port_of_its_own_and_the_requested_one_or_it_is_an_error(
    api: int, kafka: int, registry: int, metrics: int, workers: int
) -> None:
    row = [*range(metrics, metrics + 1 + workers)] if metrics else []
    fixed = [each for each in (api, kafka, registry, *row) if each]
    possible = len(set(fixed)) == len(fixed) and max(fixed, default=0) <= 65535
    try:
        ports = assign(api=api, kafka=kafka, registry=registry, metrics=metrics, workers=workers, choose=first_free)
    except CannotRunError:
        assert not possible
        return

    assert possible
    given_ports = [number for _, number in ports.by_flag()]
    assert len(set(given_ports)) == len(given_ports) == 4 + workers
    requested = dict(zip((ports.api, ports.kafka, ports.registry), (api, kafka, registry), strict=True))
    assert all(wanted in {0, got} for got, wanted in requested.items())
    assert not metrics or [ports.producer_metrics, *ports.worker_metrics] == row


@pytest.mark.parametrize(
    ("numbers", "parts"),
    [
        pytest.param((8080, 8080, 8081, 9100), ["Port 8080", "--api-port", "--kafka-port"], id="two flags"),
        pytest.param((9101, 9092, 8081, 9100), ["Port 9101", "--api-port", "--metrics-port"], id="inside the row"),
        pytest.param((8080, 9092, 8081, 65534), ["--metrics-port 65534", "at most 65533"], id="beyond the last port"),
    ],
)
def test_a_port_that_cannot_be_assigned_is_reported_with_its_flag(
    numbers: tuple[int, int, int, int], parts: list[str]
) -> None:
    api, kafka, registry, metrics = numbers

    with pytest.raises(CannotRunError) as failure:
        assign(api=api, kafka=kafka, registry=registry, metrics=metrics, workers=2, choose=first_free)

    assert all(part in str(failure.value) for part in parts)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_is_an_error_wherever_its_owner_listens(host: str) -> None:
    with socket.create_server((host, 0)) as owner:
        taken = owner.getsockname()[1]
        others = choose_free(4, [taken])
        assert taken not in others

        with pytest.raises(CannotRunError, match=f"^Port {taken} is taken by another program; .* --registry-port"):
            check_free(Ports(others[0], others[1], taken, others[2], (others[3],)))
