"""The chart's generated files by their path in it; written by docs/generate.py."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from heartzone_chart.readme import readme
from heartzone_chart.values_file import read_values
from heartzone_chart.values_schema import values_schema

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy" / "helm" / "heartzone"
_DEFINITION = "eventtopics.heartzone.dev.yaml"
# What the chart needs of the rest of the repository: Helm reads nothing outside of it.
_COPIES: Mapping[str, Path] = {
    f"crds/{_DEFINITION}": ROOT / "deploy" / "crd" / _DEFINITION,
    **{f"files/schemas/{path.name}": path for path in sorted((ROOT / "schemas").glob("*.json"))},
}


def _values(make: Callable[..., str]) -> str:
    return make(read_values((CHART / "values.yaml").read_text(encoding="utf-8")))


FILES_OF_THE_CHART: Mapping[str, Callable[[], str]] = {
    "values.schema.json": partial(_values, values_schema),
    "README.md": partial(_values, readme),
    **{name: partial(source.read_text, encoding="utf-8") for name, source in _COPIES.items()},
}
