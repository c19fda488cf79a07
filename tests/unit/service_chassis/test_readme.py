"""The example of the library's README is run, so that it cannot rot."""

import re
from typing import Any

import pytest

from heartzone_testing.checkout import ROOT

README = ROOT / "libs" / "service-chassis" / "README.md"


def test_the_example_reads_the_settings_of_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("SHOP_SCHEMA_REGISTRY_URL", "http://registry:8081")
    monkeypatch.setenv("SHOP_GROUP_ID", "another")
    example, _entry_point = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)

    names: dict[str, Any] = {"__name__": "readme"}
    exec(example, names)

    assert names["settings"].group_id == "another"
    assert names["settings"].kafka.consumer() == {"bootstrap.servers": "kafka:9092"}
