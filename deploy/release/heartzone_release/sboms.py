"""A software bill of materials of each image, of the packages that uv.lock names, as files beside the wheels.

buildx attaches one of the whole image, with the base's packages, to each image; this one is there with any engine.
"""

import re
from pathlib import Path

from heartzone_images.services import IMAGES, dockerfile
from heartzone_release.running import run
from heartzone_release.wheels import version


def write_sboms(target: Path) -> list[Path]:
    """Write `heartzone-<image>-<version>.cdx.json` into a folder, CycloneDX 1.5. Raises ReleaseError."""
    files = {image: target / f"heartzone-{image}-{version()}.cdx.json" for image in IMAGES}
    for image, file in files.items():
        # As its Dockerfile installs it.
        package = [f"--package=heartzone-{image}", "--no-dev", "--extra=tracing"]
        package += [f"--no-emit-package={name}" for name in left_out(image)]
        run(["uv", "export", "--quiet", "--frozen", "--format=cyclonedx1.5", *package, f"--output-file={file}"])
    return list(files.values())


def left_out(image: str) -> list[str]:
    """The packages of its environment that an image goes without, as its Dockerfile says."""
    return sorted(set(re.findall(r"--no-install-package=(\S+?)[\s\"]", dockerfile(image).read_text(encoding="utf-8"))))
