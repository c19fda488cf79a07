"""Several observers as one."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from exactly_once import Observer, Observers

EVENTS = sorted(name for name in vars(Observer) if not name.startswith("_"))


class Recorder(Observer):
    """Keeps the events that it receives, with their arguments."""

    def __init__(self) -> None:
        self.received: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattribute__(self, name: str) -> Any:
        if name not in EVENTS:
            return super().__getattribute__(name)
        return self._keep(name)

    def _keep(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: self.received.append((name, args, kwargs))


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_reaches_every_observer(event: str) -> None:
    parameters = list(inspect.signature(getattr(Observer, event)).parameters.values())[1:]
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    keywords = {each.name: each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
    first, second = Recorder(), Recorder()

    getattr(Observers(first, second), event)(*positional, **keywords)

    assert first.received == second.received == [(event, tuple(positional), keywords)]


class Broken(Observer):
    """Has a bug."""

    def producer_rebuilt(self, reason: str) -> None:
        raise ValueError(reason)


def test_what_an_observer_raises_is_logged_and_reaches_neither_the_others_nor_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = Recorder()

    Observers(Broken(), other).producer_rebuilt("fenced")

    assert other.received == [("producer_rebuilt", ("fenced",), {})]
    [record] = caplog.records
    assert (record.message, record.__dict__["observer"], record.__dict__["method"]) == (
        "observer_failed",
        "Broken",
        "producer_rebuilt",
    )
