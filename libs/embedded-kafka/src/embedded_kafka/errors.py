"""What can go wrong, one class per thing a person can do about it; every message is one whole sentence.

EmbeddedKafkaError
├── UnsupportedPlatform   no Java runtime for this machine
├── DownloadFailed        something of the distributions could not be fetched
├── PortTaken             another program listens where we were told to
├── DataDirInUse          another process runs on this data directory
├── DamagedDataDir        what is in the data directory is not what we left there
└── StartFailed           the process ended, or was not ready in time
"""


class EmbeddedKafkaError(Exception):
    """Anything this library refuses or fails to do."""


class UnsupportedPlatform(EmbeddedKafkaError):
    """There is no Java runtime for this machine, or no way to tie children to their parent."""


class DownloadFailed(EmbeddedKafkaError):
    """A distribution could not be fetched or does not have the locked checksum."""


class PortTaken(EmbeddedKafkaError):
    """A port that was asked for by number is not free."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is taken by another program: free it or choose another port.")
        self.port = port


class DataDirInUse(EmbeddedKafkaError):
    """Another live process holds the data directory."""


class DamagedDataDir(EmbeddedKafkaError):
    """The data directory was not written by this library, or was damaged since; nothing in it was touched."""


class StartFailed(EmbeddedKafkaError):
    """A process ended while starting or did not become ready in time; the message carries its last log lines."""
