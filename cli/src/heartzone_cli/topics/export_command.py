"""The command line of `heartzone topics export`, over event_topics.export.

What the work needs is imported when it starts, as in command.py.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heartzone_cli.topics.options import data_dir_option

if TYPE_CHECKING:
    from event_topics import Export
    from heartzone_cli.topics.manifest_folder import Described

INCOMPLETE = 2
_NAMED = 5  # names in a sentence about many


@click.command(short_help="Write definitions for the topics that exist.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to, one file a topic.  [default: the standard output]",
)
@click.option(
    "--topic",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only these topics, such as 'orders.*'; may be given again.  [default: all that do not start with _]",
)
@data_dir_option
@click.option("--yes", is_flag=True, help="Overwrite files of --dir that say something else.")
@click.option("--json", "machine", is_flag=True, help="Print one JSON object a topic, one a line.")
@click.pass_context
def export(
    ctx: click.Context, *, folder: Path | None, patterns: Sequence[str], data_dir: Path | None, yes: bool, machine: bool
) -> None:
    """Write EventTopics for the topics and schemas that exist, such that `plan` finds nothing to do.

    Only configuration that is set on the topic itself is written. Without --dir the definitions go to the standard
    output, as `kubectl apply -f -` takes them. A topic that another file of --dir describes is not written again.

    Exit code 0: all is written; 2: something could not be read or described, and the rest is written.
    """
    from event_topics import LoadError  # noqa: PLC0415
    from heartzone_cli.cluster import CannotRunError  # noqa: PLC0415
    from heartzone_cli.topics.manifest_folder import described  # noqa: PLC0415

    try:
        there = described(folder) if folder is not None else {}
    except LoadError as error:
        raise CannotRunError(str(error)) from error
    exported = _read(patterns, data_dir, there)
    if folder is None:
        _print(list(exported.manifests.values()), machine)
    else:
        _write(exported.manifests, folder, there, overwrite=yes, machine=machine)
    for each in exported.left_out:
        click.echo(f"✗ {each.name}: {each.failure.reason}: {each.failure.message}", err=True)
    ctx.exit(INCOMPLETE if exported.left_out else 0)


def _read(patterns: Sequence[str], data_dir: Path | None, there: Mapping[str, "Described"]) -> "Export":
    """Read what the patterns name. Raises CannotRunError when one side cannot even be listed."""
    from event_topics import Failure, export_event_topics, topic_and_subject_names  # noqa: PLC0415
    from heartzone_cli.cluster import CannotRunError  # noqa: PLC0415
    from heartzone_cli.topics.adapters import open_adapters  # noqa: PLC0415
    from heartzone_cli.topics.selection import ownerless, select  # noqa: PLC0415

    kafka, registry = open_adapters(data_dir)
    topics, subjects = topic_and_subject_names(kafka, registry)
    if isinstance(topics, Failure):
        raise CannotRunError(topics.message)
    if isinstance(subjects, Failure):
        raise CannotRunError(subjects.message)
    selection = select(topics, patterns)
    if selection.unmatched:
        raise CannotRunError(f"No topic is like {' or '.join(map(repr, selection.unmatched))}: nothing was written.")
    _note("Topics that start with _ are left to the tools that made them, unless --topic names them", selection.own)
    if not patterns:
        _note("Subjects that belong to no topic are left out", ownerless(subjects, topics))
    taken = {each.resource for topic, each in there.items() if topic not in selection.topics}
    return export_event_topics(selection.topics, subjects, kafka, registry, taken_names=taken)


def _print(manifests: Sequence[Mapping[str, Any]], machine: bool) -> None:
    from event_topics import to_yaml  # noqa: PLC0415

    if machine:
        for manifest in manifests:
            click.echo(json.dumps(manifest, ensure_ascii=False))
    else:
        click.echo("---\n".join(map(to_yaml, manifests)), nl=False)


def _write(
    manifests: Mapping[str, Mapping[str, Any]],
    folder: Path,
    there: Mapping[str, "Described"],
    *,
    overwrite: bool,
    machine: bool,
) -> None:
    from event_topics import to_yaml  # noqa: PLC0415
    from heartzone_cli.cluster import CannotRunError  # noqa: PLC0415
    from heartzone_cli.topics.manifest_folder import WouldOverwriteError, write_all  # noqa: PLC0415

    files = {topic: folder / f"{manifest['metadata']['name']}.yaml" for topic, manifest in manifests.items()}
    elsewhere = {
        topic: there[topic].file for topic, file in files.items() if topic in there and there[topic].file != file
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
            click.echo(json.dumps({"topic": topic, "file": str(file), "status": status}, ensure_ascii=False))
        else:
            click.echo(f"{'✓' if status == 'written' else '='} {topic}: {status}, {file}")


def _note(what: str, names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        click.echo(f"{what}: {', '.join(names[:_NAMED])}{more}.", err=True)
