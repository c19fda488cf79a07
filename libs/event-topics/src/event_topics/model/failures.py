"""Failure of one half of a resource, in the form that a status condition and a terminal both show."""

from dataclasses import dataclass

from event_topics.model.reasons import FailureReason


@dataclass(frozen=True, slots=True)
class Failure:
    """`message` is one sentence that says what to do."""

    reason: FailureReason
    message: str

    @property
    def transient(self) -> bool:
        """Whether it passes by itself, as an unavailable broker or registry does; any other needs a person."""
        return self.reason.status == "Unknown"
