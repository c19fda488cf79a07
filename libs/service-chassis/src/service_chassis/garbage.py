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


def collect_seldom() -> None:
    """Collect garbage a fourteenth as often as Python does by itself: for work that makes no reference cycles.

    What is being worked on, hundreds of requests or thousands of records, keeps the collector walking over it: a
    quarter of the CPU time of a request went into that, and a twentieth of that of a record.
    """
    gc.set_threshold(10_000, 20, 20)
