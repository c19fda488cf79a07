"""The example of the library's README is run, so that it cannot rot."""

import re
from typing import Any

import pytest

from heartzone_testing.checkout import ROOT

README = ROOT / "libs" / "heartzone" / "README.md"


def test_the_example_reads_the_settings_of_a_service(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HEARTZONE_GROUP_ID", "another")
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)

    names: dict[str, Any] = {"__name__": "readme"}
    exec(example, names)

    assert names["settings"].group_id == "another"
    assert names["settings"].kafka.consumer() == {"bootstrap.servers": "kafka:9092"}
