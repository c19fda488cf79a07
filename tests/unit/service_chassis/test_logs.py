"""The logs of a process: run as one, because logging is a matter of the whole of it."""

import json
import subprocess
import sys
from typing import Any

PROGRAM = """
import logging, warnings
import structlog
from service_chassis.telemetry import logs
early = structlog.get_logger("early")
logs.configure({level!r}, {format!r}, "example")
password = "hush"
early.debug("hidden")
early.info("batch_committed", records=3)
structlog.get_logger("late").warning("odd", field="text with \\n a line")
logging.getLogger("some.library").warning("old %s", "style")
logging.getLogger("httpx2").info("GET every second")
warnings.warn("deprecated", stacklevel=1)
try:
    1 / 0
except ZeroDivisionError:
    early.exception("failed")
"""


UNCAUGHT = """
import threading
from service_chassis.telemetry import logs
logs.configure("info", "json", "example")
thread = threading.Thread(target=lambda: [][1], name="second")
thread.start()
thread.join()
raise ValueError("no")
"""


def run(level: str, form: str) -> str:
    return run_program(PROGRAM.format(level=level, format=form), exit_code=0)


def run_program(program: str, *, exit_code: int) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (exit_code, "")
    return done.stderr


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_is_one_object_a_line_from_our_code_and_from_libraries() -> None:
    written = lines(run("info", "json"))

    assert [line["event"] for line in written[:3]] == ["batch_committed", "odd", "old style"]
    assert written[0]["records"] == 3
    assert {(line["service"], line["level"], line["logger"]) for line in written[:3]} == {
        ("example", "info", "early"),
        ("example", "warning", "late"),
        ("example", "warning", "some.library"),
    }
    assert all(line["timestamp"].endswith("Z") for line in written)
    assert "deprecated" in written[3]["event"]


def test_a_traceback_is_structured_and_holds_no_values() -> None:
    text = run("info", "json")
    exception = lines(text)[-1]["exception"][0]

    assert (exception["exc_type"], exception["exc_value"]) == ("ZeroDivisionError", "division by zero")
    assert exception["frames"]
    assert "hush" not in text


def test_an_uncaught_exception_is_logged_like_the_rest() -> None:
    in_thread, in_main = lines(run_program(UNCAUGHT, exit_code=1))

    assert (in_thread["event"], in_thread["level"], in_thread["thread"]) == ("uncaught_exception", "critical", "second")
    assert in_thread["exception"][0]["exc_type"] == "IndexError"
    assert (in_main["event"], in_main["exception"][0]["exc_value"]) == ("uncaught_exception", "no")


def test_the_level_holds_for_all() -> None:
    assert [line["event"] for line in lines(run("ERROR", "json"))] == ["failed"]
    assert "hidden" in [line["event"] for line in lines(run("debug", "json"))]


def test_auto_is_json_where_there_is_no_terminal() -> None:
    assert lines(run("info", "auto"))[0]["event"] == "batch_committed"


def test_the_console_is_for_people() -> None:
    text = run("info", "console")

    assert "batch_committed" in text
    assert "records=3" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "hush" not in text.replace('password = "hush"', "")
