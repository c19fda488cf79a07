"""A request that is sent once is one record at most, and exactly one after a 202, whatever brokers do meanwhile."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone.messages import Biometrics
from heartzone.wire import unframe
from heartzone_testing.brokers.frame_proxy import METADATA, PRODUCE, FrameProxy
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.ports import free_port
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.traffic.audit import copies
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.readings import Reading
from heartzone_testing.traffic.single_sends import SingleSends
from heartzone_testing.waiting import eventually

ELECTION_SECONDS = 6.0
"""From the end of a leader until its successor serves: the session timeout of embedded brokers."""


@pytest.fixture
def proxied(
    embedded_kafka_factory: Callable[..., EmbeddedKafka], embedded_registry: EmbeddedRegistry, tmp_path: Path
) -> Iterator[tuple[FrameProxy, Pipeline]]:
    """A pipeline whose broker is reached through a proxy alone."""
    port = free_port()
    with FrameProxy(port) as proxy:
        advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
        embedded_kafka_factory(port=port, broker_properties=advertised)
        kafka = Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})
        yield proxy, Pipeline(kafka, embedded_registry.client_config(), tmp_path, 3)


def _stored(pipeline: Pipeline) -> Counter[Reading]:
    decoder = msgspec.json.Decoder(Biometrics)
    return copies({0: [decoder.decode(unframe(it.value())[1]) for it in pipeline.kafka.read(pipeline.biometrics)]})


def _stored_twice(stored: Mapping[Reading, int]) -> list[Reading]:
    return [reading for reading, count in stored.items() if count > 1]


def test_records_that_were_stored_before_others_were_given_up_are_not_stored_again(
    proxied: tuple[FrameProxy, Pipeline],
) -> None:
    """The broker stores and cannot say so; the oldest requests end with 503, later ones are sent again."""
    proxy, pipeline = proxied
    with pipeline.producer() as api:
        api.wait_until_ready()
        with SingleSends(f"http://127.0.0.1:{api.http_port}", rate=20) as sends:
            eventually(lambda: len(sends.accepted) >= 20, "the first readings to be accepted")
            proxy.withheld = frozenset({PRODUCE, METADATA})
            eventually(lambda: sends.statuses[503], "the first requests to be given up")
            proxy.withheld = frozenset()
            proxy.disconnect()
            before = len(sends.accepted)
            eventually(lambda: len(sends.accepted) >= before + 20, "readings to be accepted again")
    stored = _stored(pipeline)

    assert _stored_twice(stored) == []
    assert set(sends.accepted) <= stored.keys()
    assert set(sends.statuses) <= {202, 503}


def test_requests_wait_for_as_long_as_an_election_takes(proxied: tuple[FrameProxy, Pipeline]) -> None:
    """The leader stores and is gone before it can say so; the other brokers respond all the while."""
    proxy, pipeline = proxied
    with pipeline.producer() as api:
        api.wait_until_ready()
        with SingleSends(f"http://127.0.0.1:{api.http_port}", rate=20) as sends:
            eventually(lambda: len(sends.accepted) >= 20, "the first readings to be accepted")
            proxy.withheld = frozenset({PRODUCE})
            threading.Event().wait(ELECTION_SECONDS)
            proxy.withheld = frozenset()
            proxy.disconnect()
            before = len(sends.accepted)
            eventually(lambda: len(sends.accepted) >= before + 20, "readings to be accepted again")
    stored = _stored(pipeline)

    assert sends.statuses.keys() == {202}
    assert _stored_twice(stored) == []
    assert stored.keys() == set(sends.sent)


def test_each_reading_has_its_zone_once_though_leaders_are_killed(
    embedded_kafka_cluster: EmbeddedKafka, embedded_registry: EmbeddedRegistry, tmp_path: Path
) -> None:
    kafka = embedded_kafka_cluster
    pipeline = Pipeline(Testbed(kafka.client_config()), embedded_registry.client_config(), tmp_path, 6)
    auditor = Auditor(kafka.client_config(), group=pipeline.group, readings=pipeline.biometrics, zones=pipeline.zones)
    with ExitStack() as services:
        api = services.enter_context(pipeline.producer())
        api.wait_until_ready()
        with SingleSends(f"http://127.0.0.1:{api.http_port}", rate=100) as sends:
            for node in kafka.nodes[:2]:
                before = len(sends.accepted)
                eventually(lambda: len(sends.accepted) >= before + 50, "readings to be accepted", 120)  # noqa: B023
                node.kill()
                sent = len(sends.sent)
                eventually(
                    lambda: set(sends.accepted) & set(sends.sent[sent:]),  # noqa: B023
                    "readings to be accepted after the kill",
                    120,
                )
                node.start()

        # Only now: what this is about is the API, and a worker whose coordinators come and go waits for the transaction
        # timeout each time (librdkafka#5456).
        services.enter_context(pipeline.worker())
        assert auditor.single_send_discrepancies(sends) == []
    assert set(sends.statuses) <= {202, 503}
