"""Broker or registry unavailable: a 503 in time, never a hang, and recovery without help."""

import asyncio
import ctypes
import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from prometheus_client import CollectorRegistry

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_producer.metrics import WriterMetrics
from heartzone_producer.writing.errors import RecordTooLargeError, UnavailableError
from heartzone_producer.writing.record_writer import RecordWriter
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.ports import free_port
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.services.web_api import COURSE_REQUEST, web_api
from heartzone_testing.waiting import eventually

# Seconds. The API's contract: where no broker responds, every request has a response within 5 s. This bound is its
# proof, not a measurement.
DEADLINE = 5.0

KafkaFactory = Callable[..., EmbeddedKafka]
RegistryFactory = Callable[..., EmbeddedRegistry]


class Stack:
    """A broker of the test's own, which it may harm, and the pipeline's topics on it."""

    def __init__(self, kafka: EmbeddedKafka, registry: EmbeddedRegistry, folder: Path) -> None:
        self.kafka = kafka
        self.pipeline = Pipeline(Testbed(kafka.client_config()), registry.client_config(), folder, 1)

    @property
    def environment(self) -> Mapping[str, str]:
        return self.pipeline.environment


@pytest.fixture(scope="module")
def fragile_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """A broker that tests may freeze and kill; each leaves it running."""
    with EmbeddedKafka(log_dir=tmp_path_factory.mktemp("fragile-kafka")) as kafka:
        yield kafka


@pytest.fixture
def stack(fragile_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry, tmp_path: Path) -> Stack:
    return Stack(fragile_kafka, embedded_registry, tmp_path)


@pytest.fixture
def api(stack: Stack, tmp_path: Path) -> Iterator[ServiceProcess]:
    with web_api(tmp_path, stack.environment) as running:
        running.wait_until_ready()
        yield running


def _assert_unavailable(api: ServiceProcess) -> None:
    started = time.monotonic()
    response = api.post(COURSE_REQUEST)
    assert time.monotonic() - started < DEADLINE
    assert response.status == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) > 0


def test_a_frozen_broker(api: ServiceProcess, stack: Stack) -> None:
    assert api.post(COURSE_REQUEST).status == 202
    stack.kafka.nodes[0].pause()
    try:
        with ThreadPoolExecutor(8) as pool:
            for outcome in [pool.submit(_assert_unavailable, api) for _ in range(8)]:
                outcome.result()
        eventually(lambda: api.get("/readyz").status == 503, "readiness to be lost", 15)
        assert api.get("/livez").status == 200
        _assert_unavailable(api)
    finally:
        stack.kafka.nodes[0].resume()

    eventually(lambda: api.post(COURSE_REQUEST).status == 202, "the API to recover", 30)
    api.wait_until_ready()


def test_a_killed_broker(api: ServiceProcess, stack: Stack) -> None:
    stack.kafka.nodes[0].kill()
    _assert_unavailable(api)

    stack.kafka.nodes[0].start()

    eventually(lambda: api.post(COURSE_REQUEST).status == 202, "the API to recover", 30)
    assert len(api.events("check_failed")) <= 3, "one line for each change of the reason, not for each check"


def test_everything_unavailable_at_the_start(
    embedded_kafka_factory: KafkaFactory, embedded_registry_factory: RegistryFactory, tmp_path: Path
) -> None:
    broker_port, registry_port = free_port(), free_port()
    settings = {
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{broker_port}",
        "HEARTZONE_SCHEMA_REGISTRY_URL": f"http://127.0.0.1:{registry_port}/apis/ccompat/v7",
    }
    with web_api(tmp_path, settings) as api:
        assert api.get("/livez").status == 200
        assert api.get("/readyz").status == 503
        _assert_unavailable(api)
        eventually(lambda: "cannot be reached" in api.get("/readyz").json["reason"], "the reason in /readyz", 20)

        kafka = embedded_kafka_factory(port=broker_port)
        eventually(lambda: "does not exist" in api.get("/readyz").json["reason"], "the missing topic", 30)
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        topics = [NewTopic(name, 1, 1) for name in ("BiometricsImported", "RawBiometricsImported")]
        for future in admin.create_topics(topics).values():
            future.result()
        eventually(lambda: "schema registry" in api.get("/readyz").json["reason"], "the missing registry", 30)
        assert api.post(b"text", "/biometrics/raw", "text/plain").status == 202, "raw texts need no schema"
        _assert_unavailable(api)

        registry = embedded_registry_factory(port=registry_port)
        eventually(lambda: "BiometricsImported-value" in api.get("/readyz").json["reason"], "the subject", 30)
        _register_biometrics(registry)
        api.wait_until_ready()
        assert api.post(COURSE_REQUEST).status == 202

        registry.kill()
        assert api.post(COURSE_REQUEST).status == 202, "a schema that is known stays good"


