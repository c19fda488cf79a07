"""Building before the first test: within one, the build would count against its time limit, unseen."""

import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from heartzone_testing.go_programs.building import BuildFailed
from heartzone_testing.go_programs.modules import Say
from heartzone_testing.go_programs.toolchain import GoMissing


def build_ahead(session: pytest.Session, fixture: str, ensure: Callable[[Say], object]) -> None:
    """Call `ensure` with a way to tell people, when a test of this run asks for `fixture`.

    For pytest_runtestloop of a conftest. What keeps it from being built is an error of the tests that need it, and no
    other's.
    """
    wanted = any(fixture in getattr(item, "fixturenames", ()) for item in session.items)
    if not wanted or session.config.option.collectonly:
        return
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    with suppress(BuildFailed, GoMissing):
        ensure(terminal.write_line if terminal is not None else _say)


def _say(line: str) -> None:
    """A worker of xdist has no terminal of its own, but the error output of the run."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"{line}\n")
        sys.__stderr__.flush()
