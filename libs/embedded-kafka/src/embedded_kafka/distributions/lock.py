"""Locks: the exact files that a distribution consists of, read from a committed ``<name>.lock.toml``.

A file is named by its package URL (purl, ECMA-427) and pinned by its SHA-256::

    roots = ["pkg:maven/org.example/program@1.0"]         required; `relock` resolves what it depends on
    exclusions = ["org.example:unused"]                   dependencies that are left out

    [[artifacts]]
    purl = "pkg:maven/org.example/program@1.0"
    sha256 = "…"
"""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packageurl import PackageURL

LOCK_SUFFIX = ".lock.toml"


@dataclass(frozen=True, slots=True)
class LockedArtifact:
    """One file of a Maven repository; `sha256` is hexadecimal."""

    purl: str
    sha256: str

    @property
    def version(self) -> str:
        """The artifact's version."""
        return PackageURL.from_string(self.purl).version or ""

    @property
    def filename(self) -> str:
        """The file's name in a Maven repository."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def path(self) -> str:
        """The file's path in a Maven repository (Maven's default repository layout)."""
        parts = PackageURL.from_string(self.purl)
        qualifiers = dict(parts.qualifiers)
        folder = (parts.namespace or "").replace(".", "/")
        classifier = f"-{qualifiers['classifier']}" if "classifier" in qualifiers else ""
        file = f"{parts.name}-{parts.version}{classifier}.{qualifiers.get('type', 'jar')}"
        return f"{folder}/{parts.name}/{parts.version}/{file}"


@dataclass(frozen=True, slots=True)
class Lock:
    """The artifacts of one distribution; the first one gives it its version."""

    name: str
    artifacts: tuple[LockedArtifact, ...]

    @property
    def version(self) -> str:
        """The version of the program itself."""
        return self.artifacts[0].version

    @property
    def digest(self) -> str:
        """A digest of every file's name and content, which tells two states of a distribution apart."""
        lines = "".join(f"{artifact.purl} {artifact.sha256}\n" for artifact in self.artifacts)
        return hashlib.sha256(lines.encode()).hexdigest()


def read_lock(file: Path) -> Lock:
    """Read ``<name>.lock.toml``."""
    artifacts = tomllib.loads(file.read_text())["artifacts"]
    return Lock(file.name.removesuffix(LOCK_SUFFIX), tuple(LockedArtifact(**artifact) for artifact in artifacts))