def _register_biometrics(registry: EmbeddedRegistry) -> None:
    import json

    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

    from heartzone.messages import Biometrics, json_schema

    with SchemaRegistryClient(registry.client_config()) as client:
        client.register_schema("BiometricsImported-value", Schema(json.dumps(json_schema(Biometrics)), "JSON"))


def test_a_stop_while_records_wait(stack: Stack, tmp_path: Path) -> None:
    """A long linger holds records back; SIGTERM comes meanwhile; each request gets the response for its record."""
    with web_api(tmp_path, {**stack.environment, "HEARTZONE_KAFKA_LINGER_MS": "1500"}) as api:
        api.wait_until_ready()
        with ThreadPoolExecutor(4) as pool:
            responses = [pool.submit(api.post, COURSE_REQUEST) for _ in range(4)]
            _wait_for_records_in_flight(api, 4)
            api.process.request_stop()

            assert {response.result().status for response in responses} == {202}
        assert api.process.wait(10) == 0
    assert len(stack.pipeline.kafka.read(stack.pipeline.biometrics)) == 4


def test_a_stop_while_the_broker_is_unavailable(api: ServiceProcess, stack: Stack) -> None:
    stack.kafka.nodes[0].pause()
    try:
        with ThreadPoolExecutor(1) as pool:
            response = pool.submit(api.post, COURSE_REQUEST)
            _wait_for_records_in_flight(api, 1)
            api.process.request_stop()

            assert response.result().status == 503
        assert api.process.wait(10) == 0
    finally:
        stack.kafka.nodes[0].resume()
    assert "Traceback" not in api.log()
    # Its session may have ended meanwhile; the next test needs it in the cluster.
    eventually(lambda: _accepts_topics(stack.kafka), "the broker to be part of the cluster again")


def _accepts_topics(kafka: EmbeddedKafka) -> bool:
    try:
        Testbed(kafka.client_config()).create_topics("any")
    except KafkaException:
        return False
    return True


def _wait_for_records_in_flight(api: ServiceProcess, count: int) -> None:
    line = f"heartzone_produce_in_flight {count:.1f}"
    eventually(lambda: line in api.get("/metrics").text, f"{count} records in flight", 10)


def test_a_stop_closes_the_port(api: ServiceProcess) -> None:
    port = api.http_port
    api.process.request_stop()
    assert api.process.wait(10) == 0

    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port).connect()


def test_a_topic_that_accepts_only_small_records_rejects_only_large_ones(
    embedded_kafka: EmbeddedKafka, make_pipeline: Callable[..., Pipeline], tmp_path: Path
) -> None:
    """Although the broker rejects a batch as a whole: no small record shares one with a record that is too large."""
    pipeline = make_pipeline()
    raw = pipeline.topics["HEARTZONE_TOPIC_RAW"] + ".small"
    admin = AdminClient({"bootstrap.servers": embedded_kafka.bootstrap_servers})
    for future in admin.create_topics([NewTopic(raw, 1, 1, config={"max.message.bytes": "70000"})]).values():
        future.result()
    with web_api(tmp_path, {**pipeline.environment, "HEARTZONE_TOPIC_RAW": raw}) as api:
        api.wait_until_ready()
        sizes = [100, 100_000, 200, 60_000, 300, 60_000, 400]
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(lambda size: api.post(b"x" * size, "/biometrics/raw", "text/plain"), sizes))

    assert [response.status for response in responses] == [413 if size == 100_000 else 202 for size in sizes]


