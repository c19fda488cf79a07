"""`heartzone dead-letters replay`."""

from collections import Counter
from math import ceil
from pathlib import Path
from time import sleep
from typing import Any

import click

from heartzone_cli.cluster.clients import open_reader
from heartzone_cli.cluster.connection import Cluster, find_up, read_cluster
from heartzone_cli.dead_letters.display import by_reason
from heartzone_cli.dead_letters.expiry import warn_of_expiry
from heartzone_cli.dead_letters.handling import STEP_SIZE, Handling
from heartzone_cli.dead_letters.letter import DeadLetter
from heartzone_cli.dead_letters.replaying import LeftOut, reason_to_leave_out, replayed
from heartzone_cli.dead_letters.rules import selection_of
from heartzone_cli.dead_letters.steps import Step
from heartzone_cli.dead_letters.topic import DeadLetterTopic, group_of
from heartzone_cli.output import json_line

# Exit codes
DONE = 0
SOME_LEFT = 1


class _Tally:
    """What became of the letters that were selected."""

    def __init__(self, topic: str, max_replays: int) -> None:
        self.sent: Counter[str] = Counter()
        self.left_out: dict[tuple[int, int], LeftOut] = {}
        self._topic = topic
        self._max_replays = max_replays

    def chosen(self, letter: DeadLetter) -> bool:
        """Say whether it is to be sent; the same letter may come again after an error."""
        reason = reason_to_leave_out(letter, topic=self._topic, max_replays=self._max_replays)
        if reason is not None:
            self.left_out[letter.partition, letter.offset] = reason
        return reason is None

    def count(self, letters: list[DeadLetter]) -> None:
        """Count what was sent."""
        self.sent.update(letter.reason or "unknown" for letter in letters)

    def fields(self, *, dry_run: bool) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "topic": self._topic,
            "replayed": self.sent.total(),
            "by_reason": dict(self.sent),
            "left_out": dict(Counter(self.left_out.values())),
            "dry_run": dry_run,
        }

    def sentences(self, *, dry_run: bool) -> str:
        """Say it."""
        total = self.sent.total()
        if total:
            counts = f"{total} dead letters to {self._topic}: {by_reason(self.sent)}."
            text = f"Would replay {counts} Nothing was sent." if dry_run else f"Replayed {counts}"
        else:
            text = "There is nothing to replay."
        left = Counter(self.left_out.values())
        if (count := left[LeftOut.TOO_MANY_REPLAYS]) > 0:
            text += f" Left out: {count} that were replayed {self._max_replays} times or more (--max-replays)."
        if (count := left[LeftOut.OTHER_TOPIC]) > 0:
            text += f" Left out: {count} that do not come from {self._topic}."
        return text


def run_replay(
    rules: dict[str, Any],
    data_dir: Path | None,
    *,
    limit: int | None,
    max_replays: int,
    rate: float | None,
    dry_run: bool,
    machine: bool,
) -> int:
    """Replay, print the outcome and return the exit code. Raises CannotRunError, NotDoneError."""
    selection = selection_of(rules)
    cluster = read_cluster(find_up(data_dir))
    source = cluster.topics.biometrics
    tally = _Tally(source, max_replays)
    partitions = _partitions(cluster, source)
    with DeadLetterTopic(cluster) as topic:
        if dry_run:
            for partition in topic.partitions(selection):
                for letter in topic.letters(partition):
                    is_due = letter in selection and letter.offset not in topic.handled[partition]
                    if is_due and tally.sent.total() != limit and tally.chosen(letter):
                        tally.count([letter])
        else:
            warn_of_expiry(cluster)

            def on_step(step: Step) -> None:
                tally.count(step.letters)
                if rate is not None:
                    sleep(len(step.letters) / rate)  # no transaction is open meanwhile

            Handling(
                cluster,
                topic,
                selection,
                chosen=tally.chosen,
                records=lambda letter: replayed(letter, topic=source, partitions=partitions),
                limit=limit,
                size=STEP_SIZE if rate is None else min(STEP_SIZE, ceil(rate)),
                on_step=on_step,
            ).run()
    click.echo(json_line(tally.fields(dry_run=dry_run)) if machine else tally.sentences(dry_run=dry_run))
    return SOME_LEFT if tally.left_out else DONE


def _partitions(cluster: Cluster, topic: str) -> tuple[int, ...]:
    with open_reader(cluster, group_of(cluster)) as reader:
        return reader.topic(topic).partitions
