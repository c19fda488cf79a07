"""The cause of a failed start in one sentence, from the exit code of a JVM and its log."""

import re
from pathlib import Path

from embedded_kafka.errors import DamagedDataDirError, EmbeddedKafkaError, StartError

TAIL_LINES = 20
THROWABLE = r"(?:[a-z]\w*\.)+[\w$]*(?:Exception|Error)\b"
ERROR = re.compile(rf".* ERROR .*|{THROWABLE}.*|Exception in thread .*|Error: .*")
CAUSE = re.compile(rf"Caused by: ({THROWABLE}.*)")
TRACE = re.compile(r"\s+(at |\.\.\. )|Caused by: ")


def start_failure(what: str, exit_code: int | None, log: str, *, data: Path, timeout: float) -> EmbeddedKafkaError:
    """The error for a program that ended (`exit_code`), or did not respond for `timeout` seconds (None), with this log.

    It is DamagedDataDirError when an error names a file of its `data`.
    """
    lines = log.splitlines()
    tail = "\n".join(lines[-TAIL_LINES:])
    errors = (line for line in lines if ERROR.match(line) or CAUSE.match(line))
    if blame := next((line for line in errors if str(data) in line), None):
        return DamagedDataDirError(
            f"{what} cannot use the data in {data}, which were left as they are: {_message(blame)}"
        )
    if exit_code is None:
        return StartError(f"{what} did not respond within {timeout:.0f} s; its last log lines:\n{tail}")
    return StartError(
        f"{what} ended while starting, exit code {exit_code}: {root_cause(lines)}; its last log lines:\n{tail}"
    )


def root_cause(lines: list[str]) -> str:
    """The first error of a log, or rather the last "Caused by" of its stack trace when it has one."""
    first = next((i for i, line in enumerate(lines) if ERROR.match(line)), None)
    if first is None:
        return "it logged no error"
    cause = _message(lines[first])
    for line in lines[first + 1 :]:
        if re.match(THROWABLE, line):
            cause = line
        elif found := CAUSE.match(line):
            cause = found[1]
        elif not TRACE.match(line):
            break
    return cause


def _message(line: str) -> str:
    """Without the time, thread and logger in front."""
    return re.sub(r"^Caused by: |^.* ERROR (?:\S+ - |\[[^\]]*\] (?:\([^)]*\) )?)", "", line).strip()
