"""The command line of a service: `--help`, and nothing else, because settings come from the environment."""

import argparse
from collections.abc import Iterator, Sequence

from service_chassis.settings.service import ServiceSettings
from service_chassis.settings.variables import KAFKA, SCHEMA_REGISTRY, SECRETS_DIR, fields_by_variable, prefix_of


def parse_arguments(executable: str, purpose: str, settings: type[ServiceSettings], arguments: Sequence[str]) -> None:
    """Return when there are no arguments; else exit: with 0 after ``--help``, with 2 and a sentence for any other."""
    prefix = prefix_of(settings)
    parser = argparse.ArgumentParser(
        executable,
        usage=f"{executable} [--help]",
        description=f"{purpose}\n\nSettings come from the environment, or from files of the same name in the folder\n"
        f"{prefix}{SECRETS_DIR}. {prefix}{KAFKA}<PROPERTY> is any property of librdkafka,\n"
        f"{prefix}{SCHEMA_REGISTRY}<PROPERTY> one of the registry's client.",
        epilog="\n".join(_variables(settings)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.parse_args(arguments)


def _variables(settings: type[ServiceSettings]) -> Iterator[str]:
    yield "variables, and their defaults:"
    for variable, field in fields_by_variable(settings).items():
        default = "required" if field.is_required() else field.default
        yield f"  {variable:<40} {'' if default is None else default}".rstrip()
    for tail in (f"{KAFKA}BOOTSTRAP_SERVERS", f"{SCHEMA_REGISTRY}URL"):
        yield f"  {prefix_of(settings) + tail:<40} required"
