"""`heartzone dead-letters list` and `show`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from heartzone_cli.cluster.connection import find_up, read_cluster
from heartzone_cli.dead_letters import display
from heartzone_cli.dead_letters.rules import REASONS, selection_of
from heartzone_cli.dead_letters.topic import DeadLetterTopic
from heartzone_cli.output import json_line


def run_list(rules: dict[str, Any], data_dir: Path | None, *, limit: int, with_handled: bool, machine: bool) -> None:
    """Print the letters. Raises CannotRunError."""
    selection = selection_of(rules)
    counts: Counter[str] = Counter()
    rows: list[Sequence[str]] = [display.HEADER]
    with DeadLetterTopic(read_cluster(find_up(data_dir))) as topic:
        for partition in topic.partitions(selection):
            handled = topic.handled[partition]
            for letter in topic.all_letters(partition) if with_handled else topic.letters(partition):
                is_handled = letter.offset in handled
                if letter not in selection or (is_handled and not with_handled):
                    continue
                if counts.total() < limit:
                    if machine:
                        click.echo(json_line(display.fields(letter, handled=is_handled)))
                    else:
                        rows.append(display.row(letter))
                elif machine:
                    click.echo(f"There are more than the {limit} that are listed (--limit).", err=True)
                    return
                counts[letter.reason or "unknown"] += 1
    if machine:
        return
    if not counts:
        click.echo(f"There are no such dead letters in {topic.name}.")
        return
    click.echo("\n".join(display.table(rows)))
    rest = f", of which {limit} are listed (--limit)" if counts.total() > limit else ""
    click.echo(f"{counts.total()} dead letters{rest}: {display.by_reason(counts)}.")


def run_show(rules: dict[str, Any], data_dir: Path | None, *, limit: int, machine: bool) -> None:
    """Print letters in full. Raises CannotRunError."""
    selection = selection_of(rules)
    shown = 0
    with DeadLetterTopic(read_cluster(find_up(data_dir))) as topic:
        for partition in topic.partitions(selection):
            for letter in topic.all_letters(partition):
                if letter not in selection:
                    continue
                handled = letter.offset in topic.handled[partition]
                if machine:
                    click.echo(json_line(display.full_fields(letter, handled=handled)))
                else:
                    click.echo(f"{'' if shown == 0 else chr(10)}{display.page(letter, REASONS, handled=handled)}")
                shown += 1
                if shown == limit:
                    return
    if shown == 0 and not machine:
        click.echo(f"There are no such dead letters in {topic.name}.")
