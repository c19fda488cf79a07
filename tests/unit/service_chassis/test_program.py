"""The start of a service: run as a process, because signals, logs and exit codes are a matter of the whole of it."""

import json
import os
import subprocess
import sys

import pytest

from heartzone_testing.ports import free_port

PROGRAM = """
import os, signal, sys, urllib.request
from service_chassis import early_stop
early_stop.exit_on_signal()
from service_chassis.program import Program, run
from service_chassis.settings import ServiceSettings, SettingsError
from service_chassis.telemetry.management import Health

class ThingSettings(ServiceSettings, env_prefix="THING_"):
    pass

class Thing:
    stopped = False
    def run(self):
        {run}
    def stop(self):
        self.stopped = True
    def live(self):
        return Health(ok=True, reason="moving")
    def ready(self):
        return Health(ok=False, reason="waiting")

def compose(settings, registry):
    {compose}
    return Thing()

sys.exit(run(Program(product="the", name="thing", purpose="Does things.", version="1.2.3", settings=ThingSettings,
                     compose=compose), sys.argv[1:]))
"""
SETTINGS = {
    "THING_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "THING_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
    "THING_MANAGEMENT_PORT": "0",
}


def start(*arguments: str, run: str = "return 0", compose: str = "pass", **settings: str) -> tuple[int, str]:
    """The exit code of the service and what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(run=run, compose=compose), *arguments],
        env={**os.environ, **SETTINGS, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_the_exit_code_is_the_services_own_and_the_management_port_is_in_the_log() -> None:
    code, log = start(run="return 7")

    (line,) = map(json.loads, log.splitlines())
    assert code == 7
    assert (line["event"], line["service"]) == ("management_listening", "thing")
    assert line["management_port"] > 0


@pytest.mark.parametrize(("ok", "value"), [(False, "0.0"), (True, "1.0")])
def test_the_readiness_of_every_service_is_among_its_metrics(ok: bool, value: str) -> None:
    port = free_port()
    probe = f"Thing.ready = lambda self: Health(ok={ok}, reason='waiting')"
    scrape = f"urllib.request.urlopen('http://127.0.0.1:{port}/metrics').read().decode().splitlines()"

    code, _ = start(
        compose=probe, run=f"return 5 if 'the_ready {value}' in {scrape} else 1", THING_MANAGEMENT_PORT=f"{port}"
    )

    assert code == 5


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_asks_the_service_to_stop(number: str) -> None:
    code, _ = start(run=f"os.kill(os.getpid(), signal.{number}); return 5 if self.stopped else 1")

    assert code == 5


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_a_signal_before_the_service_is_composed_ends_the_process(number: str) -> None:
    code, log = start(compose=f"os.kill(os.getpid(), signal.{number})", run="return 1")

    assert (code, log) == (0, "")


def test_what_the_service_cannot_use_of_its_settings_is_one_sentence() -> None:
    code, log = start(compose="raise SettingsError('THING_KAFKA_…: no')")

    assert (code, log) == (2, "the-thing: THING_KAFKA_…: no\n")


def test_a_mistake_in_the_settings_is_reported_before_the_service_is_composed() -> None:
    code, log = start(compose="raise AssertionError", THING_LOG_LEVEL="loud")

    assert code == 2
    assert log.startswith("the-thing: THING_LOG_LEVEL is 'loud'; ")


def test_an_exception_is_exit_code_1_and_in_the_log() -> None:
    code, log = start(run="raise ValueError('broken')")

    assert code == 1
    assert json.loads(log.splitlines()[-1])["event"] == "uncaught_exception"


def test_an_argument_that_is_not_known_is_exit_code_2() -> None:
    code, log = start("--port=1")

    assert code == 2
    assert "--port=1" in log
