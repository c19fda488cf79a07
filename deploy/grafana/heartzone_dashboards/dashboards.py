"""The dashboards by the name of their file."""

from collections.abc import Callable, Mapping

from heartzone_dashboards.board import text
from heartzone_dashboards.pipeline import pipeline

DASHBOARDS: Mapping[str, Callable[[], str]] = {"pipeline": lambda: text(pipeline())}
