"""The images, unpacked once for all tests, and a broker and a registry for what runs from them."""

import shutil
import tempfile
from pathlib import Path

import platformdirs
import pytest

from embedded_kafka import EmbeddedKafka, EmbeddedRegistry
from heartzone_images.services import IMAGES
from heartzone_testing.brokers.testbed import Testbed
from heartzone_testing.images.ahead import build_into
from heartzone_testing.images.containers import Unpacked
from heartzone_testing.services.pipeline import Pipeline

ARCHIVES = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Build the images before the first test, into the folder that `make e2e` names or one of the session's own."""
    if any("images" in getattr(item, "fixturenames", ()) for item in session.items):
        folder = session.config.getoption("--image-archives") or _own_folder()
        session.config.stash[ARCHIVES] = folder
        build_into(folder, IMAGES, print)


def _own_folder() -> Path:
    """A folder on the file system that the archives are kept on."""
    cache = platformdirs.user_cache_path("heartzone-tests", ensure_exists=True)
    return Path(tempfile.mkdtemp(prefix="images-of-a-session-", dir=cache))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of links, when it is the session's own."""
    if ARCHIVES in config.stash and config.getoption("--image-archives") is None:
        shutil.rmtree(config.stash[ARCHIVES])


@pytest.fixture(scope="session")
def images(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Unpacked]:
    """The images by their names."""
    archives = request.config.stash[ARCHIVES]
    return {name: Unpacked(archives / f"{name}.tar", tmp_path_factory.mktemp(name)) for name in IMAGES}


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
