"""What is known of each device that the output topic speaks of. Pure, and bounded in the number of devices."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from heartzone.messages import HeartRateZoneReached

HISTORY = 40  # heart rates in a sparkline
MOST_DEVICES = 1000
LONGEST_READING_S = 30.0


@dataclass
class Device:
    """The latest message of a device, its recent heart rates, and its seconds in each zone.

    A reading lasts until the device's next message, at most 30 s. Readings below Zone1 yield no message: the
    reading before them counts for those 30 s.
    """

    latest: HeartRateZoneReached
    time: datetime
    heart_rates: deque[int] = field(default_factory=lambda: deque(maxlen=HISTORY))
    seconds: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))


class Board:
    """The devices, most recently heard of first; the longest silent one goes when there are too many."""

    def __init__(self, most_devices: int = MOST_DEVICES) -> None:
        self._most_devices = most_devices
        self._devices: OrderedDict[str, Device] = OrderedDict()

    def __len__(self) -> int:
        return len(self._devices)

    def __iter__(self) -> Iterator[Device]:
        return reversed(self._devices.values())

    def update(self, message: HeartRateZoneReached) -> None:
        """Take one message in. Raises ValueError or OverflowError when its DateTime is none."""
        time = datetime.fromisoformat(message.date_time).astimezone(UTC)
        device = self._devices.get(message.device_id)
        if device is None:
            device = self._devices[message.device_id] = Device(message, time)
            if len(self._devices) > self._most_devices:
                self._devices.popitem(last=False)
        else:
            passed = (time - device.time).total_seconds()
            device.seconds[device.latest.zone] += min(max(passed, 0.0), LONGEST_READING_S)
            self._devices.move_to_end(message.device_id)
        device.latest, device.time = message, time
        device.heart_rates.append(message.heart_rate)
