"""The operator's panels on a real Prometheus that scrapes a real operator: one topic is ready, and one is not."""

from pathlib import Path

import pytest

from heartzone_testing.checkout import DASHBOARDS_FOLDER
from heartzone_testing.operators.bench import OperatorBench
from heartzone_testing.operators.event_topics import SCHEMA_1, event_topic
from heartzone_testing.prometheus.dashboards import load, queries, substitute
from heartzone_testing.prometheus.server import ScrapeJob, scraping
from heartzone_testing.waiting import eventually

QUERIES = queries(load(DASHBOARDS_FOLDER / "pipeline.json"))
OPERATOR = [query for query in QUERIES if query.row == "Operator" or query.panel == "EventTopics not Ready"]


@pytest.mark.usefixtures("prometheus_programs")
def test_every_query_about_the_operator_returns_data(bench: OperatorBench, tmp_path: Path) -> None:
    ready = event_topic(schema=SCHEMA_1)
    lag = {
        "HEARTZONE_GROUP_LAG_GROUPS": f"zone-worker={ready['spec']['topicName']}",
        "HEARTZONE_GROUP_LAG_INTERVAL": "1",
    }
    with (
        bench.operator(lag) as operator,
        scraping(tmp_path, ScrapeJob("operator", [f"127.0.0.1:{operator.management_port}"])) as prometheus,
    ):
        bench.settled(bench.apply(ready))
        bench.settled(bench.apply(event_topic(replicas=7)), "False")

        prometheus.await_data(OPERATOR)
        (not_ready,) = (query for query in OPERATOR if query.panel == "EventTopics not Ready")
        eventually(
            lambda: [series.value for series in prometheus.query(substitute(not_ready.expression))] == [1],
            "the one that is not Ready",
        )
