"""A negative control: the web API that responds with 202 before the brokers have acknowledged the record."""

import asyncio
import sys
from unittest import mock

from heartzone_producer.__main__ import main as web_api
from heartzone_producer.writing.record_writer import Headers, RecordWriter
from heartzone_producer.writing.waiting import Acknowledgement

_write = RecordWriter.write


def write_without_waiting(
    writer: RecordWriter, topic: str, value: bytes, key: bytes | str | None, headers: Headers | None = None
) -> Acknowledgement:
    """Hand a record over, and take it for written."""
    _write(writer, topic, value, key, headers)
    acknowledged = asyncio.get_running_loop().create_future()
    acknowledged.set_result(None)
    return acknowledged


def main() -> int:
    with mock.patch.object(RecordWriter, "write", write_without_waiting):
        return web_api()


if __name__ == "__main__":
    sys.exit(main())
