"""Signals as requests: the first one to stop, however often it is sent, a later one to kill, none after the end."""

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
def test_a_signal_requests_a_stop_and_ends_a_pause(number: signal.Signals) -> None:
    with StopRequests() as requests:
        os.kill(os.getpid(), number)
        requests.pause(60)

        assert requests.stop_requested
        assert not requests.kill_requested


def test_ctrl_c_that_a_wrapper_passes_on_as_well_is_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_requests, "SAME_REQUEST_SECONDS", 3600.0)  # however busy the machine is between the two
    with StopRequests() as requests:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

        assert requests.stop_requested
        assert not requests.kill_requested


def test_a_later_signal_requests_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_requests, "SAME_REQUEST_SECONDS", -1.0)
    with StopRequests() as requests:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

        assert requests.kill_requested


def test_once_everything_has_stopped_a_signal_changes_nothing() -> None:
    with StopRequests():
        pass

    os.kill(os.getpid(), signal.SIGINT)
