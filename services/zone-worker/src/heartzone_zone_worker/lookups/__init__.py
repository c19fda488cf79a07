"""Lookups of writers' schemas: when they are due, and what their outcomes mean."""

from heartzone_zone_worker.lookups.schedule import LookupSchedule
from heartzone_zone_worker.lookups.tasks import Check, CheckOutcome, Lookup, LookupState, Task, Verdict

__all__ = ["Check", "CheckOutcome", "Lookup", "LookupSchedule", "LookupState", "Task", "Verdict"]
