"""The laptop stack, started once for all tests that only use it."""

from collections.abc import Iterator

import pytest

from heartzone_testing.services.laptop import Up, up


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running `heartzone up`; commands find it by themselves in the folder `stack.data_dir.parent`."""
    with up(tmp_path_factory.mktemp("laptop") / ".heartzone") as running:
        running.await_ready()
        yield running
        assert running.stop() == 0
