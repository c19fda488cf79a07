"""The traffic and the audit that tests of faults rest on, held against a producer that is killed."""

from collections.abc import Callable
from contextlib import ExitStack

from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.traffic.auditor import Auditor
from heartzone_testing.traffic.client import Outcome
from heartzone_testing.traffic.load import Traffic


def test_traffic_outlives_a_killed_producer_and_the_audit_finds_every_reading(
    make_pipeline: Callable[..., Pipeline],
) -> None:
    pipeline = make_pipeline(partitions=3)
    topics = {"readings": pipeline.biometrics, "zones": pipeline.zones}
    auditor = Auditor(pipeline.kafka.connection, group=pipeline.group, **topics)

    with ExitStack() as services:
        services.enter_context(pipeline.worker())
        killed = services.enter_context(pipeline.producer())
        killed.wait_until_ready()
        with Traffic(f"http://127.0.0.1:{killed.http_port}", rate=200) as traffic:
            traffic.await_more(100)
            killed.process.kill()
            services.enter_context(pipeline.producer({"HEARTZONE_HTTP_PORT": str(killed.http_port)}))
            traffic.await_more(100)
        assert auditor.discrepancies(traffic.accepted) == []
        [finding] = auditor.discrepancies(traffic.accepted[1:])

    assert "never sent" in finding
    assert traffic.outcomes[Outcome.UNREACHABLE] > 0
