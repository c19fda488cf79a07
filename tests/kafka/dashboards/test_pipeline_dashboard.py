"""The pipeline's dashboard on a real Prometheus that scrapes real services, with things going right and wrong."""

import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from heartzone.messages import Biometrics, HeartRate, encode
from heartzone.wire import frame_prefix
from heartzone_cli.audit.metrics import AuditMetrics
from heartzone_testing.checkout import DASHBOARDS_FOLDER
from heartzone_testing.prometheus.dashboards import load, queries, substitute
from heartzone_testing.prometheus.rules import METRICS
from heartzone_testing.prometheus.server import Prometheus, ScrapeJob, Series, scraping
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.waiting import eventually

MakePipeline = Callable[..., Pipeline]
QUERIES = queries(load(DASHBOARDS_FOLDER / "pipeline.json"))
OPERATOR = [query for query in QUERIES if query.row == "Operator" or query.panel == "EventTopics not Ready"]
# Metrics that alerts read: the operator's, and those that are there only while something is the matter.
OPERATORS = {"heartzone_eventtopics", "heartzone_group_lag_records", "heartzone_group_lag_seconds"}
SELDOM = {"heartzone_partitions_halted", "heartzone_partitions_waiting"}
AUDITS = {metric for metric in METRICS if metric.startswith("heartzone_audit_")}

BODY = (
    '{"deviceId":"%s","heartRates":[{"dateTime":"2022-12-02T13:50:00Z","value":90},'
    '{"dateTime":"2022-12-02T13:51:00Z","value":150}],"maxHeartRate":200}'
)

pytestmark = pytest.mark.usefixtures("prometheus_programs")


def post(producer: ServiceProcess, body: str) -> int:
    """The status of the response to a POST."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{producer.http_port}/biometrics",
        data=body.encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


@contextmanager
def traffic(producer: ServiceProcess) -> Iterator[None]:
    """Good requests and bad ones, ten times a second, while the block lasts."""
    enough = threading.Event()

    def send() -> None:
        while not enough.wait(0.1):
            post(producer, BODY % uuid.uuid4())
            post(producer, '{"deviceId":"nobody"}')

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join(30)


def of_panel(prometheus: Prometheus, panel: str) -> list[Series]:
    """What a panel with one query shows now."""
    (query,) = (query for query in QUERIES if query.panel == panel)
    return prometheus.query(substitute(query.expression))


def value_of(prometheus: Prometheus, panel: str, **labels: str) -> float:
    """The value of one series of a panel, 0 while it is not there."""
    return sum(series.value for series in of_panel(prometheus, panel) if labels.items() <= dict(series.labels).items())


@pytest.fixture
def pipeline(make_pipeline: MakePipeline) -> Pipeline:
    return make_pipeline(partitions=2)


def test_alerts_read_metrics_that_an_audit_exports() -> None:
    registry = CollectorRegistry()
    AuditMetrics(registry)

    exported = {sample.name for family in registry.collect() for sample in family.samples}
    assert AUDITS
    assert exported >= AUDITS


def test_every_query_of_the_dashboard_returns_data(pipeline: Pipeline, tmp_path: Path) -> None:
    with ExitStack() as stack:
        workers = [stack.enter_context(pipeline.worker(n, {"HEARTZONE_SCHEMA_PATIENCE": "1"})) for n in range(2)]
        producer = stack.enter_context(pipeline.producer())
        for service in (producer, *workers):
            service.wait_until_ready()
        jobs = [
            ScrapeJob("producer", [f"127.0.0.1:{producer.management_port}"]),
            ScrapeJob("zone-worker", [f"127.0.0.1:{worker.management_port}" for worker in workers]),
        ]
        prometheus = stack.enter_context(scraping(tmp_path, *jobs))
        stack.enter_context(traffic(producer))

        prometheus.await_data([query for query in QUERIES if query not in OPERATOR])
        assert prometheus.without_data(OPERATOR) == OPERATOR, "no operator, no data: tests/kubernetes has one"
        unknown = [metric for metric in METRICS - OPERATORS - SELDOM - AUDITS if not prometheus.query(metric)]
        assert unknown == [], "alerts read metrics that no service has"
        # Until now zeros were data, too: what goes wrong has to show, the first time that it does.
        pipeline.kafka.send(pipeline.biometrics, b"not framed", frame_prefix(987_654) + b"{}")
        for panel, labels in (
            ("Dead letters by reason", {"reason": "bad_frame"}),
            ("Dead letters by reason", {"reason": "schema_not_found"}),
            ("Errors by route and status", {"route": "/biometrics", "status": "422"}),
            ("Rejected requests by reason", {"reason": "invalid_message"}),
        ):
            eventually(lambda: value_of(prometheus, panel, **labels) > 0, f"{panel} {labels}")  # noqa: B023 called at once


def test_records_behind_an_open_transaction_of_another_program_show_and_are_no_lag(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    stranger = Producer({**pipeline.kafka.connection, "transactional.id": str(uuid.uuid4())})
    stranger.init_transactions(20)
    stranger.begin_transaction()
    message = Biometrics("3fa85f64-5717-4562-b3fc-2c963f66afa6", [HeartRate("2022-12-02T13:50:00Z", 90)], 200)
    stranger.produce(pipeline.biometrics, frame_prefix(pipeline.schema_id) + encode(message), partition=1)
    assert stranger.flush(20) == 0

    with pipeline.worker() as worker:
        worker.wait_until_ready()
        with scraping(tmp_path, ScrapeJob("zone-worker", [f"127.0.0.1:{worker.management_port}"])) as prometheus:

            def behind(partition: str) -> float:
                return value_of(prometheus, "Behind open transactions, by partition", partition=partition)

            eventually(lambda: behind("1") == 1, "the record behind the open transaction")
            assert behind("0") == 0
            assert value_of(prometheus, "Lag by partition") == 0
            assert of_panel(prometheus, "Lag by partition") != []

            stranger.commit_transaction(20)
            eventually(lambda: behind("1") == 0, "nothing behind it once it is committed")
