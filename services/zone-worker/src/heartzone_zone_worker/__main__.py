"""Entry point of the zone worker."""

import sys

from service_chassis import early_stop


def main() -> int:
    """Run until stopped; exit code 0 after SIGTERM, 2 for bad settings or rejected credentials, 1 for anything else."""
    early_stop.exit_on_signal()
    # Imported late: they take so long to load that a signal may come meanwhile.
    from service_chassis import garbage  # noqa: PLC0415

    garbage.suspend()
    from heartzone_zone_worker.program import PROGRAM  # noqa: PLC0415
    from service_chassis.program import run  # noqa: PLC0415

    return run(PROGRAM, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
