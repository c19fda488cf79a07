"""What went wrong with one half of a resource, in the form that a status condition and a terminal both show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """`reason` is one CamelCase word to act upon, `message` one sentence that says what to do.

    `transient` failures go away by themselves (a broker or registry that is away); the others need a person.
    """

    reason: str
    message: str
    transient: bool = False
