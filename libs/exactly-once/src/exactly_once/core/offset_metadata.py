"""The text that is kept with a committed offset: the id of the topic that the offset belongs to.

A topic that is deleted and created again under its name is another topic, with offsets of its own; its id (KIP-516) is
what tells them apart. The form is ``name=value`` pairs with semicolons between; other programs may add pairs.
"""

_TOPIC_ID = "topic-id"
# What Kafka means by no id: brokers before 2.8, and metadata that a client does not know.
NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"


def offset_metadata(topic_id: str | None) -> str:
    """The text to commit an offset with; empty where the topic's id is not known."""
    return f"{_TOPIC_ID}={topic_id}" if topic_id is not None else ""


def topic_id_of(metadata: str | None) -> str | None:
    """The id in the text of a committed offset, None where it has none: one of another program, or an older one."""
    for pair in (metadata or "").split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == _TOPIC_ID and value.strip():
            return value.strip()
    return None
