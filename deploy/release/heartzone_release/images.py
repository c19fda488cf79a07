"""The images, pushed for several platforms: by buildx with SBOM and provenance, or else by buildah.

buildah attaches neither; it is for machines without a Docker daemon.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from heartzone_images.engines import Build, Docker, Engine
from heartzone_images.services import IMAGES, image_build
from heartzone_release.running import run

PLATFORMS = ("linux/amd64", "linux/arm64")
BUILDER = "heartzone-release"
EMULATORS = "docker.io/tonistiigi/binfmt:latest"


def builds(
    registry: str,
    version: str,
    *,
    bases: Mapping[str, str],
    secrets: Mapping[str, Path],
    images: Iterable[str] = IMAGES,
) -> list[Build]:
    """The builds of `<registry>/heartzone-<image>:<version>`."""
    found = (image_build(each, version, bases=bases, secrets=secrets) for each in images)
    return [replace(each, reference=f"{registry}/{each.reference}") for each in found]


def push_bases(bases: Mapping[str, str], registry: str) -> dict[str, str]:
    """Push base images that this machine's docker has, and return the same arguments with their names there.

    A builder that makes attestations has a store of its own and takes bases from a registry only. Raises ReleaseError.
    """
    pushed = {argument: f"{registry}/{reference.rpartition('/')[2]}" for argument, reference in bases.items()}
    for argument, reference in bases.items():
        run(["docker", "tag", reference, pushed[argument]])
        run(["docker", "push", "--quiet", pushed[argument]])
    return pushed


def bake_definition(wanted: Sequence[Build], platforms: Sequence[str]) -> dict[str, Any]:
    """What `docker buildx bake` reads: a target for each build, with attestations."""
    targets = {
        _name(build): {
            "context": str(build.context),
            "dockerfile": str(build.dockerfile),
            "args": dict(build.arguments),
            "secret": [f"type=file,id={name},src={path}" for name, path in build.secrets.items()],
            "tags": [build.reference],
            "platforms": list(platforms),
            "attest": ["type=sbom", "type=provenance,mode=max"],
            "output": ["type=registry"],
        }
        for build in wanted
    }
    return {"group": {"default": {"targets": list(targets)}}, "target": targets}


def push_images(
    engine: Engine,
    wanted: Sequence[Build],
    platforms: Sequence[str],
    *,
    plain_http: bool = False,
    emulate: bool = False,
) -> list[str]:
    """Build and push them; return their references with digests. Raises ReleaseError."""
    with TemporaryDirectory(prefix="heartzone-release-") as folder:
        if isinstance(engine, Docker):
            return _by_buildx(wanted, platforms, Path(folder), plain_http=plain_http, emulate=emulate)
        return [_by_buildah(each, platforms, Path(folder), plain_http=plain_http) for each in wanted]


def _by_buildx(
    wanted: Sequence[Build], platforms: Sequence[str], folder: Path, *, plain_http: bool, emulate: bool
) -> list[str]:
    if emulate:
        run(["docker", "run", "--privileged", "--rm", EMULATORS, "--install", "all"])
    config = folder / "buildkitd.toml"
    registries = {each.reference.partition("/")[0] for each in wanted} if plain_http else set()
    config.write_text("".join(f'[registry."{each}"]\nhttp = true\n' for each in sorted(registries)))
    # The daemon's own builder makes neither several platforms nor attestations.
    if BUILDER in run(["docker", "buildx", "ls"]):
        run(["docker", "buildx", "rm", "--force", BUILDER])
    create = ["docker", "buildx", "create", "--driver=docker-container", f"--name={BUILDER}"]
    run([*create, f"--buildkitd-config={config}", "--driver-opt=network=host"])
    try:
        metadata = folder / "metadata.json"
        bake = ["docker", "buildx", "bake", f"--builder={BUILDER}", "--file=-", f"--metadata-file={metadata}"]
        run([*bake, "--allow=fs.read=*"], stdin=json.dumps(bake_definition(wanted, platforms)))
        digests = json.loads(metadata.read_text())
    finally:
        run(["docker", "buildx", "rm", "--force", BUILDER])
    return [f"{each.reference}@{digests[_name(each)]['containerimage.digest']}" for each in wanted]


def _by_buildah(build: Build, platforms: Sequence[str], folder: Path, *, plain_http: bool) -> str:
    # A list, also of one platform; one of an earlier release of this version would be added to.
    if _is_stored(build.reference):
        run(["buildah", "rmi", "--force", build.reference])
    options = [option for option in build.options() if not option.startswith("--tag=")]
    layers = ["buildah", "bud", "--layers", "--isolation=chroot", f"--manifest={build.reference}"]
    run([*layers, f"--platform={','.join(platforms)}", *options])
    digest = folder / f"{_name(build)}.digest"
    push = [
        "buildah",
        "manifest",
        "push",
        "--all",
        f"--digestfile={digest}",
        f"--tls-verify={str(not plain_http).lower()}",
    ]
    run([*push, build.reference, f"docker://{build.reference}"])
    return f"{build.reference}@{digest.read_text().strip()}"


def _is_stored(reference: str) -> bool:
    return reference in run(["buildah", "images", "--format={{.Name}}:{{.Tag}}"]).split()


def _name(build: Build) -> str:
    return build.reference.rpartition("/")[2].partition(":")[0]
