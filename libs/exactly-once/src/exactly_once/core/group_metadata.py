"""librdkafka's consumer group metadata, as far as fencing depends on it."""

_MAGIC = b"CGMDv2:"


def names_a_member(metadata: bytes) -> bool:
    """Return True when the metadata names a generation of the group and a member of it.

    A classic group accepts an offset commit that names neither without any check, so such metadata would bypass fencing
    (KIP-447). librdkafka's form (rdkafka_cgrp.c): ``CGMDv2:``, the generation as a native 32-bit integer, group id,
    NUL, member id, NUL, instance id.
    """
    start = len(_MAGIC)
    generation = int.from_bytes(metadata[start : start + 4], "little", signed=True)
    _group, _, rest = metadata[start + 4 :].partition(b"\0")
    return generation >= 0 and bool(rest.partition(b"\0")[0])
