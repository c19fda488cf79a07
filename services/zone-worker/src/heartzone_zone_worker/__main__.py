"""Entry point: answer --help, or read the settings, run until told to stop, exit 0, 1 or 2."""

import sys

from heartzone_zone_worker.settings import WorkerSettings
from service_chassis.settings import SettingsError, load
from service_chassis.settings.command_line import answer_help
from service_chassis.telemetry import logs


def main() -> int:
    """Exit code 0 after SIGTERM, 2 for bad settings or refused credentials, 1 for anything else."""
    answer_help(
        "heartzone-zone-worker",
        "Turns every reading into a heart-rate zone event, exactly once.",
        WorkerSettings,
        sys.argv[1:],
    )
    try:
        settings = load(WorkerSettings)
        logs.configure(settings.log_level, settings.log_format, "zone-worker")
        # Imported late, so that a mistake in the settings is told without loading the clients first.
        from heartzone_zone_worker.service import ZoneWorker  # noqa: PLC0415

        return ZoneWorker(settings).run()
    except SettingsError as error:
        sys.stderr.write(f"heartzone-zone-worker: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
