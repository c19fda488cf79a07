"""An audit without end, in rounds: each judges what the group has processed until its beginning.

A round looks up the group's committed offsets, then the ends of the other two topics, and reads up to both. What the
group has processed before must be there, so that a reading without its event is no matter of time. An event whose
reading was not read yet is judged in the next round: its offset was committed in the event's transaction.
"""

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from threading import Event

import structlog
from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry

from heartzone.settings import VARIABLE_PREFIX
from heartzone_cli.audit.comparison import Comparison
from heartzone_cli.audit.events import SchemaCheck
from heartzone_cli.audit.findings import Found
from heartzone_cli.audit.lockstep import Lockstep
from heartzone_cli.audit.metrics import AuditMetrics
from heartzone_cli.audit.offsets import TopicOffsets
from heartzone_cli.audit.readers import open_readers
from heartzone_cli.audit.schema_check import open_check
from heartzone_cli.audit.scope import Options, find_following_scope, note_processed
from heartzone_cli.audit.settings import AuditSettings, read_log_settings, read_settings
from heartzone_cli.audit.transaction_watch import TransactionWatch
from heartzone_cli.cluster.connection import Cluster, find_up, read_cluster
from heartzone_cli.cluster.topic_reader import TopicUnavailableError
from heartzone_cli.errors import CannotRunError
from service_chassis.telemetry import build_info
from service_chassis.telemetry.logs import configure
from service_chassis.telemetry.management import Health, ManagementServer

log = structlog.get_logger(__name__)

INTERVAL = 2.0
"""Seconds between two rounds."""
RETRY_INTERVAL = 5.0
STUCK_AFTER = 300.0
"""Seconds without any call of the watch after which a probe says that the process is stuck."""
EXPECTED_EVENTS = 8_000_000


class _TopicsChangedError(Exception):
    """A topic was made anew, or has other partitions: what is known of it no longer holds."""


def run_follow(
    options: Options, data_dir: Path | None, *, metrics_port: int, transaction_timeout: float | None, stopped: Event
) -> None:
    """Follow until `stopped`. Raises CannotRunError."""
    cluster = read_cluster(find_up(data_dir))
    configure(*read_log_settings(cluster.variables), "audit")
    registry = CollectorRegistry()
    build_info(registry, VARIABLE_PREFIX.lower(), "audit", version("heartzone-cli"))
    settings = read_settings(cluster.variables, transaction_timeout)
    metrics = AuditMetrics(registry)
    try:
        with open_check(data_dir, cluster.topics.zones, _warn) as (check, _):
            follower = Follower(
                lambda: read_cluster(find_up(data_dir)),
                options,
                settings,
                check=check,
                metrics=metrics,
                stopped=stopped,
            )
            server = ManagementServer(
                metrics_port, registry=registry, live=follower.live, ready=follower.ready, name="audit"
            )
            with server:
                log.info("audit_following", metrics_port=server.port, group=cluster.group_id)
                follower.run()
    except OSError as error:
        raise CannotRunError(f"{error.strerror or error}.") from error


def _warn(text: str) -> None:
    log.warning("schema_ids_unchecked", detail=text)


class Follower:
    """Rounds without end; begins anew where topics change, and tries again where brokers are unavailable.

    `find_cluster` says each time how to connect: credentials are files, and change.
    """

    def __init__(
        self,
        find_cluster: Callable[[], Cluster],
        options: Options,
        settings: AuditSettings,
        *,
        check: SchemaCheck,
        metrics: AuditMetrics,
        stopped: Event,
    ) -> None:
        self._find_cluster = find_cluster
        self._cluster = cluster = find_cluster()
        self._names = (cluster.topics.biometrics, cluster.topics.zones, cluster.topics.dead_letters)
        self._options = options
        self._settings = settings
        self._check = check
        self._metrics = metrics
        self._stopped = stopped
        self._progress = time.monotonic()
        self._problem = "the first round is not over"

    def live(self) -> Health:
        """Whether the loop makes progress."""
        return Health(time.monotonic() - self._progress < STUCK_AFTER, "by the time of the last progress")

    def ready(self) -> Health:
        """Whether rounds end."""
        return Health(not self._problem, self._problem or "following")

    def run(self) -> None:
        """Follow until it is stopped."""
        while not self._stopped.is_set():
            try:
                self._cluster = cluster = self._find_cluster()
                with TopicOffsets(admin=cluster.admin, consumer=cluster.consumer, group=cluster.group_id) as offsets:
                    self._follow(offsets)
            except _TopicsChangedError:
                log.warning("audit_restarted", detail="a topic was made anew, or partitions were added")
            except (TopicUnavailableError, CannotRunError) as error:
                self._interrupted(str(error))
            except KafkaException as error:  # files of a client that do not belong together, in the middle of a change
                self._interrupted(error.args[0].str())

    def _interrupted(self, problem: str) -> None:
        if self._problem != problem:
            log.warning("audit_interrupted", detail=problem)
        self._problem = problem
        self._progress = time.monotonic()
        self._stopped.wait(RETRY_INTERVAL)

    def _tell(self, found: Found) -> None:
        self._metrics.found(found.finding)
        log.error("audit_finding", **{name: value for name, value in found.fields().items() if name != "device"})

    def _follow(self, offsets: TopicOffsets) -> None:
        scope = find_following_scope(offsets, self._names, self._options, self._settings.window)
        comparison = Comparison(
            self._names,
            scope.edges,
            self._tell,
            window=self._settings.window,
            check_schema=self._check,
            expected_events=EXPECTED_EVENTS,
            earliest_time_wanted=False,
        )
        topics = (scope.inputs.topic, scope.outputs.topic, scope.letters.topic)
        transactions = TransactionWatch(offsets, topics, self._settings.transaction_limit, comparison)

        def watch() -> None:
            self._progress = time.monotonic()
            transactions.look_again()

        with open_readers(self._cluster.consumer, scope) as (inputs, outputs, letters):
            lockstep = Lockstep(comparison, inputs=inputs, outputs=outputs, letters=letters, watch=watch)
            while not self._stopped.is_set():
                if tuple(offsets.topic(name) for name in self._names) != topics:
                    raise _TopicsChangedError
                processed = note_processed(offsets, scope)
                outputs.extend(offsets.end(scope.outputs.topic))
                letters.extend(offsets.end(scope.letters.topic))
                inputs.extend(processed)
                lockstep.run(enough=self._stopped.is_set)
                if not self._stopped.is_set():
                    self._end_round(comparison, inputs.positions)
                    watch()
                    self._stopped.wait(INTERVAL)

    def _end_round(self, comparison: Comparison, positions: Mapping[int, int]) -> None:
        comparison.settlement.settle_round(positions)
        self._metrics.round_done(comparison.counts, comparison.unjudged, positions)
        comparison.counts.clear()
        comparison.unjudged.clear()
        comparison.round += 1
        self._problem = ""
