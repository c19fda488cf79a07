"""SIGTERM at a chosen moment of a Python program's start.

Python runs a module of this name before the program's first line when its folder is on PYTHONPATH. SIGTERM_AT is the
moment: ``interpreter`` is now, ``socket.bind`` the first time that a port is about to be taken, anything else the name
of a module that is about to be imported. The process sends the signal to itself: no moment is missed, none is waited
for. SIGTERM_FROM=outside has it write ``reached`` to stderr instead, and wait for a signal from another process.
"""

import os
import signal
import sys

_moment = os.environ["SIGTERM_AT"]
_reached = False


def _terminate() -> None:
    global _reached  # noqa: PLW0603 a hook cannot be removed
    if _reached:
        return
    _reached = True
    if os.environ.get("SIGTERM_FROM") == "outside":
        os.write(2, b"reached\n")
        signal.pause()
    else:
        os.kill(os.getpid(), signal.SIGTERM)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == _moment or (event == "import" and arguments[0] == _moment):
        _terminate()


if _moment == "interpreter":
    _terminate()
else:
    sys.addaudithook(_hook)
