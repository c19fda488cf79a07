"""Prometheus and promtool: this machine's own, or built once from source."""

import shutil
from pathlib import Path

from heartzone_testing.checkout import PROGRAMS
from kubernetes_node.go_programs.modules import GoModule, Say

NAMES = ("prometheus", "promtool")
# Ways to discover targets that tests don't use are most of what there is to compile.
_MODULE = GoModule(PROGRAMS / "prometheus", title="Prometheus", effort="2 to 5 minutes", tags=("remove_all_sd",))


def ensure_programs(say: Say) -> dict[str, Path]:
    """The path of each program, built first when it is missing; `say` gets lines of progress.

    Raises GoMissingError, BuildError.
    """
    if installed := _installed():
        return installed
    home = _MODULE.ensure(say)
    return {name: home / name for name in NAMES}


def are_there() -> bool:
    """Whether `ensure_programs` has nothing to build. Raises GoMissingError."""
    return bool(_installed()) or _MODULE.is_built()


def _installed() -> dict[str, Path]:
    """This machine's own, or nothing when one of them is missing."""
    found = {name: shutil.which(name) for name in NAMES}
    return {name: Path(path) for name, path in found.items() if path} if all(found.values()) else {}


def program(name: str) -> Path:
    """The path of `prometheus` or `promtool`."""
    return ensure_programs(lambda _: None)[name]
