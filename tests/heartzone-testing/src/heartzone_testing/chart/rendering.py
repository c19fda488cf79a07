"""The chart as Helm renders it without a cluster."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from heartzone_testing.checkout import CHART
from heartzone_testing.release.values import merged

VALUE_FILES = tuple(sorted((CHART / "ci").glob("*-values.yaml")))
NEWEST_KUBERNETES = "1.37"
OLDEST_KUBERNETES = "1.30"  # of Chart.yaml

Manifest = dict[str, Any]

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it is


class RenderingError(Exception):
    """Helm does not render these values; the message is Helm's."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The manifests of one rendering, hooks included."""

    manifests: tuple[Manifest, ...]

    def of_kind(self, kind: str) -> tuple[Manifest, ...]:
        """In the order of Helm."""
        return tuple(manifest for manifest in self.manifests if manifest["kind"] == kind)

    def one(self, kind: str, name: str | None = None) -> Manifest:
        """The only one of its kind, or of its kind and name."""
        (found,) = (each for each in self.of_kind(kind) if name in (None, each["metadata"]["name"]))
        return found

    def has(self, kind: str) -> bool:
        """Whether there is any."""
        return bool(self.of_kind(kind))

    def pod_templates(self) -> Iterator[tuple[str, Manifest]]:
        """What pods are made of, with the component's name; a Pod is a template of itself."""
        for manifest in self.manifests:
            if manifest["kind"] in ("Deployment", "StatefulSet"):
                yield component_of(manifest), manifest["spec"]["template"]
            elif manifest["kind"] == "CronJob":
                yield component_of(manifest), manifest["spec"]["jobTemplate"]["spec"]["template"]
            elif manifest["kind"] == "Pod":
                yield component_of(manifest), manifest

    def pod(self, component: str) -> Manifest:
        """The pod's spec of one component."""
        spec: Manifest = dict(self.pod_templates())[component]["spec"]
        return spec


@dataclass(frozen=True, slots=True)
class HelmTemplate:
    """`helm template`; called with values, which come on top of `base`."""

    command: Path

    def __call__(
        self,
        *values: Mapping[str, Any] | Path,
        release: str = "heartzone",
        namespace: str = "heartzone",
        chart: Path = CHART,
    ) -> Rendered:
        """Render the chart; of several values the later win. Raises RenderingError."""
        text = self.text(*values, release=release, namespace=namespace, chart=chart)
        return Rendered(tuple(manifest for manifest in yaml.load_all(text, LOADER) if manifest))

    def text(
        self,
        *values: Mapping[str, Any] | Path,
        release: str = "heartzone",
        namespace: str = "heartzone",
        chart: Path = CHART,
    ) -> str:
        """The same as Helm writes it. Raises RenderingError."""
        return self._run("template", release, chart, f"--namespace={namespace}", values=values)

    def lint(self, *values: Mapping[str, Any] | Path) -> str:
        """`helm lint --strict`. Raises RenderingError."""
        return self._run("lint", "--strict", CHART, values=values)

    def notes(self, *values: Mapping[str, Any] | Path) -> str:
        """What people read after an installation. Raises RenderingError."""
        text = self._run("install", "heartzone", CHART, "--namespace=heartzone", "--dry-run=client", values=values)
        return text.partition("\nNOTES:\n")[2]

    def _run(self, *arguments: str | Path, values: tuple[Mapping[str, Any] | Path, ...]) -> str:
        files = [value for value in values if isinstance(value, Path)]
        mappings = [value for value in values if not isinstance(value, Path)]
        assert list(values) == [*files, *mappings], "files come first"
        # One file of many mappings: the later ones win as they do with several files.
        text = yaml.safe_dump(merged(*mappings)) if mappings else ""
        options = [*(f"--values={file}" for file in files), *(["--values=-"] if mappings else [])]
        return _helm((str(self.command), *map(str, arguments), *options), text)


@cache
def _helm(arguments: tuple[str, ...], values: str) -> str:
    """Helm's output, rendered once for equal arguments. Raises RenderingError."""
    done = subprocess.run(arguments, input=values, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RenderingError(done.stderr.strip())
    return done.stdout


def component_of(manifest: Manifest) -> str:
    """producer, zone-worker, operator, audit or test."""
    component: str = manifest["metadata"]["labels"]["app.kubernetes.io/component"]
    return component


def at(path: str, value: Any) -> dict[str, Any]:
    """The values in which one path has a value: ``at("a.b", 1)`` is ``{"a": {"b": 1}}``."""
    for key in reversed(path.split(".")):
        value = {key: value}
    result: dict[str, Any] = value
    return result
