"""The extremes of what the worker writes, all of which the registered schema of the output has to accept."""

from heartzone.messages import INT32_MAX, HeartRateZoneReached, encode
from heartzone.samples import samples
from heartzone.zones import Zone

SAMPLES = [
    encode(event)
    for event in samples(
        HeartRateZoneReached,
        {
            "uuid": ["3fa85f64-5717-4562-b3fc-2c963f66afa6"],
            # Short, and as .NET writes it.
            "date-time": ["2022-12-02T13:50:00Z", "2022-12-02T13:50:00.1234567+01:00"],
        },
        # A reading without a zone gives no event.
        narrowed={"zone": [int(zone) for zone in Zone if zone], "heart_rate": [1, INT32_MAX]},
    )
]
