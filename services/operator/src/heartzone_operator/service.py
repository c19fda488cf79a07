"""The composition root: settings in, a running operator out."""

import asyncio
import logging
import os
import sys
import time
from typing import NoReturn

import structlog
from prometheus_client import CollectorRegistry

from event_topics import InvalidKafkaConfigError, InvalidRegistryConfigError, KafkaTopics, SchemaSubjects
from heartzone_operator.cluster.cluster import Cluster
from heartzone_operator.group_lag.lag_metrics import GroupLagMetrics
from heartzone_operator.group_lag.monitor import REQUESTS_PER_GROUP, TIMEOUT, GroupLagMonitor, ObservedGroup
from heartzone_operator.kubernetes.api import KubernetesApi
from heartzone_operator.kubernetes.census import Census
from heartzone_operator.kubernetes.config_maps import ConfigMapCache
from heartzone_operator.kubernetes.connection import login
from heartzone_operator.kubernetes.coordination import Coordination
from heartzone_operator.kubernetes.event_recorder import EventRecorder
from heartzone_operator.kubernetes.finalizers import Finalizers
from heartzone_operator.kubernetes.leader_election import LeaseLostError
from heartzone_operator.kubernetes.startup import Startup, open_ledger, wait_for_definition
from heartzone_operator.kubernetes.status_writer import StatusWriter
from heartzone_operator.kubernetes.watch import Watch
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.model.index import Index
from heartzone_operator.model.label_selector import LabelSelector
from heartzone_operator.model.progress import Progress
from heartzone_operator.model.scope import Scope
from heartzone_operator.model.topic_rules import TopicRules
from heartzone_operator.probes import Probes
from heartzone_operator.reconcile.batch import Batches
from heartzone_operator.reconcile.reconciler import Reconciler
from heartzone_operator.settings import OperatorSettings
from service_chassis.followed_connections import FollowedConnections
from service_chassis.settings import KafkaSettings, SettingsError
from service_chassis.telemetry.management import Health

_SHUTDOWN_TIMEOUT = 20.0  # seconds

log = structlog.get_logger(__name__)


