"""Configuration of workers, and the clients' properties that follow from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from logging import Logger

from exactly_once.core.batching import BatchLimits
from exactly_once.core.client_properties import (
    CLASSIC,
    INCREMENTAL_STRATEGY,
    Properties,
    Value,
    group_protocol,
    known_to_all,
    known_to_consumers,
    known_to_producers,
    problems,
)
from exactly_once.core.dead_letter_breaker import BreakerPolicy
from exactly_once.core.deduplication import Deduplication
from exactly_once.core.start_offset import MissingOffsets, OutOfRange

# Statistics of the producer come so soon, for commits that take longer than one can prove by the clock that they were
# sent once: see core.transaction_ends.
PRODUCER_STATISTICS_INTERVAL = 0.05  # seconds
MAX_IDLE = 5.0  # seconds
MIN_LAG_INTERVAL = 0.01  # seconds
# librdkafka takes no other transaction.timeout.ms, and no other socket.timeout.ms, which follows it.
MIN_TRANSACTION_TIMEOUT, MAX_TRANSACTION_TIMEOUT = 1.0, 300.0  # seconds


@dataclass(frozen=True, kw_only=True)
class ConsumerConfig:
    """What every worker has: membership in a group, and what it reads. Times are seconds.

    Raises:
        ValueError: a value that no worker could run with; the text names it.
    """

    input_topics: Sequence[str]
    """Topics to consume, all of one cluster."""
    group_id: str
    """Consumer group: workers with the same one share the partitions."""
    connection: Properties
    """librdkafka's properties, such as ``bootstrap.servers``; each reaches every client that knows it."""
    consumer: Properties = field(default_factory=dict)
    """Properties of the consumer alone, which win over those of ``connection``."""
    missing_offsets: MissingOffsets = MissingOffsets.EARLIEST
    """Where a partition starts for which the group has no committed offset; a new partition starts at its beginning."""
    offset_out_of_range: OutOfRange = OutOfRange.STOP
    """Where a partition goes on whose committed offset is no longer in its topic; ``STOP`` halts it alone."""
    limits: BatchLimits = field(default_factory=BatchLimits)
    """Bounds of a batch: ``max_records``, ``max_bytes``, ``max_age``."""
    idle: float = 0.5
    """Maximum wait for a first record, and so the time within which a stop is noticed."""
    lag_interval: float = 2.0
    """How often the lag is reported, from librdkafka's statistics."""
    on_consumer_statistics: Callable[[str], None] | None = None
    """Receives librdkafka's statistics of the consumer (a JSON document) every ``lag_interval``."""
    logger: Logger | None = None
    """Takes librdkafka's own log lines; ``exactly_once.librdkafka`` without one."""

    def __post_init__(self) -> None:
        _check_topics("input_topics", self.input_topics)
        if not self.input_topics:
            raise ValueError("input_topics is empty; name at least one topic to consume")
        if not self.group_id:
            raise ValueError("group_id is empty; give a name")
        if not 0 < self.idle <= MAX_IDLE:
            raise ValueError(f"idle is {self.idle}; give seconds above 0 and at most {MAX_IDLE:g}: a stop waits for it")
        if not self.lag_interval >= MIN_LAG_INTERVAL:
            raise ValueError(f"lag_interval is {self.lag_interval}; give at least {MIN_LAG_INTERVAL:g} seconds")
        for name, policy in (("missing_offsets", MissingOffsets), ("offset_out_of_range", OutOfRange)):
            try:
                object.__setattr__(self, name, policy(getattr(self, name)))  # their texts are as good
            except ValueError:
                values = ", ".join(policy)
                raise ValueError(f"{name} is {getattr(self, name)!r}; give one of {values}") from None
        brokers = [self.connection.get(name, "") for name in ("bootstrap.servers", "metadata.broker.list")]
        if not any(str(each).strip(", ") for each in brokers):
            raise ValueError("connection has no bootstrap.servers; name the brokers to start from, like kafka:9092")
        for problem in problems(connection=self.connection, consumer=self.consumer, producer={}):
            raise ValueError(problem)

    def consumer_properties(self) -> dict[str, Value]:
        """The consumer's whole configuration, without callbacks."""
        defaults: dict[str, Value] = {
            # Fetched ahead is what the next batch takes. Brokers count compressed bytes, of which one may become ten
            # and more here: with 1 MiB a partition, librdkafka's default, one response was many times the queue.
            "queued.max.messages.kbytes": 4 * 1024,
            "queued.min.messages": 10_000,
            "max.partition.fetch.bytes": 64 * 1024,
            # How long a full queue is left alone. At the default of a second, a small one would be empty meanwhile.
            "fetch.queue.backoff.ms": 10,
            "fetch.wait.max.ms": 100,
            "allow.auto.create.topics": False,
            # How soon new partitions are noticed, and how old metadata are.
            "topic.metadata.refresh.interval.ms": 5_000,
            "statistics.interval.ms": int(self.lag_interval * 1000),
        }
        if group_protocol({**self.connection, **self.consumer}) == CLASSIC:
            # Incremental, so that partitions that stay are never interrupted; the KIP-848 protocol rejects these keys.
            defaults |= {"partition.assignment.strategy": INCREMENTAL_STRATEGY, "session.timeout.ms": 10_000}
        return {
            **defaults,
            **known_to_consumers(self.connection),
            **self.consumer,
            "group.id": self.group_id,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            # A partition without a committed offset is given its start explicitly, so whatever still
            # asks for a reset is an offset that is gone: an error, never a silent skip or a silent restart.
            "auto.offset.reset": "error",
        }

    def window_reader_properties(self) -> dict[str, Value]:
        """The configuration of the consumer that reads keys before positions, without callbacks; it joins no group."""
        return {
            **{name: value for name, value in self.consumer_properties().items() if name != "group.instance.id"},
            # Of what is assigned to it, what is gone meanwhile is of no use.
            "auto.offset.reset": "earliest",
            # A queue that was full is filled again at once, and not after a second: partitions wait for it.
            "fetch.queue.backoff.ms": 5,
            "statistics.interval.ms": 0,
            "log_level": 2,
        }

    def admin_properties(self) -> dict[str, Value]:
        """The configuration of the client that looks things up, without callbacks."""
        # A lookup that waits for a connection holds up partitions. What this client would log about lost connections is
        # logged by the other two.
        return {"reconnect.backoff.max.ms": 500, **known_to_all(self.connection), "log_level": 2}

    def reader_properties(self) -> dict[str, Value]:
        """The configuration of the client that reads committed offsets, without callbacks."""
        return {
            **self.admin_properties(),
            "group.id": self.group_id,
            "enable.auto.commit": False,
            # With it an offset that a transaction may still change is not told (KIP-447).
            "isolation.level": "read_committed",
        }


