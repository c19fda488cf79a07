"""Garbage collection while a service starts."""

import gc
import subprocess
import sys

from service_chassis import garbage

ROUND = """
import gc
from service_chassis import garbage
garbage.suspend()
print(gc.isenabled(), gc.get_freeze_count() > 0)
garbage.resume()
print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


def test_nothing_is_collected_while_a_service_starts_and_what_was_imported_never() -> None:
    done = subprocess.run([sys.executable, "-c", ROUND], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["False False", "True True"]


def test_a_process_that_did_not_suspend_it_keeps_what_it_has_collectable() -> None:
    frozen = gc.get_freeze_count()
    garbage.resume()

    assert gc.get_freeze_count() == frozen
