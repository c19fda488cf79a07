"""Reader of docker-archives: an image's configuration, and its layers as the one tree that a container sees."""

import json
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

# An entry of this name in a layer hides what lower layers have under the rest of it.
WHITEOUT = ".wh."


@dataclass(frozen=True, slots=True)
class ImageArchive:
    """An image in a file."""

    file: Path

    def config(self) -> dict[str, Any]:
        """Docker's image configuration: entry point, user, labels …"""
        with tarfile.open(self.file) as archive:
            configuration: dict[str, Any] = json.load(_member(archive, self._manifest(archive)["Config"]))
        found: dict[str, Any] = configuration["config"]
        return found

    def names(self) -> list[str]:
        """The names of the image."""
        with tarfile.open(self.file) as archive:
            tags: list[str] = self._manifest(archive)["RepoTags"]
        return tags

    def layers(self) -> list[tuple[str, int]]:
        """Digest and unpacked bytes of each layer, the lowest first."""
        with tarfile.open(self.file) as archive:
            manifest = self._manifest(archive)
            digests = json.load(_member(archive, manifest["Config"]))["rootfs"]["diff_ids"]
            sizes = [_resolved(archive, name).size for name in manifest["Layers"]]
        return list(zip(digests, sizes, strict=True))

    def unpack(self, into: Path) -> None:
        """Lay out all layers, with their owners and modes; takes root."""
        with tarfile.open(self.file) as archive:
            for name in self._manifest(archive)["Layers"]:
                with tarfile.open(fileobj=_member(archive, name)) as layer:
                    _apply(layer, into)

    @staticmethod
    def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
        (manifest,) = json.load(_member(archive, "manifest.json"))
        found: dict[str, Any] = manifest
        return found


def _apply(layer: tarfile.TarFile, into: Path) -> None:
    kept = []
    for entry in layer:
        name = PurePosixPath(entry.name).name
        if name.startswith(WHITEOUT):
            hidden = into / PurePosixPath(entry.name).with_name(name.removeprefix(WHITEOUT))
            shutil.rmtree(hidden) if hidden.is_dir() and not hidden.is_symlink() else hidden.unlink(missing_ok=True)
        else:
            kept.append(entry)
    # Pythons before 3.11.4 have no filters, and trust as fully as this call does.
    trust: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
    layer.extractall(into, members=kept, numeric_owner=True, **trust)


def _resolved(archive: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    """The entry, or what it links to: equal layers are stored once."""
    entry = archive.getmember(name)
    return archive.getmember(str(PurePosixPath(name).parent / entry.linkname)) if entry.issym() else entry


def _member(archive: tarfile.TarFile, name: str) -> Any:
    return archive.extractfile(archive.getmember(name))
