"""`make release`: builds wheels, chart and images, and pushes them; see docs/release.md."""

import argparse
import os
import platform
import sys
from pathlib import Path

from heartzone_images import engines, local_base
from heartzone_images.package_indexes import build_secrets
from heartzone_images.services import ROOT
from heartzone_release.chart import package_chart, push_chart
from heartzone_release.images import PLATFORMS, builds, push_bases, push_images
from heartzone_release.running import ReleaseError
from heartzone_release.sboms import write_sboms
from heartzone_release.signing import sign
from heartzone_release.wheels import build_wheels, publish_wheels, version

PARTS = ("wheels", "chart", "images")


def main() -> int:
    """Exit code 0, or 1 when a part of the release failed."""
    options = _options()
    try:
        pushed = _release(options)
        if options.cosign_key and pushed:
            sign(pushed, options.cosign_key, plain_http=options.plain_http)
            _say(f"signed {len(pushed)} artifacts")
    except (ReleaseError, engines.BuildError, engines.NoEngineError, local_base.NoLocalBaseError) as error:
        sys.stderr.write(f"make release: {error}\n")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make release", description="Build and push a release.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which, of {', '.join(PARTS)}; default: all")
    parser.add_argument("--registry", help="where chart and images go, as registry.example.org/team; default: nowhere")
    parser.add_argument("--version", help="version that the release has to have, as 1.2.3 or v1.2.3; default: any")
    parser.add_argument("--plain-http", action="store_true", help="the registry speaks http, as one on this machine")
    parser.add_argument("--index", help="package index that the wheels are uploaded to; default: none")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist", help="where wheels and chart are put; default: dist/"
    )
    parser.add_argument(
        "--platforms", default="", help="default: linux/amd64,linux/arm64; with buildah or a local base this machine's"
    )
    parser.add_argument("--emulate", action="store_true", help="have docker emulate platforms that this machine is not")
    parser.add_argument("--base-image", help="as with `make images`")
    parser.add_argument("--helm", default="helm", help="Helm's program; default: helm")
    key = os.environ.get("COSIGN_KEY", "")
    parser.add_argument("--cosign-key", default=key, help="key that signs chart and images; default: $COSIGN_KEY")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part of a release is called {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    options.parts = options.parts or list(PARTS)
    return options


def _release(options: argparse.Namespace) -> list[str]:
    """Chart and images that were pushed."""
    pushed: list[str] = []
    if options.version and options.version.removeprefix("v") != version():
        raise ReleaseError(f"The release is to be {options.version}, but the packages have version {version()}.")
    options.output.mkdir(parents=True, exist_ok=True)
    if "wheels" in options.parts:
        wheels = build_wheels(options.output)
        _say(*(f"built {wheel.name}" for wheel in wheels))
        if options.index:
            publish_wheels(wheels, options.index)
            _say(f"uploaded {len(wheels)} wheels to {options.index}")
    if "chart" in options.parts:
        archive = package_chart(options.output, options.registry, options.helm)
        _say(f"built {archive.name}")
        if options.registry:
            pushed.append(push_chart(archive, options.registry, plain_http=options.plain_http, helm=options.helm))
            _say(f"pushed {pushed[-1]}")
    if "images" in options.parts:
        _say(*(f"wrote {file.name}" for file in write_sboms(options.output)))
    if "images" in options.parts and options.registry:
        for reference in _push_images(options):
            pushed.append(reference)
            _say(f"pushed {reference}")
    return pushed


def _push_images(options: argparse.Namespace) -> list[str]:
    engine = engines.choose()
    by_buildx = isinstance(engine, engines.Docker)
    local = options.base_image == "local"
    bases = {"BASE_IMAGE": options.base_image} if options.base_image else {}
    if local:
        bases = local_base.local_bases(engine, _say)
        bases = push_bases(bases, options.registry) if by_buildx else bases
    platforms = PLATFORMS if by_buildx and not local else (native_platform(),)
    if options.platforms:
        platforms = tuple(options.platforms.split(","))
    if not by_buildx:
        _say("buildah builds the images: without the attestations of SBOM and provenance, which take docker buildx")
    with build_secrets(os.environ) as secrets:
        wanted = builds(options.registry, version(), bases=bases, secrets=secrets)
        return push_images(engine, wanted, platforms, plain_http=options.plain_http, emulate=options.emulate)


def native_platform() -> str:
    """This machine's, as images name it."""
    machine = platform.machine()
    return f"linux/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
