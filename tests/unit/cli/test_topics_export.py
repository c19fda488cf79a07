"""The topics of `heartzone topics export`, and the folder that it writes to, without a cluster."""

from pathlib import Path

import pytest

from event_topics import LoadError
from event_topics.command.manifest_folder import WouldOverwriteError, described, write_all
from event_topics.command.selection import ownerless, select

NAMES = ("Orders", "_schemas", "orders.created", "orders.paid")
MANIFEST = """
apiVersion: heartzone.dev/v1alpha1
kind: EventTopic
metadata: {name: NAME}
spec: {topicName: TOPIC, partitions: 1}
"""


def test_without_patterns_all_topics_but_those_of_tools_are_selected() -> None:
    selection = select(NAMES, [])

    assert selection.topics == ("Orders", "orders.created", "orders.paid")
    assert selection.internal == ("_schemas",)


def test_patterns_select_topics_of_tools_as_well() -> None:
    selection = select(NAMES, ["orders.*", "_*"])

    assert selection.topics == ("_schemas", "orders.created", "orders.paid")
    assert selection.internal == ()


def test_a_pattern_that_no_topic_matches_is_reported() -> None:
    assert select(NAMES, ["orders.*", "payments.*"]).unmatched == ("payments.*",)


def test_subjects_without_a_topic_are_those_that_no_topic_s_name_leads_to() -> None:
    subjects = ("Orders-value", "Orders-key", "com.example.Order", "Payments-value", "Orders")

    assert ownerless(subjects, NAMES) == ("com.example.Order", "Payments-value", "Orders")


def test_a_missing_folder_describes_nothing(tmp_path: Path) -> None:
    assert described(tmp_path / "nowhere") == {}


def test_a_folder_describes_the_topics_of_all_its_files(tmp_path: Path) -> None:
    both = (
        MANIFEST.replace("NAME", "a").replace("TOPIC", "A")
        + "---"
        + MANIFEST.replace("NAME", "b").replace("TOPIC", "B")
    )
    (tmp_path / "both.yaml").write_text(both)
    (tmp_path / "README.md").write_text("not a definition")

    found = described(tmp_path)

    assert {topic: (each.file.name, each.resource) for topic, each in found.items()} == {
        "A": ("both.yaml", "a"),
        "B": ("both.yaml", "b"),
    }


def test_a_folder_with_an_invalid_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("kind: Wrong")

    with pytest.raises(LoadError, match=r"broken\.yaml"):
        described(tmp_path)


def test_files_with_other_content_are_overwritten_only_on_request(tmp_path: Path) -> None:
    same, other, new = (tmp_path / name for name in ("same.yaml", "other.yaml", "new.yaml"))
    same.write_text("1")
    other.write_text("somebody's")
    texts = {same: "1", other: "2", new: "3"}

    with pytest.raises(WouldOverwriteError, match=r"^\S*other\.yaml would be overwritten: nothing was written.*--yes"):
        write_all(texts, overwrite=False)
    assert (other.read_text(), new.exists()) == ("somebody's", False)

    assert write_all(texts, overwrite=True) == {same: "unchanged", other: "written", new: "written"}
    assert (other.read_text(), new.read_text()) == ("2", "3")
