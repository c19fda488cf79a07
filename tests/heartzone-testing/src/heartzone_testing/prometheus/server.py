"""A real Prometheus: queries to any server, and a server for one test."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from embedded_kafka.processes import ChildProcess
from heartzone_testing.ports import free_port
from heartzone_testing.prometheus.dashboards import EVERYTHING, PanelQuery, substitute
from heartzone_testing.prometheus.programs import program
from heartzone_testing.waiting import eventually


class Series(NamedTuple):
    """One series of a query's result, and its current value."""

    labels: Mapping[str, str]
    value: float


class ScrapeJob(NamedTuple):
    """Processes of one kind: their addresses (host:port), and labels that their series get beside job and instance."""

    name: str
    addresses: Sequence[str]
    labels: Mapping[str, str] = MappingProxyType({})


class Prometheus:
    """A Prometheus at a URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[Series]:
        """Evaluate an expression now. Raises ValueError with Prometheus's message when it is invalid."""
        result = self._get("/api/v1/query", query=expression)
        return [Series(each["metric"], float(each["value"][1])) for each in result["result"]]

    def without_data(
        self, queries: Sequence[PanelQuery], variables: Mapping[str, str] = EVERYTHING
    ) -> list[PanelQuery]:
        """Those of a dashboard's queries that give no series with a number in it."""
        return [
            query
            for query in queries
            if not any(math.isfinite(series.value) for series in self.query(substitute(query.expression, variables)))
        ]

    def await_data(self, queries: Sequence[PanelQuery], variables: Mapping[str, str] = EVERYTHING) -> None:
        """Return once all these queries give data; fail with those that do not."""
        try:
            eventually(lambda: not self.without_data(queries, variables), "data")
        except AssertionError:
            missing = "\n".join(map(str, self.without_data(queries, variables)))
            raise AssertionError(f"no data for\n{missing}\nnot scraped: {dict(self.down())}") from None

    def down(self) -> Mapping[str, str]:
        """The targets that the last scrape did not reach or read, with the reason."""
        targets = self._get("/api/v1/targets", state="active")["activeTargets"]
        return {each["scrapeUrl"]: each["lastError"] or each["health"] for each in targets if each["health"] != "up"}

    def _get(self, path: str, **parameters: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(
                f"{self.url}{path}?{urllib.parse.urlencode(parameters)}", timeout=10
            ) as response:
                document = json.load(response)
        except urllib.error.HTTPError as error:
            raise ValueError(f"{parameters}: {error.read().decode()}") from error
        data: dict[str, Any] = document["data"]
        return data


@contextmanager
def scraping(folder: Path, *jobs: ScrapeJob) -> Iterator[Prometheus]:
    """Run a Prometheus on loopback that scrapes these every second, while the block lasts."""
    configuration = folder / "prometheus.yml"
    configuration.write_text(yaml.safe_dump(scrape_configuration(jobs)), encoding="utf-8")
    port = free_port()
    process = ChildProcess.start(
        [
            program("prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ],
        log_file=folder / "prometheus.log",
    )
    server = Prometheus(f"http://127.0.0.1:{port}")
    try:
        eventually(lambda: process.poll() is not None or _is_ready(server), "Prometheus to be ready")
        assert process.poll() is None, process.tail(30)
        yield server
    finally:
        process.terminate(20)


def scrape_configuration(jobs: Sequence[ScrapeJob]) -> dict[str, Any]:
    """The configuration file of a Prometheus that scrapes these every second."""
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {
                "job_name": job.name,
                "static_configs": [{"targets": list(job.addresses), "labels": dict(job.labels)}],
            }
            for job in jobs
        ],
    }


def _is_ready(server: Prometheus) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/-/ready", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
