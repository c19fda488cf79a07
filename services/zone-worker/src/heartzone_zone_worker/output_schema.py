"""What the worker writes, at its extremes: the registered schema of the output has to accept all of it."""

from heartzone.messages import INT32_MAX, HeartRateZoneReached, encode
from heartzone.zones import Zone

SAMPLES = [
    encode(HeartRateZoneReached("3fa85f64-5717-4562-b3fc-2c963f66afa6", int(zone), date_time, heart_rate, maximum))
    for zone in Zone
    if zone is not Zone.NONE
    # Short, and as .NET writes it.
    for date_time in ("2022-12-02T13:50:00Z", "2022-12-02T13:50:00.1234567+01:00")
    for heart_rate, maximum in ((1, 1), (INT32_MAX, INT32_MAX))
]
