"""Prometheus and promtool: this machine's own, or built once from source."""

import shutil
from pathlib import Path

from heartzone_testing.go_programs.modules import GoModule, Say

PROGRAMS = ("prometheus", "promtool")
# Ways to discover targets that tests don't use are most of what there is to compile.
_MODULE = GoModule("prometheus", title="Prometheus", effort="2 to 5 minutes", tags=("remove_all_sd",))


def ensure_programs(say: Say) -> dict[str, Path]:
    """Where each program is; `say` is told how far the build is. Raises GoMissing, BuildFailed."""
    found = {name: shutil.which(name) for name in PROGRAMS}
    if all(found.values()):
        return {name: Path(path) for name, path in found.items() if path}
    home = _MODULE.ensure(say)
    return {name: home / name for name in PROGRAMS}


def program(name: str) -> Path:
    """Where `prometheus` or `promtool` is."""
    return ensure_programs(lambda _: None)[name]
