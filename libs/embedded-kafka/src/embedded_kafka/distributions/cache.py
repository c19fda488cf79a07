"""Distributions on this machine's disk: fetched once per user, shared by every process, healed when damaged.

Layout of the cache directory::

    <name>-<version>-<lock digest>/       a complete distribution; made elsewhere, then renamed, so never half there
    <name>-<version>-<lock digest>.json   its seal: size and time of every file
    downloads/                            artifacts that have arrived, until their distribution is complete
    <name>.lock                           held by the one process that fetches
"""

import json
import os
import shutil
import tarfile
from pathlib import Path

import platformdirs
from filelock import FileLock

from embedded_kafka.distributions.lock import Lock
from embedded_kafka.distributions.progress import Progress, StderrProgress


def cache_dir() -> Path:
    """Return the folder of all distributions: EMBEDDED_KAFKA_CACHE_DIR, or the user's cache directory."""
    override = os.environ.get("EMBEDDED_KAFKA_CACHE_DIR")
    return Path(override) if override else platformdirs.user_cache_path("embedded-kafka")


def ensure(lock: Lock, *, progress: Progress | None = None) -> Path:
    """The directory of a complete distribution, which is fetched, or fetched again when a file of it has changed.

    Raises DownloadError.
    """
    cache = cache_dir()
    home = cache / f"{lock.name}-{lock.version}-{lock.digest[:12]}"
    if _is_intact(home):
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{lock.name}.lock"):
        if not _is_intact(home):
            _install(lock, home, progress or StderrProgress())
    return home


def seal_of(home: Path) -> str:
    """The seal of a complete distribution: another one when a file of it was replaced."""
    return _seal_path(home).read_text()


def _install(lock: Lock, home: Path, progress: Progress) -> None:
    # Imported here: an HTTP client takes a quarter of a second that starts from the cache do not need.
    from packageurl.contrib.purl2url import DEFAULT_MAVEN_REPOSITORY  # noqa: PLC0415

    from embedded_kafka.distributions.downloads import fetch_all  # noqa: PLC0415

    remote = os.environ.get("EMBEDDED_KAFKA_MAVEN_URL", DEFAULT_MAVEN_REPOSITORY).rstrip("/")
    downloads = home.parent / "downloads" / home.name
    files = fetch_all(lock, downloads, remote=remote, progress=progress)
    staging = home.with_name(f"{home.name}.new")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    for file in files:
        if file.name.endswith(".tar.gz"):
            with tarfile.open(file) as archive:
                # Python before 3.11.4 has no filters; what is unpacked is what the lock's checksum says it is.
                archive.extraction_filter = getattr(tarfile, "data_filter", None)
                archive.extractall(staging)  # noqa: S202
        else:
            shutil.copyfile(file, staging / file.name)
    _seal_path(home).unlink(missing_ok=True)
    shutil.rmtree(home, ignore_errors=True)
    staging.rename(home)
    _seal_path(home).write_text(json.dumps(_inventory(home)))
    shutil.rmtree(downloads)


def _seal_path(home: Path) -> Path:
    return home.with_name(f"{home.name}.json")


def _is_intact(home: Path) -> bool:
    """Compare every file with its state when the distribution was completed.

    By size and time: hashing 200 MB at every start would cost more than the start.
    """
    try:
        seal = json.loads(_seal_path(home).read_text())
    except (OSError, ValueError):
        return False
    return bool(seal == _inventory(home))


def _inventory(home: Path) -> dict[str, list[int]]:
    return {
        str(path.relative_to(home)): [(stat := path.stat()).st_size, stat.st_mtime_ns]
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }
