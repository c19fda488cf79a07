"""AddPartitionsToTxn: a response that no coordinator has given."""

import struct


def partitions_added(request: bytes, version: int) -> bytes:
    """An AddPartitionsToTxnResponse to a request of one partition, without an error."""
    assert version <= 2, version
    at = 8  # api key, version, correlation id
    for _ in range(2):  # client id, transactional id
        (length,) = struct.unpack_from(">h", request, at)
        at += 2 + length
    at += 8 + 2 + 4  # producer id, epoch, number of topics
    (length,) = struct.unpack_from(">h", request, at)
    name = request[at : at + 2 + length]
    number, partition = struct.unpack_from(">ii", request, at + len(name))
    assert number == 1, number
    return request[4:8] + struct.pack(">ii", 0, 1) + name + struct.pack(">iih", 1, partition, 0)
