"""The registered schema that payloads carry the id of: looked up, never registered."""

from collections.abc import Callable

import structlog

from heartzone.messages import Biometrics, encode
from heartzone.samples import samples
from heartzone.wire import frame_prefix
from heartzone_producer.intake.device_ids import EXAMPLE
from service_chassis.schema_registry import RegisteredSchema, RegistryError
from service_chassis.schema_registry.compatibility import incompatibility

log = structlog.get_logger(__name__)

# Normalised messages, at both ends of each value.
SAMPLES = [
    encode(message)
    for message in samples(
        Biometrics,
        {"uuid": [EXAMPLE], "date-time": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]},
    )
]


class PayloadSchema:
    """Knows the framing of the latest version that accepts what this service writes; ``prefix`` is None until then."""

    def __init__(self, latest: Callable[[], RegisteredSchema]) -> None:
        self.prefix: bytes | None = None
        self._latest = latest
        self._current: RegisteredSchema | None = None
        self._skipped_id: int | None = None
        self._lookup_problem: str | None = None

    def check(self) -> str | None:
        """Look the latest version up; why records cannot be framed, or None when they can.

        A schema that is known stays good while the registry is unavailable: an id never changes its meaning.
        """
        try:
            registered = self._latest()
        except RegistryError as error:
            if self._current is None:
                return str(error)
            self._tell(str(error))
            return None
        self._tell(None)
        if self._current is not None and registered.id == self._current.id:
            return None
        problem = incompatibility(registered, SAMPLES)
        if problem is None:
            self._current = registered
            self.prefix = frame_prefix(registered.id)
            log.info(
                "payload_schema_resolved", subject=registered.subject, id=registered.id, version=registered.version
            )
        elif self._current is not None:
            if registered.id != self._skipped_id:
                log.warning("payload_schema_skipped", reason=problem)
            self._skipped_id = registered.id
            return None
        return problem

    def _tell(self, problem: str | None) -> None:
        # Without effect on what is written, and so in no readiness: but the next start would wait for the registry.
        if problem != self._lookup_problem:
            if problem is None:
                log.info("payload_schema_lookup_recovered")
            else:
                log.warning("payload_schema_lookup_failed", reason=problem)
        self._lookup_problem = problem
