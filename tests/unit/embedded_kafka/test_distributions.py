"""A distribution is fetched once, verified, and heals whatever interrupts or damages it."""

import gc
import hashlib
import io
import signal
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embedded_kafka.broker.distribution import KAFKA_LOCK
from embedded_kafka.distributions import DownloadProgress, Lock, LockedArtifact, ensure, read_lock
from embedded_kafka.distributions.progress import PreparationProgress, quiet
from embedded_kafka.errors import DownloadError
from embedded_kafka.registry.distribution import REGISTRY_LOCK

JAR = b"jar" * 50_000


class MavenRepository:
    """A Maven repository on loopback, whose next responses can be spoilt."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requested: list[str] = []
        self.cut_next = 0
        self.hold = threading.Event()
        self.hold.set()
        self.holding = threading.Event()
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rsplit("/", 1)[-1]
                content = repository.files.get(name)
                if content is None:
                    self.send_error(404)
                    return
                repository.requested.append(name)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                half = len(content) // 2
                self.wfile.write(content[:half])
                if repository.cut_next:
                    repository.cut_next -= 1
                    return
                repository.holding.set()
                repository.hold.wait(60)
                self.wfile.write(content[half:])

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
                """Keep the test output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def publish(self, artifact: str, content: bytes, packaging: str = "jar") -> LockedArtifact:
        kind = "" if packaging == "jar" else f"?type={packaging}"
        locked = LockedArtifact(f"pkg:maven/org.example/{artifact}@1.0{kind}", hashlib.sha256(content).hexdigest())
        self.files[locked.filename] = content
        return locked

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MavenRepository]:
    repository = MavenRepository()
    monkeypatch.setenv("EMBEDDED_KAFKA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("EMBEDDED_KAFKA_MAVEN_URL", repository.url)
    yield repository
    repository.close()
    gc.collect()


def lock_of(*artifacts: LockedArtifact) -> Lock:
    return Lock("example", artifacts)


def test_every_artifact_is_fetched_once_and_then_found_in_the_cache(repository: MavenRepository) -> None:
    lock = lock_of(repository.publish("one", JAR), repository.publish("two", b"2"))

    home = ensure(lock, progress=quiet)
    assert ensure(lock, progress=quiet) == home

    assert (home / "one-1.0.jar").read_bytes() == JAR
    assert (home / "two-1.0.jar").read_bytes() == b"2"
    assert sorted(repository.requested) == ["one-1.0.jar", "two-1.0.jar"]


def test_an_archive_is_unpacked(repository: MavenRepository) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        info = tarfile.TarInfo("lib/program")
        info.size = len(JAR)
        tar.addfile(info, io.BytesIO(JAR))
    lock = lock_of(repository.publish("app", archive.getvalue(), "tar.gz"))

    assert (ensure(lock, progress=quiet) / "lib" / "program").read_bytes() == JAR


def test_a_response_that_is_cut_off_is_requested_again(repository: MavenRepository) -> None:
    lock = lock_of(repository.publish("one", JAR))
    repository.cut_next = 1

    home = ensure(lock, progress=quiet)

    assert (home / "one-1.0.jar").read_bytes() == JAR
    assert len(repository.requested) == 2


def test_a_download_whose_process_was_killed_heals_at_the_next_start(repository: MavenRepository) -> None:
    lock = lock_of(repository.publish("one", JAR))
    repository.hold.clear()
    program = f"""
from embedded_kafka.distributions import Lock, LockedArtifact, ensure
ensure({lock!r})
"""
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as process:
        assert repository.holding.wait(60)
        process.send_signal(signal.SIGKILL)
    repository.hold.set()

    assert (ensure(lock, progress=quiet) / "one-1.0.jar").read_bytes() == JAR


@pytest.mark.parametrize("damage", ["truncated", "deleted", "added"])
def test_a_distribution_that_was_damaged_is_made_again(repository: MavenRepository, damage: str) -> None:
    lock = lock_of(repository.publish("one", JAR))
    file = ensure(lock, progress=quiet) / "one-1.0.jar"
    if damage == "truncated":
        file.write_bytes(JAR[:100])
    elif damage == "deleted":
        file.unlink()
    else:
        (file.parent / "more.jar").touch()

    home = ensure(lock, progress=quiet)

    assert [path.name for path in home.iterdir()] == ["one-1.0.jar"]
    assert (home / "one-1.0.jar").read_bytes() == JAR


@pytest.mark.parametrize("fault", ["altered", "missing", "unreachable"])
def test_what_cannot_be_fetched_is_named_in_one_sentence(
    repository: MavenRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: str
) -> None:
    artifact = repository.publish("one", JAR)
    if fault == "altered":
        repository.files["one-1.0.jar"] = JAR + b"!"
        reason = "its sha256 is"
    elif fault == "missing":
        repository.files.clear()
        reason = "the repository does not have it"
    else:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            monkeypatch.setenv("EMBEDDED_KAFKA_MAVEN_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        reason = "the connection failed"

    with pytest.raises(DownloadError, match=reason) as caught:
        ensure(lock_of(artifact), progress=quiet)

    sentence = str(caught.value)
    assert sentence.startswith("could not download one-1.0.jar from http://127.0.0.1:")
    assert "\n" not in sentence
    assert not list((tmp_path / "cache").glob("example-*/*.jar"))


def test_what_had_arrived_is_kept_when_another_artifact_fails(repository: MavenRepository) -> None:
    first, second = repository.publish("one", JAR), repository.publish("two", b"2")
    del repository.files[second.filename]
    with pytest.raises(DownloadError):
        ensure(lock_of(first, second), progress=quiet)
    repository.publish("two", b"2")

    ensure(lock_of(first, second), progress=quiet)

    assert repository.requested.count("one-1.0.jar") == 1


def test_progress_ends_with_every_file_and_byte(repository: MavenRepository) -> None:
    seen: list[DownloadProgress | PreparationProgress] = []
    repository.cut_next = 1

    ensure(lock_of(repository.publish("one", JAR)), progress=seen.append)

    assert seen[-1] == DownloadProgress("example 1.0", 1, 1, len(JAR), len(JAR))
    assert str(seen[-1]) == "downloading example 1.0: 1 of 1 files, 0 of 0 MB"


@pytest.mark.parametrize(
    ("file", "name", "version"), [(KAFKA_LOCK, "kafka", "4.3.1"), (REGISTRY_LOCK, "registry", "3.3.3")]
)
def test_the_committed_locks_pin_every_artifact_by_checksum(file: Path, name: str, version: str) -> None:
    lock = read_lock(file)

    assert (lock.name, lock.version) == (name, version)
    assert all(len(bytes.fromhex(artifact.sha256)) == 32 for artifact in lock.artifacts)
