"""The composition root: settings in, a running worker out."""

import logging
from importlib.metadata import version

import structlog
from prometheus_client import CollectorRegistry

from exactly_once import (
    AuthenticationError,
    BatchLimits,
    BreakerPolicy,
    ConfigurationError,
    Deduplication,
    MissingOffsets,
    Observers,
    OutOfRange,
    StopFlag,
    Transform,
    Worker,
    WorkerConfig,
    WorkerError,
)
from exactly_once.health import liveness, readiness
from heartzone.wire import DEAD_LETTER_HEADER_PREFIX, subject_of
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.event_log import EventLog
from heartzone_zone_worker.lookups.registry_check import RegistryCheck
from heartzone_zone_worker.metrics import WorkerMetrics
from heartzone_zone_worker.output_frame import OutputFrame
from heartzone_zone_worker.output_schema import SAMPLES
from heartzone_zone_worker.record_headers import idempotency_key
from heartzone_zone_worker.settings import WorkerSettings
from heartzone_zone_worker.transform import ZoneTransform
from heartzone_zone_worker.writer_schemas import WriterSchemas
from service_chassis import garbage
from service_chassis.followed_connections import FollowedConnections
from service_chassis.schema_registry import (
    RegisteredSchema,
    RegistryError,
    RegistryUnauthorizedError,
    SchemaNotFoundError,
    SchemaRegistry,
)
from service_chassis.schema_registry.compatibility import incompatibility
from service_chassis.settings import KafkaSettings, SettingsError
from service_chassis.telemetry.librdkafka import ClientStatistics
from service_chassis.telemetry.management import Health
from service_chassis.telemetry.tracing import spans

RETRY_INTERVAL = 2.0
"""Seconds between two lookups of the output's schema, until it can be used."""

# Above what a topic takes by default (1 MiB), so that the largest input still fits with a dead letter's headers.
DEAD_LETTER_MAX_BYTES = 2_000_000

log = structlog.get_logger(__name__)


