"""Programs from a Maven repository on this machine's disk: locked, downloaded, verified, unpacked."""

from embedded_kafka.distributions.cache import cache_dir, ensure, seal_of
from embedded_kafka.distributions.lock import Lock, LockedArtifact, read_lock
from embedded_kafka.distributions.progress import DownloadProgress, Progress

__all__ = [
    "DownloadProgress",
    "Lock",
    "LockedArtifact",
    "Progress",
    "cache_dir",
    "ensure",
    "read_lock",
    "seal_of",
]
