"""The dashboards that the chart brings, on a real Prometheus that scrapes what the chart's PodMonitor selects."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from prometheus.dashboards import queries
from prometheus.server import ScrapeJob, scraping
from release.release import Release
from testbed import eventually
from traffic.load import Traffic

MONITORING = {"monitoring": {"podMonitor": {"enabled": True}, "dashboards": {"enabled": True}}}


def scrape_jobs(release: Release, monitor: Mapping[str, Any]) -> Iterator[ScrapeJob]:
    """What the Prometheus operator makes of a PodMonitor, as far as ours goes."""
    selector = monitor["spec"]["selector"]["matchLabels"]
    pods = release.kubectl.get("pods", "--selector=" + ",".join(f"{key}={value}" for key, value in selector.items()))
    for endpoint in monitor["spec"]["podMetricsEndpoints"]:
        assert endpoint.get("path", "/metrics") == "/metrics"
        for pod in pods["items"]:
            yield from (
                ScrapeJob(
                    f"{monitor['metadata']['namespace']}/{monitor['metadata']['name']}",
                    [f"{pod['status']['podIP']}:{port['containerPort']}"],
                    {"namespace": pod["metadata"]["namespace"], "pod": pod["metadata"]["name"]},
                )
                for container in pod["spec"]["containers"]
                for port in container["ports"]
                if port["name"] == endpoint["port"]
            )


@contextmanager
def mistakes(url: str) -> Iterator[None]:
    """Requests that are refused, while the block lasts: panels of errors have something to show."""
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
    monitors = [each for each in rendered if each["kind"] == "PodMonitor"]
    jobs = [job for monitor in monitors for job in scrape_jobs(release, monitor)]
    assert len(jobs) == len(release.pods()) == 5
    dashboards = [
        json.loads(text)
        for each in rendered
        if each["metadata"]["labels"].get("grafana_dashboard") == "1"
        for text in each["data"].values()
    ]
    asked = [query for dashboard in dashboards for query in queries(dashboard)]
    assert len(asked) > 20

    with scraping(tmp_path, *jobs) as prometheus, Traffic(release.url()), mistakes(release.url()):
        try:
            eventually(lambda: not prometheus.without_data(asked), "data for every query", every=0.5)
        except AssertionError:
            silent = "\n".join(map(str, prometheus.without_data(asked)))
            raise AssertionError(f"no data for\n{silent}\nunreachable: {prometheus.down()}") from None
