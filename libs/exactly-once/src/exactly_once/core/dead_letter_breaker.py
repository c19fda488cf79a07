"""When a partition pauses because too many of its records would become dead letters."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakerPolicy:
    """A partition pauses when more than ``max_share`` (0 to 1) of its records of the last ``window`` seconds are dead
    letters, and at least ``min_dead_letters`` of them.
    """

    max_share: float = 0.5
    window: float = 60.0
    min_dead_letters: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.max_share <= 1:
            raise ValueError(f"max_share is {self.max_share}; give a share above 0 and at most 1")
        if self.window <= 0:
            raise ValueError(f"window is {self.window}; give a number of seconds above 0")
        if self.min_dead_letters < 1:
            raise ValueError(f"min_dead_letters is {self.min_dead_letters}; give at least 1")
