"""The limit of open files grows with that of connections."""

import resource
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from heartzone_producer.api.open_files import OTHER_FILES, allow_connections


@pytest.fixture
def hard() -> Iterator[int]:
    """The hard limit; the soft one is low while the test runs."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_to_what_connections_take(hard: int) -> None:
    allow_connections(300)

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300 + OTHER_FILES, hard)


def test_it_is_not_lowered(hard: int) -> None:
    allow_connections(1)

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (512, hard)


def test_a_hard_limit_that_is_too_low_is_told(hard: int) -> None:
    if hard == resource.RLIM_INFINITY:
        pytest.skip("there is no hard limit")
    with capture_logs() as logs:
        allow_connections(hard)

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    assert logs == [
        {"event": "open_files_limited", "limit": hard, "needed": hard + OTHER_FILES, "log_level": "warning"}
    ]
