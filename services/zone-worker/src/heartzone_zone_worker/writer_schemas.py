"""Decoders by the id of the schema that a record was written with."""

import math
import time
from collections.abc import Callable

from exactly_once import PoisonRecord, Unavailable
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.reasons import PoisonReason, UnavailableReason
from service_chassis.schema_registry import RegistryError, SchemaNotFoundError

MAX_UNKNOWN_IDS = 10_000
RETRY_INTERVAL = 1.0
"""Seconds for which a failed lookup is not repeated: a batch may need the same schema ten thousand times."""


class WriterSchemas:
    """Looks each id up once and keeps its decoder.

    An id that the registry does not know is looked up again for ``timeout`` seconds, because ids replicate late; then
    its records are poison, and it is looked up only once in that time, so that a flood of unknown ids does not flood
    the registry. An unavailable registry never makes a record poison.
    """

    def __init__(
        self,
        schema_of: Callable[[int], str],
        decoder_for: Callable[[str], BiometricsDecoder],
        *,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._schema_of = schema_of
        self._decoder_for = decoder_for
        self._timeout = timeout
        self._clock = clock
        self._decoders: dict[int, BiometricsDecoder] = {}
        self._unknown_since: dict[int, float] = {}
        self._looked_up_at: dict[int, float] = {}
        self._unavailable_until = -math.inf

    def decoder_of(self, schema_id: int) -> BiometricsDecoder:
        """Return the decoder for records written with this schema.

        Raises:
            PoisonRecord: the registry has not known the id for the whole timeout, or the schema cannot be used.
            Unavailable: the registry is unavailable, or the id may still arrive.
        """
        decoder = self._decoders.get(schema_id)
        return decoder if decoder is not None else self._look_up(schema_id)

    def _look_up(self, schema_id: int) -> BiometricsDecoder:
        now = self._clock()
        if now < self._unavailable_until:
            raise Unavailable(UnavailableReason.SCHEMA_REGISTRY_UNAVAILABLE)
        since = self._unknown_since.get(schema_id)
        if since is not None:
            timed_out = now - since >= self._timeout
            if now - self._looked_up_at[schema_id] < (self._timeout if timed_out else RETRY_INTERVAL):
                raise self._unknown(schema_id, timed_out)
        try:
            schema = self._schema_of(schema_id)
        except SchemaNotFoundError as error:
            raise self._not_found(schema_id, now) from error
        except RegistryError as error:
            self._unavailable_until = now + RETRY_INTERVAL
            raise Unavailable(UnavailableReason.SCHEMA_REGISTRY_UNAVAILABLE) from error
        self._unknown_since.pop(schema_id, None)
        self._looked_up_at.pop(schema_id, None)
        try:
            decoder = self._decoder_for(schema)
        except ValueError as error:
            raise PoisonRecord(
                PoisonReason.SCHEMA_UNUSABLE,
                f"schema id {schema_id} is not a JSON Schema that this worker can read: {error}",
            ) from error
        self._decoders[schema_id] = decoder
        return decoder

    def _not_found(self, schema_id: int, now: float) -> PoisonRecord | Unavailable:
        if len(self._unknown_since) >= MAX_UNKNOWN_IDS:
            self._unknown_since.clear()
            self._looked_up_at.clear()
        self._looked_up_at[schema_id] = now
        return self._unknown(schema_id, now - self._unknown_since.setdefault(schema_id, now) >= self._timeout)

    def _unknown(self, schema_id: int, timed_out: bool) -> PoisonRecord | Unavailable:
        if not timed_out:
            return Unavailable(UnavailableReason.SCHEMA_NOT_FOUND_YET)
        return PoisonRecord(
            PoisonReason.SCHEMA_NOT_FOUND,
            f"the schema registry does not know schema id {schema_id}, looked up for {self._timeout:g} s",
        )