class ZoneWorker:
    """A zone worker: a `service_chassis.program.Service`.

    Raises (constructor):
        SettingsError: the registry's client does not take its properties.
    """

    def __init__(self, settings: WorkerSettings, metrics_registry: CollectorRegistry) -> None:
        self._settings = settings
        self._kafka = settings.kafka
        self._stopping = StopFlag()
        self._worker: Worker | None = None
        self._reason = "starting"
        self._metrics_registry = metrics_registry
        self._followed = FollowedConnections(
            settings,
            kafka=self._reconnect,
            schema_registry=lambda renewed: self._registry.reconnect(renewed.client_config()),
        )
        try:
            self._registry = SchemaRegistry(settings.schema_registry.client_config())
        except (ValueError, OSError) as error:
            raise SettingsError(f"HEARTZONE_SCHEMA_REGISTRY_URL or another of its properties: {error}") from error

    def run(self) -> int:
        """Work until stopped; returns the exit code 0, or 1 when the worker gave up.

        Raises:
            SettingsError: credentials were rejected.
        """
        garbage.collect_seldom(garbage.BATCHES)
        with self._registry, self._followed:
            output = self._output_schema()
            return 0 if output is None else self._work(output)

    def stop(self) -> None:
        """Finish the batch in progress and end; safe in a signal handler."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()

    def live(self) -> Health:
        """Say whether the loop makes progress: no more, a while before the watchdog ends the process."""
        if self._worker is None:
            return Health(ok=True, reason=self._reason)
        return Health(*liveness(self._worker))

    def ready(self) -> Health:
        """Say whether records are processed."""
        if self._worker is None:
            return Health(ok=False, reason=self._reason)
        return Health(*readiness(self._worker))

    def _reconnect(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        if self._worker is not None:
            self._worker.reconnect(kafka.admin(), consumer=kafka.consumer(), producer=_producer_properties(kafka))

    def _output_schema(self) -> RegisteredSchema | None:
        """Wait for the schema that outputs carry the id of; None when stopped before."""
        subject = subject_of(self._settings.topic.zones)
        while not self._stopping.is_set():
            try:
                registered = self._registry.latest(subject)
            except RegistryUnauthorizedError as error:
                raise SettingsError(
                    f"HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: the registry rejected the credentials ({error})"
                ) from error
            except SchemaNotFoundError:
                self._wait(f"subject {subject} is not registered yet; register it with `heartzone topics apply`")
            except RegistryError as error:
                self._wait(str(error))
            else:
                problem = _incompatibility(registered)
                if problem is None:
                    log.info("output_schema_resolved", subject=subject, id=registered.id, version=registered.version)
                    return registered
                self._wait(problem)
        return None

    def _work(self, output: RegisteredSchema) -> int:
        settings, registry = self._settings, self._registry
        frame = OutputFrame(output.id)
        check = RegistryCheck(
            registry,
            output=output,
            input_subject=subject_of(settings.topic.biometrics),
            incompatibility=_incompatibility,
            carry=frame.carry,
        )
        writers = WriterSchemas(
            registry.by_id,
            BiometricsDecoder.for_schema,
            missing=check.missing,
            resolved=check.resolved,
            timeout=settings.schema_patience,
        )
        with writers:
            return self._consume(frame, writers)

    def _consume(self, frame: OutputFrame, writers: WriterSchemas) -> int:
        settings, kafka = self._settings, self._kafka
        transform = ZoneTransform(topic=settings.topic.zones, frame=frame, decoder_of=writers.decoder_of)
        statistics = ClientStatistics(self._metrics_registry, prefix="heartzone_")
        config = WorkerConfig(
            input_topics=[settings.topic.biometrics],
            group_id=settings.group_id,
            transactional_id=settings.transactional_id,
            output_topics=[settings.topic.zones],
            dead_letter_topic=settings.topic.dead_letters,
            dead_letter_header_prefix=DEAD_LETTER_HEADER_PREFIX,
            dead_letter_version=version("heartzone-zone-worker"),
            connection=kafka.admin(),
            consumer=kafka.consumer(),
            producer=_producer_properties(kafka),
            limits=BatchLimits(
                max_records=settings.transaction_max_records,
                max_bytes=settings.transaction_max_bytes,
                max_age=settings.transaction_max_age,
            ),
            transaction_timeout=settings.transaction_timeout,
            missing_offsets=MissingOffsets(settings.missing_offsets),
            offset_out_of_range=OutOfRange(settings.offset_out_of_range),
            deduplication=Deduplication(key=idempotency_key, window=window)
            if (window := settings.deduplication_window)
            else None,
            breaker=BreakerPolicy(max_share=settings.dead_letter_max_share, window=settings.dead_letter_window),
            on_consumer_statistics=statistics.callback("consumer"),
            on_producer_statistics=statistics.callback("producer"),
            logger=logging.getLogger("librdkafka"),
        )
        metrics = WorkerMetrics(self._metrics_registry, transform.take_readings)
        self._worker = Worker(
            config,
            _traced(transform, settings.group_id),
            look_ahead=writers.look_ahead,
            observer=Observers(metrics, EventLog()),
            watchdog=settings.watchdog_timeout,
        )
        if self._stopping.is_set():
            self._worker.stop()
        if kafka is not self._kafka:  # replaced while the worker was made
            self._reconnect(self._kafka)
        log.info("worker_started", group_id=settings.group_id, transactional_id=settings.transactional_id)
        try:
            self._worker.run()
        except AuthenticationError as error:
            raise SettingsError(
                "HEARTZONE_KAFKA_SASL_USERNAME, HEARTZONE_KAFKA_SASL_PASSWORD or HEARTZONE_KAFKA_SSL_CA_LOCATION:"
                f" the broker could not be authenticated with ({error})"
            ) from error
        except ConfigurationError as error:
            raise SettingsError(f"HEARTZONE_KAFKA_…: librdkafka rejects its configuration: {error}") from error
        except WorkerError as error:
            log.error("worker_failed", reason=str(error))
            return 1
        log.info("worker_stopped")
        return 0

    def _wait(self, reason: str) -> None:
        if reason != self._reason:
            log.warning("output_schema_awaited", reason=reason)
        self._reason = reason
        self._stopping.wait(RETRY_INTERVAL)


def _producer_properties(kafka: KafkaSettings) -> dict[str, str | int]:
    return {"message.max.bytes": DEAD_LETTER_MAX_BYTES, **kafka.producer()}


def _incompatibility(registered: RegisteredSchema) -> str | None:
    return incompatibility(registered, SAMPLES)


def _traced(transform: Transform, group_id: str) -> Transform:
    if (exported := spans()) is None:
        return transform
    from heartzone_zone_worker.traced_transform import TracedTransform  # noqa: PLC0415 it needs the extra [tracing]

    return TracedTransform(transform, spans=exported, group_id=group_id)
