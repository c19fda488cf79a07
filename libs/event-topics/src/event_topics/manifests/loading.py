"""Loading of EventTopics from YAML files and folders, as `kubectl apply -f` accepts them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from event_topics.model.resource import API_VERSION, KIND, EventTopic, InvalidEventTopicError, parse_event_topic
from event_topics.model.state import DesiredTopic, desired_topic

MANIFEST_SUFFIXES = frozenset({".yaml", ".yml", ".json"})


class LoadError(ValueError):
    """A file cannot be used; the message is one sentence with file, document and field."""


class Definitions(NamedTuple):
    """The resources in order of the files, and the ConfigMaps that schemas may be read from."""

    event_topics: tuple[EventTopic, ...]
    config_maps: dict[tuple[str | None, str], dict[str, str]]

    def desired(self) -> tuple[DesiredTopic, ...]:
        """Return the desired topics, which are an input of the plan."""
        return tuple(desired_topic(each, config_maps=self.config_maps) for each in self.event_topics)


def load_event_topics(paths: Path | str | Iterable[Path | str]) -> Definitions:
    """Read one path or several: files, and the .yaml, .yml and .json files directly in folders. Raises LoadError.

    ConfigMaps among the documents are kept for `schemaFrom`; any other kind is an error, so that a misspelt one is not
    ignored silently.
    """
    found: dict[str, str] = {}
    event_topics: list[EventTopic] = []
    config_maps: dict[tuple[str | None, str], dict[str, str]] = {}
    for file in _files([paths] if isinstance(paths, Path | str) else paths):
        for number, document in _documents(file):
            where = f"{file}, document {number}"
            if _is_config_map(document):
                namespace, name, data = _config_map(document, where)
                config_maps[namespace, name] = data
                continue
            event_topic = _event_topic(document, where)
            if event_topic.full_name in found:
                raise LoadError(
                    f"{where}: metadata.name {event_topic.full_name!r} is taken by {found[event_topic.full_name]}; "
                    "rename one of the two."
                )
            found[event_topic.full_name] = where
            event_topics.append(event_topic)
    return Definitions(tuple(event_topics), config_maps)


def _files(paths: Iterable[Path | str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            files: Sequence[Path] = sorted(each for each in path.iterdir() if each.suffix in MANIFEST_SUFFIXES)
            if not files:
                raise LoadError(f"{path} holds no .yaml, .yml or .json file; name a folder with EventTopics.")
            yield from files
        elif path.exists():
            yield path
        else:
            raise LoadError(f"{path} does not exist; name a file or folder with EventTopics.")


class _UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader for which a key given twice is an error, not a silent choice.

    Not the faster CSafeLoader: that one ends the process on 100,000 opening brackets.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build one mapping, after checking for repeated keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key.value!r} is given twice", key.start_mark
                    )
                seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def _documents(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"{file} cannot be read as UTF-8 text: {error}") from error
    try:
        for number, document in enumerate(yaml.load_all(text, Loader=_UniqueKeyLoader), start=1):
            if document is not None:
                yield number, document
    except RecursionError:
        raise LoadError(f"{file} is nested too deeply.") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise LoadError(f"{file}{line} is not YAML that can be used: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise LoadError(f"{file} is not YAML that can be used: {error}.") from error


def _event_topic(document: Any, where: str) -> EventTopic:
    if isinstance(document, dict) and (document.get("apiVersion"), document.get("kind")) != (API_VERSION, KIND):
        raise LoadError(
            f"{where}: apiVersion {document.get('apiVersion')!r} and kind {document.get('kind')!r} must be "
            f"{API_VERSION!r} and {KIND!r} (or those of a ConfigMap)."
        )
    try:
        return parse_event_topic(document)
    except InvalidEventTopicError as error:
        # "… did you mean partitions?" has its punctuation already.
        raise LoadError(f"{where}: {error}{'' if str(error).endswith('?') else '.'}") from error


def _is_config_map(document: Any) -> bool:
    return isinstance(document, dict) and (document.get("apiVersion"), document.get("kind")) == ("v1", "ConfigMap")


def _config_map(document: dict[str, Any], where: str) -> tuple[str | None, str, dict[str, str]]:
    metadata, data = document.get("metadata"), document.get("data") or {}
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise LoadError(f"{where}: metadata.name of the ConfigMap is missing.")
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise LoadError(f"{where}: data of the ConfigMap must be a mapping of text to text.")
    return metadata.get("namespace"), metadata["name"], {str(key): value for key, value in data.items()}
