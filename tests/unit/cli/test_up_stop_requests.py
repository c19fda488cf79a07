"""Signals as requests: one wish however often it is told, a second one to hurry, none to spoil the end."""

import os
import signal
from collections.abc import Iterator

import pytest

from heartzone_cli.up import stop_requests
from heartzone_cli.up.stop_requests import SIGNALS, StopRequests


@pytest.fixture(autouse=True)
def handlers_of_pytest() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_asks_to_stop_and_ends_a_pause(number: signal.Signals) -> None:
    with StopRequests() as requests:
        os.kill(os.getpid(), number)
        requests.pause(60)

        assert requests.asked
        assert not requests.hurried


def test_ctrl_c_that_a_wrapper_passes_on_as_well_is_one_wish() -> None:
    with StopRequests() as requests:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

        assert requests.asked
        assert not requests.hurried


def test_another_one_later_hurries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_requests, "ONE_WISH_S", -1.0)
    with StopRequests() as requests:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

        assert requests.hurried


def test_once_everything_has_stopped_a_signal_changes_nothing() -> None:
    with StopRequests():
        pass

    os.kill(os.getpid(), signal.SIGINT)
