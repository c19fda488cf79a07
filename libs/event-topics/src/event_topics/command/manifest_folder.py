"""A folder of EventTopics that an export writes to, without overwriting what somebody changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from event_topics import MANIFEST_SUFFIXES, load_event_topics
from event_topics.command.output import listed

_MAX_NAMES = 3  # in a sentence about many


class WouldOverwriteError(Exception):
    """Files exist with other content; nothing was written."""


@dataclass(frozen=True, slots=True)
class Described:
    """The file that describes a topic, and the name of the resource."""

    file: Path
    resource: str


def described(folder: Path) -> dict[str, Described]:
    """Return the descriptions in the folder by topic; empty when it does not exist. Raises LoadError."""
    if not folder.is_dir():
        return {}
    return {
        each.topic_name: Described(file, each.metadata.name)
        for file in sorted(folder.iterdir())
        if file.suffix in MANIFEST_SUFFIXES
        for each in load_event_topics([file]).event_topics
    }


def write_all(texts: Mapping[Path, str], *, overwrite: bool) -> dict[Path, Literal["written", "unchanged"]]:
    """Write the files, or none of them: raises WouldOverwriteError first, and OSError."""
    before = {file: file.read_text(encoding="utf-8") for file in texts if file.exists()}
    differing = [str(file) for file, text in before.items() if text != texts[file]]
    if differing and not overwrite:
        raise WouldOverwriteError(
            f"{listed(differing, _MAX_NAMES)} would be overwritten: nothing was written; give another --dir, or --yes "
            "to overwrite."
        )
    for file, text in texts.items():
        if before.get(file) != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return {file: "unchanged" if before.get(file) == text else "written" for file, text in texts.items()}
