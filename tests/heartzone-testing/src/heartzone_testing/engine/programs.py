"""Programs that the documentation shows, run as they stand there, but for the names of topics, groups and ports."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from embedded_kafka.processes import ChildProcess


def with_names(program: str, names: Mapping[str, str]) -> str:
    """The program with other names, each of which it must have; where two overlap the longer one is replaced."""
    assert [name for name in names if name not in program] == []
    longest_first = sorted(names, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda found: names[found[0]], program)


@contextmanager
def running_program(program: str, folder: Path) -> Iterator[ChildProcess]:
    """Run a program while the block lasts; it must then stop when asked, with exit code 0."""
    script = folder / "program.py"
    script.write_text(program)
    process = ChildProcess.start([sys.executable, script], log_file=folder / "program.log")
    try:
        yield process
    finally:
        code = process.terminate(20)
    assert code == 0, process.tail(20)
