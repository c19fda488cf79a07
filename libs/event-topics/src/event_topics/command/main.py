"""`event-topics plan|apply|export`: EventTopics compared with a cluster and applied, from a shell or a pipeline."""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from event_topics.command.exporting import run_export
from event_topics.command.output import FAILED, CannotRunError, Connect, Console
from event_topics.command.properties import read_properties
from event_topics.command.running import run_apply, run_plan
from event_topics.kafka.admin import InvalidKafkaConfigError
from event_topics.kafka.topics import KafkaTopics
from event_topics.registry.client import InvalidRegistryConfigError
from event_topics.registry.subjects import SchemaSubjects


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 3 plan has changes, 2 something is blocked, failed or wrong."""
    options = _parser().parse_args(arguments)
    console = Console(
        lambda text: _write(sys.stdout, text),
        lambda text: _write(sys.stderr, text),
        _ask if sys.stdin.isatty() else None,
    )
    with ExitStack() as closing:
        run: Callable[[argparse.Namespace, Connect, Console], int] = options.run
        try:
            return run(options, lambda: _connect(options, closing), console)
        except CannotRunError as error:
            console.warn(f"Error: {error}")
            return FAILED


def _connect(options: argparse.Namespace, closing: ExitStack) -> tuple[KafkaTopics, SchemaSubjects]:
    kafka, registry = read_properties(options.kafka_config), read_properties(options.registry_config)
    if options.bootstrap_server:
        kafka["bootstrap.servers"] = options.bootstrap_server
    if options.registry:
        registry["url"] = options.registry
    if not kafka.get("bootstrap.servers"):
        raise CannotRunError("Where is Kafka? Give --bootstrap-server, or bootstrap.servers in --kafka-config.")
    if not registry.get("url"):
        raise CannotRunError("Where is the schema registry? Give --registry, or url in --registry-config.")
    try:
        return KafkaTopics(kafka), closing.enter_context(SchemaSubjects(registry))
    except (InvalidKafkaConfigError, InvalidRegistryConfigError) as error:
        raise CannotRunError(str(error)) from error


def _write(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")
    stream.flush()


def _ask(question: str) -> bool:
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="event-topics",
        description="Compare Kafka's topics and the registry's schemas with EventTopics, and apply them. Nothing here "
        "deletes a topic, a partition or a schema.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    plan = commands.add_parser("plan", help="show what apply would do; exit code 3 when there are changes")
    apply = commands.add_parser("apply", help="create topics, register schemas, change what may be changed")
    export = commands.add_parser("export", help="write EventTopics for the topics and schemas that exist")
    for each in (plan, apply):
        each.add_argument("definitions", nargs="+", type=Path, metavar="PATH", help="files or folders of EventTopics")
    export.add_argument("--dir", type=Path, help="folder to write to, one file a topic; default: standard output")
    export.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only these, such as 'orders.*'; may be repeated",
    )
    apply.add_argument("--yes", action="store_true", help="do what cannot be undone without asking")
    export.add_argument("--yes", action="store_true", help="overwrite files of --dir whose content differs")
    for each in (plan, apply, export):
        each.add_argument("--bootstrap-server", metavar="HOST:PORT", help="Kafka's address")
        each.add_argument("--registry", metavar="URL", help="address of the registry's Confluent API")
        each.add_argument(
            "--kafka-config", type=Path, metavar="FILE", help="librdkafka's properties, one KEY=VALUE a line"
        )
        each.add_argument(
            "--registry-config", type=Path, metavar="FILE", help="the same of the registry's client, such as a password"
        )
        each.add_argument("--json", action="store_true", help="print one JSON object a step, one a line")
    plan.set_defaults(run=lambda o, connect, console: run_plan(o.definitions, connect, console, machine=o.json))
    apply.set_defaults(
        run=lambda o, connect, console: run_apply(o.definitions, connect, console, machine=o.json, yes=o.yes)
    )
    export.set_defaults(
        run=lambda o, connect, console: run_export(o.dir, o.topic, connect, console, overwrite=o.yes, machine=o.json)
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
