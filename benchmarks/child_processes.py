"""The peak memory of child processes, and work that is done in one so that its parent stays small.

A process counts as its peak also what its parent had when it started it: Linux takes the memory that exec replaces
into ``ru_maxrss`` (getrusage(2)). So whoever starts what is measured leaves what needs memory to another child.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec

P = ParamSpec("P")


def do_aside(work: Callable[P, None], *arguments: P.args, **options: P.kwargs) -> None:
    """Do it in a process of its own, to its end."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(work, *arguments, **options).result()


def peak_of(process: subprocess.Popen[bytes]) -> float:
    """The megabytes that were resident at most, once the process has ended well."""
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, process.args
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
