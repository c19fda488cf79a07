"""Entry point: answer --help, or read the settings, run until told to stop, exit 0, 1 or 2."""

import sys

from heartzone_producer.settings import ProducerSettings
from service_chassis.settings import SettingsError, load
from service_chassis.settings.command_line import answer_help
from service_chassis.telemetry import logs


def main() -> int:
    """Exit code 0 after SIGTERM, 2 for bad settings or a taken port, 1 for anything else."""
    answer_help(
        "heartzone-producer", "Takes readings in over HTTP and writes them to Kafka.", ProducerSettings, sys.argv[1:]
    )
    try:
        settings = load(ProducerSettings)
        logs.configure(settings.log_level, settings.log_format, "producer")
        # Imported late, so that a mistake in the settings is told without loading the clients first.
        from heartzone_producer.service import ProducerService  # noqa: PLC0415

        return ProducerService(settings).run()
    except SettingsError as error:
        sys.stderr.write(f"heartzone-producer: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
