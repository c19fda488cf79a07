"""`heartzone topics export`, over event_topics.export."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from event_topics import Export, Failure, LoadError, export_event_topics, to_yaml, topic_and_subject_names
from heartzone_cli.errors import CannotRunError
from heartzone_cli.output import json_line, listed
from heartzone_cli.topics.adapters import open_adapters
from heartzone_cli.topics.manifest_folder import Described, WouldOverwriteError, described, write_all
from heartzone_cli.topics.selection import ownerless, select

# Exit codes
DONE = 0
INCOMPLETE = 2

_MAX_NAMES = 5  # in a sentence about many


def run_export(
    folder: Path | None, patterns: Sequence[str], data_dir: Path | None, *, overwrite: bool, machine: bool
) -> int:
    """Write EventTopics to the folder, or to stdout when it is None; return the exit code. Raises CannotRunError."""
    try:
        existing = described(folder) if folder is not None else {}
    except LoadError as error:
        raise CannotRunError(str(error)) from error
    exported = _read(patterns, data_dir, existing)
    if folder is None:
        _print(list(exported.manifests.values()), machine)
    else:
        _write(exported.manifests, folder, existing, overwrite=overwrite, machine=machine)
    for each in exported.left_out:
        click.echo(f"✗ {each.name}: {each.failure.reason}: {each.failure.message}", err=True)
    return INCOMPLETE if exported.left_out else DONE


def _read(patterns: Sequence[str], data_dir: Path | None, existing: Mapping[str, Described]) -> Export:
    """Read the topics that the patterns select. Raises CannotRunError when one side cannot even be listed."""
    kafka, registry = open_adapters(data_dir)
    topics, subjects = topic_and_subject_names(kafka, registry)
    if isinstance(topics, Failure):
        raise CannotRunError(topics.message)
    if isinstance(subjects, Failure):
        raise CannotRunError(subjects.message)
    selection = select(topics, patterns)
    if selection.unmatched:
        raise CannotRunError(f"No topic matches {' or '.join(map(repr, selection.unmatched))}: nothing was written.")
    _note("Topics that start with _ belong to tools and are left out, unless --topic names them", selection.internal)
    if not patterns:
        _note("Subjects that belong to no topic are left out", ownerless(subjects, topics))
    taken = {each.resource for topic, each in existing.items() if topic not in selection.topics}
    return export_event_topics(selection.topics, subjects, kafka, registry, taken_names=taken)


def _print(manifests: Sequence[Mapping[str, Any]], machine: bool) -> None:
    if machine:
        for manifest in manifests:
            click.echo(json_line(manifest))
    else:
        click.echo("---\n".join(map(to_yaml, manifests)), nl=False)


def _write(
    manifests: Mapping[str, Mapping[str, Any]],
    folder: Path,
    existing: Mapping[str, Described],
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
            click.echo(json_line({"topic": topic, "file": str(file), "status": status}))
        else:
            click.echo(f"{'✓' if status == 'written' else '='} {topic}: {status}, {file}")


def _note(text: str, names: Sequence[str]) -> None:
    if names:
        click.echo(f"{text}: {listed(names, _MAX_NAMES)}.", err=True)
