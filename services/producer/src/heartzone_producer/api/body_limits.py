"""Limits of bodies: how large one may be, and how much memory those take together that are still coming."""

from types import TracebackType

from heartzone_producer.api.problems import RETRY_AFTER_SECONDS, ProblemError, ProblemKind

UNCOUNTED = 16 * 1024
"""Bytes of each body that are not counted: usual requests are accepted however many large ones others send slowly."""


class BodyLimits:
    """The limits of all endpoints of one application.

    Args:
        size: bytes of a body; for one that is compressed, when it is inflated.
        memory: bytes of all bodies that are being received, without the first UNCOUNTED of each.
    """

    def __init__(self, size: int, memory: int) -> None:
        self.size = size
        self.memory = max(memory, size)
        self.held = 0

    def too_large(self) -> ProblemError:
        """The problem of a body that is larger than one may be."""
        return ProblemError(
            ProblemKind.TOO_LARGE, f"The body is larger than {self.size} bytes; send fewer readings a request."
        )


class HeldBody:
    """What one body takes of the limits, as a context: until it is complete, or never will be."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._counted = 0

    def __enter__(self) -> "HeldBody":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._limits.held -= self._counted

    def grow(self, size: int) -> None:
        """So many bytes of it have been received.

        Raises:
            ProblemError: 413, or 429 because of the others.
        """
        limits = self._limits
        if size > limits.size:
            raise limits.too_large()
        growth = size - UNCOUNTED - self._counted
        if growth <= 0:
            return
        if limits.held + growth > limits.memory:
            raise ProblemError(
                ProblemKind.TOO_MANY_REQUESTS,
                f"Bodies of {limits.memory} bytes are being received, which is the limit. Send this one again later.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        limits.held += growth
        self._counted += growth
