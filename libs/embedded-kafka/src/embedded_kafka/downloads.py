"""Fetches locked artifacts from a Maven repository, verified, whole or not at all.

jgo writes straight into its cache, so that an interrupted download would look complete to the next one: every file is
therefore fetched into a directory of its own and moved in place only after its checksum is right.
"""

import hashlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from embedded_kafka.errors import DownloadFailed
from embedded_kafka.locks import Lock, LockedArtifact
from embedded_kafka.progress import DownloadProgress, Progress

ATTEMPTS = 3
TIMEOUT_S = 15  # to connect, and between two pieces of an answer
PARALLEL = 8


def fetch_all(lock: Lock, into: Path, *, remote: str, progress: Progress) -> list[Path]:
    """Bring every artifact of the lock into the directory and return their paths in the lock's order.

    What is there already and has the right checksum is kept. Raises DownloadFailed.
    """
    into.mkdir(parents=True, exist_ok=True)
    tally = _Tally(lock, progress)
    cancelled = threading.Event()
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="embedded-kafka-download") as pool:
        downloads = [pool.submit(_fetch, artifact, into, remote, tally, cancelled) for artifact in lock.artifacts]
        try:
            wait(downloads, return_when=FIRST_EXCEPTION)
        finally:
            cancelled.set()
            pool.shutdown(cancel_futures=True)
    for download in downloads:
        if not download.cancelled() and (error := download.exception()) and not isinstance(error, _Cancelled):
            raise error
    return [into / artifact.filename for artifact in lock.artifacts]


class _Cancelled(Exception):  # not an error: another download has failed, or Ctrl-C was pressed
    """Ends a download whose result nobody waits for any more."""


class _Tally:
    """Adds up what the parallel downloads report; a failed attempt takes back what it had counted."""

    def __init__(self, lock: Lock, progress: Progress) -> None:
        self._name = f"{lock.name} {lock.version}"
        self._files_total = len(lock.artifacts)
        self._progress = progress
        self._mutex = threading.Lock()
        self._files_done = self._bytes_done = self._bytes_expected = 0

    def add(self, *, files: int = 0, received: int = 0, expected: int = 0) -> None:
        with self._mutex:
            self._files_done += files
            self._bytes_done += received
            self._bytes_expected += expected
            self._progress(
                DownloadProgress(
                    self._name, self._files_done, self._files_total, self._bytes_done, self._bytes_expected
                )
            )


def _fetch(artifact: LockedArtifact, into: Path, remote: str, tally: _Tally, cancelled: threading.Event) -> None:
    target = into / artifact.filename
    if target.exists() and _sha256(target) == artifact.sha256:
        size = target.stat().st_size
        tally.add(files=1, received=size, expected=size)
        return
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _fetch_once(artifact, target, remote, tally, cancelled)
        except (requests.RequestException, RuntimeError, OSError) as error:
            if attempt == ATTEMPTS or cancelled.is_set() or _is_local(error):
                raise DownloadFailed(_sentence(artifact, remote, error)) from error
            time.sleep(attempt)
        else:
            tally.add(files=1)
            return


def _fetch_once(artifact: LockedArtifact, target: Path, remote: str, tally: _Tally, cancelled: threading.Event) -> None:
    counted = [0, 0]  # received, expected

    @contextmanager
    def count(_filename: str, size: int) -> Iterator[Callable[[int], None]]:
        def received(piece: int) -> None:
            if cancelled.is_set():
                raise _Cancelled
            counted[0] += piece
            tally.add(received=piece)

        counted[1] += size
        tally.add(expected=size)
        yield received

    staging = Path(tempfile.mkdtemp(prefix=".fetch-", dir=target.parent))
    try:
        context = MavenContext(
            resolver=PythonResolver(progress_callback=count),
            repo_cache=staging,
            local_repos=[],
            remote_repos={"remote": remote},
            timeout=TIMEOUT_S,
        )
        component = context.project(artifact.group_id, artifact.artifact_id).at_version(artifact.version)
        fetched = component.artifact(artifact.classifier, artifact.packaging).resolve()
        if (actual := _sha256(fetched)) != artifact.sha256:
            raise RuntimeError(f"its sha256 is {actual}, the lock says {artifact.sha256}")
        fetched.replace(target)
    except BaseException:
        tally.add(received=-counted[0], expected=-counted[1])
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_local(error: Exception) -> bool:
    """Whether the fault is this machine's (disk full, no rights): asking the server again is no use."""
    return isinstance(error, OSError) and not isinstance(error, requests.RequestException)


def _sentence(artifact: LockedArtifact, remote: str, error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        reason = "the TLS certificate of the server is not trusted"
    elif isinstance(error, requests.exceptions.Timeout):
        reason = f"no answer within {TIMEOUT_S} s"
    elif isinstance(error, requests.exceptions.ConnectionError):
        reason = "the connection failed"
    elif "not found in remote" in str(error):
        reason = "the repository does not have it"
    else:
        reason = str(error)
    return (
        f"could not download {artifact.filename} from {remote}: {reason}; check the network (HTTPS_PROXY names a "
        "proxy, EMBEDDED_KAFKA_MAVEN_URL another Maven repository) and start again, what has arrived is kept."
    )