@dataclass(frozen=True, kw_only=True)
class WorkerConfig(ConsumerConfig):
    """One worker: one consumer and one transactional producer. Times are seconds.

    Properties that the exactly-once promise rests on cannot be set: see ``REFUSED_CONSUMER_PROPERTIES`` and
    ``REFUSED_PRODUCER_PROPERTIES``.

    Raises:
        ValueError: a value that no worker could run with; the text names it.
    """

    transactional_id: str
    """This replica's own, and the same after a restart: a successor with the same id aborts its dead predecessor's
    transaction at once, where a random one makes readers wait for the timeout."""
    output_topics: Sequence[str] = ()
    """Topics that the transform writes to, as far as they are known: waited for at the start, like the other topics."""
    dead_letter_topic: str | None = None
    """Where records go that cannot be processed; without one, a poison record halts its partition."""
    dead_letter_header_prefix: str = "dlq."
    """What the names of the headers begin with that the engine gives a dead letter."""
    dead_letter_worker: str | None = None
    """Name of this worker, in the header ``worker`` of its dead letters; without one, ``transactional_id``."""
    dead_letter_version: str | None = None
    """Version of the worker's program, in the header ``version`` of its dead letters; without one there is no such
    header."""
    producer: Properties = field(default_factory=dict)
    """Properties of the producer alone, which win over those of ``connection``."""
    deduplication: Deduplication | None = None
    """How duplicates are recognised, which the transform does not get; without it, none is."""
    breaker: BreakerPolicy | None = None
    """When a partition pauses over too many dead letters; never without one."""
    transaction_timeout: float = 10.0
    """After this long, 1 to 300 s, the broker aborts a transaction that nobody ends (``transaction.timeout.ms``)."""
    max_rebuilds: int = 10
    """Producers that fail for good in a row, each within a minute after the one before, after which the worker ends;
    with the waits in between, ten take 21 s."""
    on_producer_statistics: Callable[[str], None] | None = None
    """Receives librdkafka's statistics of the producer every 5 s; their averages are of the last twentieth of a
    second."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.transactional_id:
            raise ValueError("transactional_id is empty; give a name")
        _check_topics("output_topics", self.output_topics)
        if self.dead_letter_topic in ("", *self.input_topics):
            raise ValueError(
                f"dead_letter_topic is {self.dead_letter_topic!r}; give a topic that the worker does not read, or None"
            )
        if self.breaker is not None and self.dead_letter_topic is None:
            raise ValueError(
                "breaker is set and dead_letter_topic is not: without one there are no dead letters that it could count"
            )
        timeout, age = self.transaction_timeout, self.limits.max_age
        if not MIN_TRANSACTION_TIMEOUT <= timeout <= MAX_TRANSACTION_TIMEOUT:
            raise ValueError(
                f"transaction_timeout is {timeout:g} s; give {MIN_TRANSACTION_TIMEOUT:g} to"
                f" {MAX_TRANSACTION_TIMEOUT:g} seconds"
            )
        if age > timeout / 2:
            raise ValueError(
                f"limits.max_age is {age:g} s; at most half of transaction_timeout ({timeout:g} s) leaves time to"
                " commit"
            )
        for problem in problems(connection=self.connection, consumer=self.consumer, producer=self.producer):
            raise ValueError(problem)

    def producer_properties(self) -> dict[str, Value]:
        """The producer's whole configuration, without callbacks."""
        timeout = int(self.transaction_timeout * 1000)
        return {
            "compression.type": "lz4",
            # Few large requests instead of many small ones take a fifth off the worker's processor time, and half off
            # the brokers'. Nobody waits for it: a flush, which precedes each commit, sends what lingers at once.
            "linger.ms": 100,
            # Offsets without records that come while the markers of the transaction before are being written are
            # rejected and retried after this long: at the default of 100 ms it alone decides the latency. And a commit
            # that takes less is known to have been sent once: see core.transaction_ends.
            "retry.backoff.ms": 10,
            "queue.buffering.max.kbytes": 32 * 1024,
            "message.timeout.ms": timeout,
            # No request about a transaction may be outstanding for longer than the transaction may live.
            "socket.timeout.ms": timeout,
            # Success needs no delivery report: a commit fails when any record of the transaction failed.
            "delivery.report.only.error": True,
            **known_to_producers(self.connection),
            **self.producer,
            "transaction.timeout.ms": timeout,
            "transactional.id": self.transactional_id,
            "enable.idempotence": True,
            "statistics.interval.ms": int(PRODUCER_STATISTICS_INTERVAL * 1000),
        }

    @property
    def producer_retry_backoff(self) -> float:
        """Seconds that the producer waits before it repeats a request."""
        properties = self.producer_properties()
        names = ("retry.backoff.ms", "retry.backoff.max.ms")
        return min(float(properties[name]) for name in names if name in properties) / 1000


def _check_topics(name: str, topics: Sequence[str]) -> None:
    if isinstance(topics, str):
        raise ValueError(f"{name} is the text {topics!r}; give a list of topics")
    if len(set(topics)) < len(topics):
        raise ValueError(f"{name} names a topic twice: {', '.join(topics)}")
