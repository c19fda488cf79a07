"""``python -m node [ARGUMENTS OF PYTEST]``: the tests of tests/e2e/cluster, on a real node that is made for them."""

import sys
from pathlib import Path

from images.building import build as build_image
from images.recipes import IMAGES
from node.isolation import run_isolated
from node.own import build_programs
from node.packages import ensure_packages
from node.runs import new_run

TESTS = "tests/e2e/cluster"


def main() -> int:
    """Bring what is missing, then run pytest on a node of its own, of which nothing is left."""
    ensure_packages(_say)
    build_programs(_say)
    images = {name: build_image(name, _say) for name in IMAGES}
    with new_run() as run:
        archives = run.directory / "images"
        archives.mkdir()
        for name, archive in images.items():
            (archives / f"{name}.tar").symlink_to(archive)
        options = [f"--node-directory={run.directory}", f"--image-archives={archives}"]
        arguments = [*options, *_with_tests(sys.argv[1:])]
        return run_isolated(run, [sys.executable, "-m", "pytest", *arguments])


def _with_tests(arguments: list[str]) -> list[str]:
    """The arguments, with all tests when they name none."""
    named = any(Path(argument.split("::")[0]).exists() for argument in arguments)
    return arguments if named else [TESTS, *arguments]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
