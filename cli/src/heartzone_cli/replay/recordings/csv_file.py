"""Comma-separated recordings: a header with `time` and `heart_rate` (other columns are ignored), UTF-8.

Spreadsheets of countries that write decimal commas separate by semicolons, some by tabs.
"""

import csv
import io
from typing import BinaryIO, TextIO

from heartzone_cli.replay.recordings.samples import FormatError, Samples, read_sample, shortened

DELIMITERS = (",", ";", "\t")


def read(file: BinaryIO) -> Samples:
    """Yield the rows that have a heart rate. Raises FormatError."""
    # utf-8-sig: spreadsheets write a byte-order mark.
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        try:
            yield from _samples(text)
        except UnicodeDecodeError as error:
            raise FormatError(f"is not UTF-8 text at byte {error.start}.") from error


def _samples(text: TextIO) -> Samples:
    first = text.readline()
    delimiter, header = _header(first)
    time_at, heart_rate_at = header.index("time"), header.index("heart_rate")
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for row in rows:
            if not row:
                continue
            line = rows.line_num + 1
            if len(row) != len(header):
                raise FormatError(
                    f"has {len(row)} fields in line {line}, where the header has {len(header)}: "
                    "it is truncated or damaged."
                )
            if heart_rate := row[heart_rate_at].strip():
                yield read_sample(row[time_at], heart_rate, where=f"in line {line} ")
    except csv.Error as error:
        raise FormatError(f"is no valid CSV in line {rows.line_num + 1}: {error}.") from error


def _header(line: str) -> tuple[str, list[str]]:
    for delimiter in DELIMITERS:
        names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
        if {"time", "heart_rate"} <= set(names):
            return delimiter, names
    raise FormatError(
        f"starts with the header {shortened(line.strip())!r}; one with time and heart_rate would be right."
    )
