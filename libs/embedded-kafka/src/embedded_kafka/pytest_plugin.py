"""pytest fixtures: a broker, a registry and a cluster for the whole session, and factories for one test.

Loaded by pytest through its entry point. Imports the library inside the fixtures, so that runs that use none of them
pay nothing. Logs are kept in pytest's temporary directory and named in the report of a failed test.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from embedded_kafka import EmbeddedKafka

_LOG_DIRS = pytest.StashKey[dict[str, str]]()
_FIXTURES: set[str] = set()


def _for_the_session(name: str, program: str, doc: str, **arguments: Any) -> Any:
    """A fixture of the scope session that starts a program of this package."""

    def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
        import embedded_kafka  # noqa: PLC0415

        log_dir = _log_dir(request, tmp_path_factory, name)
        with getattr(embedded_kafka, program)(log_dir=log_dir, **arguments) as running:
            yield running

    _FIXTURES.add(name)
    started.__doc__ = doc
    return pytest.fixture(scope="session", name=name)(started)


def _factory(name: str, program: str, doc: str, **defaults: Any) -> Any:
    """A fixture that gives a function which starts such programs, all of them stopped after the test."""

    def factory(
        request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Callable[..., Any]]:
        import embedded_kafka  # noqa: PLC0415

        with ExitStack() as running:

            def start(**arguments: Any) -> Any:
                arguments = {"log_dir": _log_dir(request, tmp_path_factory, name), **defaults, **arguments}
                return running.enter_context(getattr(embedded_kafka, program)(**arguments))

            yield start

    _FIXTURES.add(name)
    factory.__doc__ = doc
    return pytest.fixture(name=name)(factory)


embedded_kafka = _for_the_session(
    "embedded_kafka", "EmbeddedKafka", "One Kafka node, shared by the session.", jvm="startup"
)
embedded_kafka_cluster = _for_the_session(
    "embedded_kafka_cluster",
    "EmbeddedKafka",
    "Three Kafka nodes, shared by the session; a test that kills one has to start it again.",
    nodes=3,
    jvm="startup",
)
embedded_registry = _for_the_session(
    "embedded_registry", "EmbeddedRegistry", "One schema registry, shared by the session."
)
embedded_kafka_factory = _factory(
    "embedded_kafka_factory",
    "EmbeddedKafka",
    "Starts an EmbeddedKafka with the arguments given, as often as called; all are stopped after the test.",
    jvm="startup",
)
embedded_registry_factory = _factory(
    "embedded_registry_factory",
    "EmbeddedRegistry",
    "Starts an EmbeddedRegistry with the arguments given, as often as called; all are stopped after the test.",
)


@pytest.fixture
def kafka_topic(embedded_kafka: EmbeddedKafka) -> Callable[..., str]:
    """Creates a topic with a random name on the session's broker: ``kafka_topic(partitions=3) -> name``."""
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415
    from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415

    def create(prefix: str = "topic", *, partitions: int = 1, config: dict[str, str] | None = None) -> str:
        name = f"{prefix}-{uuid4().hex[:12]}"
        admin = AdminClient({**embedded_kafka.client_config()})
        topic = NewTopic(name, num_partitions=partitions, config=config or {})
        admin.create_topics([topic])[name].result(timeout=30)
        return name

    return create


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say where the logs of the brokers are when a test that used them fails."""
    report = yield
    used = _FIXTURES.intersection(getattr(item, "fixturenames", ()))
    if report.failed and used:
        places = item.config.stash.get(_LOG_DIRS, {})
        lines = [f"{name}: {places[name]}" for name in sorted(used) if name in places]
        report.sections.append(("embedded Kafka logs", "\n".join(lines)))
    return report


def _log_dir(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, fixture: str) -> Path:
    directory = tmp_path_factory.mktemp(fixture.replace("_", "-"))
    request.config.stash.setdefault(_LOG_DIRS, {})[fixture] = str(directory)
    return directory
