"""The addresses of a running `heartzone up`: `<data-dir>/endpoints.json`, there only while it is ready.

Plain dataclasses and json: every command reads this file first, and none should wait for a model library.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_DATA_DIR = ".heartzone"
FILE_NAME = "endpoints.json"


class DamagedEndpointsError(ValueError):
    """The file exists and is invalid; the message names the file."""


@dataclass(frozen=True)
class Metrics:
    """Management URLs: of the web API, and of each zone worker in the order of their transactional ids."""

    producer: str
    zone_workers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Endpoints:
    """`api`, `registry`: URLs. `kafka`: a bootstrap address, host:port. `source`: the file they came from."""

    api: str
    kafka: str
    registry: str
    metrics: Metrics
    source: Path | None = field(default=None, compare=False)


def document(endpoints: Endpoints) -> dict[str, Any]:
    """Return the content of the file."""
    return {
        "api": endpoints.api,
        "kafka": endpoints.kafka,
        "registry": endpoints.registry,
        "metrics": {
            "producer": endpoints.metrics.producer,
            "zone-worker": list(endpoints.metrics.zone_workers),
        },
    }


def write(data_dir: Path, endpoints: Endpoints) -> Path:
    """Write `endpoints.json` atomically, so that a reader sees all of it or nothing; return its path."""
    path = data_dir / FILE_NAME
    partial = path.with_suffix(".json.partial")
    partial.write_text(json.dumps(document(endpoints), indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def remove(data_dir: Path) -> None:
    """Remove `endpoints.json`, if it exists."""
    with contextlib.suppress(FileNotFoundError):
        (data_dir / FILE_NAME).unlink()


def find(data_dir: Path | None = None) -> Endpoints | None:
    """Read the file of `data_dir`, or of the nearest `.heartzone/` here or in a folder above; None if none.

    Raises DamagedEndpointsError when there is an invalid file.
    """
    if data_dir is not None:
        candidates = [data_dir]
    else:
        here = Path.cwd()
        candidates = [folder / DEFAULT_DATA_DIR for folder in (here, *here.parents)]
    for candidate in candidates:
        path = candidate / FILE_NAME
        if path.is_file():
            return read(path)
    return None


def read(path: Path) -> Endpoints:
    """Read one `endpoints.json`. Raises DamagedEndpointsError."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        metrics = found["metrics"]
        return Endpoints(
            api=_text(found, "api"),
            kafka=_text(found, "kafka"),
            registry=_text(found, "registry"),
            metrics=Metrics(_text(metrics, "producer"), tuple(map(str, metrics["zone-worker"]))),
            source=path,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedEndpointsError(
            f"{path} cannot be used ({type(error).__name__}: {error}); stop `heartzone up`, remove the file "
            "and start it again."
        ) from error


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {value!r}")
    return value
