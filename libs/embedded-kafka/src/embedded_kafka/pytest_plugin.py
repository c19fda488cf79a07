"""pytest fixtures: a broker, a registry and a cluster for the whole session, and factories for one test.

Loaded by pytest through its entry point. Imports the library inside the fixtures, so that runs that use none of them
pay nothing. Logs are kept in pytest's temporary directory and named in the report of a failed test.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from embedded_kafka import EmbeddedKafka, EmbeddedRegistry

_LOG_DIRS = pytest.StashKey[dict[str, str]]()
_FIXTURES = {
    "embedded_kafka",
    "embedded_kafka_cluster",
    "embedded_kafka_factory",
    "embedded_registry",
    "embedded_registry_factory",
}


@pytest.fixture(scope="session")
def embedded_kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """One Kafka node, shared by the session."""
    from embedded_kafka import EmbeddedKafka  # noqa: PLC0415

    with EmbeddedKafka(log_dir=_log_dir(request, tmp_path_factory, "embedded_kafka")) as kafka:
        yield kafka


@pytest.fixture(scope="session")
def embedded_kafka_cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedKafka]:
    """Three Kafka nodes, shared by the session; a test that kills one has to start it again."""
    from embedded_kafka import EmbeddedKafka  # noqa: PLC0415

    with EmbeddedKafka(nodes=3, log_dir=_log_dir(request, tmp_path_factory, "embedded_kafka_cluster")) as kafka:
        yield kafka


@pytest.fixture(scope="session")
def embedded_registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedRegistry]:
    """One schema registry, shared by the session."""
    from embedded_kafka import EmbeddedRegistry  # noqa: PLC0415

    with EmbeddedRegistry(log_dir=_log_dir(request, tmp_path_factory, "embedded_registry")) as registry:
        yield registry


@pytest.fixture
def embedded_kafka_factory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., EmbeddedKafka]]:
    """Starts an EmbeddedKafka with the arguments given, as often as wanted; all are stopped after the test."""
    from embedded_kafka import EmbeddedKafka  # noqa: PLC0415

    with ExitStack() as running:

        def start(**arguments: Any) -> EmbeddedKafka:
            arguments.setdefault("log_dir", _log_dir(request, tmp_path_factory, "embedded_kafka_factory"))
            return running.enter_context(EmbeddedKafka(**arguments))

        yield start


@pytest.fixture
def embedded_registry_factory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., EmbeddedRegistry]]:
    """Starts an EmbeddedRegistry with the arguments given, as often as wanted; all are stopped after the test."""
    from embedded_kafka import EmbeddedRegistry  # noqa: PLC0415

    with ExitStack() as running:

        def start(**arguments: Any) -> EmbeddedRegistry:
            arguments.setdefault("log_dir", _log_dir(request, tmp_path_factory, "embedded_registry_factory"))
            return running.enter_context(EmbeddedRegistry(**arguments))

        yield start


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


def _log_dir(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, fixture: str) -> Any:
    directory = tmp_path_factory.mktemp(fixture.replace("_", "-"))
    request.config.stash.setdefault(_LOG_DIRS, {})[fixture] = str(directory)
    return directory
