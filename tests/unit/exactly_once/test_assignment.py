"""The states of each partition that is assigned: located, fetched, set aside, and tried again."""

import pytest

from exactly_once import HaltReason, MissingOffsets, OutOfRange
from exactly_once.core.assignment import LOOK_AGAIN, Assignment, NotKnown, Wait
from exactly_once.core.positions import Positions
from exactly_once.core.start_offset import Bounds, Committed, Finding, Halt, StartKind, StartPolicy

P0, P1 = ("in", 0), ("in", 1)
OWN = "topic-id=id"


def found(offset: int | None = 3, *, topic_id: str = "id", metadata: str = OWN, latest: int = 10) -> Finding:
    committed = None if offset is None else Committed(offset, metadata)
    return Finding(committed, Bounds(0, latest, latest), topic_id, known_topic=False)


@pytest.fixture
def positions() -> Positions:
    return Positions()


@pytest.fixture
def assignment(positions: Positions) -> Assignment:
    policy = StartPolicy(missing_offsets=MissingOffsets.EARLIEST, offset_out_of_range=OutOfRange.STOP)
    return Assignment(positions, policy)


def fetched(assignment: Assignment, *partitions: tuple[str, int], offset: int = 3) -> None:
    assignment.own(partitions)
    for partition in assignment.to_look_up(0):
        assignment.found(partition, found(offset), 0)
    assert set(assignment.to_fetch(0)) == set(partitions)


def halted(reason: HaltReason) -> Halt:
    return Halt(reason, "a sentence")


def test_a_partition_is_located_and_then_fetched_from_there(assignment: Assignment, positions: Positions) -> None:
    assignment.own([P0])
    assert assignment.to_look_up(0) == [P0]
    assert assignment.to_look_up(0) == [], "one look at a time"
    assert assignment.to_fetch(0) == {}

    assert assignment.found(P0, found(3), 0) is StartKind.COMMITTED

    assert assignment.to_fetch(0) == {P0: 3}
    assert assignment.to_fetch(0) == {}
    assert positions.fetched == {P0: 3}


def test_what_was_looked_up_for_an_earlier_assignment_is_not_believed(assignment: Assignment) -> None:
    """Another worker may have owned the partition meanwhile, and have processed more."""
    assignment.own([P0])
    assignment.to_look_up(0)
    assignment.drop([P0])
    assignment.own([P0])

    assert assignment.found(P0, found(3), 0) is None
    assert assignment.to_fetch(0) == {}
    assert assignment.to_look_up(0) == [P0]


def test_one_whose_start_is_not_known_yet_is_looked_at_again_and_holds_nobody_else(assignment: Assignment) -> None:
    assignment.own([P0, P1])
    assignment.to_look_up(0)
    assignment.not_found(P0, NotKnown("unstable"), 0)
    assignment.found(P1, found(3), 0)
    assert assignment.to_fetch(0) == {P1: 3}

    now = 0.0
    for _ in range(5):
        now += 1
        assert assignment.to_look_up(now) == [P0]
        assignment.not_found(P0, NotKnown("unstable"), now)
    assert assignment.troubles == {P0: Wait("unstable")}
    assert assignment.standstill is None

    assignment.to_look_up(now + 1)
    assignment.found(P0, found(5), now + 1)
    assert assignment.troubles == {}
    assert assignment.to_fetch(now + 1) == {P0: 5}


def test_a_partition_that_waits_is_tried_again_when_it_is_ready_or_after_a_while(assignment: Assignment) -> None:
    fetched(assignment, P0, P1)
    ready = [False]
    assignment.set_aside(P0, Wait("lacks", lambda: ready[0]), 100)
    assert assignment.to_fetch(100) == {}
    assert assignment.troubles == {P0: Wait("lacks", assignment.troubles[P0].ready)}  # type: ignore[union-attr]

    ready[0] = True
    assert assignment.to_fetch(100) == {P0: 3}

    assignment.set_aside(P0, Wait("lacks"), 100)
    assert assignment.to_fetch(100) == {}
    assert assignment.to_fetch(100.5) == {P0: 3}
    assert P0 in assignment.troubles, "until something is processed"
    assignment.advance({P0: 4})
    assert assignment.troubles == {}


def test_when_all_partitions_wait_the_reason_is_told(assignment: Assignment) -> None:
    fetched(assignment, P0, P1)
    assignment.set_aside(P0, Wait("lacks"), 0)
    assert assignment.standstill is None
    assignment.set_aside(P1, Wait("lacks"), 0)
    assert assignment.standstill == "lacks"


@pytest.mark.parametrize("reason", [HaltReason.DEAD_LETTER_IMPOSSIBLE, HaltReason.TOO_MANY_DEAD_LETTERS])
def test_a_halted_partition_goes_on_where_a_person_moves_the_committed_offset(
    assignment: Assignment, reason: HaltReason
) -> None:
    fetched(assignment, P0)
    assignment.set_aside(P0, halted(reason), 0)
    assert assignment.to_look_up(0) == [P0]
    assert assignment.found(P0, found(3), 0) is None
    assert assignment.to_look_up(LOOK_AGAIN) == [P0]
    assert assignment.found(P0, found(3), LOOK_AGAIN) is None

    assert assignment.to_look_up(2 * LOOK_AGAIN) == [P0]
    assert assignment.found(P0, found(7), 2 * LOOK_AGAIN) is StartKind.MOVED
    assert assignment.to_fetch(2 * LOOK_AGAIN) == {P0: 7}


