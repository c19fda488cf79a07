"""The audit's verdict, as pure logic: what the workers should have written of an input, and what they wrote."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from heartzone_testing.chaos.oracle import Outcome, outcome_of


class Wrong(StrEnum):
    """What can be wrong with the outcome of a record."""

    MISSING = "missing"
    DOUBLED = "doubled"
    MISORDERED = "misordered"
    UNEXPLAINED = "unexplained"
    """No record has it as its outcome, or one of another value."""


class Finding(NamedTuple):
    """Something that a right worker would not have written, or would have."""

    wrong: Wrong
    topic: str
    partition: int
    offset: int
    """Of the input record that it came from, or is said to have come from."""


Record = tuple[int, bytes]
"""The offset of an input record, and the value of a record that came from it."""
Log = Mapping[int, Sequence[Record]]
"""By partition, in the order of the log."""


def findings(inputs: Log, copies: Log, dead_letters: Log) -> list[Finding]:
    """Everything that is wrong.

    A value that comes again in its partition of the input is a duplicate, and has no outcome. Logs are by the partition
    of the input that records came from; the dead letters of one are in one partition of theirs, by the key.
    """
    expected: dict[Outcome, dict[int, list[Record]]] = {outcome: {} for outcome in Outcome}
    for partition, log in inputs.items():
        seen: set[bytes] = set()
        for offset, value in log:
            if value not in seen:
                seen.add(value)
                expected[outcome_of(value)].setdefault(partition, []).append((offset, value))
    return [
        *_differences("copies", expected[Outcome.COPIED], copies),
        *_differences("dead letters", expected[Outcome.DEAD], dead_letters),
    ]


def _differences(topic: str, expected: Log, found: Log) -> Iterator[Finding]:
    for partition in sorted({*expected, *found}):
        wanted, there = expected.get(partition, ()), found.get(partition, ())
        counts, known = Counter(there), set(wanted)
        for record in wanted:
            if record not in counts:
                yield Finding(Wrong.MISSING, topic, partition, record[0])
        for record, count in counts.items():
            if record not in known:
                yield Finding(Wrong.UNEXPLAINED, topic, partition, record[0])
            elif count > 1:
                yield Finding(Wrong.DOUBLED, topic, partition, record[0])
        once = list(dict.fromkeys(record for record in there if record in known))
        for earlier, later in pairwise(once):
            if later[0] < earlier[0]:
                yield Finding(Wrong.MISORDERED, topic, partition, later[0])
