"""Guard of one side: its circuit breaker, and a log line when an outage begins and when it ends."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import structlog

from event_topics.model import Failure
from heartzone_operator.model.circuit_breaker import CircuitBreaker

_Response = TypeVar("_Response")

log = structlog.get_logger(__name__)


class Guard:
    """`unavailable` and `recovered` are the log events of an outage's begin and end."""

    def __init__(self, side: str, *, unavailable: str, recovered: str, clock: Callable[[], float]) -> None:
        self._breaker = CircuitBreaker(side)
        self._unavailable = unavailable
        self._recovered = recovered
        self._clock = clock

    @property
    def failure(self) -> Failure | None:
        """Failure of the outage; None when the side responded to the last request."""
        return self._breaker.failure

    @property
    def retry_at(self) -> float:
        """Time of the next retry by `clock`, in the past when there is no outage."""
        return self._breaker.retry_at

    def open_with(self) -> Failure | None:
        """Return the failure that replaces a request while the circuit is open; None when a request may be made."""
        return self._breaker.open_with(self._clock())

    def call(
        self, names: Collection[str], request: Callable[[], Mapping[str, _Response | Failure]]
    ) -> dict[str, _Response | Failure]:
        """Return the responses by name, or the outage's failure for every name while the circuit is open."""
        if not names:
            return {}
        if (failure := self.open_with()) is not None:
            return dict.fromkeys(names, failure)
        responses = request()
        if not responses:  # none of them exists, which only a side that serves can say
            self._succeeded()
        return self.record_by_name(responses)

    def record_by_name(self, responses: Mapping[str, _Response | Failure]) -> dict[str, _Response | Failure]:
        """Record responses by name; return them, transient failures replaced by the one of the outage."""
        return dict(zip(responses, self.record(list(responses.values())), strict=True))

    def record(self, responses: Sequence[_Response | Failure]) -> list[_Response | Failure]:
        """Record responses; return them, transient failures replaced by the one of the outage."""
        if not responses:  # nothing was requested
            return []
        outage = next((each for each in responses if isinstance(each, Failure) and each.transient), None)
        if outage is None:
            self._succeeded()
            return list(responses)
        if self._breaker.failure is None:
            log.warning(self._unavailable, reason=outage.message)
        reported = self._breaker.failed(outage, self._clock())
        return [reported if isinstance(each, Failure) and each.transient else each for each in responses]

    def _succeeded(self) -> None:
        if self._breaker.succeeded():
            log.info(self._recovered)
