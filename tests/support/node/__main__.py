"""``python -m node [ARGUMENTS OF PYTEST]``: the tests of tests/e2e/cluster, on a real node that is made for them."""

import sys
from pathlib import Path

from node.isolation import run_isolated
from node.own import build_programs
from node.packages import ensure_packages
from node.runs import new_run

TESTS = "tests/e2e/cluster"


def main() -> int:
    """Bring what is missing, then run pytest on a node of its own, of which nothing is left."""
    ensure_packages(_say)
    build_programs(_say)
    with new_run() as run:
        arguments = [f"--node-directory={run.directory}", *_with_tests(sys.argv[1:])]
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