def _fail_for_good(writer: RecordWriter) -> None:
    """A fatal error as librdkafka raises it, by its own interface for tests.

    Real ones need a broker that loses its log. The handle is the first member of a client of confluent_kafka.
    """
    (library,) = (Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs").glob("librdkafka-*")
    fail = ctypes.CDLL(str(library)).rd_kafka_test_fatal_error
    fail.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
    handle = ctypes.c_void_p.from_address(id(writer._producer) + object.__basicsize__)
    assert fail(handle.value, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, b"made by a test") == 0


def test_a_producer_that_fails_for_good_is_replaced(stack: Stack) -> None:
    topic = stack.pipeline.biometrics
    writer = RecordWriter({**stack.kafka.client_config(), "linger.ms": 200}, metrics=WriterMetrics(CollectorRegistry()))

    async def scenario() -> None:
        writer.start()
        try:
            started = time.monotonic()
            await asyncio.wait_for(writer.write(topic, b"before", "key"), DEADLINE)
            assert started < writer.acknowledged_at < time.monotonic()
            waiting = writer.write(topic, b"meanwhile", "key")
            _fail_for_good(writer)
            with pytest.raises(UnavailableError):
                await asyncio.wait_for(waiting, DEADLINE)
            while writer.replaced == 0:
                await asyncio.sleep(0)
            await asyncio.wait_for(writer.write(topic, b"after", "key"), DEADLINE)
        finally:
            writer.stop()

    asyncio.run(scenario())

    assert writer.replaced == 1
    assert stack.pipeline.kafka.values(topic) == [b"before", b"after"]


def test_records_that_are_given_up_are_stored_by_no_later_producer(stack: Stack) -> None:
    topic = stack.pipeline.biometrics
    metrics = WriterMetrics(CollectorRegistry())
    writer = RecordWriter(stack.kafka.client_config(), metrics=metrics, timeout=lambda _: 0.1, give_up_after=0.5)
    node = stack.kafka.nodes[0]

    async def scenario() -> None:
        writer.start()
        try:
            await asyncio.wait_for(_stored(writer, topic, b"before"), DEADLINE)
            node.pause()
            with pytest.raises(UnavailableError, match="once or not at all"):
                await asyncio.wait_for(writer.write(topic, b"meanwhile", "key"), DEADLINE)
            while writer.replaced == 0:
                await asyncio.sleep(0)
            node.resume()
            await _stored(writer, topic, b"after")
        finally:
            node.resume()
            writer.stop()

    asyncio.run(scenario())

    values = stack.pipeline.kafka.values(topic)
    assert values.count(b"meanwhile") <= 1
    assert [values[0], values[-1]] == [b"before", b"after"]
    assert metrics.in_flight == 0


async def _stored(writer: RecordWriter, topic: str, value: bytes) -> None:
    """Return when one copy is acknowledged; each attempt may store one."""
    while True:
        try:
            return await writer.write(topic, value, "key")
        except UnavailableError:
            await asyncio.sleep(0)


def test_a_full_queue_rejects_at_once(stack: Stack) -> None:
    config = {"bootstrap.servers": stack.kafka.bootstrap_servers, "queue.buffering.max.messages": 2, "linger.ms": 500}
    writer = RecordWriter(config, metrics=WriterMetrics(CollectorRegistry()))

    async def scenario() -> None:
        writer.start()
        try:
            accepted = [writer.write(stack.pipeline.biometrics, b"value", "key") for _ in range(2)]
            with pytest.raises(UnavailableError) as rejected:
                writer.write(stack.pipeline.biometrics, b"value", "key")
            assert rejected.value.reason == "queue_full"
            with pytest.raises(RecordTooLargeError):
                writer.write(stack.pipeline.biometrics, b"x" * 1_100_000, "key")
            await asyncio.gather(*accepted)
        finally:
            writer.stop()

    asyncio.run(scenario())
