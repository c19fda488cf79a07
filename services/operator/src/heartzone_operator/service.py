"""The composition root: settings in, a running operator out."""

import asyncio
import logging
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack

import structlog
from prometheus_client import CollectorRegistry

from event_topics.kafka_topics import InvalidKafkaConfig, KafkaTopics
from event_topics.schema_subjects import InvalidRegistryConfig, SchemaSubjects
from heartzone.settings import SettingsError
from heartzone.telemetry import build_info
from heartzone.telemetry.management import Health, ManagementServer
from heartzone_operator.cluster import Cluster
from heartzone_operator.config_maps import ConfigMapTexts
from heartzone_operator.connection import login
from heartzone_operator.deletion import Deletion
from heartzone_operator.events import EventPoster
from heartzone_operator.fleet import Fleet
from heartzone_operator.kubernetes import KubernetesApi, KubernetesError, KubernetesUnavailable
from heartzone_operator.lease import Lease, LeaseLost
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.reconciler import Reconciler
from heartzone_operator.resources import resource_of
from heartzone_operator.settings import OperatorSettings
from heartzone_operator.watching import Watch
from heartzone_operator.writing import Writer

SERVICE = "operator"
_ASK_AGAIN_S = 2.0
_GRACE_S = 20.0

log = structlog.get_logger(__name__)


