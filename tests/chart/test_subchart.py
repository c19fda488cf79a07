"""The chart as a part of another one: Helm's own keys, and the values that a parent hands to all of its parts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from heartzone_testing.chart.rendering import HelmTemplate, Rendered, RenderingError, at
from heartzone_testing.checkout import CHART
from heartzone_testing.release.values import merged

MINIMAL: dict[str, Any] = yaml.safe_load((CHART / "ci" / "minimal-values.yaml").read_text())


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """A chart with ours in it, under all that Helm has for that."""
    dependency = {
        "name": "heartzone",
        "version": "*",
        "condition": "heartzone.enabled",
        "tags": ["streaming"],
        "import-values": ["shared"],
    }
    chart = {"apiVersion": "v2", "name": "ours", "version": "1.0.0", "dependencies": [dependency]}
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(chart))
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "heartzone").symlink_to(CHART)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ours}\ndata: {imported: {{ .Values.topic | quote }}}\n"
    )
    return tmp_path


def render(helm: HelmTemplate, chart: Path, *values: dict[str, Any]) -> Rendered:
    return helm(merged({"heartzone": MINIMAL}, *values), chart=chart)


def test_it_is_a_part_of_another_chart(helm: HelmTemplate, parent: Path) -> None:
    assert render(helm, parent).one("StatefulSet")["metadata"]["name"] == "heartzone-zone-worker"


@pytest.mark.parametrize("enabled", [True, False])
def test_a_condition_turns_it_on_and_off(helm: HelmTemplate, parent: Path, enabled: bool) -> None:
    assert render(helm, parent, at("heartzone.enabled", enabled)).has("StatefulSet") is enabled


@pytest.mark.parametrize("tag", [True, False])
def test_a_tag_turns_it_on_and_off(helm: HelmTemplate, parent: Path, tag: bool) -> None:
    assert render(helm, parent, at("tags.streaming", tag)).has("StatefulSet") is tag


def test_a_parent_may_import_values_of_it(helm: HelmTemplate, parent: Path) -> None:
    # Helm imports what charts have in their own files, not what it is given.
    (parent / "values.yaml").write_text(yaml.safe_dump(at("heartzone.exports.shared.topic", "BiometricsImported")))

    assert render(helm, parent).one("ConfigMap", "ours")["data"] == {"imported": "BiometricsImported"}


def test_every_key_of_helm_s_own_passes(helm: HelmTemplate, parent: Path) -> None:
    keys = {"enabled": True, "tags": {"streaming": True}, "exports": {"a": {}}, "import-values": ["shared"]}

    assert render(helm, parent, {"heartzone": {**MINIMAL, **keys}, "tags": {"other": False}}).has("StatefulSet")


def test_values_of_the_parent_for_all_of_its_parts_are_its_own_business(helm: HelmTemplate, parent: Path) -> None:
    """Those that we know are followed, and others pass, whatever their shape."""
    values = at("global", {"imageRegistry": "mirror.example.org", "imagePullSecrets": None, "storageClass": {"a": []}})
    image = render(helm, parent, values).pod("producer")["containers"][0]["image"]

    assert image.startswith("mirror.example.org/heartzone-producer:")


def test_a_misspelt_value_still_fails(helm: HelmTemplate, parent: Path) -> None:
    with pytest.raises(RenderingError, match="enable'"):
        render(helm, parent, at("heartzone.enable", True))
