"""The root command group, which imports a subcommand only when that one is asked for.

`heartzone --help` must answer at once, and the subcommands pull in Kafka, HTTP and terminal libraries. That
is why the one-line summaries stand here and not only at the commands themselves; a test keeps the two equal.
"""

from importlib import import_module
from typing import NamedTuple

import click


class Subcommand(NamedTuple):
    """Where a subcommand lives (`module`, the name of the click object in it) and its one-line summary."""

    module: str
    attribute: str
    summary: str


INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it

SUBCOMMANDS = {
    "up": Subcommand(
        "heartzone_cli.up.command", "up", "Run Kafka, the schema registry, the web API and the zone workers here."
    ),
    "replay": Subcommand("heartzone_cli.replay.command", "replay", "Send recorded workouts through the web API."),
    "zones": Subcommand("heartzone_cli.zones.command", "zones", "Follow the heart-rate zones live."),
    "topics": Subcommand(
        "heartzone_cli.topics.command",
        "topics",
        "Compare the topics with what their definitions ask for, and apply.",
    ),
}


class LazyGroup(click.Group):
    """A click group over `SUBCOMMANDS`: listing them imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click fixes the signature
        """Return the names, in the order in which a newcomer needs them."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the subcommand; None when there is none of that name."""
        subcommand = SUBCOMMANDS.get(cmd_name)
        if subcommand is None:
            return None
        command: click.Command = getattr(import_module(subcommand.module), subcommand.attribute)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; Ctrl-C that it does not take care of ends the process as a shell expects."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped by Ctrl-C.", err=True)
            ctx.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of subcommands from the table instead of importing each for its summary."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, subcommand.summary) for name, subcommand in SUBCOMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="heartzone-cli")
def heartzone() -> None:
    """Heart-rate zones from wearables, exactly once, over Kafka.

    Start with `heartzone up`. The other commands find a running `up` in .heartzone/ of this folder or one
    above it; HEARTZONE_* variables point them at any other cluster.
    """