class Operator:
    """An operator with its management port; ``run`` blocks until SIGTERM or SIGINT."""

    def __init__(self, settings: OperatorSettings) -> None:
        self._settings = settings
        self._reason: str | None = "starting"
        self._reconciler: Reconciler | None = None
        self._cluster: Cluster | None = None
        self._metrics_registry = CollectorRegistry()
        self._metrics = OperatorMetrics(self._metrics_registry)
        # kopf tells of each retry and start; what matters of it is told here.
        logging.getLogger("kopf").setLevel(max(logging.ERROR, logging.getLogger().level))

    def run(self) -> int:
        """Work until asked to stop; returns the exit code 0, or 1 when another operator took over.

        Raises:
            SettingsError: a client refuses its properties, or there is no way to the API server.
        """
        build_info(self._metrics_registry, SERVICE)
        management = ManagementServer(
            self._settings.management_port, registry=self._metrics_registry, live=self._live, ready=self._ready
        )
        with ExitStack() as stack:
            try:
                stack.enter_context(management)
            except OSError as error:
                raise SettingsError(f"HEARTZONE_MANAGEMENT_PORT: {error.strerror}") from error
            log.info("management_listening", management_port=management.port)
            return asyncio.run(self._serve())

    async def _serve(self) -> int:
        settings, connection = self._settings, login()
        own_namespace = connection.default_namespace or "default"
        namespaces = settings.namespaces(own_namespace)
        api = KubernetesApi(login)
        lease = Lease(
            api,
            namespace=settings.lease_namespace or (namespaces or (own_namespace,))[0],
            name="heartzone-operator",
            identity=settings.identity,
        )
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        kafka, registry = self._adapters()
        self._cluster = Cluster(kafka, registry)
        try:
            working = asyncio.create_task(self._work(api, lease, self._cluster, namespaces, stop))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            return await self._end(working)
        finally:
            await lease.release()
            await api.close()
            registry.close()

    def _adapters(self) -> tuple[KafkaTopics, SchemaSubjects]:
        try:
            kafka = KafkaTopics(self._settings.kafka.admin(), on_request=self._metrics.asked_kafka)
        except InvalidKafkaConfig as error:
            raise SettingsError(f"HEARTZONE_KAFKA_…: {error}") from error
        try:
            registry = SchemaSubjects(
                self._settings.schema_registry.client_config(), on_request=self._metrics.asked_registry
            )
        except InvalidRegistryConfig as error:
            raise SettingsError(f"HEARTZONE_SCHEMA_REGISTRY_…: {error}") from error
        return kafka, registry

    async def _work(
        self, api: KubernetesApi, lease: Lease, cluster: Cluster, namespaces: tuple[str, ...], stop: asyncio.Event
    ) -> None:
        """Wait for the definition and the lease, then reconcile until stopped. Raises LeaseLost."""
        await self._until_served(api)
        await lease.acquire(self._wait)
        self._reason = None
        fleet, config_maps = Fleet(), ConfigMapTexts(api)
        events = EventPoster(api, self._settings.identity)
        writer = Writer(api, fleet, events)
        reconciler = Reconciler(
            fleet=fleet,
            api=api,
            cluster=cluster,
            config_maps=config_maps,
            writer=writer,
            deletion=Deletion(api=api, cluster=cluster, fleet=fleet, writer=writer, metrics=self._metrics),
            metrics=self._metrics,
            namespaces=namespaces or (None,),
            resync_interval=self._settings.resync_interval,
        )
        watch = Watch(fleet=fleet, config_maps=config_maps, wake=reconciler.wake, login=login, namespaces=namespaces)
        log.info("operator_started", namespaces=list(namespaces) or "all", identity=self._settings.identity)

        async def end_when_stopped() -> None:
            await stop.wait()
            watch.stop()
            reconciler.stop()

        async with asyncio.TaskGroup() as tasks:
            helpers = [tasks.create_task(each) for each in (lease.keep(), events.run(), end_when_stopped())]
            try:
                await self._take_stock(api, fleet, namespaces or (None,))
                self._reconciler = reconciler
                tasks.create_task(watch.run(lambda: self._until_served(api)))
                await reconciler.run()
            finally:
                watch.stop()
                for each in helpers:
                    each.cancel()

    async def _end(self, working: "asyncio.Task[None]") -> int:
        """Let the batch in hand end; return the exit code."""
        if self._reconciler is None:
            working.cancel()
        await asyncio.wait((working,), timeout=_GRACE_S)
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))
        if working.cancelled():
            log.info("operator_stopped")
            return 0
        error = working.exception()
        if error is None:
            log.info("operator_stopped")
            return 0
        causes = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
        lost = [cause for cause in causes if isinstance(cause, LeaseLost)]
        if not lost:
            raise error
        log.error("operator_gave_up", reason=str(lost[0]))
        return 1

    async def _until_served(self, api: KubernetesApi) -> None:
        """Return once the API server knows EventTopics."""
        while True:
            try:
                if await api.serves_event_topics():
                    self._reason = None
                    return
                self._wait(
                    "EventTopics are not known to the API server: apply deploy/crd/eventtopics.heartzone.dev.yaml"
                )
            except (KubernetesError, KubernetesUnavailable) as error:
                self._wait(f"the API server does not say what it serves: {error}")
            await asyncio.sleep(_ASK_AGAIN_S)

    async def _take_stock(self, api: KubernetesApi, fleet: Fleet, namespaces: Sequence[str | None]) -> None:
        """Return once every resource is known: a younger one that is seen first must not take an older one's topic."""
        while True:
            try:
                for namespace in namespaces:
                    async for body in api.event_topics(namespace):
                        fleet.saw(resource_of(body), time.monotonic())
            except (KubernetesError, KubernetesUnavailable) as error:
                self._wait(f"the EventTopics cannot be listed: {error}")
                await asyncio.sleep(_ASK_AGAIN_S)
            else:
                self._reason = None
                return

    def _wait(self, reason: str) -> None:
        if reason != self._reason:
            log.warning("waiting", reason=reason)
        self._reason = reason

    def _live(self) -> Health:
        if self._reconciler is None or self._reconciler.progress_age < self._settings.watchdog_timeout:
            return Health(ok=True, reason="the loop moves")
        return Health(ok=False, reason=f"the loop has not moved for {self._reconciler.progress_age:.0f} s")

    def _ready(self) -> Health:
        if self._reason is not None or self._reconciler is None or self._cluster is None:
            return Health(ok=False, reason=self._reason or "starting")
        away = [
            circuit.failure.message
            for circuit in (self._cluster.kafka_circuit, self._cluster.registry_circuit)
            if circuit.failure
        ]
        return Health(ok=True, reason=" ".join(away) or "reconciling")
