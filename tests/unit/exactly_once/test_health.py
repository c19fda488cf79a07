"""Probes of a worker: dead before the watchdog strikes, ready while anything is processed."""

import pytest

from exactly_once.health import Health, liveness, readiness
from heartzone_testing.engine.supervised import SupervisedWorker


@pytest.mark.parametrize(
    ("limit", "age", "live"),
    [(90.0, 59.9, True), (90.0, 60.1, False), (900.0, 599.0, True), (900.0, 601.0, False), (None, 60.1, False)],
)
def test_a_worker_is_dead_at_two_thirds_of_the_time_after_which_the_watchdog_ends_it(
    limit: float | None, age: float, live: bool
) -> None:
    assert liveness(SupervisedWorker(progress_age=age, progress_limit=limit)).ok is live


def test_a_dead_worker_says_for_how_long_it_has_made_no_progress() -> None:
    assert liveness(SupervisedWorker(progress_age=75.2)).reason == "the loop has made no progress for 75 s"


def test_a_worker_that_cannot_process_anything_is_not_ready() -> None:
    worker = SupervisedWorker(unready_reason="joining the consumer group", set_aside={("in", 0): "lookup"})

    assert readiness(worker) == Health(False, "joining the consumer group")


def test_partitions_that_are_set_aside_are_told_and_leave_the_worker_ready() -> None:
    assert readiness(SupervisedWorker()) == Health(True, "processing")
    assert readiness(SupervisedWorker(set_aside={("in", 3): "lookup", ("in", 0): "offset_out_of_range"})) == Health(
        True, "processing, but for 2 of the partitions: in[0] offset_out_of_range, in[3] lookup"
    )


def test_a_worker_whose_partitions_are_all_halted_says_that_it_processes_nothing_and_blocks_no_rollout() -> None:
    worker = SupervisedWorker(set_aside={("in", 0): "offset_out_of_range"}, assigned_partitions=1)

    assert readiness(worker) == Health(
        True, "processing nothing: each of the partitions is set aside: in[0] offset_out_of_range"
    )


def test_a_worker_to_which_no_partition_is_assigned_is_ready() -> None:
    assert readiness(SupervisedWorker(assigned_partitions=0)) == Health(True, "processing")
