"""Entry point: answer --help, or read the settings, run until told to stop, exit 0, 1 or 2."""

import sys

from heartzone_operator.memory import share_heaps
from heartzone_operator.settings import OperatorSettings
from service_chassis.settings import SettingsError, load
from service_chassis.settings.command_line import answer_help
from service_chassis.telemetry import logs


def main() -> int:
    """Exit code 0 after SIGTERM, 2 for bad settings, 1 for anything else."""
    answer_help(
        "heartzone-operator",
        "Makes topics and schemas what EventTopic resources ask for.",
        OperatorSettings,
        sys.argv[1:],
    )
    try:
        settings = load(OperatorSettings)
        logs.configure(settings.log_level, settings.log_format, "operator")
        share_heaps()
        # Imported late, so that a mistake in the settings is told without loading the clients first.
        from heartzone_operator.service import Operator  # noqa: PLC0415

        return Operator(settings).run()
    except SettingsError as error:
        sys.stderr.write(f"heartzone-operator: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
