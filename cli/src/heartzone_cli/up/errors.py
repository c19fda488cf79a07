"""The ways in which `up` ends while it runs; what keeps it from starting is CannotRunError or a library's error."""


class PartFailedError(Exception):
    """A part ended, or was not ready in time: its name and its last log lines. Exit code 1."""


class StopRequestedError(Exception):
    """Ctrl-C or a signal: unwinds whatever is going on, so that everything stops in order. Exit code 0."""


class DownloadCancelledError(Exception):
    """Ends a download that is no longer needed, because `up` stops."""
