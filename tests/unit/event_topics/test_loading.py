"""Files of EventTopics, as `kubectl apply -f` accepts them; errors name file, document and field."""

from pathlib import Path

import pytest

from event_topics import DesiredSchema, Failure, LoadError, load_event_topics


def topic(name: str, **spec: object) -> str:
    """One document."""
    lines = "".join(f"  {key}: {value}\n" for key, value in ({"partitions": 1} | spec).items())
    return f"apiVersion: heartzone.dev/v1alpha1\nkind: EventTopic\nmetadata: {{name: {name}}}\nspec:\n{lines}"


def test_a_folder_is_read_file_by_file_and_document_by_document(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(topic("three"))
    (tmp_path / "a.yml").write_text(f"---\n{topic('one')}---\n---\n{topic('two')}")
    (tmp_path / "notes.txt").write_text("not for us")

    loaded = load_event_topics([tmp_path])

    assert [each.topic_name for each in loaded.event_topics] == ["one", "two", "three"]


@pytest.mark.parametrize("kind", [str, Path])
def test_one_path_need_not_be_put_into_a_list(tmp_path: Path, kind: type[str] | type[Path]) -> None:
    (tmp_path / "a.yaml").write_text(topic("one"))

    assert [each.topic_name for each in load_event_topics(kind(tmp_path)).event_topics] == ["one"]


def test_a_schema_may_come_from_a_config_map_among_the_files(tmp_path: Path) -> None:
    (tmp_path / "schemas.yaml").write_text(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: schemas}\ndata: {order.json: "{\\"type\\": \\"object\\"}"}\n'
    )
    reference = "{type: JSON, schemaFrom: {configMapKeyRef: {name: schemas, key: order.json}}}"
    (tmp_path / "topics.yaml").write_text(topic("orders", valueSchema=reference))

    (desired,) = load_event_topics([tmp_path]).desired()

    assert desired.value_schema == DesiredSchema("JSON", '{"type": "object"}')


@pytest.mark.parametrize(
    ("name", "key", "reason"),
    [
        pytest.param("other", "order.json", "ConfigMapNotFound", id="no such ConfigMap"),
        pytest.param("schemas", "x", "ConfigMapKeyNotFound", id="no such key"),
    ],
)
def test_a_config_map_that_lacks_the_schema_fails_the_schema_alone(
    tmp_path: Path, name: str, key: str, reason: str
) -> None:
    file = tmp_path / "topics.yaml"
    reference = f"{{type: JSON, schemaFrom: {{configMapKeyRef: {{name: {name}, key: {key}}}}}}}"
    config_map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: schemas}\ndata: {order.json: "{}"}\n'
    file.write_text(f"{config_map}---\n{topic('orders', valueSchema=reference)}")

    (desired,) = load_event_topics([file]).desired()

    assert isinstance(desired.value_schema, Failure)
    assert desired.value_schema.reason == reason


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("a: [1", "line 1 is not YAML that can be used", id="broken YAML"),
        pytest.param(
            topic("a") + "  partitions: 2\n", "line 6 is not YAML .* key 'partitions' is given twice", id="twice"
        ),
        pytest.param("kind: Pod\napiVersion: v1\n", "document 1: apiVersion 'v1' and kind 'Pod' must be", id="kind"),
        pytest.param("- a\n", "document 1: an EventTopic is a mapping", id="a list"),
        pytest.param(f"{topic('a')}---\n{topic('b', partitions=0)}", "document 2: spec.partitions must be", id="field"),
        pytest.param(
            f"{topic('a')}---\n{topic('a')}", "document 2: metadata.name 'a' is taken by .*document 1", id="name"
        ),
        pytest.param("!!python/object/apply:os.getcwd []", "is not YAML that can be used", id="code"),
        pytest.param("[" * 100_000, "is nested too deeply|is not YAML", id="bottomless"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text(text)

    with pytest.raises(LoadError, match=sentence) as caught:
        load_event_topics([file])

    assert str(caught.value).startswith(str(file))


def test_a_file_that_is_not_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "topics.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(LoadError, match="cannot be read as UTF-8 text"):
        load_event_topics([tmp_path])


def test_a_path_that_is_not_there_and_a_folder_without_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="does not exist"):
        load_event_topics([tmp_path / "nowhere"])
    with pytest.raises(LoadError, match=r"holds no \.yaml"):
        load_event_topics([tmp_path])


def test_a_question_about_a_misspelt_field_ends_with_its_question_mark(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(topic("one", partition=3))

    with pytest.raises(LoadError, match=r"did you mean partitions\?$"):
        load_event_topics(tmp_path)
