"""Errors, one class per remedy; every message is one whole sentence.

EmbeddedKafkaError
├── UnsupportedPlatformError   no Java runtime for this machine
├── DownloadError              a file of a distribution could not be fetched
├── PortInUseError             another program listens on a port that was given by number
├── DataDirInUseError          another process runs on this data directory
├── DamagedDataDirError        the data directory does not hold what this library left there
└── StartError                 the process ended, or was not ready in time
"""


class EmbeddedKafkaError(Exception):
    """The base of this library's errors."""


class UnsupportedPlatformError(EmbeddedKafkaError):
    """There is no Java runtime for this machine, or no way to tie children to their parent."""


class DownloadError(EmbeddedKafkaError):
    """A distribution could not be fetched or does not have the locked checksum."""


class PortInUseError(EmbeddedKafkaError):
    """A port that was given by number is not free."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is taken by another program: free it or choose another port.")
        self.port = port


class DataDirInUseError(EmbeddedKafkaError):
    """Another live process holds the data directory."""


class DamagedDataDirError(EmbeddedKafkaError):
    """The data directory was not written by this library, or was damaged since; nothing in it was touched."""


class StartError(EmbeddedKafkaError):
    """A process ended while starting or did not become ready in time; the message carries its last log lines."""
