"""Schemas are edited in files of their own and embedded into the resources, which a check keeps equal."""

from pathlib import Path

import pytest
import yaml

from event_topics.embedding import embedded, main

MANIFEST = """\
spec:
  valueSchema:
    type: JSON
    schema: | # text of ../order.json
      {"old": true}

      {"more": 1}
  partitions: 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "order.json").write_text('{\n  "type": "object",\n\n  "title": "ä"\n}\n', encoding="utf-8")
    topics = tmp_path / "topics"
    topics.mkdir()
    (topics / "orders.yaml").write_text(MANIFEST)
    return topics


def test_the_block_becomes_the_text_of_the_file_and_the_rest_stays(folder: Path) -> None:
    document = yaml.safe_load(embedded(MANIFEST, folder))

    assert document["spec"]["valueSchema"]["schema"] == (folder.parent / "order.json").read_text(encoding="utf-8")
    assert document["spec"]["partitions"] == 3


def test_a_schema_without_the_mark_is_left_alone(folder: Path) -> None:
    text = MANIFEST.replace("# text of ../order.json", "# written by hand")

    assert embedded(text, folder) == text


def test_check_reports_an_outdated_copy_and_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "--check"]) == 1
    assert "orders.yaml is out of date" in capsys.readouterr().out
    assert (folder / "orders.yaml").read_text() == MANIFEST


def test_once_copied_nothing_is_out_of_date(folder: Path) -> None:
    assert main([str(folder)]) == 0
    assert main([str(folder), "--check"]) == 0
