"""Decoders by the id of the schema that a record was written with, looked up apart from the worker's loop."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Condition, Thread
from typing import Self, TypeVar

import structlog

from exactly_once import InputRecord, PoisonRecord, Unavailable
from heartzone.wire import BadFrameError, unframe
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.lookups import Check, CheckOutcome, Lookup, LookupSchedule, LookupState, Verdict
from heartzone_zone_worker.reasons import PoisonReason, UnavailableReason
from service_chassis.schema_registry import SchemaNotFoundError
from service_chassis.schema_registry.client import MAX_SCHEMA_ID

FRAME_BYTES = 5
THREADS = 8
MAX_DECODERS = 10_000
MAX_REJECTED = 50_000
MIN_REJECTED_FOR = 60.0
"""Seconds for which an id that is not found is not looked up again, at least."""
CLOSE_TIMEOUT = 5.0

REASONS = {
    LookupState.PENDING: UnavailableReason.SCHEMA_LOOKUP_PENDING,
    LookupState.NOT_FOUND_YET: UnavailableReason.SCHEMA_NOT_FOUND_YET,
    LookupState.REGISTRY_INCOMPLETE: UnavailableReason.SCHEMA_REGISTRY_INCOMPLETE,
    LookupState.REGISTRY_UNAVAILABLE: UnavailableReason.SCHEMA_REGISTRY_UNAVAILABLE,
}

log = structlog.get_logger(__name__)

Value = TypeVar("Value")


class WriterSchemas:
    """Has each id looked up by threads of its own, and keeps its decoder; nothing here waits for a lookup.

    A context manager, which ends the threads. An id that the registry does not know is looked up again for ``timeout``
    seconds, because ids replicate late; then its records are poison, unless the registry is unavailable or is not
    whole, which never makes a record poison.

    Args:
        schema_of: looks the text of a schema up; raises SchemaNotFoundError when the registry does not know the id.
            Whatever else it raises means unavailable.
        decoder_for: makes the decoder for a schema; raises ValueError when that is impossible.
        missing: looks up what the registry must have, and says what of it is missing, None when it is whole.
        resolved: receives each id and text that was looked up.
        timeout: seconds.
    """

    def __init__(
        self,
        schema_of: Callable[[int], str],
        decoder_for: Callable[[str], BiometricsDecoder],
        *,
        missing: Callable[[], str | None],
        resolved: Callable[[int, str], None],
        timeout: float,
        threads: int = THREADS,
    ) -> None:
        self._schema_of = schema_of
        self._decoder_for = decoder_for
        self._missing = missing
        self._resolved = resolved
        self._timeout = timeout
        self._decoders: dict[int, BiometricsDecoder] = {}
        self._rejected: dict[int, tuple[float, PoisonReason, str]] = {}
        """Until when, why, and in words."""
        self._schedule = LookupSchedule(timeout)
        self._changed = Condition()
        self._closed = False
        self._problem: UnavailableReason | None = None
        self._threads = [Thread(target=self._work, name=f"schema-lookup-{n}", daemon=True) for n in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        deadline = time.monotonic() + CLOSE_TIMEOUT
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def decoder_of(self, schema_id: int) -> BiometricsDecoder:
        """Return the decoder for records written with this schema; never waits.

        Raises:
            PoisonRecord: the registry does not know the id, and is known to be whole; or the schema cannot be used.
            Unavailable: the id is being looked up; ``ready`` tells when there is a result.
        """
        decoder = self._decoders.get(schema_id)
        return decoder if decoder is not None else self._without_decoder(schema_id)

    def look_ahead(self, records: Sequence[InputRecord]) -> None:
        """Have all ids looked up that these records were written with, at the same time."""
        unknown: dict[int, None] = {}
        for record in records:
            value = record.value()
            try:
                schema_id, _payload = unframe(None if value is None else value[:FRAME_BYTES])
            except BadFrameError:
                continue
            if schema_id <= MAX_SCHEMA_ID and not self._has_result(schema_id):
                unknown[schema_id] = None
        with self._changed:
            now = time.monotonic()
            for schema_id in unknown:
                if not self._ask(schema_id, now):
                    break
            self._changed.notify_all()

    def _without_decoder(self, schema_id: int) -> BiometricsDecoder:
        if schema_id > MAX_SCHEMA_ID:
            raise PoisonRecord(
                PoisonReason.SCHEMA_NOT_FOUND,
                f"schema id {schema_id} is above {MAX_SCHEMA_ID}, the largest that a registry gives",
            )
        with self._changed:
            # Again, because a thread may have found it meanwhile.
            if (decoder := self._decoders.get(schema_id)) is not None:
                return decoder
            if self._has_result(schema_id):
                _until, reason, detail = self._rejected[schema_id]
                raise PoisonRecord(reason, detail)
            self._ask(schema_id, time.monotonic(), urgent=True)
            self._changed.notify()
            state = self._schedule.state_of(schema_id)
        raise Unavailable(REASONS[state], ready=partial(self._has_result, schema_id))

    def _ask(self, schema_id: int, now: float, *, urgent: bool = False) -> bool:
        # One that was not found a while ago has waited already.
        since = now - self._timeout if schema_id in self._rejected else now
        return self._schedule.ask(schema_id, since=since, urgent=urgent)

    def _has_result(self, schema_id: int) -> bool:
        if schema_id in self._decoders:
            return True
        rejected = self._rejected.get(schema_id)
        return rejected is not None and time.monotonic() < rejected[0]

    def _work(self) -> None:
        while True:
            with self._changed:
                task = self._schedule.next(time.monotonic())
                while isinstance(task, float) and not self._closed:
                    self._changed.wait(None if task == math.inf else max(0.0, task - time.monotonic()))
                    task = self._schedule.next(time.monotonic())
                if self._closed:
                    return
            if isinstance(task, Lookup):
                self._look_up(task)
            elif isinstance(task, Check):
                self._check(task)

    def _look_up(self, lookup: Lookup) -> None:
        schema_id = lookup.schema_id
        try:
            text = self._schema_of(schema_id)
        except SchemaNotFoundError:
            with self._reporting() as now:
                self._schedule.not_found(lookup, now)
            return
        # Whatever it is: the record is not to blame for it, and the thread has to live.
        except Exception as error:
            self._failed(lookup, error)
            return
        try:
            decoder = self._decoder_for(text)
        except ValueError as error:
            with self._reporting() as now:
                self._schedule.unusable(lookup, str(error), now)
            return
        except Exception as error:
            self._failed(lookup, error)
            return
        self._resolved(schema_id, text)
        with self._reporting() as now:
            self._schedule.found(lookup, now)
            _put(self._decoders, schema_id, decoder, MAX_DECODERS)
            self._rejected.pop(schema_id, None)

    def _failed(self, lookup: Lookup, error: Exception) -> None:
        with self._reporting() as now:
            self._schedule.failed(lookup, now)
            self._tell(UnavailableReason.SCHEMA_REGISTRY_UNAVAILABLE, error)

    def _check(self, check: Check) -> None:
        try:
            missing = self._missing()
        except Exception as error:
            with self._reporting() as now:
                self._schedule.not_whole(check, CheckOutcome.FAILED, now)
                self._tell(UnavailableReason.SCHEMA_REGISTRY_UNAVAILABLE, error)
            return
        with self._reporting() as now:
            if missing is not None:
                self._schedule.not_whole(check, CheckOutcome.INCOMPLETE, now)
                self._tell(UnavailableReason.SCHEMA_REGISTRY_INCOMPLETE, missing)
                return
            for verdict in self._schedule.whole(check, now):
                self._reject(verdict, now)
            if self._problem is not None:
                log.info("schema_registry_whole")
            self._problem = None

    def _reject(self, verdict: Verdict, now: float) -> None:
        schema_id, unusable = verdict
        if unusable is None:
            reason = PoisonReason.SCHEMA_NOT_FOUND
            detail = f"the schema registry does not know schema id {schema_id}, looked up for {self._timeout:g} s"
        else:
            reason = PoisonReason.SCHEMA_UNUSABLE
            detail = f"schema id {schema_id} is not a JSON Schema that this worker can read: {unusable}"
        _put(self._rejected, schema_id, (now + max(MIN_REJECTED_FOR, self._timeout), reason, detail), MAX_REJECTED)

    def _tell(self, problem: UnavailableReason, detail: object) -> None:
        if problem is not self._problem:
            log.warning("schema_registry_unusable", reason=problem.value, detail=str(detail))
        self._problem = problem

    @contextmanager
    def _reporting(self) -> Iterator[float]:
        """Change the schedule; the value is the time."""
        with self._changed:
            yield time.monotonic()
            self._changed.notify()


def _put(cache: dict[int, Value], key: int, value: Value, limit: int) -> None:
    """Add an entry; the oldest gives way to it."""
    cache.pop(key, None)
    if len(cache) >= limit:
        del cache[next(iter(cache))]
    cache[key] = value
