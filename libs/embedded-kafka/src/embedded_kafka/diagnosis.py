"""Says in a sentence why a JVM did not start, from its exit code and what it logged."""

import re
from pathlib import Path

from embedded_kafka.errors import DamagedDataDir, EmbeddedKafkaError, StartFailed

TAIL_LINES = 20
EXCEPTION = re.compile(r"^(?:Exception in thread .*|[\w.$]+(?:Exception|Error)\b.*)")


def start_failure(what: str, exit_code: int | None, log: str, *, data: Path, timeout: float) -> EmbeddedKafkaError:
    """The error for a program that ended (`exit_code`), or did not answer for `timeout` seconds (None), with this log.

    It is DamagedDataDir when the first error names a file of its `data`.
    """
    if exit_code is None:
        return StartFailed(f"{what} did not answer within {timeout:.0f} s; its last log lines:\n{_tail(log)}")
    cause = first_error(log)
    if str(data) in cause:
        return DamagedDataDir(
            f"{what} cannot start on the data in {data}, they are damaged or not its own, and were left as they are: "
            f"{cause}"
        )
    return StartFailed(
        f"{what} ended while starting, exit code {exit_code}: {cause}; its last log lines:\n{_tail(log)}"
    )


def first_error(log: str) -> str:
    """The first error that a log reports: the exception if it names one, else the message."""
    lines = log.splitlines()
    for number, line in enumerate(lines):
        if EXCEPTION.match(line):
            return line.strip()
        if " ERROR " in line:
            following = lines[number + 1] if number + 1 < len(lines) else ""
            return following.strip() if EXCEPTION.match(following) else line.partition(" - ")[2].strip() or line
    return "it logged no error"


def _tail(log: str) -> str:
    return "\n".join(log.splitlines()[-TAIL_LINES:])
