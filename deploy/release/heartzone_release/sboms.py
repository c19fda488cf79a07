"""A software bill of materials of each service, of the packages that uv.lock names, as files beside the wheels.

buildx attaches one of the whole image, with the base's packages, to each image; this one is there with any engine.
"""

from pathlib import Path

from heartzone_images.services import SERVICES
from heartzone_release.running import run
from heartzone_release.wheels import version


def write_sboms(target: Path) -> list[Path]:
    """Write `heartzone-<service>-<version>.cdx.json` into a folder, CycloneDX 1.5. Raises ReleaseError."""
    files = {service: target / f"heartzone-{service}-{version()}.cdx.json" for service in SERVICES}
    for service, file in files.items():
        # As its Dockerfile installs it.
        package = [f"--package=heartzone-{service}", "--no-dev", "--extra=tracing"]
        run(["uv", "export", "--quiet", "--frozen", "--format=cyclonedx1.5", *package, f"--output-file={file}"])
    return list(files.values())
