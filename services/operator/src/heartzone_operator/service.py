"""The composition root: settings in, a running operator out."""

import asyncio
import logging
import os
import sys
from typing import NoReturn

import structlog
from prometheus_client import CollectorRegistry

from event_topics.kafka_admin import InvalidKafkaConfig
from event_topics.kafka_topics import KafkaTopics
from event_topics.registry_client import InvalidRegistryConfig
from event_topics.schema_subjects import SchemaSubjects
from heartzone_operator.batch import Batches
from heartzone_operator.cluster import Cluster
from heartzone_operator.config_maps import ConfigMapTexts
from heartzone_operator.connection import login
from heartzone_operator.deletion import Deletion
from heartzone_operator.events import EventPoster
from heartzone_operator.fleet import Fleet
from heartzone_operator.kubernetes import KubernetesApi
from heartzone_operator.lease import Lease, LeaseLost
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.progress import Progress
from heartzone_operator.reconciler import Reconciler
from heartzone_operator.settings import OperatorSettings
from heartzone_operator.startup import Waiting, take_stock, until_served
from heartzone_operator.watching import Watch
from heartzone_operator.writing import Writer
from service_chassis.settings import SettingsError
from service_chassis.telemetry.management import Health

_GRACE_S = 20.0

log = structlog.get_logger(__name__)


class Operator:
    """An operator: a `service_chassis.program.Service`."""

    def __init__(self, settings: OperatorSettings, metrics_registry: CollectorRegistry) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = Waiting()
        self._progress = Progress(settings.watchdog_timeout)
        self._reconciler: Reconciler | None = None
        self._watch: Watch | None = None
        self._cluster: Cluster | None = None
        self._metrics = OperatorMetrics(metrics_registry)
        # kopf tells of each retry and start; what matters of it is told here.
        logging.getLogger("kopf").setLevel(max(logging.ERROR, logging.getLogger().level))

    def run(self) -> int:
        """Work until stopped; returns the exit code 0, or 1 when another operator took over.

        Raises:
            SettingsError: a client does not take its properties, or there is no way to the API server.
        """
        return asyncio.run(self._serve())

    def stop(self) -> None:
        """Finish the batch in progress and end; safe in a signal handler."""
        if self._loop is None or self._loop.is_closed():
            self._stopping.set()
        else:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def _serve(self) -> int:
        self._loop = asyncio.get_running_loop()
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
        stop = self._stopping
        kafka, registry = self._adapters()
        self._cluster = Cluster(kafka, registry, compatibility_sweep=settings.compatibility_sweep)
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
            kafka = KafkaTopics(self._settings.kafka.admin(), on_request=self._asked_kafka)
        except InvalidKafkaConfig as error:
            raise SettingsError(f"HEARTZONE_KAFKA_…: {error}") from error
        try:
            registry = SchemaSubjects(self._settings.schema_registry.client_config(), on_request=self._asked_registry)
        except InvalidRegistryConfig as error:
            raise SettingsError(f"HEARTZONE_SCHEMA_REGISTRY_…: {error}") from error
        return kafka, registry

    def _asked_kafka(self, request: str) -> None:
        self._metrics.asked_kafka(request)
        self._progress.moved()

    def _asked_registry(self) -> None:
        self._metrics.asked_registry()
        self._progress.moved()

    async def _work(
        self, api: KubernetesApi, lease: Lease, cluster: Cluster, namespaces: tuple[str, ...], stop: asyncio.Event
    ) -> None:
        """Wait for the definition and the lease, then reconcile until stopped. Raises LeaseLost."""
        await until_served(api, self._waiting)
        await lease.acquire(self._waiting.because)
        fleet, config_maps = Fleet(), ConfigMapTexts(api)
        events = EventPoster(api, self._settings.identity)
        writer = Writer(api, fleet, events, self._progress)
        reconciler = Reconciler(
            fleet=fleet,
            api=api,
            batches=Batches(
                fleet=fleet,
                cluster=cluster,
                config_maps=config_maps,
                writer=writer,
                deletion=Deletion(api=api, cluster=cluster, fleet=fleet, writer=writer, metrics=self._metrics),
                metrics=self._metrics,
                progress=self._progress,
            ),
            metrics=self._metrics,
            progress=self._progress,
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
                await take_stock(api, fleet, namespaces or (None,), self._waiting)
                self._progress.moved()
                self._reconciler, self._watch = reconciler, watch
                helpers.append(tasks.create_task(watch.run(lambda: until_served(api, self._waiting))))
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
            _give_up(f"the batch in hand did not end within {_GRACE_S:g} s")
        if working.cancelled():
            log.info("operator_stopped")
            return 0
        error = working.exception()
        causes = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
        if lost := [cause for cause in causes if isinstance(cause, LeaseLost)]:
            _give_up(str(lost[0]))
        if error is not None:
            raise error
        log.info("operator_stopped")
        return 0

    def live(self) -> Health:
        """Say whether the loop makes progress."""
        if self._reconciler is None:
            return Health(ok=True, reason="the loop has not begun")
        return self._progress.health()

    def ready(self) -> Health:
        """Say whether resources are reconciled, or what is waited for."""
        if self._waiting.reason is not None or self._watch is None or self._cluster is None:
            return Health(ok=False, reason=self._waiting.reason or "starting")
        if self._watch.problem is not None:
            return Health(ok=False, reason=self._watch.problem)
        away = [
            circuit.failure.message
            for circuit in (self._cluster.kafka_circuit, self._cluster.registry_circuit)
            if circuit.failure
        ]
        return Health(ok=True, reason=" ".join(away) or "reconciling")


def _give_up(reason: str) -> NoReturn:
    """End with the code 1, at once: a request that a thread has under way must not go on beside another operator's.

    The lease is left to run out.
    """
    log.error("operator_gave_up", reason=reason)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(1)
