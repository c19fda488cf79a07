"""The web API alone, and the request that the original's course sends."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from heartzone_testing.services.service_process import ServiceProcess, running_service

COURSE_REQUEST = json.dumps(
    {
        "deviceId": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "heartRates": [
            {"dateTime": f"2022-12-02T13:5{minute}:00.000Z", "value": value}
            for minute, value in enumerate(range(90, 200, 20))
        ],
        "maxHeartRate": 200,
    },
    separators=(",", ":"),
).encode()


@contextmanager
def web_api(folder: Path, settings: Mapping[str, str]) -> Iterator[ServiceProcess]:
    """Run a web API that listens while the block lasts."""
    with running_service("producer", folder, settings) as api:
        api.wait_until_listening()
        yield api
