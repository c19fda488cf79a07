"""The example of the library's README is run, so that it cannot rot."""

import re
from pathlib import Path
from typing import Any

from heartzone import HeartRateZoneReached, Zone, encode

README = Path(__file__).parents[3] / "libs" / "heartzone" / "README.md"


def test_the_example_frames_a_zone_event() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)

    names: dict[str, Any] = {"__name__": "readme"}
    exec(example, names)

    event = HeartRateZoneReached(names["device"], int(Zone.ZONE3), "2022-12-02T13:50:00.000Z", 140, 200)
    assert names["zone"] is Zone.ZONE3
    assert (names["schema_id"], names["payload"]) == (7, encode(event))
