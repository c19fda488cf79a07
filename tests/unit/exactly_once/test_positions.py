"""Bookkeeping of positions, and the lag that follows from it."""

from confluent_kafka import Message

from exactly_once.core.positions import Positions

P0, P1 = ("in", 0), ("in", 1)


def record(partition: int, offset: int) -> Message:
    return Message(topic="in", partition=partition, offset=offset)


def test_only_records_that_are_ours_and_not_processed_yet_are_due() -> None:
    positions = Positions()
    positions.fetch({P0: 5})

    due = positions.due([record(0, 4), record(0, 5), record(1, 9), record(0, 6)])

    assert [each.offset() for each in due] == [5, 6]


def test_a_dropped_partition_has_neither_position_nor_lag() -> None:
    positions = Positions()
    positions.fetch({P0: 5, P1: 5})
    positions.update_stable_offsets({P0: 9, P1: 7})

    positions.drop([P0])

    assert positions.fetched == {P1: 5}
    assert positions.lag() == {P1: 2}
    assert positions.due([record(0, 5)]) == []


def test_the_lag_is_the_distance_to_the_last_stable_offset() -> None:
    positions = Positions()
    positions.fetch({P0: 5})
    assert positions.lag() == {}, "it is not known before the brokers have reported the offset"

    positions.update_stable_offsets({P0: 12, P1: 3})
    assert positions.lag() == {P0: 7}

    positions.advance({P0: 12})
    assert positions.lag() == {P0: 0}


def test_at_the_end_of_a_partition_the_lag_is_0_behind_control_records() -> None:
    positions = Positions()
    positions.fetch({P0: 5})
    positions.update_stable_offsets({P0: 9})

    positions.end_reached(P0, 9)
    positions.pass_control_records()

    assert positions.lag() == {P0: 0}
    assert positions.fetched == {P0: 9}
    assert positions.uncommitted() == {P0: 9}, "to be committed: then the lag of every other program is 0, too"


def test_an_end_that_was_reached_before_a_rewind_says_nothing_about_the_lag() -> None:
    positions = Positions()
    positions.fetch({P0: 5})
    positions.end_reached(P0, 9)

    positions.rewound()
    positions.pass_control_records()

    assert positions.lag() == {P0: 4}
    assert positions.fetched == {P0: 5}


def test_a_partition_that_is_held_has_a_lag_and_no_record_of_it_is_due() -> None:
    positions = Positions()
    positions.fetch({P0: 5, P1: 8})
    positions.update_stable_offsets({P0: 9, P1: 8})

    positions.hold(P0, 6)

    assert [each.partition() for each in positions.due([record(0, 6), record(1, 8)])] == [1]
    assert positions.lag() == {P0: 3, P1: 0}
    positions.fetch({P0: 6})
    assert [each.offset() for each in positions.due([record(0, 6)])] == [6]


def test_only_positions_of_fetched_partitions_that_are_not_committed_yet_are_to_be_committed() -> None:
    positions = Positions()
    positions.fetch({P0: 5, P1: 8})
    positions.committed({P1: 8})
    assert positions.uncommitted() == {P0: 5}

    positions.advance({P0: 7, P1: 9})
    assert positions.fetched == {P0: 7, P1: 9}
    assert positions.uncommitted() == {}

    positions.hold(P0, 7)
    positions.committed({P0: 3})
    assert positions.uncommitted() == {}, "what is committed for a halted partition is a person's to change"
