"""Garbage collection while a service starts: none, because what imports make lives as long as the process.

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
