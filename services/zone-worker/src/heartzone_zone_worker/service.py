"""The composition root: settings in, a running worker out."""

import logging

import structlog
from prometheus_client import CollectorRegistry

from exactly_once import (
    AuthenticationError,
    BatchLimits,
    ConfigurationError,
    Observers,
    StopFlag,
    Worker,
    WorkerConfig,
    WorkerError,
)
from exactly_once.health import liveness, readiness
from heartzone.wire import subject_of
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.event_log import EventLog
from heartzone_zone_worker.metrics import WorkerMetrics
from heartzone_zone_worker.output_schema import SAMPLES
from heartzone_zone_worker.settings import WorkerSettings
from heartzone_zone_worker.transform import ZoneTransform
from heartzone_zone_worker.writer_schemas import WriterSchemas
from service_chassis.schema_registry import (
    RegistryError,
    RegistryUnauthorizedError,
    SchemaNotFoundError,
    SchemaRegistry,
)
from service_chassis.schema_registry.compatibility import incompatibility
from service_chassis.settings import SettingsError
from service_chassis.telemetry.librdkafka import ClientStatistics
from service_chassis.telemetry.management import Health

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
        self._stopping = StopFlag()
        self._worker: Worker | None = None
        self._reason = "starting"
        self._metrics_registry = metrics_registry
        try:
            self._schemas = SchemaRegistry(settings.schema_registry.client_config())
        except (ValueError, OSError) as error:
            raise SettingsError(f"HEARTZONE_SCHEMA_REGISTRY_URL or another of its properties: {error}") from error

    def run(self) -> int:
        """Work until stopped; returns the exit code 0, or 1 when the worker gave up.

        Raises:
            SettingsError: credentials were rejected.
        """
        schema_id = self._output_schema_id()
        return 0 if schema_id is None else self._work(schema_id)

    def stop(self) -> None:
        """Finish the batch in progress and end; safe in a signal handler."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()

    def live(self) -> Health:
        """Say whether the loop makes progress."""
        if self._worker is None:
            return Health(ok=True, reason=self._reason)
        return Health(*liveness(self._worker))

    def ready(self) -> Health:
        """Say whether records are processed."""
        if self._worker is None:
            return Health(ok=False, reason=self._reason)
        return Health(*readiness(self._worker))

    def _output_schema_id(self) -> int | None:
        """Wait for the schema id that outputs carry; None when stopped before."""
        subject = subject_of(self._settings.topic.zones)
        while not self._stopping.is_set():
            try:
                registered = self._schemas.latest(subject)
            except RegistryUnauthorizedError as error:
                raise SettingsError(
                    f"HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: the registry rejected the credentials ({error})"
                ) from error
            except SchemaNotFoundError:
                self._wait(f"subject {subject} is not registered yet; register it with `heartzone topics apply`")
            except RegistryError as error:
                self._wait(str(error))
            else:
                problem = incompatibility(registered, SAMPLES)
                if problem is None:
                    log.info("output_schema_resolved", subject=subject, id=registered.id, version=registered.version)
                    return registered.id
                self._wait(problem)
        return None

    def _work(self, schema_id: int) -> int:
        settings = self._settings
        writers = WriterSchemas(
            self._schemas.by_id,
            BiometricsDecoder.for_schema,
            timeout=settings.schema_patience,
        )
        transform = ZoneTransform(topic=settings.topic.zones, schema_id=schema_id, decoder_of=writers.decoder_of)
        statistics = ClientStatistics(self._metrics_registry, prefix="heartzone_")
        config = WorkerConfig(
            input_topics=[settings.topic.biometrics],
            group_id=settings.group_id,
            transactional_id=settings.transactional_id,
            output_topics=[settings.topic.zones],
            dead_letter_topic=settings.topic.dead_letters,
            dead_letter_header_prefix="heartzone.dlq.",
            connection=settings.kafka.admin(),
            consumer=settings.kafka.consumer(),
            producer={"message.max.bytes": DEAD_LETTER_MAX_BYTES, **settings.kafka.producer()},
            limits=BatchLimits(
                max_records=settings.transaction_max_records,
                max_bytes=settings.transaction_max_bytes,
                max_age=settings.transaction_max_age,
            ),
            transaction_timeout=settings.transaction_timeout,
            on_consumer_statistics=statistics.callback("consumer"),
            on_producer_statistics=statistics.callback("producer"),
            logger=logging.getLogger("librdkafka"),
        )
        observer = Observers(WorkerMetrics(self._metrics_registry, transform.take_readings), EventLog())
        self._worker = Worker(config, transform, observer=observer, watchdog=settings.watchdog_timeout)
        if self._stopping.is_set():
            self._worker.stop()
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
