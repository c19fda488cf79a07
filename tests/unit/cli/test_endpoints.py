"""endpoints.json, which `up` writes and the other commands find."""

import json
from pathlib import Path

import pytest

from heartzone_cli.cluster import endpoints
from heartzone_cli.cluster.endpoints import DamagedEndpointsError, Endpoints, Metrics

RUNNING = Endpoints(
    api="http://127.0.0.1:8080",
    kafka="127.0.0.1:9092",
    registry="http://127.0.0.1:8081/apis/ccompat/v7",
    metrics=Metrics("http://127.0.0.1:9100", ("http://127.0.0.1:9101", "http://127.0.0.1:9102")),
)


def test_endpoints_are_found_in_the_given_data_dir(tmp_path: Path) -> None:
    path = endpoints.write(tmp_path, RUNNING)

    assert endpoints.find(tmp_path) == RUNNING
    assert [entry.name for entry in tmp_path.iterdir()] == ["endpoints.json"]
    assert json.loads(path.read_text())["metrics"] == {
        "producer": "http://127.0.0.1:9100",
        "zone-worker": ["http://127.0.0.1:9101", "http://127.0.0.1:9102"],
    }


def test_a_running_up_is_found_from_a_folder_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".heartzone").mkdir()
    endpoints.write(tmp_path / ".heartzone", RUNNING)
    below = tmp_path / "workouts" / "2022"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    found = endpoints.find()

    assert found == RUNNING
    assert found is not None
    assert found.source == tmp_path / ".heartzone" / "endpoints.json"


def test_nothing_is_found_after_it_was_removed(tmp_path: Path) -> None:
    endpoints.write(tmp_path, RUNNING)
    endpoints.remove(tmp_path)
    endpoints.remove(tmp_path)

    assert endpoints.find(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="nothing in it"),
        pytest.param('{"api": 1, "metrics": {}}', id="a number for a URL"),
        pytest.param('{"api": "a", "kafka": "b", "registry": "c", "metrics": null}', id="no metrics"),
    ],
)
def test_a_damaged_file_is_reported(tmp_path: Path, content: str) -> None:
    (tmp_path / "endpoints.json").write_text(content)

    with pytest.raises(DamagedEndpointsError, match=r"endpoints\.json cannot be used"):
        endpoints.find(tmp_path)
