"""Each record once, in order, whatever happens to the processes that handle them; and wrong workers are found out."""

import math
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.chaos.brokers import Brokers
from heartzone_testing.chaos.bugs import Bug
from heartzone_testing.chaos.campaign import Campaign
from heartzone_testing.chaos.faults import GroupFault
from heartzone_testing.chaos.fleet import Fleet
from heartzone_testing.chaos.points import Action, Point, Trigger
from heartzone_testing.chaos.reading import audit
from heartzone_testing.chaos.schedule import Plan
from heartzone_testing.chaos.verdict import Wrong
from heartzone_testing.chaos.worker import Settings
from heartzone_testing.waiting import eventually

RECORDS = [b"%d" % number for number in range(1, 301)]  # two transactions
PATIENT = 60.0  # seconds of a transaction that the brokers do not end while its worker is frozen


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """One, whose groups miss a silent member soon."""
    with Brokers(1, tmp_path_factory.mktemp("chaos")) as brokers:
        yield brokers


@pytest.fixture
def kafka(brokers: Brokers) -> Testbed:
    """The broker."""
    return brokers.kafka


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
@pytest.mark.parametrize(
    ("protocol", "faults"),
    [
        ("classic", (GroupFault.ISOLATION, GroupFault.OFFSETS_LOST)),
        ("consumer", (GroupFault.TOPIC_ANEW, GroupFault.ISOLATION)),
    ],
)
def test_no_record_is_lost_doubled_or_misordered_while_workers_are_killed_frozen_and_cut_off(
    brokers: Brokers, tmp_path: Path, protocol: str, faults: tuple[GroupFault, ...]
) -> None:
    plan = Plan(seed=20261129, protocol=protocol, faults=faults)
    result = Campaign(plan, brokers, tmp_path).run(within=540)
    assert result.problems == []
    assert result.findings == []
    assert result.counts.keys() >= set(faults)


CONTROLS: Mapping[Bug | None, tuple[Trigger, ...]] = {
    Bug.PRODUCE_OUTSIDE_TRANSACTION: (Trigger(Point.PRODUCED, Action.KILL),),
    Bug.PLAIN_COMMIT: (Trigger(Point.OFFSETS_SENT, Action.KILL),),
    Bug.NO_SEEK_AFTER_ABORT: (Trigger(Point.PRODUCED, Action.FENCE),),
    Bug.NO_FENCING: (Trigger(Point.PRODUCED, Action.FREEZE),),
    Bug.SWALLOWED_ABORTABLE_ERROR: (Trigger(Point.COMMITTING, Action.FENCE),),
    Bug.NO_DEDUPLICATION: (),
    None: (Trigger(Point.PRODUCED, Action.KILL),),
}
"""What happens to each wrong worker, and to a right one."""


Controls = Mapping[Bug | None, Future[Settings]]


@pytest.fixture(scope="module")
def controls(brokers: Brokers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controls]:
    """The settings of each, once it has processed all: most of the time they wait, and so do it together."""

    def run(bug: Bug | None, triggers: tuple[Trigger, ...]) -> Settings:
        scenario = Scenario(brokers.kafka, tmp_path_factory.mktemp("control"), *triggers, bug=bug)
        scenario.run([b"1", b"2", b"1"] if bug is Bug.NO_DEDUPLICATION else RECORDS)
        return scenario.settings

    with ThreadPoolExecutor(len(CONTROLS)) as pool:
        yield {bug: pool.submit(run, bug, triggers) for bug, triggers in CONTROLS.items()}


@pytest.mark.parametrize(
    ("bug", "found"),
    [
        (Bug.PRODUCE_OUTSIDE_TRANSACTION, Wrong.DOUBLED),
        (Bug.PLAIN_COMMIT, Wrong.MISSING),
        (Bug.NO_SEEK_AFTER_ABORT, Wrong.MISSING),
        (Bug.NO_FENCING, Wrong.DOUBLED),
        (Bug.SWALLOWED_ABORTABLE_ERROR, Wrong.MISSING),
    ],
)
def test_a_wrong_worker_is_found_out(kafka: Testbed, controls: Controls, bug: Bug, found: Wrong) -> None:
    assert {each.wrong for each in audit(kafka, controls[bug].result())} == {found}


def test_a_worker_that_lets_duplicates_pass_is_found_out(kafka: Testbed, controls: Controls) -> None:
    [finding] = audit(kafka, controls[Bug.NO_DEDUPLICATION].result())
    assert (finding.wrong, finding.offset) == (Wrong.UNEXPLAINED, 2)


def test_a_reader_that_sees_what_was_aborted_is_found_out(kafka: Testbed, controls: Controls) -> None:
    """And the same worker is right for one that does not."""
    settings = controls[None].result()
    assert {each.wrong for each in audit(kafka, settings, isolation="read_uncommitted")} == {Wrong.DOUBLED}
    assert audit(kafka, settings) == []
