"""The command line of a service: `--help`, and nothing else, because settings come from the environment."""

import argparse
from collections.abc import Iterator, Sequence

from service_chassis.settings.service import ServiceSettings, TopicSettings, field_variables, topic_variables


def answer_help(program: str, does: str, settings: type[ServiceSettings], arguments: Sequence[str]) -> None:
    """Return when there are no arguments; else answer them and exit: 0 for ``--help``, 2 with a sentence for others."""
    parser = argparse.ArgumentParser(
        program,
        usage=f"{program} [--help]",
        description=f"{does}\n\nSettings come from the environment, or from files of the same name in the folder\n"
        "HEARTZONE_SECRETS_DIR. HEARTZONE_KAFKA_<PROPERTY> is any property of librdkafka,\n"
        "HEARTZONE_SCHEMA_REGISTRY_<PROPERTY> one of the registry's client.",
        epilog="\n".join(_variables(settings)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.parse_args(arguments)


def _variables(settings: type[ServiceSettings]) -> Iterator[str]:
    yield "variables, and their defaults:"
    for name, variable in field_variables(settings).items():
        field = settings.model_fields[name]
        default = "required" if field.is_required() else field.default
        yield f"  {variable:<40} {'' if default is None else default}".rstrip()
    for name, variable in topic_variables().items():
        yield f"  {variable:<40} {TopicSettings.model_fields[name].default}"
    for variable in ("HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", "HEARTZONE_SCHEMA_REGISTRY_URL"):
        yield f"  {variable:<40} required"
