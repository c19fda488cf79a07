"""The log that a worker has without another observer."""

import logging
import subprocess
import sys
from collections.abc import Callable

import pytest

from exactly_once import EventLog, HaltReason, Observer, RebalanceEvent, RiskReason, WaitReason

Event = Callable[[Observer], None]

WARNINGS: list[tuple[Event, str]] = [
    (
        lambda log: log.partition_halted(("in", 3), HaltReason.OFFSET_OUT_OF_RANGE, "offset 10 is gone"),
        "partition_halted topic='in' partition=3 reason='offset_out_of_range' detail='offset 10 is gone'",
    ),
    (
        lambda log: log.partition_waiting(("in", 3), "lookup"),
        "partition_waiting topic='in' partition=3 reason='lookup'",
    ),
    (
        lambda log: log.waiting(WaitReason.COORDINATOR),
        "worker_waiting reason='waiting for the transaction coordinator'",
    ),
    (
        lambda log: log.promise_at_risk({RiskReason.TRANSACTIONAL_ID_EXPIRES_SOON: "set it"}),
        "promise_at_risk reason='transactional_id_expires_soon' detail='set it'",
    ),
    (
        lambda log: log.topic_recreated(("in", 0), "a", "b"),
        "topic_recreated topic='in' partition=0 old_id='a' new_id='b'",
    ),
    (lambda log: log.dead_lettered({"tombstone": 2}), "records_dead_lettered reason='tombstone' records=2"),
]
INFOS: list[tuple[Event, str]] = [
    (lambda log: log.aborted("not_in_group", records=5), "transaction_aborted reason='not_in_group' records=5"),
    (lambda log: log.producer_rebuilt("fenced"), "producer_rebuilt reason='fenced'"),
    (lambda log: log.partition_resumed(("in", 3)), "partition_resumed topic='in' partition=3"),
    (
        lambda log: log.rebalanced(RebalanceEvent.ASSIGNED, [("in", 0)]),
        "group_rebalanced change='assigned' partitions=['in[0]']",
    ),
]


@pytest.mark.parametrize(
    ("event", "line", "level"),
    [(*each, logging.WARNING) for each in WARNINGS] + [(*each, logging.INFO) for each in INFOS],
    ids=[line.split(" ")[0] for _, line in WARNINGS + INFOS],
)
def test_each_event_is_a_line_with_its_fields_which_the_log_record_has_too(
    event: Event, line: str, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "exactly_once")

    event(EventLog())

    [record] = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("exactly_once", level, line)
    assert record.__dict__["event"] == line.split(maxsplit=1)[0]
    assert all(f"{name}={record.__dict__[name]!r}" in line for name in ("reason", "topic") if f"{name}=" in line)


def test_transactions_and_lag_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "exactly_once")
    log = EventLog()

    log.committed([], outputs=0, seconds=0.1)
    log.lag({("in", 0): 5})

    assert caplog.records == []


def test_a_program_that_configures_no_logging_shows_a_halt_on_stderr() -> None:
    program = """
from exactly_once import EventLog, HaltReason
EventLog().partition_halted(("in", 0), HaltReason.OFFSET_MISSING, "decide where to start")
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "partition_halted topic='in' partition=0 reason='offset_missing'" in shown.stderr
