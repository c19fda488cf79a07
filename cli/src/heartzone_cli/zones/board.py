"""The latest zone events of each device. Pure, and bounded in the number of devices."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from heartzone.messages import HeartRateZoneReached
from heartzone_cli.cluster.zone_events import time_of

HISTORY = 40  # heart rates in a sparkline
MAX_DEVICES = 1000
MAX_READING_SECONDS = 30.0


@dataclass
class Device:
    """The latest zone event of a device, its recent heart rates, and its seconds in each zone.

    A reading lasts until the device's next event, at most 30 s. Readings below Zone1 yield no event: the reading
    before them counts for those 30 s.
    """

    latest: HeartRateZoneReached
    time: datetime
    heart_rates: deque[int] = field(default_factory=lambda: deque(maxlen=HISTORY))
    seconds: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))


class Board:
    """The devices, the most recently updated first; when there are too many, the last one is evicted."""

    def __init__(self, max_devices: int = MAX_DEVICES) -> None:
        self._max_devices = max_devices
        self._devices: OrderedDict[str, Device] = OrderedDict()

    def __len__(self) -> int:
        return len(self._devices)

    def __iter__(self) -> Iterator[Device]:
        return reversed(self._devices.values())

    def update(self, event: HeartRateZoneReached) -> None:
        """Add one zone event. Raises ValueError when its DateTime is invalid."""
        time = time_of(event)
        device = self._devices.get(event.device_id)
        if device is None:
            device = self._devices[event.device_id] = Device(event, time)
            if len(self._devices) > self._max_devices:
                self._devices.popitem(last=False)
        else:
            passed = (time - device.time).total_seconds()
            device.seconds[device.latest.zone] += min(max(passed, 0.0), MAX_READING_SECONDS)
            self._devices.move_to_end(event.device_id)
        device.latest, device.time = event, time
        device.heart_rates.append(event.heart_rate)
