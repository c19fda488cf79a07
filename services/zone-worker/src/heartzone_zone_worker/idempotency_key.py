"""The key by which duplicates are recognised: of the device, and of the request or an item of its batch."""

from exactly_once import InputRecord
from heartzone.wire import IDEMPOTENCY_KEY_HEADER


def idempotency_key(record: InputRecord) -> bytes | None:
    """The key of a record, None for one without.

    With the device, because clients choose their keys each for itself.
    """
    for name, value in record.headers() or ():
        if name == IDEMPOTENCY_KEY_HEADER and value:
            return b"%b\0%b" % (record.key() or b"", value)
    return None
