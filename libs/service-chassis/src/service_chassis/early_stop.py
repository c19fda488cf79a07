"""End a process at once while it still starts: the first import, and the first call, of a service's entry point.

Python takes half a second to load a service's libraries. Without a handler, SIGTERM in that time ends the process as a
failure (143); process 1 of a container ignores a signal that has no handler, and is killed only when the grace period
is over. That is why this module, and the packages on the way to it, import next to nothing.

A signal may come even before the interpreter has reached this module. An image's entry point therefore blocks the two
signals before it starts Python (``env --block-signal=TERM,INT``, of GNU coreutils): a blocked signal waits until it is
unblocked here, also in process 1.
"""

import os
import signal

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def exit_on_signal() -> None:
    """Let SIGTERM and SIGINT end the process with exit code 0 until `program.run` replaces the handlers.

    Without cleaning up: nothing has been opened yet that would need it.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
