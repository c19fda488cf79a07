"""Files of client properties, as Kafka's own tools take them: `key=value` lines, so that no password is an argument."""

from pathlib import Path

from event_topics.command.output import CannotRunError


def read_properties(file: Path | None) -> dict[str, str]:
    """Return the properties, none without a file. Raises CannotRunError."""
    if file is None:
        return {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRunError(f"{file} cannot be read as text: {error}") from error
    properties: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith(("#", "!")):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not key or not equals:  # not the line itself, which may be a secret
            raise CannotRunError(f"{file}, line {number} is not KEY=VALUE.")
        properties[key] = value
    return properties
