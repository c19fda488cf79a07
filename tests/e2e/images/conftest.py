"""The services' images, unpacked once for all tests, and a broker and a registry for what runs from them."""

from pathlib import Path

import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_images.services import SERVICES
from images.building import build
from images.containers import Unpacked
from pipeline import Pipeline
from testbed import Testbed


@pytest.fixture(scope="session")
def images(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Unpacked]:
    """The images by the service's name: those that `make e2e` has built, else built now."""
    archives: Path | None = request.config.getoption("--image-archives")
    return {
        service: Unpacked(archives / f"{service}.tar" if archives else build(service, print), folder)
        for service in SERVICES
        for folder in [tmp_path_factory.mktemp(service)]
    }


@pytest.fixture
def pipeline(embedded_kafka: EmbeddedKafka, embedded_registry: EmbeddedRegistry, tmp_path: Path) -> Pipeline:
    """The product's topics and subjects under names of their own."""
    return Pipeline(Testbed(embedded_kafka.client_config()), embedded_registry.client_config(), tmp_path, 1)


@pytest.fixture
def kubernetes(tmp_path: Path) -> Path:
    """A folder with a file `config` that leads to an API server which is not there."""
    folder = tmp_path / "kubernetes"
    folder.mkdir(mode=0o755)
    (folder / "config").write_text(UNREACHABLE)
    return folder


UNREACHABLE = """\
apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody, namespace: default}}]
users: [{name: nobody, user: {token: none}}]
"""
