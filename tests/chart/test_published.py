"""Chart and images pushed to a real registry on this machine, and installed from there."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from embedded_kafka.processes import ChildProcess
from heartzone_images.engines import Build, Buildah, Docker
from heartzone_images.services import IMAGES, SERVICES
from heartzone_release.__main__ import native_platform
from heartzone_release.chart import package_chart, push_chart
from heartzone_release.images import push_bases, push_images
from heartzone_release.wheels import version
from heartzone_testing.chart.rendering import HelmTemplate
from heartzone_testing.checkout import CHART
from heartzone_testing.ports import free_port
from heartzone_testing.waiting import eventually

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry of images; repositories are below `name`."""

    address: str

    @property
    def name(self) -> str:
        return f"{self.address}/team"

    def get(self, path: str, accept: str = "*/*") -> Any:
        request = urllib.request.Request(f"http://{self.address}/v2/{path}", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("there is no docker-registry; Debian: apt install docker-registry")
    folder = tmp_path_factory.mktemp("registry")
    address = f"127.0.0.1:{free_port()}"
    storage = {"filesystem": {"rootdirectory": str(folder / "storage")}}
    (folder / "config.yml").write_text(yaml.safe_dump({"version": 0.1, "storage": storage, "http": {"addr": address}}))
    process = ChildProcess.start([program, "serve", folder / "config.yml"], log_file=folder / "registry.log")
    found = Registry(address)
    try:
        eventually(lambda: process.poll() is not None or _responds(found), "the registry to respond")
        assert process.poll() is None, process.tail(20)
        yield found
    finally:
        process.terminate(5)


@pytest.fixture(scope="module")
def pushed(registry: Registry, helm: HelmTemplate, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The chart's reference with its digest."""
    archive = package_chart(tmp_path_factory.mktemp("chart"), registry.name, str(helm.command))
    return push_chart(archive, registry.name, plain_http=True, helm=str(helm.command))


def test_the_chart_is_an_artifact_of_the_version_of_the_release(registry: Registry, pushed: str) -> None:
    reference, _, digest = pushed.partition("@")
    manifest = registry.get(f"team/charts/heartzone/manifests/{digest}", "application/vnd.oci.image.manifest.v1+json")

    assert reference == f"{registry.name}/charts/heartzone:{version()}"
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
    assert manifest["annotations"]["org.opencontainers.image.version"] == version()
    assert manifest["annotations"]["org.opencontainers.image.url"]


@pytest.mark.usefixtures("pushed")
def test_what_is_installed_from_there_takes_its_images_from_there(
    registry: Registry, helm: HelmTemplate, tmp_path: Path
) -> None:
    chart = f"oci://{registry.name}/charts/heartzone"
    values = f"--values={CHART / 'ci' / 'minimal-values.yaml'}"

    rendered = _helm(helm, tmp_path, "template", "heartzone", chart, f"--version={version()}", values)

    for service in SERVICES:
        assert f'image: "{registry.name}/heartzone-{service}:{version()}"' in rendered


@pytest.mark.usefixtures("pushed")
def test_artifact_hub_finds_the_images(registry: Registry, helm: HelmTemplate, tmp_path: Path) -> None:
    shown = yaml.safe_load(_helm(helm, tmp_path, "show", "chart", f"oci://{registry.name}/charts/heartzone"))
    images = yaml.safe_load(shown["annotations"]["artifacthub.io/images"])

    assert {each["image"] for each in images} == {f"{registry.name}/heartzone-{each}:{version()}" for each in IMAGES}


def test_an_image_is_pushed_as_a_list_of_platforms_and_known_by_its_digest(registry: Registry, tmp_path: Path) -> None:
    if shutil.which("buildah") is None:
        pytest.skip("there is no buildah; Debian: apt install buildah")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    build = Build(f"{registry.name}/heartzone-tiny:1.2.3", tmp_path / "Dockerfile", tmp_path)
    try:
        (reference,) = push_images(Buildah(), [build], [native_platform()], plain_http=True)
    finally:
        subprocess.run(["buildah", "rmi", "--force", build.reference], capture_output=True, check=False)

    name, _, digest = reference.partition("@")
    (entry,) = registry.get(f"team/heartzone-tiny/manifests/{digest}", INDEX)["manifests"]
    assert name == build.reference
    assert f"{entry['platform']['os']}/{entry['platform']['architecture']}" == native_platform()


@pytest.fixture
def buildx() -> Docker:
    commands = (["docker", "version"], ["docker", "buildx", "version"])
    if shutil.which("docker") is None or any(
        subprocess.run(each, capture_output=True, check=False).returncode for each in commands
    ):
        pytest.skip("there is no docker with buildx whose daemon responds")
    return Docker()


def test_buildx_attaches_an_sbom_and_provenance(registry: Registry, buildx: Docker, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    build = Build(f"{registry.name}/heartzone-attested:1.2.3", tmp_path / "Dockerfile", tmp_path)

    (reference,) = push_images(buildx, [build], [native_platform()], plain_http=True)

    image, attestations = registry.get(f"team/heartzone-attested/manifests/{reference.partition('@')[2]}", INDEX)[
        "manifests"
    ]
    assert attestations["annotations"]["vnd.docker.reference.digest"] == image["digest"]
    manifest = registry.get(f"team/heartzone-attested/manifests/{attestations['digest']}", MANIFEST)
    kinds = [urlsplit(each["annotations"]["in-toto.io/predicate-type"]).netloc for each in manifest["layers"]]
    assert sorted(kinds) == ["slsa.dev", "spdx.dev"]


def test_buildx_gets_a_base_of_this_machine_from_the_registry(
    registry: Registry, buildx: Docker, tmp_path: Path
) -> None:
    """Its builder does not see what the daemon has."""
    (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE}\nCOPY Dockerfile /\n")
    base = Build("localhost/heartzone-tiny-base:1", tmp_path / "Dockerfile", tmp_path)
    buildx.build(base)
    bases = push_bases({"BASE_IMAGE": base.reference}, registry.name)
    try:
        build = Build(f"{registry.name}/heartzone-based:1", tmp_path / "Dockerfile", tmp_path, bases)
        (reference,) = push_images(buildx, [build], [native_platform()], plain_http=True)
    finally:
        subprocess.run(["docker", "rmi", "--force", base.reference, *bases.values()], capture_output=True, check=False)

    assert bases == {"BASE_IMAGE": f"{registry.name}/heartzone-tiny-base:1"}
    assert registry.get(f"team/heartzone-based/manifests/{reference.partition('@')[2]}", INDEX)["manifests"]


def test_what_docker_builds_is_stored_whichever_builder_is_set(
    buildx: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in a container, as GitHub's setup-buildx-action makes it, else keeps it in its cache."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    build = Build("heartzone-tiny:stored", tmp_path / "Dockerfile", tmp_path)
    builder = "heartzone-tests"
    create = ["docker", "buildx", "create", "--driver=docker-container", f"--name={builder}"]
    subprocess.run(create, capture_output=True, check=True)
    try:
        monkeypatch.setenv("BUILDX_BUILDER", builder)
        buildx.build(build)

        assert buildx.has(build.reference)
    finally:
        subprocess.run(["docker", "rmi", build.reference], capture_output=True, check=False)
        subprocess.run(["docker", "buildx", "rm", "--force", builder], capture_output=True, check=False)


def _responds(registry: Registry) -> bool:
    try:
        return bool(registry.get("") == {})
    except OSError:
        return False


def _helm(helm: HelmTemplate, home: Path, *arguments: str) -> str:
    own = {f"HELM_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    done = subprocess.run(
        [helm.command, *arguments, "--plain-http"], env=os.environ | own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
