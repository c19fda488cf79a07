"""The dashboards by the name of their file; run by docs/generate.py, or `python deploy/grafana` to print them."""

from collections.abc import Callable, Mapping

from heartzone_dashboards.board import text
from heartzone_dashboards.pipeline import pipeline

DASHBOARDS: Mapping[str, Callable[[], str]] = {"pipeline": lambda: text(pipeline())}

if __name__ == "__main__":
    for dashboard in DASHBOARDS.values():
        print(dashboard(), end="")  # noqa: T201 a command
