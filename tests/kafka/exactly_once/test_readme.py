"""The worker that the README of exactly-once shows, run as it stands there."""

import re
import uuid
from pathlib import Path

from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.checkout import ROOT
from heartzone_testing.engine.programs import running_program, with_names
from heartzone_testing.waiting import eventually

README = ROOT / "libs" / "exactly-once" / "README.md"


def test_the_filter_of_the_readme_keeps_errors_quarantines_tombstones_and_stops_when_asked(
    kafka: Testbed, tmp_path: Path
) -> None:
    logs, errors, dead = kafka.create_topics("logs", "errors", "dead")
    program = with_names(
        re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0],
        {
            '"logs"': f'"{logs}"',
            '"errors"': f'"{errors}"',
            '"logs.dlq"': f'"{dead}"',
            "localhost:9092": kafka.connection["bootstrap.servers"],
            "error-filter": f"error-filter-{uuid.uuid4().hex[:8]}",
        },
    )
    kafka.send(logs, b"INFO all is well", b"ERROR it is not", None, b"ERROR again")

    with running_program(program, tmp_path) as process:
        eventually(lambda: kafka.values(errors) == [b"ERROR it is not", b"ERROR again"], "both errors")
        eventually(lambda: kafka.values(dead) == [None], "the tombstone")
        eventually(lambda: "records_dead_lettered reason='tombstone' records=1" in process.tail(50), "a word about it")
