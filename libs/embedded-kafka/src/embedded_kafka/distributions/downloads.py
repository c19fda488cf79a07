"""Downloads of locked artifacts: several at once, each verified, whole or not at all (by pooch)."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pooch
import requests

from embedded_kafka.distributions.lock import Lock, LockedArtifact
from embedded_kafka.distributions.progress import DownloadProgress, Progress
from embedded_kafka.errors import DownloadError

RETRIES = 2
TIMEOUT_S = 15  # to connect, and between two pieces of a response
PARALLEL = 8
CHUNK_BYTES = 1 << 16


def fetch_all(lock: Lock, into: Path, *, remote: str, progress: Progress) -> list[Path]:
    """Bring every artifact of the lock into the directory and return their paths in the lock's order.

    What is there already and has the right checksum is kept. Raises DownloadError.
    """
    into.mkdir(parents=True, exist_ok=True)
    source = pooch.create(
        path=into,
        base_url=f"{remote}/",
        registry={artifact.filename: f"sha256:{artifact.sha256}" for artifact in lock.artifacts},
        urls={artifact.filename: f"{remote}/{artifact.path}" for artifact in lock.artifacts},
        retry_if_failed=RETRIES,
    )
    tally = _Tally(lock, progress)
    with _silent_pooch(), ThreadPoolExecutor(PARALLEL, thread_name_prefix="embedded-kafka-download") as pool:
        downloads = [pool.submit(_fetch, source, artifact, remote, tally) for artifact in lock.artifacts]
        try:
            wait(downloads, return_when=FIRST_EXCEPTION)
        finally:
            tally.cancelled.set()
            pool.shutdown(cancel_futures=True)
    for download in downloads:
        if not download.cancelled() and (error := download.exception()) and not isinstance(error, _CancelledError):
            raise error
    return [into / artifact.filename for artifact in lock.artifacts]


class _CancelledError(Exception):
    """Ends a download whose result nobody waits for any more: another one has failed, or Ctrl-C was pressed."""


class _Tally:
    """The sum of what the parallel downloads report."""

    def __init__(self, lock: Lock, progress: Progress) -> None:
        self.cancelled = threading.Event()
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


class _Downloader:
    """Downloads one file for pooch, which verifies it, moves it in place, and calls again after a failure.

    Unlike pooch's own it closes the connection of a response that it does not read to the end.
    """

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._received = self._expected = 0
        self.called = False  # not when the file is there already

    def __call__(self, url: str, output_file: str, _: pooch.Pooch) -> None:
        self.called = True
        # What an earlier attempt had counted is taken back.
        self._tally.add(received=-self._received, expected=-self._expected)
        self._received = self._expected = 0
        with requests.get(url, stream=True, timeout=TIMEOUT_S) as response, Path(output_file).open("wb") as file:
            response.raise_for_status()
            self._count(expected=int(response.headers.get("Content-Length", 0)))
            for piece in response.iter_content(CHUNK_BYTES):
                if self._tally.cancelled.is_set():
                    raise _CancelledError
                file.write(piece)
                self._count(received=len(piece))

    def _count(self, *, received: int = 0, expected: int = 0) -> None:
        self._received += received
        self._expected += expected
        self._tally.add(received=received, expected=expected)


def _fetch(source: pooch.Pooch, artifact: LockedArtifact, remote: str, tally: _Tally) -> None:
    downloader = _Downloader(tally)
    try:
        file = Path(source.fetch(artifact.filename, downloader=downloader))
    except (requests.RequestException, ValueError, OSError) as error:
        raise DownloadError(_sentence(artifact, remote, error)) from error
    size = 0 if downloader.called else file.stat().st_size
    tally.add(files=1, received=size, expected=size)


@contextmanager
def _silent_pooch() -> Iterator[None]:
    """Keep pooch from writing lines of its own to stderr: `progress` is what shows a download."""
    logger: logging.Logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _sentence(artifact: LockedArtifact, remote: str, error: Exception) -> str:
    return (
        f"could not download {artifact.filename} from {remote}: {_reason(artifact, error)}; check the network "
        "(HTTPS_PROXY names a proxy, EMBEDDED_KAFKA_MAVEN_URL another Maven repository) and start again, what has "
        "arrived is kept."
    )


def _reason(artifact: LockedArtifact, error: Exception) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        return "the repository does not have it" if status == requests.codes.not_found else f"HTTP status {status}"
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS certificate of the server is not trusted"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no response within {TIMEOUT_S} s"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "the connection failed"
    if isinstance(error, ValueError) and not isinstance(error, requests.RequestException):
        return f"its sha256 is not the locked one, {artifact.sha256}"
    return str(error)
