"""The partitions of devices in the output: each has one, until partitions are added. Pure.

Which one it is, the partitioner of the workers says. That it is librdkafka's default is certain only where nearly all
devices are where that puts them; then a device whose events are all in another partition is in the wrong one, too.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from heartzone_cli.audit.device import Device
from heartzone_cli.audit.partitions import Sink, are_usual, usual_partition, was_usual_before

MAX_STRAYS = 10_000

Misplaced = Callable[[bytes, int, int, str], None]
"""Is told key, partition and offset of an event, and the detail."""


class _Stray(NamedTuple):
    """An event outside of the partition `home` of its device; None: it is outside of the usual one."""

    key: bytes
    partition: int
    offset: int
    timestamp: int
    home: int | None


class Placement:
    """Takes the events that are not in the partition where the device was before. `partitions`: 0 for those read."""

    def __init__(self, sinks: Mapping[int, Sink], partitions: int, tell: Misplaced) -> None:
        self._sinks = sinks
        self._partitions = partitions or len(sinks)
        self._tell = tell
        self._strays: list[_Stray] = []
        self._usual = 0
        self._others = 0

    def place(self, key: bytes, device: Device, sink: Sink, offset: int, timestamp: int) -> None:
        """Take an event of a device that had none so far, or is at home in another partition."""
        home, is_usual = device.home, sink.number == usual_partition(key, self._partitions)
        if home is None:
            device.home, device.home_offset, device.home_time = sink, offset, timestamp
            if is_usual:
                self._usual += 1
                return
            stray = _Stray(key, sink.number, offset, timestamp, None)
        elif is_usual:
            stray = _Stray(key, home.number, device.home_offset, device.home_time, sink.number)
            device.home = sink
            device.scatter()
        else:
            stray = _Stray(key, sink.number, offset, timestamp, home.number)
        self._strays.append(stray)
        if len(self._strays) >= MAX_STRAYS:
            self.judge()

    def judge(self) -> None:
        """Tell of the events that were taken so far, unless they were right when the topic had fewer partitions."""
        times = [sink.first_time if (sink := self._sinks.get(at)) else None for at in range(self._partitions)]
        wrong = [each for each in self._strays if not was_usual_before(each.key, each.partition, each.timestamp, times)]
        self._strays.clear()
        told = {(each.partition, each.offset) for each in wrong if each.home is not None}
        alone = [each for each in wrong if each.home is None and (each.partition, each.offset) not in told]
        self._others += len(alone)
        for each in wrong:
            if each.home is not None:
                detail = f"the other events of the device are in partition {each.home}"
                self._tell(each.key, each.partition, each.offset, detail)
        if are_usual(self._usual, self._others, self._partitions):
            for each in alone:
                detail = f"events of the device belong to partition {usual_partition(each.key, self._partitions)}"
                self._tell(each.key, each.partition, each.offset, detail)
