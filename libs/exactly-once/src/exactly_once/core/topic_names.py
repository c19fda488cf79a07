"""Names that a topic can have (org.apache.kafka.common.internals.Topic)."""

import re

_LEGAL = re.compile(r"(?!\.{1,2}\Z)[a-zA-Z0-9._-]{1,249}\Z")


def name_problem(topic: str) -> str | None:
    """Say in a sentence why no topic can have this name, None for one that a topic can have."""
    if _LEGAL.match(topic):
        return None
    shortened = topic if len(topic) <= 250 else topic[:250] + "…"
    return f"topic is {shortened!r}; a name has 1 to 249 letters, digits, dots, hyphens and underscores"
