"""What keeps `up` from starting or from going on, apart from the libraries' own errors."""


class CannotStart(Exception):
    """Something to change before `up` can run, in one sentence; nothing was harmed. Exit code 2."""


class PartFailed(Exception):
    """A part ended, or was not ready in time: which one and its last log lines. Exit code 1."""


class StopAsked(Exception):  # not an error: Ctrl-C or a signal, wherever `up` just was
    """Unwinds whatever is going on, so that everything stops in order. Exit code 0."""
