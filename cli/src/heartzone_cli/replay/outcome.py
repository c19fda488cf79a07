"""The outcome of sending a workout. Pure."""

from dataclasses import dataclass, field

from heartzone_cli.replay.workout import Workout


@dataclass
class Outcome:
    """Samples of one workout: `sent` have a response, and were either accepted (for `accepted_seconds`) or rejected.

    `rejections` are the API's reasons, one a request.
    """

    workout: Workout
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    accepted_seconds: float = 0.0
    rejections: list[str] = field(default_factory=list)
