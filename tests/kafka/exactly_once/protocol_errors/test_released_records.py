"""Records that met an error are released once the call has returned."""

import weakref
from collections.abc import Callable

from exactly_once import OutputRecord
from exactly_once.clients.transactional_producer import TransactionalProducer


class Outputs(list[OutputRecord]):
    """A list that can be watched."""


def test_records_that_met_a_full_queue_are_released(make: Callable[..., TransactionalProducer]) -> None:
    """confluent_kafka never releases an exception that is handled when a call raises an error, nor its callers' frames.

    When it does, the client may be called while an exception is handled.
    """
    producer = make(producer={"queue.buffering.max.messages": 10})
    records = Outputs(OutputRecord("out", b"%d" % number) for number in range(100))
    released = weakref.ref(records)
    producer.begin()

    producer.produce(records)
    del records

    assert released() is None
