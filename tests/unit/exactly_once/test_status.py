"""The state of a worker as probes see it."""

from exactly_once import Observer, State, WaitReason
from exactly_once.status import Status


class Waits(Observer):
    """The reasons that the observer was told."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def waiting(self, reason: str) -> None:
        self.reasons.append(reason)


def test_a_wait_is_reported_once_for_each_reason_and_again_after_work() -> None:
    observer = Waits()
    status = Status(observer)

    for reason in ("a", "a", "b"):
        status.waiting(reason)
    status.running()
    status.waiting("b")

    assert observer.reasons == ["a", "b", "b"]


def test_a_stopped_worker_gives_no_reason_of_the_time_before() -> None:
    status = Status(Observer())
    status.waiting(WaitReason.COORDINATOR)

    status.stopped()

    assert (status.state, status.reason) == (State.STOPPED, "stopped")
