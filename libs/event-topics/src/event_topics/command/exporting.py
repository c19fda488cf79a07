"""Export, as a person or a pipeline runs it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from event_topics.command.manifest_folder import Described, WouldOverwriteError, described, write_all
from event_topics.command.output import DONE, FAILED, CannotRunError, Connect, Console, json_line, listed
from event_topics.command.selection import ownerless, select
from event_topics.export import Export, export_event_topics, topic_and_subject_names
from event_topics.manifests.loading import LoadError
from event_topics.manifests.rendering import to_yaml
from event_topics.model.failures import Failure

_MAX_NAMES = 5  # in a sentence about many


def run_export(
    folder: Path | None,
    patterns: Sequence[str],
    connect: Connect,
    console: Console,
    *,
    overwrite: bool,
    machine: bool,
) -> int:
    """Write EventTopics to the folder, or to stdout when it is None; return the exit code. Raises CannotRunError."""
    try:
        existing = described(folder) if folder is not None else {}
    except LoadError as error:
        raise CannotRunError(str(error)) from error
    exported = _read(patterns, connect, console, existing)
    if folder is None:
        _print(list(exported.manifests.values()), console, machine=machine)
    else:
        _write(exported.manifests, folder, existing, console, overwrite=overwrite, machine=machine)
    for each in exported.left_out:
        console.warn(f"✗ {each.name}: {each.failure.reason}: {each.failure.message}")
    return FAILED if exported.left_out else DONE


def _read(patterns: Sequence[str], connect: Connect, console: Console, existing: Mapping[str, Described]) -> Export:
    """Read the topics that the patterns select. Raises CannotRunError when one side cannot even be listed."""
    kafka, registry = connect()
    topics, subjects = topic_and_subject_names(kafka, registry)
    if isinstance(topics, Failure):
        raise CannotRunError(topics.message)
    if isinstance(subjects, Failure):
        raise CannotRunError(subjects.message)
    selection = select(topics, patterns)
    if selection.unmatched:
        raise CannotRunError(f"No topic matches {' or '.join(map(repr, selection.unmatched))}: nothing was written.")
    _note(
        console,
        "Topics that start with _ belong to tools and are left out, unless --topic names them",
        selection.internal,
    )
    if not patterns:
        _note(console, "Subjects that belong to no topic are left out", ownerless(subjects, topics))
    taken = {each.resource for topic, each in existing.items() if topic not in selection.topics}
    return export_event_topics(selection.topics, subjects, kafka, registry, taken_names=taken)


def _print(manifests: Sequence[Mapping[str, Any]], console: Console, *, machine: bool) -> None:
    if machine:
        for manifest in manifests:
            console.write(json_line(manifest))
    else:
        console.write("---\n".join(map(to_yaml, manifests)).removesuffix("\n"))


def _write(
    manifests: Mapping[str, Mapping[str, Any]],
    folder: Path,
    existing: Mapping[str, Described],
    console: Console,
    *,
    overwrite: bool,
    machine: bool,
) -> None:
    files = {topic: folder / f"{manifest['metadata']['name']}.yaml" for topic, manifest in manifests.items()}
    elsewhere = {
        topic: existing[topic].file
        for topic, file in files.items()
        if topic in existing and existing[topic].file != file
    }
    try:
        outcome = write_all(
            {files[topic]: to_yaml(manifests[topic]) for topic in files if topic not in elsewhere}, overwrite=overwrite
        )
    except (WouldOverwriteError, OSError) as error:
        raise CannotRunError(str(error)) from error
    for topic, file in (files | elsewhere).items():
        status = outcome.get(file, "described already")
        if machine:
            console.write(json_line({"topic": topic, "file": str(file), "status": status}))
        else:
            console.write(f"{'✓' if status == 'written' else '='} {topic}: {status}, {file}")


def _note(console: Console, text: str, names: Sequence[str]) -> None:
    if names:
        console.warn(f"{text}: {listed(names, _MAX_NAMES)}.")
