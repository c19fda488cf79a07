"""Responses of `/livez` and `/readyz`, from the state of the operator's parts."""

from heartzone_operator.cluster.cluster import Cluster
from heartzone_operator.kubernetes.startup import Startup
from heartzone_operator.kubernetes.watch import Watch
from heartzone_operator.model.progress import Progress
from heartzone_operator.model.scope import Scope
from service_chassis.telemetry.management import Health


class Probes:
    """Reads the parts from other threads; `started` passes those that exist once the loop runs."""

    def __init__(self, startup: Startup, progress: Progress) -> None:
        self._startup = startup
        self._progress = progress
        self._running: tuple[Watch, Cluster] | None = None
        self._scope: Scope | None = None

    @property
    def is_running(self) -> bool:
        """Return whether the loop has started."""
        return self._running is not None

    def started(self, watch: Watch, cluster: Cluster, scope: Scope) -> None:
        """Record that the loop runs."""
        self._running, self._scope = (watch, cluster), scope

    def live(self) -> Health:
        """Fail when the loop makes no progress."""
        if self._running is None:
            return Health(ok=True, reason="the loop has not started")
        problem = self._progress.problem
        return Health(ok=problem is None, reason=problem or "the loop makes progress")

    def ready(self) -> Health:
        """Fail while no changes are followed; without Kafka, the registry or one namespace it is ready, and says so."""
        if self._startup.standby is not None:
            return Health(ok=True, reason=self._startup.standby)
        if self._startup.delay is not None or self._running is None:
            return Health(ok=False, reason=self._startup.delay or "starting")
        watch, cluster = self._running
        if watch.problem is not None:
            return Health(ok=False, reason=watch.problem)
        unserved = list(self._scope.rivals.problems) if self._scope is not None else []
        unserved += [f"{namespace}: {problem}." for namespace, problem in watch.problems.items()]
        return Health(
            ok=True, reason=" ".join([*(each.message for each in cluster.outages), *unserved]) or "reconciling"
        )
