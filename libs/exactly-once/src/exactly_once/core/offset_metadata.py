"""The text that is kept with a committed offset: the topic that the offset belongs to, and how many partitions it had.

A topic that is deleted and created again under its name is another topic, with offsets of its own; its id (KIP-516) is
what tells them apart. The number of partitions tells a partition that was added since from one whose offset is gone.
The form is ``name=value`` pairs with semicolons between; other programs may add pairs.
"""

_TOPIC_ID, _PARTITIONS = "topic-id", "partitions"
# What Kafka means by no id: brokers before 2.8, and metadata that a client does not know.
NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"


def offset_metadata(topic_id: str | None, partitions: int | None = None) -> str:
    """The text to commit an offset with; empty where the topic's id is not known."""
    if topic_id is None:
        return ""
    return f"{_TOPIC_ID}={topic_id}" + (f";{_PARTITIONS}={partitions}" if partitions is not None else "")


def topic_id_of(metadata: str | None) -> str | None:
    """The id in the text of a committed offset, None where it has none: one of another program, or an older one."""
    return _value(metadata, _TOPIC_ID)


def partitions_of(metadata: str | None) -> int | None:
    """The number of partitions in the text of a committed offset, None where it has none."""
    value = _value(metadata, _PARTITIONS)
    return int(value) if value is not None and value.isdecimal() and value.isascii() else None


def _value(metadata: str | None, wanted: str) -> str | None:
    for pair in (metadata or "").split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == wanted and value.strip():
            return value.strip()
    return None
