"""Open transactions without a cluster: the coordinators' records, and what hangs."""

from struct import pack

import pytest
from click.testing import CliRunner

from heartzone_cli.root import heartzone
from heartzone_cli.transactions.held import Held, hanging
from heartzone_cli.transactions.state_record import (
    State,
    Transaction,
    UnknownFormatError,
    transaction_of,
    transactional_id_of,
)

KEY = pack(">hh", 0, 3) + b"w-0"
HEAD = pack(">qhib", 4_711, 2, 10_000, 1)
TIMES = pack(">qq", 1_790_000_002_000, 1_790_000_001_500)
VERSION_0 = (
    pack(">h", 0) + HEAD + pack(">i", 2) + pack(">h", 2) + b"in" + pack(">iii", 2, 3, 1)
    + pack(">h", 3) + b"out" + pack(">ii", 1, 0) + TIMES
)  # fmt: skip
# Compact lengths are one more than the length; each partition list and the whole end with their tagged fields.
VERSION_1 = (
    pack(">h", 1) + HEAD + b"\x03" + b"\x03in" + b"\x03" + pack(">ii", 3, 1) + b"\x00"
    + b"\x04out" + b"\x02" + pack(">i", 0) + b"\x01\x05\x02hi" + TIMES + b"\x01\x02\x02\x00\x02"
)  # fmt: skip


@pytest.mark.parametrize("value", [VERSION_0, VERSION_1], ids=["version 0", "version 1"])
def test_a_coordinators_record_is_read(value: bytes) -> None:
    assert transaction_of(KEY, value) == Transaction(
        transactional_id="w-0",
        producer_id=4_711,
        epoch=2,
        timeout=10,
        state=State.ONGOING,
        partitions=(("in", 1), ("in", 3), ("out", 0)),
        started=1_790_000_001.5,
    )


@pytest.mark.parametrize(
    ("value", "partitions"),
    [(pack(">h", 0) + HEAD + pack(">i", -1) + TIMES, ()), (pack(">h", 1) + HEAD + b"\x00" + TIMES + b"\x00", ())],
)
def test_a_transactional_id_without_a_transaction_has_no_partitions(
    value: bytes, partitions: tuple[tuple[str, int], ...]
) -> None:
    assert transaction_of(KEY, value).partitions == partitions


@pytest.mark.parametrize(
    "value",
    [b"", b"\0", pack(">h", 2) + HEAD, VERSION_0[:30], VERSION_1[:22], VERSION_0[:16] + b"\x63" + VERSION_0[17:]],
)
def test_what_is_damaged_or_of_a_later_version_is_told(value: bytes) -> None:
    with pytest.raises(UnknownFormatError):
        transaction_of(KEY, value)


@pytest.mark.parametrize("key", [b"", pack(">h", 1) + b"xx", pack(">hh", 0, 2) + b"\xff\xfe"])
def test_a_key_of_another_version_is_told(key: bytes) -> None:
    with pytest.raises(UnknownFormatError):
        transactional_id_of(key)


def test_a_transaction_is_open_until_it_is_complete() -> None:
    assert [state.name for state in State if state.is_open] == [
        "ONGOING",
        "PREPARE_COMMIT",
        "PREPARE_ABORT",
        "PREPARE_EPOCH_FENCE",
    ]


def test_what_is_held_at_the_same_offset_and_known_to_no_coordinator_hangs() -> None:
    before = [Held("in", partition, 5, 9) for partition in range(4)]
    now = {
        ("in", 0): Held("in", 0, 5, 12),  # as before, and nobody knows of it
        ("in", 1): Held("in", 1, 7, 12),  # another transaction by now
        ("in", 3): Held("in", 3, 5, 9),
    }

    found = hanging(before, now, known={("in", 3)})

    assert found == [Held("in", 0, 5, 9, hanging=True), Held("in", 3, 5, 9)]


def test_nothing_is_said_to_hang_where_a_transaction_may_be_unreadable() -> None:
    held = {("in", 0): Held("in", 0, 5, 9)}

    assert hanging(held.values(), held, known=(), complete=False) == [Held("in", 0, 5, 9, hanging=False)]


def test_an_abort_that_nobody_is_asked_about_needs_a_yes() -> None:
    result = CliRunner().invoke(heartzone, ["transactions", "abort", "w-0", "--json"])

    assert (result.exit_code, result.stdout) == (2, "")
    assert "With --json nobody is asked: add --yes." in result.stderr
