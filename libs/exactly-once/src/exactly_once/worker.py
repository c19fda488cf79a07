"""One worker as its process sees it: begun and stopped, its state and health, new credentials."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from confluent_kafka import KafkaException

from exactly_once.config import WorkerConfig
from exactly_once.core.client_properties import Properties
from exactly_once.core.connection_errors import with_connection_error
from exactly_once.core.reasons import WaitReason
from exactly_once.core.records import InputRecord, Partition, Transform
from exactly_once.core.signals import StopRequested
from exactly_once.errors import ConfigurationError, FatalClientError
from exactly_once.event_log import EventLog
from exactly_once.loop import Loop
from exactly_once.observer import Observer
from exactly_once.observers import Observers
from exactly_once.status import State, Status
from exactly_once.stop_flag import StopFlag
from exactly_once.watchdog import DEFAULT_LIMIT, Watchdog

# A call of the client that takes longer than a transaction may is one that waits without a limit.
MAX_SILENCE = 5.0  # seconds

NONE: Properties = MappingProxyType({})


class Worker:
    """Turns records of the input topics into output records, each exactly once.

    ``run()`` blocks until ``stop()``; call it on the main thread where signals matter.
    ``look_ahead`` is called with a record for which the transform raised ``Unavailable``, and with what was fetched
    behind it in its partition: begin to get what they lack, and do not wait for it.
    ``observer`` receives its events; without one they are logged (``EventLog``).
    ``watchdog`` seconds without progress end the process. Give None where the process is not the worker's own, or where
    several workers share one: its timer is ``faulthandler``'s, of which a process has one.

    Raises:
        ValueError: the watchdog would end workers that only wait.
    """

    def __init__(
        self,
        config: WorkerConfig,
        transform: Transform,
        *,
        look_ahead: Callable[[Sequence[InputRecord]], None] | None = None,
        observer: Observer | None = None,
        watchdog: float | None = DEFAULT_LIMIT,
    ) -> None:
        if watchdog is not None and watchdog < (least := 2 * config.transaction_timeout + 40):
            raise ValueError(
                f"watchdog is {watchdog:g} s; with transaction_timeout at {config.transaction_timeout:g} s it takes at"
                f" least {least:g} s, or it ends workers that only wait"
            )
        self.config = config
        self._transform = transform
        self._look_ahead = look_ahead
        self._observer = Observers(EventLog() if observer is None else observer)
        self._status = Status(self._observer)
        self._watchdog = Watchdog(watchdog)
        self._stopping = StopFlag()
        # Made by run(): a consumer joins its group as soon as it exists.
        self._loop: Loop

    @property
    def state(self) -> State:
        """State of the worker."""
        return self._status.state

    @property
    def progress_age(self) -> float:
        """Seconds since the loop last made progress; for a liveness probe."""
        return self._watchdog.age

    @property
    def progress_limit(self) -> float | None:
        """Seconds without progress after which the watchdog ends the process, None without one."""
        return self._watchdog.limit

    @property
    def unready_reason(self) -> str | None:
        """Why the worker is not processing, None when it is; for a readiness probe."""
        if self.state in (State.STARTING, State.STOPPED):
            return self._status.reason
        if (rejection := self._loop.rejection()) is not None:
            return f"{WaitReason.CREDENTIALS_REJECTED}: {rejection}"
        if self.progress_age > self.config.transaction_timeout + MAX_SILENCE:
            return WaitReason.CALL_PENDING
        consumer = self._loop.consumers.consumer
        if self.state is State.WAITING:
            errors = (self._loop.producers.producer.callbacks.connection_error, consumer.connection_error)
            return with_connection_error(self._status.reason, errors[0] or errors[1])
        return consumer.unready_reason

    @property
    def set_aside(self) -> Mapping[Partition, str]:
        """Partitions that wait or are halted, while the others are processed, each with the reason."""
        if self.state in (State.STARTING, State.STOPPED):
            return {}
        troubles = self._loop.consumers.consumer.flow.assignment.troubles
        return {partition: trouble.reason for partition, trouble in troubles.items()}

    @property
    def assigned_partitions(self) -> int:
        """Number of partitions that the group has assigned to this worker."""
        if self.state in (State.STARTING, State.STOPPED):
            return 0
        return len(self._loop.consumers.consumer.flow.assignment.partitions)

    def reconnect(self, connection: Properties, *, consumer: Properties = NONE, producer: Properties = NONE) -> None:
        """Go on with new clients that have these properties, in place of those in ``config``: between two transactions.

        For credentials and certificates that were replaced, which librdkafka does not follow. The clients leave the
        group and join it again; nothing is lost, and nothing doubled. Safe in any thread, also while the worker waits
        because the old credentials are rejected.

        Raises:
            ValueError: as WorkerConfig does; the worker goes on as it was.
        """
        self.config = replace(self.config, connection=connection, consumer=consumer, producer=producer)
        if self.state not in (State.STARTING, State.STOPPED):
            self._loop.producers.configured()

    def stop(self) -> None:
        """Finish the current transaction, leave the group, return from ``run()``. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Work until ``stop()``.

        Raises:
            WorkerError: the worker cannot go on by itself; see exactly_once.errors.
        """
        try:
            self._loop = Loop(
                self._current_config,
                self._transform,
                look_ahead=self._look_ahead,
                observer=self._observer,
                status=self._status,
                watchdog=self._watchdog,
                stopping=self._stopping,
            )
        except KafkaException as failure:
            self._status.stopped()
            raise ConfigurationError(failure.args[0].str()) from failure
        try:
            self._loop.run()
        except StopRequested:
            pass
        except KafkaException as failure:
            raise FatalClientError(f"a client cannot be made or used any more: {failure.args[0].str()}") from failure
        finally:
            self._status.stopped()
            self._watchdog.progress()
            try:
                self._loop.close()
            finally:
                self._watchdog.disarm()

    def _current_config(self) -> WorkerConfig:
        return self.config
