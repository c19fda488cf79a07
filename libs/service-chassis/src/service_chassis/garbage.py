"""Garbage collection of a service: none while it starts, because what imports make lives as long as the process.

The collector would walk over it again and again.
"""

import gc


def suspend() -> None:
    """Collect nothing until `resume`: among the first calls of a service's entry point."""
    gc.disable()


def resume() -> None:
    """Collect from now on what is made from now on, where the collector was suspended."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


REQUESTS, BATCHES = 10_000, 50_000
"""Objects that the collector would walk over, more than what is being worked on makes: hundreds of requests, or a batch
of ten thousand records."""


def collect_seldom(objects: int) -> None:
    """Collect garbage once so many more objects are alive, and not 700, as Python does: for work without cycles.

    What is being worked on keeps the collector walking over it: a quarter of the CPU time of a request went into that,
    and a twentieth of that of a record.
    """
    gc.set_threshold(objects, 20, 20)
