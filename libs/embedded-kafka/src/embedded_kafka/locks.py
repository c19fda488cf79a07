"""What belongs to a distribution: the locked artifacts with their checksums, read from the committed jgo.lock.toml.

Read with tomllib rather than through jgo: a start from the cache then costs no import of jgo and its HTTP client.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

LOCKS_DIR = Path(__file__).with_name("locks")


@dataclass(frozen=True, slots=True)
class LockedArtifact:
    """One file of a Maven repository; `sha256` is hexadecimal."""

    group_id: str
    artifact_id: str
    version: str
    packaging: str
    classifier: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name in a Maven repository."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact_id}-{self.version}{classifier}.{self.packaging}"


@dataclass(frozen=True, slots=True)
class Lock:
    """The artifacts of one distribution; the first one gives it its version."""

    name: str
    digest: str
    artifacts: tuple[LockedArtifact, ...]

    @property
    def version(self) -> str:
        """The version of the program itself."""
        return self.artifacts[0].version


def read_lock(name: str, file: Path | None = None) -> Lock:
    """Read the lock of a distribution, ``kafka`` or ``registry``, or of another one from a file elsewhere."""
    content = (file or LOCKS_DIR / name / "jgo.lock.toml").read_bytes()
    artifacts = tuple(
        LockedArtifact(
            group_id=entry["groupId"],
            artifact_id=entry["artifactId"],
            version=entry["version"],
            packaging=entry["packaging"],
            classifier=entry.get("classifier", ""),
            sha256=entry["sha256"],
        )
        for entry in tomllib.loads(content.decode())["dependencies"]
    )
    return Lock(name, hashlib.sha256(content).hexdigest(), artifacts)
