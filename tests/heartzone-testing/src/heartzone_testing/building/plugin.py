"""pytest plugin: programs that the chosen tests need are built before or beside them, never unseen within one.

A test's time limit is no measure of a build. Where everything is there, the plugin does nothing. Otherwise one process
builds what is missing, with its progress on stderr, while the tests run that need none of it; the others come last, and
wait outside of their time limits. With ``--build-only`` it is built in the foreground, and no test runs.
"""

import subprocess
import sys
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from heartzone_testing.building.requirements import ALL, Requirement, requirements_of

MISSING = pytest.StashKey[dict[str, bool]]()
BUILDER = pytest.StashKey["subprocess.Popen[bytes]"]()
WORKER_INPUT = "missing_requirements"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --build-only."""
    parser.addoption("--build-only", action="store_true", help="build what the chosen tests need, and run none of them")


def pytest_configure(config: pytest.Config) -> None:
    """Take over what is missing from the controller of xdist, so that all workers agree on it."""
    config.stash[MISSING] = dict(getattr(config, "workerinput", {}).get(WORKER_INPUT, {}))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist what is missing."""
    node.workerinput[WORKER_INPUT] = {each.name: _is_missing(node.config, each) for each in ALL}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let files with tests that have to wait for a build come last."""
    waiting = {item.path for item in items if _missing(config, [item])}
    items.sort(key=lambda item: item.path in waiting)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the builder, in one process of the run, and return when it holds its locks."""
    config = session.config
    options = config.option
    first = getattr(config, "workerinput", {}).get("workerid", "gw0") == "gw0"
    needed = [] if options.collectonly or options.build_only or not first else _missing(config, session.items)
    if not needed:
        return
    capture = config.pluginmanager.get_plugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():  # its stderr is the run's
        command = [sys.executable, "-m", "heartzone_testing.building", *(each.name for each in needed)]
        builder = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert builder.stdout is not None
    with builder.stdout as claimed:
        claimed.read()
    config.stash[BUILDER] = builder


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With --build-only, build what the chosen tests need and run none of them."""
    if not session.config.option.build_only:
        return None
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    assert terminal is not None
    for requirement in _missing(session.config, session.items):
        requirement.build(terminal.write_line)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around the plugin that limits a test's time
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for the builds that a test needs."""
    for requirement in _missing(item.config, [item]):
        requirement.await_build()
        item.config.stash[MISSING][requirement.name] = False
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the builder of a run that ends before it."""
    builder = config.stash.get(BUILDER, None)
    if builder is not None:
        builder.terminate()
        builder.wait()


def _missing(config: pytest.Config, items: Iterable[pytest.Item]) -> list[Requirement]:
    """What these tests need that is not there, the shortest build first: its tests need not wait for the others."""
    given = config.option.kubeconfig is not None
    needed = {
        requirement.name
        for item in items
        for requirement in requirements_of(item.path, getattr(item, "fixturenames", ()), cluster_given=given)
    }
    return [each for each in ALL if each.name in needed and _is_missing(config, each)]


def _is_missing(config: pytest.Config, requirement: Requirement) -> bool:
    known = config.stash[MISSING]
    if requirement.name not in known:
        known[requirement.name] = requirement.is_missing()
    return known[requirement.name]
