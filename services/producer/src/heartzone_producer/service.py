"""The composition root: settings in, a running web API out."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import structlog
from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from heartzone.wire import subject_of
from heartzone_producer import access
from heartzone_producer.api.app import create_app
from heartzone_producer.api.connection import ConnectionPolicy
from heartzone_producer.api.open_files import allow_connections
from heartzone_producer.api.server import ApiServer, listen
from heartzone_producer.metrics import HttpMetrics, WriterMetrics
from heartzone_producer.settings import ProducerSettings
from heartzone_producer.writing.broker_check import check_broker
from heartzone_producer.writing.delivery import Delivery
from heartzone_producer.writing.payload_schema import PayloadSchema
from heartzone_producer.writing.record_writer import OUTAGE_TIMEOUT, RecordWriter
from heartzone_producer.writing.watch import Watch
from service_chassis import garbage
from service_chassis.followed_connections import FollowedConnections
from service_chassis.schema_registry import RegisteredSchema, SchemaRegistry
from service_chassis.settings import KafkaSettings, SchemaRegistrySettings, SettingsError
from service_chassis.telemetry.librdkafka import ClientStatistics
from service_chassis.telemetry.management import Health
from service_chassis.telemetry.tracing import spans

BROKER_INTERVAL = 10.0
LOOP_STUCK_SECONDS = 30.0

log = structlog.get_logger(__name__)


class ProducerService:
    """The web API: a `service_chassis.program.Service`.

    Raises (constructor):
        SettingsError: librdkafka rejects the configuration, or the port cannot be listened on.
    """

    def __init__(self, settings: ProducerSettings, metrics_registry: CollectorRegistry) -> None:
        self._settings = settings
        self._schema_registry = settings.schema_registry
        statistics = ClientStatistics(metrics_registry, prefix="heartzone_")
        self._statistics_config = {"stats_cb": statistics.callback("producer")}
        writer_metrics = WriterMetrics(metrics_registry)
        self._followed = FollowedConnections(settings, kafka=self._reconnect, schema_registry=self._reconnect_registry)
        try:
            self._writer = self._new_writer(writer_metrics, self._statistics_config)
            self._large_writer = self._new_writer(writer_metrics, {})
        except KafkaException as error:
            raise SettingsError(
                f"HEARTZONE_KAFKA_…: librdkafka rejects the configuration ({error.args[0].str()})"
            ) from error
        topics = settings.topic
        self._schema = PayloadSchema(self._latest_schema)
        self._schemas: SchemaRegistry | None = None
        self._registry = Watch("schema", self._schema.check, interval=settings.schema_refresh)
        self._broker = Watch(
            "broker",
            lambda: check_broker(self._writer, [topics.biometrics, topics.raw], through=self._large_writer),
            interval=BROKER_INTERVAL,
        )
        self._http_metrics = HttpMetrics(metrics_registry)
        policy = ConnectionPolicy(
            request_timeout=settings.http_request_timeout,
            keep_alive=settings.http_keep_alive,
            max_connections=settings.http_max_connections,
            rejected=self._http_metrics.rejected,
        )
        self._server = ApiServer(self._app(), policy=policy, tls=access.tls(settings))
        self._listener = _listen(settings.http_port)

    def run(self) -> int:
        """Serve until stopped; returns the exit code 0."""
        with self._listener:
            garbage.collect_seldom(garbage.REQUESTS)
            allow_connections(self._settings.http_max_connections)
            log.info(
                "api_listening",
                port=self._listener.getsockname()[1],
                tls=self._settings.tls.certificate_file is not None,
                authentication=[method.key for method in access.security(self._settings)] or ["none"],
            )
            self._server.run(sockets=[self._listener])
        log.info("api_stopped")
        return 0

    def stop(self) -> None:
        """Finish the requests in progress and end; safe in a signal handler."""
        self._server.should_exit = True

    def live(self) -> Health:
        """Say whether the event loop makes progress."""
        age = monotonic() - self._writer.loop_seen
        if age > LOOP_STUCK_SECONDS:
            return Health(ok=False, reason=f"the event loop has made no progress for {age:.0f} s")
        return Health(ok=True, reason="the event loop makes progress")

    def ready(self) -> Health:
        """Say whether messages can be written now."""
        if self._server.should_exit:
            return Health(ok=False, reason="stopping")
        problem = (
            self._broker.problem
            or self._registry.problem
            or self._writer.rejected_credentials
            or self._large_writer.rejected_credentials
        )
        return Health(ok=problem is None, reason=problem or "accepting requests")

    def _new_writer(self, metrics: WriterMetrics, config: Mapping[str, Any]) -> RecordWriter:
        return RecordWriter(
            {**self._settings.kafka.producer(), **config},
            metrics=metrics,
            timeout=self._acknowledgement_timeout,
            # A sixteenth is left for requests that write nothing.
            max_stalled=max(1, self._settings.http_max_requests * 15 // 16),
            on_trouble=lambda: self._broker.check_now(),  # noqa: PLW0108 the watch is made later, over the writer
        )

    def _acknowledgement_timeout(self, since: float) -> float:
        """Long when brokers have responded since then: a leader is being elected, or a replica leaves those in sync."""
        timeout = self._settings.http_acknowledgement_timeout
        respond = self._broker.problem is None and self._broker.passed_at > since
        return timeout if respond and not self._server.should_exit else min(timeout, OUTAGE_TIMEOUT)

    def _app(self) -> Starlette:
        settings = self._settings
        delivery = Delivery(
            self._writer,
            self._large_writer,
            biometrics_topic=settings.topic.biometrics,
            raw_topic=settings.topic.raw,
            schema=self._schema,
            broker=self._broker,
            registry=self._registry,
        )
        return create_app(
            delivery,
            metrics=self._http_metrics,
            body_limit=settings.http_body_limit,
            body_memory=settings.http_body_memory,
            max_requests=settings.http_max_requests,
            deduplication_window=settings.deduplication_window,
            lifespan=self._lifespan,
            spans=spans(),
            log_requests=settings.log_level == "debug",
            guards=access.guards(settings),
            security=access.security(settings),
            cors_origins=settings.cors_origins,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self._writer.start()
        self._large_writer.start()
        self._broker.start()
        self._registry.start()
        try:
            with self._followed:
                yield
        finally:
            self._broker.stop()
            self._registry.stop()
            self._writer.stop()
            self._large_writer.stop()

    def _reconnect(self, kafka: KafkaSettings) -> None:
        try:
            self._writer.reconnect({**kafka.producer(), **self._statistics_config})
            self._large_writer.reconnect(kafka.producer())
        except KafkaException as error:
            raise ValueError(f"librdkafka rejects the configuration ({error.args[0].str()})") from error

    def _reconnect_registry(self, renewed: SchemaRegistrySettings) -> None:
        self._schema_registry = renewed
        if self._schemas is not None:
            self._schemas.reconnect(renewed.client_config())

    def _latest_schema(self) -> RegisteredSchema:
        # Made on the thread that uses it: its libraries take longer to import than everything before the first request.
        if self._schemas is None:
            self._schemas = SchemaRegistry(self._schema_registry.client_config())
        return self._schemas.latest(subject_of(self._settings.topic.biometrics))


def _listen(port: int) -> socket.socket:
    try:
        return listen(port)
    except OSError as error:
        raise SettingsError(f"HEARTZONE_HTTP_PORT: port {port} cannot be listened on ({error.strerror})") from error
