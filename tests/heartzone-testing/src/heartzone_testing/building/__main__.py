"""``python -m heartzone_testing.building NAME…``: build requirements of the tests, by their names, beside the tests.

Claims what no other process builds, closes its stdout as the sign of that, and writes lines of progress to stderr.
"""

import os
import signal
import sys
from contextlib import ExitStack
from types import FrameType

from heartzone_testing.building.requirements import ALL


def main() -> None:
    """Claim everything first, so that no test begins to build by itself; then build one after the other."""
    signal.signal(signal.SIGTERM, _end)
    with ExitStack() as claims:
        wanted = [each for each in ALL if each.name in sys.argv[1:]]
        claimed = [(each, lock) for each in wanted if (lock := each.claim()) is not None]
        for _, lock in claimed:
            claims.callback(lock.release)
        sys.stdout.close()
        os.close(1)
        for requirement, lock in claimed:
            requirement.build(_say)
            lock.release()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
