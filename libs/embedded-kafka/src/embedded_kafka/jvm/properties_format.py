"""The text format of java.util.Properties, which Kafka and Quarkus both read."""

from collections.abc import Mapping


def render(properties: Mapping[str, str]) -> str:
    """The text of a Java properties file (java.util.Properties.load): backslashes and line ends escaped."""
    return "".join(f"{key}={_escaped(value)}\n" for key, value in properties.items())


def _escaped(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    # A leading space would be dropped; beyond Latin-1 the format knows only UTF-16 escapes.
    if escaped.startswith(" "):
        escaped = f"\\{escaped}"
    return "".join(
        char if char.isascii() else "".join(f"\\u{unit:04x}" for unit in _utf16_units(char)) for char in escaped
    )


def _utf16_units(char: str) -> list[int]:
    encoded = char.encode("utf-16-be")
    return [int.from_bytes(encoded[i : i + 2]) for i in range(0, len(encoded), 2)]
