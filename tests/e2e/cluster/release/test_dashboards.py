"""The chart's dashboards, on a real Prometheus that scrapes what the chart's PodMonitor selects."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from heartzone_testing.prometheus.dashboards import queries
from heartzone_testing.prometheus.server import ScrapeJob, scraping
from heartzone_testing.release.release import Release
from heartzone_testing.traffic.load import Traffic
from heartzone_testing.waiting import eventually

MONITORING = {"monitoring": {"podMonitor": {"enabled": True}, "dashboards": {"enabled": True}}}


def scrape_jobs(release: Release, monitor: Mapping[str, Any]) -> list[ScrapeJob]:
    """What the Prometheus operator makes of a PodMonitor, as far as ours goes: a job for each value of its jobLabel."""
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint.get("path", "/metrics") == "/metrics"
    selector = ",".join(f"{name}={value}" for name, value in monitor["spec"]["selector"]["matchLabels"].items())
    addresses: dict[str, list[str]] = {}
    for pod in release.kubectl.get("pods", f"--selector={selector}")["items"]:
        job = pod["metadata"]["labels"][monitor["spec"]["jobLabel"]]
        ports = [port for container in pod["spec"]["containers"] for port in container["ports"]]
        [number] = [port["containerPort"] for port in ports if port["name"] == endpoint["port"]]
        addresses.setdefault(job, []).append(f"{pod['status']['podIP']}:{number}")
    labels = {"namespace": monitor["metadata"]["namespace"]}
    return [ScrapeJob(job, targets, labels) for job, targets in addresses.items()]


@contextmanager
def mistakes(url: str) -> Iterator[None]:
    """Requests that are rejected, while the block lasts: panels of errors have something to show."""
    enough = threading.Event()

    def send() -> None:
        while not enough.wait(0.2):
            httpx2.post(f"{url}/biometrics", json={"deviceId": "nobody"}, timeout=15, trust_env=False)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_every_query_of_every_panel_has_data_from_the_pods_that_the_pod_monitor_selects(
    release: Release, tmp_path: Path
) -> None:
    rendered = release.rendered(MONITORING)
    [monitor] = [each for each in rendered if each["kind"] == "PodMonitor"]
    jobs = scrape_jobs(release, monitor)
    assert {job.name: len(job.addresses) for job in jobs} == {"operator": 1, "producer": 2, "zone-worker": 2}
    dashboards = [
        json.loads(text)
        for each in rendered
        if each["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
        for text in each["data"].values()
    ]
    panel_queries = [query for dashboard in dashboards for query in queries(dashboard)]
    assert len(panel_queries) > 20

    with scraping(tmp_path, *jobs) as prometheus, Traffic(release.url()), mistakes(release.url()):
        try:
            eventually(lambda: not prometheus.without_data(panel_queries), "data for every query", every=0.5)
        except AssertionError:
            missing = "\n".join(map(str, prometheus.without_data(panel_queries)))
            raise AssertionError(f"no data for\n{missing}\nunreachable: {prometheus.down()}") from None
