"""Comma-separated recordings: a header with `time` and `heart_rate` (other columns are ignored), UTF-8."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from heartzone_cli.replay.recordings.samples import (
    FormatError,
    Sample,
    parse_heart_rate,
    parse_time,
    sample,
    shortened,
)


def read(file: BinaryIO) -> Iterator[Sample]:
    """Yield the rows that have a heart rate. Raises FormatError."""
    # utf-8-sig: spreadsheets write a byte-order mark.
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        yield from _samples(text)


def _samples(text: TextIO) -> Iterator[Sample]:
    rows = csv.reader(text, strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        if "time" not in header or "heart_rate" not in header:
            found = shortened(",".join(header))
            raise FormatError(f"starts with the header {found!r}; one with time and heart_rate would be right.")
        time_at, heart_rate_at = header.index("time"), header.index("heart_rate")
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise FormatError(
                    f"has {len(row)} fields in line {rows.line_num}, where the header has {len(header)}: "
                    "it is truncated or damaged."
                )
            if heart_rate := row[heart_rate_at].strip():
                yield _sample(row[time_at], heart_rate, rows.line_num)
    except csv.Error as error:
        raise FormatError(f"is no valid CSV in line {rows.line_num}: {error}.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"is not UTF-8 text at byte {error.start}.") from error


def _sample(time: str, heart_rate: str, line: int) -> Sample:
    try:
        return sample(parse_time(time), parse_heart_rate(heart_rate))
    except FormatError as error:
        raise FormatError(f"in line {line} {error}") from error
