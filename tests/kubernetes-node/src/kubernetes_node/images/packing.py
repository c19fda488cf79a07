"""Images of one static program: a docker-archive is a tar file with a layer and two JSON files."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def pack_image(output: Path, *, tag: str, files: Mapping[str, Path], links: Mapping[str, str] | None = None) -> Path:
    """Write an image with `files` (path inside: program here) and symbolic `links`; the first program is run."""
    layer = _layer(files, links or {})
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": [f"/{next(iter(files))}"], "User": "65532:65532", "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(output, "w") as archive:
        for name, content in {"config.json": config, "layer.tar": layer, "manifest.json": manifest}.items():
            archive.addfile(_entry(name, len(content)), io.BytesIO(content))
    return output


def _layer(files: Mapping[str, Path], links: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as layer:
        for name, file in files.items():
            with file.open("rb") as content:
                layer.addfile(_entry(name, file.stat().st_size), content)
        for name, target in links.items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            layer.addfile(link)
    return packed.getvalue()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o755
    return entry