def test_a_commit_of_the_same_offset_with_another_text_is_a_command_too(assignment: Assignment) -> None:
    fetched(assignment, P0)
    assignment.advance({P0: 5})
    assignment.set_aside(P0, halted(HaltReason.TOO_MANY_DEAD_LETTERS), 0)
    assignment.to_look_up(0)

    assert assignment.found(P0, found(5, metadata=f"{OWN};set-offset=now"), 0) is StartKind.MOVED


def test_a_partition_that_waits_is_moved_in_the_same_way(assignment: Assignment) -> None:
    fetched(assignment, P0)
    assignment.set_aside(P0, Wait("lacks"), 0)
    assignment.to_look_up(LOOK_AGAIN)

    assert assignment.found(P0, found(7), LOOK_AGAIN) is StartKind.MOVED
    assert assignment.to_fetch(LOOK_AGAIN) == {P0: 7}


def test_what_the_worker_itself_has_committed_is_no_command(assignment: Assignment) -> None:
    fetched(assignment, P0)
    assignment.advance({P0: 5})
    assignment.set_aside(P0, halted(HaltReason.TOO_MANY_DEAD_LETTERS), 0)
    assignment.to_look_up(0)

    assert assignment.found(P0, found(5), 0) is None


def test_a_try_that_fails_again_does_not_hide_a_command_that_came_meanwhile(assignment: Assignment) -> None:
    fetched(assignment, P0)
    paused = halted(HaltReason.TOO_MANY_DEAD_LETTERS)
    assignment.set_aside(P0, paused, 0)
    assignment.to_look_up(0)
    assignment.found(P0, found(3), 0)
    assert assignment.to_fetch(LOOK_AGAIN) == {P0: 3}, "whether what arrives is good again"
    assignment.set_aside(P0, paused, LOOK_AGAIN)

    assignment.to_look_up(LOOK_AGAIN)
    assert assignment.found(P0, found(7), LOOK_AGAIN) is StartKind.MOVED


def test_an_offset_out_of_range_halts_until_the_committed_one_is_in_range(assignment: Assignment) -> None:
    assignment.own([P0])
    assignment.to_look_up(0)
    assert assignment.found(P0, found(99), 0) is None
    [halt] = assignment.troubles.values()
    assert halt.reason is HaltReason.OFFSET_OUT_OF_RANGE
    assert assignment.to_fetch(1_000_000) == {}

    assert assignment.to_look_up(LOOK_AGAIN) == [P0]
    assert assignment.found(P0, found(4), LOOK_AGAIN) is StartKind.COMMITTED
    assert assignment.troubles == {}
    assert assignment.to_fetch(LOOK_AGAIN) == {P0: 4}


def test_a_topic_with_another_id_is_found_among_what_is_fetched_and_starts_at_its_beginning(
    assignment: Assignment,
) -> None:
    fetched(assignment, P0, P1)
    assert assignment.of_another_topic({"in": "id"}) == []
    assert assignment.of_another_topic({"in": "other"}) == [P0, P1]

    assignment.locate(P0, 5)
    assignment.to_look_up(5)
    assert assignment.found(P0, found(None, topic_id="other"), 5) is StartKind.NEW_TOPIC
    assert assignment.to_fetch(5) == {P0: 0}


def test_a_topic_that_comes_back_after_its_partitions_were_lost_is_still_another_one(positions: Positions) -> None:
    """Brokers forget the group's offsets with the topic, and a policy would skip what is in the new one."""
    policy = StartPolicy(missing_offsets=MissingOffsets.LATEST, offset_out_of_range=OutOfRange.STOP)
    assignment = Assignment(positions, policy)
    fetched(assignment, P0)
    assignment.drop([P0])

    assignment.own([P0, P1])
    assignment.to_look_up(0)
    assert assignment.found(P0, found(None, topic_id="other"), 0) is StartKind.NEW_TOPIC
    assert assignment.found(P1, found(None, topic_id="other"), 0) is StartKind.NEW_TOPIC
    assert assignment.to_fetch(0) == {P0: 0, P1: 0}


def test_a_halted_partition_of_a_topic_that_was_made_anew_goes_on_at_the_new_beginning(assignment: Assignment) -> None:
    fetched(assignment, P0)
    assignment.set_aside(P0, halted(HaltReason.DEAD_LETTER_IMPOSSIBLE), 0)
    assignment.to_look_up(0)

    assert assignment.found(P0, found(None, topic_id="other"), 0) is StartKind.NEW_TOPIC
    assert assignment.troubles == {}
    assert assignment.to_fetch(0) == {P0: 0}


def test_what_is_suspended_goes_on_where_it_stood_or_where_a_commit_has_brought_it(
    assignment: Assignment, positions: Positions
) -> None:
    fetched(assignment, P0, P1)
    assert assignment.suspend(0) == [P0, P1]
    assert positions.fetched == {}

    assignment.advance({P0: 8})

    assert assignment.to_fetch(0) == {P0: 8, P1: 3}


def test_only_what_was_fetched_is_to_be_stopped_when_partitions_are_taken_away(assignment: Assignment) -> None:
    fetched(assignment, P0, P1)
    assignment.set_aside(P0, Wait("lacks"), 0)

    assert assignment.drop([P0, P1]) == [P1]
