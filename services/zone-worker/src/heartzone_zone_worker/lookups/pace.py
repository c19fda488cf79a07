"""The pace of lookups: bounds on their number and times, in seconds."""

CAPACITY = 10_000
"""Ids that are looked up at the same time."""
URGENT_CAPACITY = CAPACITY + 1_000
"""With those that a partition waits for now: a flood of unknown ids ahead of one partition holds no other."""
RETRY_INTERVAL = 1.0
"""Seconds between two lookups of an id that is not there, or after a failed one; jittered."""
MAX_RETRY_INTERVAL = 5.0
RETRIES_PER_SECOND = 100
"""Of all ids together. An id's first and last lookup are as fast as the threads are."""
CHECK_INTERVAL = 1.0
"""Seconds between two checks of the registry while an id is unknown or the registry is not whole."""
CHECK_SPACING = 0.2
"""Seconds from one check to the next while ids wait for it: it is one check for all of them."""
IDLE_CHECK_INTERVAL = 10.0
MAX_GAP = 1.5 * IDLE_CHECK_INTERVAL
"""Seconds between two checks, above which nobody knows what the registry was meanwhile."""
MAX_FAILURES = 3
"""Failures in a row after which the registry is tried by one task at a time."""
MIN_OUTAGE = 5.0
"""Seconds without a response after which timeouts begin anew: a busy registry is slow now and then."""
