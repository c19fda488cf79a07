"""The registered schema that payloads carry the id of: looked up, never registered."""

from collections.abc import Callable

import structlog

from heartzone.messages import INT32_MAX, Biometrics, HeartRate, encode
from heartzone.wire import frame_prefix
from service_chassis.schema_registry import RegisteredSchema, RegistryError
from service_chassis.schema_registry.compatibility import incompatibility

log = structlog.get_logger(__name__)

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

# What normalised messages can look like, at both ends of each value.
SAMPLES = [
    encode(Biometrics(DEVICE, readings, maximum))
    for readings, maximum in (
        ([], 1),
        ([HeartRate("0001-01-01T00:00:00Z", 0), HeartRate("9999-12-31T23:59:59.999999Z", INT32_MAX)], INT32_MAX),
    )
]


class PayloadSchema:
    """Knows the framing of the latest version that accepts what this service writes; ``prefix`` is None until then."""

    def __init__(self, latest: Callable[[], RegisteredSchema]) -> None:
        self.prefix: bytes | None = None
        self._latest = latest
        self._current: RegisteredSchema | None = None
        self._refused_id: int | None = None

    def check(self) -> str | None:
        """Look the latest version up; why records cannot be framed, or None when they can.

        A schema that is known stays good while the registry is away: an id never changes its meaning.
        """
        try:
            registered = self._latest()
        except RegistryError as error:
            return None if self._current is not None else str(error)
        if self._current is not None and registered.id == self._current.id:
            return None
        problem = incompatibility(registered, SAMPLES)
        if problem is None:
            self._current = registered
            self.prefix = frame_prefix(registered.id)
            log.info("schema_found", subject=registered.subject, id=registered.id, version=registered.version)
        elif self._current is not None:
            if registered.id != self._refused_id:
                log.warning("new_schema_not_used", reason=problem)
            self._refused_id = registered.id
            return None
        return problem
