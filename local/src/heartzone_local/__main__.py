"""Entry point of the `heartzone` command (`python -m heartzone_local` is the same)."""

from heartzone_local.cli import heartzone


def main() -> None:
    """Run the command line and end the process with its exit code."""
    heartzone(prog_name="heartzone")


if __name__ == "__main__":
    main()
