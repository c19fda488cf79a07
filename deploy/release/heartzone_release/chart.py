"""The chart as an OCI artifact."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from heartzone_images.services import IMAGES, ROOT
from heartzone_release.running import ReleaseError, run
from heartzone_release.wheels import version

CHART = ROOT / "deploy" / "helm" / "heartzone"


def package_chart(target: Path, registry: str | None = None, helm: str = "helm") -> Path:
    """Pack it into a folder, with the version of the release, and return its archive. Raises ReleaseError.

    With a registry, its images come from there by default, so that whoever pulls the chart can install it as it is.
    """
    with TemporaryDirectory(prefix="heartzone-chart-") as folder:
        chart = Path(shutil.copytree(CHART, Path(folder) / CHART.name))
        if registry:
            _replace(chart / "values.yaml", '\n  registry: ""\n', f"\n  registry: {registry}\n")
            _replace(chart / "Chart.yaml", "\nannotations:\n", f"\nannotations:\n{_images(registry)}")
        run([helm, "package", chart, f"--destination={target}", f"--version={version()}", f"--app-version={version()}"])
    return target / f"{CHART.name}-{version()}.tgz"


def push_chart(archive: Path, registry: str, *, plain_http: bool, helm: str = "helm") -> str:
    """Push it as `<registry>/charts/heartzone:<version>`; return that with its digest. Raises ReleaseError."""
    options = ["--plain-http"] if plain_http else []
    said = run([helm, "push", archive, f"oci://{registry}/charts", *options])
    digest = re.search(r"sha256:[0-9a-f]{64}", said)
    if digest is None:
        raise ReleaseError(f"`helm push` has told no digest, but: {said.strip()}")
    return f"{registry}/charts/{CHART.name}:{version()}@{digest[0]}"


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ReleaseError(f"{file.name} has {old.strip()!r} {text.count(old)} times, and not once.")
    file.write_text(text.replace(old, new), encoding="utf-8")


def _images(registry: str) -> str:
    """Artifact Hub's list of the images, as it scans and shows them."""
    lines = [f"    - name: {each}\n      image: {registry}/heartzone-{each}:{version()}\n" for each in IMAGES]
    return "".join(["  artifacthub.io/images: |\n", *lines])
