"""The worker that the README of exactly-once shows, run as it stands there."""

import re
import sys
import uuid
from pathlib import Path

from embedded_kafka.processes import ChildProcess
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.checkout import ROOT
from heartzone_testing.waiting import eventually

README = ROOT / "libs" / "exactly-once" / "README.md"


def test_the_filter_of_the_readme_keeps_errors_quarantines_tombstones_and_stops_when_asked(
    kafka: Testbed, tmp_path: Path
) -> None:
    logs, errors, dead = kafka.create_topics("logs", "errors", "dead")
    [program] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names = {
        '"logs"': f'"{logs}"',
        '"errors"': f'"{errors}"',
        '"logs.dlq"': f'"{dead}"',
        "localhost:9092": kafka.connection["bootstrap.servers"],
        "error-filter": f"error-filter-{uuid.uuid4().hex[:8]}",
    }
    for written, here in names.items():
        assert written in program
        program = program.replace(written, here)
    script = tmp_path / "filter.py"
    script.write_text(program)
    kafka.send(logs, b"INFO all is well", b"ERROR it is not", None, b"ERROR again")

    process = ChildProcess.start([sys.executable, script], log_file=tmp_path / "filter.log")
    try:
        eventually(lambda: kafka.values(errors) == [b"ERROR it is not", b"ERROR again"], "both errors")
        eventually(lambda: kafka.values(dead) == [None], "the tombstone")
    finally:
        code = process.terminate(20)

    assert code == 0, process.tail(20)
