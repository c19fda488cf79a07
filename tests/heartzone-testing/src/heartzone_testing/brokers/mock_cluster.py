"""librdkafka's in-process mock cluster: error codes, delays and outages that a real broker cannot be made to give.

It speaks the brokers' protocol on sockets of its own, inside the library that confluent_kafka brings with it, which
exports it (rdkafka_mock.h) and no binding shows: hence ctypes.
"""

import ctypes
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from typing import Any, Self

# Api keys (Kafka protocol guide).
PRODUCE = 0
FIND_COORDINATOR = 10
INIT_PRODUCER_ID = 22
ADD_PARTITIONS_TO_TXN = 24
ADD_OFFSETS_TO_TXN = 25
END_TXN = 26  # commits or aborts
TXN_OFFSET_COMMIT = 28

_PRODUCER = 0  # rd_kafka_type_t
_POINTER, _INT16, _INT32, _SIZE = ctypes.c_void_p, ctypes.c_int16, ctypes.c_int32, ctypes.c_size_t
_TEXT, _INT = ctypes.c_char_p, ctypes.c_int

# Result and leading arguments; what follows them in a variadic function is int.
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "rd_kafka_new": (_POINTER, [_INT, _POINTER, _TEXT, _SIZE]),
    "rd_kafka_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_new": (_POINTER, [_POINTER, _INT]),
    "rd_kafka_mock_cluster_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_bootstraps": (_TEXT, [_POINTER]),
    "rd_kafka_mock_topic_create": (_INT, [_POINTER, _TEXT, _INT, _INT]),
    "rd_kafka_mock_push_request_errors_array": (None, [_POINTER, _INT16, _SIZE, ctypes.POINTER(_INT)]),
    "rd_kafka_mock_broker_push_request_error_rtts": (_INT, [_POINTER, _INT32, _INT16, _SIZE]),
    "rd_kafka_mock_broker_set_down": (_INT, [_POINTER, _INT32]),
    "rd_kafka_mock_broker_set_up": (_INT, [_POINTER, _INT32]),
    "rd_kafka_mock_coordinator_set": (_INT, [_POINTER, _TEXT, _TEXT, _INT32]),
    "rd_kafka_mock_start_request_tracking": (None, [_POINTER]),
    "rd_kafka_mock_get_requests": (ctypes.POINTER(_POINTER), [_POINTER, ctypes.POINTER(_SIZE)]),
    "rd_kafka_mock_request_api_key": (_INT16, [_POINTER]),
    "rd_kafka_mock_request_destroy_array": (None, [ctypes.POINTER(_POINTER), _SIZE]),
}


@cache
def _librdkafka() -> ctypes.CDLL:
    """The library that confluent_kafka has loaded already, with the types of what is used of it."""
    files = distribution("confluent-kafka").files or ()
    [path] = [file for file in files if file.name.startswith("librdkafka") and file.suffix != ".py"]
    library = ctypes.CDLL(str(path.locate()))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MockCluster:
    """Brokers 1 to ``brokers``."""

    def __init__(self, brokers: int = 1) -> None:
        self._brokers = range(1, brokers + 1)
        self._library = _librdkafka()
        self._handle: int | None = None
        self._cluster: int | None = None

    def __enter__(self) -> Self:
        problem = ctypes.create_string_buffer(256)
        self._handle = self._library.rd_kafka_new(_PRODUCER, None, problem, len(problem))
        assert self._handle, problem.value
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._handle, len(self._brokers))
        assert self._cluster
        self._library.rd_kafka_mock_start_request_tracking(self._cluster)
        return self

    def __exit__(self, *_: object) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)

    @property
    def connection(self) -> dict[str, str]:
        """A client's properties that lead here."""
        return {"bootstrap.servers": self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()}

    def create_topic(self, name: str, *, partitions: int = 1) -> None:
        """Make a topic; one that is written to is made without."""
        _expect_success(self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1))

    def fail_next(self, api_key: int, *errors: int) -> None:
        """Respond to the next requests of this kind with these codes, one each; 0 is success, negative disconnects."""
        codes = (_INT * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, api_key, len(errors), codes)

    def delay_next(self, api_key: int, milliseconds: int) -> None:
        """Let the response to the next request of this kind take so long, whichever broker it is sent to."""
        for broker in self._brokers:
            _expect_success(
                self._library.rd_kafka_mock_broker_push_request_error_rtts(
                    self._cluster, broker, api_key, 1, 0, milliseconds
                )
            )

    def set_down(self, *brokers: int) -> None:
        """Close the connections of these brokers, or all, and take no new ones."""
        for broker in brokers or self._brokers:
            _expect_success(self._library.rd_kafka_mock_broker_set_down(self._cluster, broker))

    def set_up(self, *brokers: int) -> None:
        """Take connections again."""
        for broker in brokers or self._brokers:
            _expect_success(self._library.rd_kafka_mock_broker_set_up(self._cluster, broker))

    def set_coordinator(self, transactional_id: str, broker: int) -> None:
        """Move a transactional id to this broker."""
        _expect_success(
            self._library.rd_kafka_mock_coordinator_set(
                self._cluster, b"transaction", transactional_id.encode(), broker
            )
        )

    def set_group_coordinator(self, group_id: str, broker: int) -> None:
        """Move a consumer group to this broker."""
        _expect_success(self._library.rd_kafka_mock_coordinator_set(self._cluster, b"group", group_id.encode(), broker))

    def requests(self, api_key: int) -> int:
        """How many requests of this kind have been sent here."""
        return sum(each == api_key for each in self._api_keys())

    def _api_keys(self) -> Iterator[int]:
        count = _SIZE()
        found = self._library.rd_kafka_mock_get_requests(self._cluster, ctypes.byref(count))
        try:
            for each in found[: count.value]:
                yield self._library.rd_kafka_mock_request_api_key(each)
        finally:
            self._library.rd_kafka_mock_request_destroy_array(found, count.value)


def _expect_success(code: int) -> None:
    assert code == 0, f"the mock cluster responded with error {code}"
