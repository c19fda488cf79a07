"""The root command group, which imports a subcommand only when that one is called.

A subcommand is a folder with a `command.py`, in which the click command has the folder's name, and one line of
`SUBCOMMANDS`. `command.py` imports click and the shared options only, so that `--help` responds at once: Kafka,
HTTP and terminal libraries are imported when the command runs.
"""

from importlib import import_module

import click

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it

# Name and one-line summary, in the order in which a newcomer needs them.
SUBCOMMANDS = {
    "up": "Run Kafka, the schema registry, the web API and the zone workers here.",
    "replay": "Send recorded workouts through the web API.",
    "zones": "Follow the heart-rate zones live.",
    "topics": "Compare the topics with what their definitions ask for, and apply.",
    "audit": "Check that each reading has become its zone event exactly once, in order.",
    "dead-letters": "List, show, replay and drop what the workers could not process.",
    "group": "Show where the workers' consumer group is, and move one partition of it.",
    "transactions": "List the cluster's open transactions, and end one.",
}


class LazyGroup(click.Group):
    """A click group over `SUBCOMMANDS`: listing them imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click fixes the signature
        """Return the names in the order of the table."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the subcommand; None when there is none of that name."""
        if cmd_name not in SUBCOMMANDS:
            return None
        folder = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"heartzone_cli.{folder}.command"), folder)
        command.short_help = SUBCOMMANDS[cmd_name]
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; a Ctrl-C that it does not handle ends the process as a shell expects."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped by Ctrl-C.", err=True)
            ctx.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of subcommands from the table instead of importing each for its summary."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="heartzone-cli")
def heartzone() -> None:
    """Heart-rate zones from wearables, exactly once, over Kafka.

    Start with `heartzone up`. The other commands find a running `up` in .heartzone/ of this folder or one
    above it; HEARTZONE_* variables point them at any other cluster.
    """
