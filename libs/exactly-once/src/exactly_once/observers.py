"""Several observers as one."""

import logging
from collections.abc import Callable
from typing import Any

from exactly_once.observer import Observer

log = logging.getLogger(__name__)


class Observers(Observer):
    """Passes each event to several observers, in this order: metrics and a log, say.

    What one of them raises is logged, and changes neither what the others receive nor what becomes of the records.
    """

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers


def _passing_on(event: str) -> Callable[..., None]:
    def notify(self: Observers, *args: Any, **kwargs: Any) -> None:
        for observer in self._observers:
            try:
                getattr(observer, event)(*args, **kwargs)
            except Exception:
                log.exception("observer_failed", extra={"observer": type(observer).__name__, "method": event})

    notify.__name__ = event
    return notify


# Every event there is: one that is added to Observer is passed on, too.
for _event in vars(Observer):
    if not _event.startswith("_"):
        setattr(Observers, _event, _passing_on(_event))
