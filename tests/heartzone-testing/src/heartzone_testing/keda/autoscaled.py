"""A release whose zone workers KEDA scales."""

from typing import Any

from heartzone_testing.release.release import POLL_S, Release
from heartzone_testing.release.values import merged
from heartzone_testing.waiting import eventually

POLLING_INTERVAL_S = 1
COOLDOWN_S = 3


class AutoscaledRelease:
    """The release, and what KEDA says of its workers; `prometheus` is the address that KEDA queries in the cluster."""

    def __init__(self, release: Release, prometheus: str) -> None:
        self.release = release
        self.prometheus = prometheus
        self._values = _keda(
            enabled=True,
            pollingInterval=POLLING_INTERVAL_S,
            cooldownPeriod=COOLDOWN_S,
            prometheus={"serverAddress": prometheus},
        )

    def deploy(self, **keda: Any) -> None:
        """Install or upgrade it, with these changes of `zoneWorker.keda`. Raises HelmError."""
        self.release.deploy(merged(self._values, _keda(**keda)))

    def hand_back(self) -> None:
        """Turn KEDA off, and wait until its ScaledObject is deleted. Raises HelmError."""
        self.release.deploy()
        eventually(
            lambda: not self.release.kubectl.get("scaledobjects")["items"],
            "the ScaledObject to be deleted",
            every=POLL_S,
        )

    def await_idle(self) -> None:
        """Return when KEDA can evaluate all its triggers, none is active, and no worker runs."""
        eventually(self._is_idle, "no worker to be left", every=POLL_S)

    def _is_idle(self) -> bool:
        conditions = {each["type"]: each["status"] for each in self._scaled_object()["status"].get("conditions", [])}
        return (
            conditions.get("Ready") == "True" and conditions.get("Active") == "False" and not self.release.pods(_WORKER)
        )

    def _scaled_object(self) -> dict[str, Any]:
        found: dict[str, Any] = self.release.kubectl.get("scaledobject", f"{self.release.name}-{_WORKER}")
        return {"status": {}} | found


_WORKER = "zone-worker"


def _keda(**values: Any) -> dict[str, Any]:
    return {"zoneWorker": {"keda": values}}
