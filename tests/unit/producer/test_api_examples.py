"""The examples of docs/api.md, run as they stand there: they send again, with the same key, until it is stored."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.types import Receive, Scope, Send

from heartzone_producer.api import problems
from heartzone_producer.rejections import ServiceUnavailableReason
from heartzone_producer.writing.errors import UnavailableError
from heartzone_testing.checkout import ROOT
from heartzone_testing.java.program import run_java

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

DOCUMENT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
STORED = "2022-12-02T13:50:00Z"


def run(*argv: str | Path) -> str:
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _python(text: str, folder: Path) -> str:
    # The same library under the name that the development environment has it by.
    return run(sys.executable, "-c", text.replace("import httpx\n", "import httpx2 as httpx\n"))


def _java(text: str, folder: Path) -> str:
    source = folder / "SendReading.java"
    source.write_text(text, encoding="utf-8")
    return run_java(source, classes=folder)


PROGRAMS: dict[str, Callable[[str, Path], str]] = {
    "sh": lambda text, _folder: run("sh", "-c", text),
    "python": _python,
    "java": _java,
    "javascript": lambda text, _folder: run("node", "-e", text),
}
NEEDED = {"sh": "curl", "javascript": "node"}


class Keys:
    """The application, and the keys of the requests that it got."""

    def __init__(self, api: "Api") -> None:
        self.seen: list[str] = []
        self._app = api.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.seen += [value.decode() for name, value in scope["headers"] if name == b"idempotency-key"]
        await self._app(scope, receive, send)


@pytest.fixture
def failures(api: "Api", monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The first request of a test is not acknowledged; its client need not wait."""
    monkeypatch.setattr(problems, "RETRY_AFTER_SECONDS", 0)
    outcomes = [True]
    store = api.delivery.biometrics

    def fail_first(*message: object) -> object:
        if outcomes and outcomes.pop():
            raise UnavailableError(ServiceUnavailableReason.BROKER_UNAVAILABLE, "the broker cannot be reached")
        return store(*message)  # type: ignore[arg-type]

    monkeypatch.setattr(api.delivery, "biometrics", fail_first)
    return outcomes


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_reading_is_sent_again_with_the_same_key_until_it_is_stored(
    api: "Api", failures: list[bool], tmp_path: Path, language: str
) -> None:
    needed = NEEDED.get(language)
    if needed is not None and shutil.which(needed) is None:
        pytest.skip(f"there is no {needed}")
    (example,) = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    api.app = keys = Keys(api)  # type: ignore[assignment]
    with api.served() as port:
        printed = PROGRAMS[language](example.replace("localhost:8080", f"127.0.0.1:{port}"), tmp_path)

    assert STORED in printed
    assert keys.seen == [f"{DEVICE}/2022-12-02T13:50:00Z"] * 2
    assert failures == []
    assert [device for device, _ in api.delivery.payloads] == [DEVICE]
