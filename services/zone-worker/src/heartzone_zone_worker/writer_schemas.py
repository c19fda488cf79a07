"""Decoders by the id of the schema that a record was written with."""

import math
import time
from collections.abc import Callable

from exactly_once import PoisonRecord, Unavailable
from heartzone_zone_worker.decoding import BiometricsDecoder
from service_chassis.schema_registry import RegistryError, SchemaNotFound

MOST_UNKNOWN_IDS = 10_000
ASK_AGAIN = 1.0
"""Seconds for which an answer that is not a schema is kept: a batch may hold the same question ten thousand times."""


class WriterSchemas:
    """Looks each id up once and keeps its decoder.

    An id that the registry does not know is asked for again for ``patience`` seconds, because ids replicate late;
    then its records are poison, and it is asked for again only once in that time, so that a flood of unknown ids does
    not flood the registry. A registry that is away is never a reason to call a record poison.
    """

    def __init__(
        self,
        schema_of: Callable[[int], str],
        decoder_for: Callable[[str], BiometricsDecoder],
        *,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._schema_of = schema_of
        self._decoder_for = decoder_for
        self._patience = patience
        self._clock = clock
        self._decoders: dict[int, BiometricsDecoder] = {}
        self._unknown_since: dict[int, float] = {}
        self._asked: dict[int, float] = {}
        self._away_until = -math.inf

    def decoder_of(self, schema_id: int) -> BiometricsDecoder:
        """The decoder for records written with this schema.

        Raises:
            PoisonRecord: the registry has not known the id for long enough, or the schema is none.
            Unavailable: the registry is away, or the id may still arrive.
        """
        decoder = self._decoders.get(schema_id)
        return decoder if decoder is not None else self._look_up(schema_id)

    def _look_up(self, schema_id: int) -> BiometricsDecoder:
        now = self._clock()
        if now < self._away_until:
            raise Unavailable("schema_registry_away")
        since = self._unknown_since.get(schema_id)
        if since is not None:
            given_up = now - since >= self._patience
            if now - self._asked[schema_id] < (self._patience if given_up else ASK_AGAIN):
                raise self._unknown(schema_id) if given_up else Unavailable("schema_not_found_yet")
        try:
            schema = self._schema_of(schema_id)
        except SchemaNotFound as error:
            if len(self._unknown_since) >= MOST_UNKNOWN_IDS:
                self._unknown_since.clear()
                self._asked.clear()
            since = self._unknown_since.setdefault(schema_id, now)
            self._asked[schema_id] = now
            if now - since >= self._patience:
                raise self._unknown(schema_id) from error
            raise Unavailable("schema_not_found_yet") from error
        except RegistryError as error:
            self._away_until = now + ASK_AGAIN
            raise Unavailable("schema_registry_away") from error
        self._unknown_since.pop(schema_id, None)
        self._asked.pop(schema_id, None)
        try:
            decoder = self._decoder_for(schema)
        except ValueError as error:
            raise PoisonRecord(
                "schema_unusable", f"schema id {schema_id} is not a JSON Schema that this worker can read: {error}"
            ) from error
        self._decoders[schema_id] = decoder
        return decoder

    def _unknown(self, schema_id: int) -> PoisonRecord:
        return PoisonRecord(
            "schema_not_found",
            f"the schema registry does not know schema id {schema_id}, asked for {self._patience:g} s",
        )
