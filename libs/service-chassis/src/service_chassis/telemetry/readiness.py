"""Readiness as a metric: what ``/readyz`` responds, for alerts."""

from prometheus_client import CollectorRegistry, Gauge

from service_chassis.telemetry.management import Probe, examine


def export_readiness(registry: CollectorRegistry, prefix: str, ready: Probe) -> None:
    """Register ``<prefix>ready``: 1 while the probe passes, else 0.

    Each scrape calls the probe, so that the metric is never older than the scrape. A probe that passes and has a
    reservation in its reason is a 1.
    """
    gauge = Gauge(f"{prefix}ready", "Whether the process does its work, as /readyz responds: 1 or 0", registry=registry)
    gauge.set_function(lambda: float(examine("ready", ready).ok))