class Operator:
    """An operator: a `service_chassis.program.Service`."""

    def __init__(self, settings: OperatorSettings, metrics_registry: CollectorRegistry) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._startup = Startup()
        self._progress = Progress(settings.watchdog_timeout)
        self._probes = Probes(self._startup, self._progress)
        self._metrics = OperatorMetrics(metrics_registry)
        self._group_lag = self._group_lag_monitor(metrics_registry)
        # kopf logs each retry and start; what matters of them is logged here.
        logging.getLogger("kopf").setLevel(max(logging.ERROR, logging.getLogger().level))

    def run(self) -> int:
        """Reconcile until stopped; returns the exit code 0, or 1 when another operator acquired the lease.

        Raises:
            SettingsError: the properties of a client are invalid, or there is no way to the API server.
        """
        return asyncio.run(self._serve())

    def stop(self) -> None:
        """Finish the batch in progress and end; safe in a signal handler."""
        if self._loop is None or self._loop.is_closed():
            self._stopping.set()
        else:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def live(self) -> Health:
        """Say whether the loop makes progress."""
        return self._probes.live()

    def ready(self) -> Health:
        """Say whether resources are reconciled, or what is waited for."""
        return self._probes.ready()

    async def _serve(self) -> int:
        self._loop = asyncio.get_running_loop()
        settings, connection = self._settings, login()
        own_namespace = connection.default_namespace or "default"
        namespaces = settings.namespaces(own_namespace)
        api = KubernetesApi(login, labels=settings.label_selector)
        scope, wakeup, index = Scope(namespaces or (None,)), asyncio.Event(), Index()

        def rivals_changed() -> None:
            index.make_due(None, time.monotonic())
            wakeup.set()

        coordination = Coordination(
            api,
            scope.rivals,
            identity=settings.identity,
            namespaces=namespaces,
            own_namespace=own_namespace,
            lease_namespace=settings.lease_namespace or own_namespace,
            selector=LabelSelector(settings.label_selector),
            on_change=rivals_changed,
        )
        stop = self._stopping
        followed = FollowedConnections(
            settings,
            kafka=lambda renewed: self._reconnect(kafka, renewed),
            schema_registry=lambda renewed: registry.reconnect(renewed.client_config()),
        )
        kafka, registry = self._adapters()
        cluster = Cluster(kafka, registry, compatibility_sweep=settings.compatibility_sweep)
        try:
            with followed:
                working = asyncio.create_task(
                    self._work(api, coordination, cluster, scope=scope, index=index, wakeup=wakeup, stop=stop)
                )
                stopping = asyncio.create_task(stop.wait())
                await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
                return await self._end(working)
        finally:
            await coordination.release()
            await api.close()
            registry.close()

    def _adapters(self) -> tuple[KafkaTopics, SchemaSubjects]:
        try:
            kafka = KafkaTopics(self._settings.kafka.admin(), on_request=self._kafka_requested)
        except InvalidKafkaConfigError as error:
            raise SettingsError(f"HEARTZONE_KAFKA_…: {error}") from error
        try:
            registry = SchemaSubjects(
                self._settings.schema_registry.client_config(), on_request=self._registry_requested
            )
        except InvalidRegistryConfigError as error:
            raise SettingsError(f"HEARTZONE_SCHEMA_REGISTRY_…: {error}") from error
        return kafka, registry

    def _reconnect(self, kafka: KafkaTopics, renewed: KafkaSettings) -> None:
        kafka.reconnect(renewed.admin())
        self._group_lag.reconnect(admin=renewed.admin(), consumer=renewed.consumer())

    def _group_lag_monitor(self, metrics_registry: CollectorRegistry) -> GroupLagMonitor:
        settings = self._settings
        groups = [ObservedGroup(*each) for each in settings.observed_groups]
        max_age = settings.group_lag_interval + REQUESTS_PER_GROUP * TIMEOUT * len(groups)
        return GroupLagMonitor(
            groups,
            GroupLagMetrics(metrics_registry, max_age=max_age),
            interval=settings.group_lag_interval,
            admin=settings.kafka.admin(),
            consumer=settings.kafka.consumer(),
        )

    def _kafka_requested(self, request: str) -> None:
        self._metrics.kafka_requested(request)
        self._progress.step()

    def _registry_requested(self) -> None:
        self._metrics.registry_requested()
        self._progress.step()

    async def _work(
        self,
        api: KubernetesApi,
        coordination: Coordination,
        cluster: Cluster,
        *,
        scope: Scope,
        index: Index,
        wakeup: asyncio.Event,
        stop: asyncio.Event,
    ) -> None:
        """Wait for the definition and the lease, then reconcile until stopped. Raises LeaseLostError."""
        await wait_for_definition(api, self._startup)
        await coordination.acquire(self._startup)
        self._startup.delayed("the EventTopics are being listed")
        config_maps = ConfigMapCache(api)
        watch = Watch(api, scope=scope, index=index, config_maps=config_maps, wake=wakeup.set)
        events = EventRecorder(api, self._settings.identity)
        writer = StatusWriter(api, index, events, self._progress)
        reconciler = Reconciler(
            index=index,
            api=api,
            batches=Batches(
                index=index,
                scope=scope,
                cluster=cluster,
                config_maps=config_maps,
                writer=writer,
                finalizers=Finalizers(api, index, writer),
                ledger=coordination.ledger,
                census=Census(api, index),
                rules=TopicRules(self._settings.adoptable_topics, self._settings.prefixes_by_namespace),
                metrics=self._metrics,
                progress=self._progress,
            ),
            metrics=self._metrics,
            progress=self._progress,
            scope=scope,
            relist=watch.relist,
            wakeup=wakeup,
            resync_interval=self._settings.resync_interval,
        )
        served = [each or "all" for each in scope.namespaces]
        log.info("operator_started", namespaces=served, identity=self._settings.identity)

        async def end_when_stopped() -> None:
            await stop.wait()
            reconciler.stop()

        with self._group_lag:
            async with asyncio.TaskGroup() as tasks:
                background = [
                    tasks.create_task(each)
                    for each in (*coordination.renewals(), events.run(), end_when_stopped(), watch.run())
                ]
                try:
                    await watch.first_listing(self._startup.delayed)
                    await open_ledger(coordination.ledger, index, self._startup)
                    self._startup.completed()
                    self._progress.step()
                    self._probes.started(watch, cluster, scope)
                    await reconciler.run()
                finally:
                    for each in background:
                        each.cancel()

    async def _end(self, working: "asyncio.Task[None]") -> int:
        """Let the current batch end; return the exit code."""
        if not self._probes.is_running:
            working.cancel()
        await asyncio.wait((working,), timeout=_SHUTDOWN_TIMEOUT)
        if not working.done():
            _abort(f"the current batch did not end within {_SHUTDOWN_TIMEOUT:g} s")
        if working.cancelled():
            log.info("operator_stopped")
            return 0
        error = working.exception()
        causes = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
        if lost := [cause for cause in causes if isinstance(cause, LeaseLostError)]:
            _abort(str(lost[0]))
        if error is not None:
            raise error
        log.info("operator_stopped")
        return 0


def _abort(reason: str) -> NoReturn:
    """Exit with 1 at once: a pending request of a thread must not go on beside another operator's.

    The lease is left to expire.
    """
    log.error("operator_aborted", reason=reason)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(1)
