"""MetadataResponse as bytes (Kafka protocol guide, its flexible versions)."""


def without_brokers(response: bytes, version: int) -> bytes:
    """A MetadataResponse whose array of brokers is empty (its flexible versions)."""
    assert version >= 9, version
    start = 4 + 1 + 4  # correlation id, no tagged fields, throttle time
    count, at = _unsigned(response, start)
    for _ in range(count - 1):
        _, at = _text(response, at + 4)  # node id, host
        _, at = _text(response, at + 4)  # port, rack
        tags, at = _unsigned(response, at)
        assert tags == 0
    return response[:start] + b"\x01" + response[at:]


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    """A compact string, or none, and what follows it."""
    length, at = _unsigned(data, at)
    end = at + max(0, length - 1)
    return data[at:end], end


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned varint, and what follows it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
