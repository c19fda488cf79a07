"""Each record once, in order, whatever happens to the processes that handle them; and wrong workers are found out."""

import math
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_kafka import EmbeddedKafka
from heartzone_testing.brokers.frame_proxy import FrameProxy
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.bugs import Bug
from heartzone_testing.chaos.campaign import BROKER, Campaign
from heartzone_testing.chaos.fleet import Fleet
from heartzone_testing.chaos.points import Action, Point, Trigger
from heartzone_testing.chaos.reading import audit
from heartzone_testing.chaos.schedule import Plan
from heartzone_testing.chaos.verdict import Wrong
from heartzone_testing.chaos.worker import Settings
from heartzone_testing.ports import free_port
from heartzone_testing.waiting import eventually

RECORDS = [b"%d" % number for number in range(1, 301)]  # two transactions
PATIENT = 60.0  # seconds of a transaction that the brokers do not end while its worker is frozen


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrameProxy]:
    """In front of a broker that advertises it, and whose groups miss a silent member soon."""
    port = free_port()
    with FrameProxy(port) as proxy:
        properties = {**BROKER, "advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
        logs = tmp_path_factory.mktemp("chaos")
        with EmbeddedKafka(port=port, broker_properties=properties, jvm="startup", log_dir=logs):
            yield proxy


@pytest.fixture(scope="module")
def kafka(proxy: FrameProxy) -> Testbed:
    """The broker, through the proxy."""
    return Testbed({"bootstrap.servers": f"127.0.0.1:{proxy.port}"})


class Scenario:
    """One worker that handles records of one partition, and what happens to it."""

    def __init__(self, kafka: Testbed, folder: Path, *triggers: Trigger, bug: Bug | None = None) -> None:
        self._kafka = kafka
        self._triggers = triggers
        # Where nobody dies, nobody is to be taken for dead on a busy machine either: partitions would go on elsewhere.
        session = 3_000 if {each.action for each in triggers} & {Action.KILL, Action.FREEZE} else 60_000
        source, target, dead = kafka.create_topics("in", "out", "dead")
        group = f"wrong-{uuid.uuid4().hex[:8]}"
        self.settings = Settings(
            connection=kafka.connection,
            source=source,
            target=target,
            dead_letters=dead,
            group_id=group,
            transactional_id=group,
            consumer={"session.timeout.ms": session, "heartbeat.interval.ms": 300},
            transaction_timeout=PATIENT,
            bug=bug,
        )
        self.fleet = Fleet(self.settings, list, folder=folder, frozen_for=math.inf)

    def run(self, records: list[bytes] = RECORDS) -> None:
        """Let a worker process all records, and another one while it is frozen."""
        self._kafka.send(self.settings.source, *records)
        try:
            self.fleet.start("first", triggers=self._triggers)
            eventually(self._is_processed_or_frozen, "all records", 120, every=0.2)
            if self.fleet.frozen:
                self.fleet.start("second", triggers=())
                eventually(self._is_processed, "all records, by the second worker", 120, every=0.2)
                self.fleet.thaw("first")
            self.fleet.stop_all()
        finally:
            self.fleet.kill_all()

    def _is_processed_or_frozen(self) -> bool:
        self.fleet.look_after()
        assert self.fleet.counts.ended == []
        return bool(self.fleet.frozen) or self._is_processed()

    def _is_processed(self) -> bool:
        committed = self._kafka.group_offsets(self.settings.group_id, self.settings.source)
        return committed[0] >= self._kafka.end_offset(self.settings.source)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_no_record_is_lost_doubled_or_misordered_while_workers_are_killed_frozen_and_cut_off(
    kafka: Testbed, proxy: FrameProxy, tmp_path: Path, protocol: str
) -> None:
    result = Campaign(Plan(seed=20261129, protocol=protocol), kafka, proxy, tmp_path).run(within=540)
    assert result.problems == []
    assert result.findings == []


@pytest.mark.parametrize(
    ("bug", "trigger", "found"),
    [
        (Bug.PRODUCE_OUTSIDE_TRANSACTION, Trigger(Point.PRODUCED, Action.KILL), Wrong.DOUBLED),
        (Bug.PLAIN_COMMIT, Trigger(Point.OFFSETS_SENT, Action.KILL), Wrong.MISSING),
        (Bug.NO_SEEK_AFTER_ABORT, Trigger(Point.PRODUCED, Action.FENCE), Wrong.MISSING),
        (Bug.NO_FENCING, Trigger(Point.PRODUCED, Action.FREEZE), Wrong.DOUBLED),
        (Bug.SWALLOWED_ABORTABLE_ERROR, Trigger(Point.COMMITTING, Action.FENCE), Wrong.MISSING),
    ],
)
def test_a_wrong_worker_is_found_out(kafka: Testbed, tmp_path: Path, bug: Bug, trigger: Trigger, found: Wrong) -> None:
    scenario = Scenario(kafka, tmp_path, trigger, bug=bug)
    scenario.run()
    assert {each.wrong for each in audit(kafka, scenario.settings)} == {found}


def test_a_worker_that_lets_duplicates_pass_is_found_out(kafka: Testbed, tmp_path: Path) -> None:
    scenario = Scenario(kafka, tmp_path, bug=Bug.NO_DEDUPLICATION)
    scenario.run([b"1", b"2", b"1"])
    [finding] = audit(kafka, scenario.settings)
    assert (finding.wrong, finding.offset) == (Wrong.UNEXPLAINED, 2)


def test_a_reader_that_sees_what_was_aborted_is_found_out(kafka: Testbed, tmp_path: Path) -> None:
    """And the same worker is right for one that does not."""
    scenario = Scenario(kafka, tmp_path, Trigger(Point.PRODUCED, Action.KILL))
    scenario.run()
    assert {each.wrong for each in audit(kafka, scenario.settings, isolation="read_uncommitted")} == {Wrong.DOUBLED}
    assert audit(kafka, scenario.settings) == []
