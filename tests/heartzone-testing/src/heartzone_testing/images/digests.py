"""A digest of everything that goes into an image: one whose digest is known need not be built again."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from heartzone_images.engines import Build

# They say where a source came from, and change with every commit.
PROVENANCE = frozenset({"VERSION", "REVISION", "SOURCE"})


def digest_of(build: Build) -> str:
    """Of the Dockerfile, of all that it copies from folders, and of the base images."""
    digest = hashlib.sha256(build.dockerfile.read_bytes())
    for name, value in sorted(build.arguments.items()):
        if name not in PROVENANCE:
            digest.update(f"\0{name}={value}".encode())
    for source in copied(build):
        for file in _files(source):
            digest.update(f"\0{file.relative_to(source.parent)} {file.stat().st_mode:o}\0".encode())
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:16]


def copied(build: Build) -> Iterator[Path]:
    """The files and folders of this machine that the Dockerfile copies."""
    for arguments in re.findall(r"^COPY (.+)$", build.dockerfile.read_text(), re.MULTILINE):
        *sources, _target = arguments.split()
        if not sources[0].startswith("--from="):
            yield from (build.context / source for source in sources)
        elif (name := sources[0].removeprefix("--from=")) in build.contexts:
            yield from (build.contexts[name] / source for source in sources[1:])


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    return sorted(file for file in source.rglob("*") if file.is_file() and file.parent.name != "__pycache__")
