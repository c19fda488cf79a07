"""The audit's verdict, as pure logic: every way in which what was accepted and what both topics hold disagree.

A client that sends again after a 503 or a lost connection may store a reading twice, both with its Idempotency-Key.
Hence two exact claims. On the way in: each accepted reading is in the input topic, and a device's readings are there,
by their first copies, in the order in which they were sent. From input to output: each reading yields its zone event
exactly once, however many copies there are, in the order of the first ones for each device, and there is no other.

For a client that sends each reading once there is no excuse: each accepted reading is in the input exactly once, each
other one that was sent at most once. With the claim on the way out, the same holds for its zone event.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TypeVar

from heartzone.messages import Biometrics, HeartRateZoneReached
from heartzone.zones import Zone, zone_of
from heartzone_testing.traffic.readings import Reading

Event = tuple[str, int, int]  # time, heart rate, zone
Message = TypeVar("Message", Biometrics, HeartRateZoneReached)


def discrepancies(
    accepted: Iterable[Reading],
    inputs: Mapping[int, Sequence[Biometrics]],
    outputs: Mapping[int, Sequence[HeartRateZoneReached]],
) -> list[str]:
    """What is wrong, a sentence each; nothing when all is well.

    `accepted`: in the order of sending for each device. `inputs`, `outputs`: by partition, in the order of the log.
    """
    return [
        *_astray("input", ((number, each.device_id) for number, log in inputs.items() for each in log)),
        *_astray("output", ((number, each.device_id) for number, log in outputs.items() for each in log)),
        *_wrong_on_the_way_in(accepted, inputs),
        *_wrong_on_the_way_out(inputs, outputs),
    ]


def single_send_discrepancies(
    sent: Iterable[Reading],
    accepted: Iterable[Reading],
    inputs: Mapping[int, Sequence[Biometrics]],
    outputs: Mapping[int, Sequence[HeartRateZoneReached]],
) -> list[str]:
    """What is wrong when no reading was sent twice, a sentence each; nothing when all is well."""
    return [
        *_astray("input", ((number, each.device_id) for number, log in inputs.items() for each in log)),
        *_astray("output", ((number, each.device_id) for number, log in outputs.items() for each in log)),
        *_not_stored_once(set(sent), set(accepted), inputs),
        *_wrong_on_the_way_out(inputs, outputs),
    ]


def copies(inputs: Mapping[int, Sequence[Biometrics]]) -> Counter[Reading]:
    """How often the input has each reading."""
    return Counter(
        Reading(message.device_id, each.date_time, each.value)
        for message in _in_order(inputs)
        for each in message.heart_rates
    )


def _not_stored_once(
    sent: Set[Reading], accepted: Set[Reading], inputs: Mapping[int, Sequence[Biometrics]]
) -> Iterator[str]:
    stored = copies(inputs)
    yield from (f"accepted, but not in the input: {reading}" for reading in sorted(accepted - stored.keys()))
    yield from (f"in the input, but never sent: {reading}" for reading in sorted(stored.keys() - sent))
    for reading, count in stored.items():
        if count > 1:
            status = "accepted" if reading in accepted else "not accepted"
            yield f"sent once, {status}, and {count} times in the input: {reading}"


def _astray(topic: str, places: Iterable[tuple[int, str]]) -> Iterator[str]:
    partitions: dict[str, set[int]] = {}
    for partition, device in places:
        partitions.setdefault(device, set()).add(partition)
    for device, found in partitions.items():
        if len(found) > 1:
            yield f"device {device} is in partitions {sorted(found)} of the {topic}, so it has no order there"


def _wrong_on_the_way_in(accepted: Iterable[Reading], inputs: Mapping[int, Sequence[Biometrics]]) -> Iterator[str]:
    stored: dict[str, dict[Reading, None]] = {}  # the first copies, in order
    for message in _in_order(inputs):
        for each in message.heart_rates:
            reading = Reading(message.device_id, each.date_time, each.value)
            stored.setdefault(message.device_id, {}).setdefault(reading)
    sent: dict[str, list[Reading]] = {}
    for reading in accepted:
        sent.setdefault(reading.device, []).append(reading)
    for device, readings in sent.items():
        found = list(stored.get(device, ()))
        lost = [reading for reading in readings if reading not in stored.get(device, ())]
        foreign = [reading for reading in found if reading not in readings]
        yield from (f"accepted, but not in the input: {reading}" for reading in lost)
        yield from (f"in the input, but never sent: {reading}" for reading in foreign)
        if not lost and not foreign and found != readings:
            yield f"device {device}: its readings are in the input in another order than they were sent in"


def _wrong_on_the_way_out(
    inputs: Mapping[int, Sequence[Biometrics]], outputs: Mapping[int, Sequence[HeartRateZoneReached]]
) -> Iterator[str]:
    wanted: dict[str, dict[Event, None]] = {}  # of the first copies, in order
    for message in _in_order(inputs):
        for each in message.heart_rates:
            zone = zone_of(each.value, message.max_heart_rate)
            if zone is not Zone.NONE:
                wanted.setdefault(message.device_id, {}).setdefault((each.date_time, each.value, int(zone)))
    found: dict[str, list[Event]] = {}
    for event in _in_order(outputs):
        found.setdefault(event.device_id, []).append((event.date_time, event.heart_rate, event.zone))
    for device in wanted | found:
        expected, actual = list(wanted.get(device, ())), found.get(device, [])
        missing, surplus = Counter(expected) - Counter(actual), Counter(actual) - Counter(expected)
        yield from (f"device {device}: {count} time(s) too few in the output: {it}" for it, count in missing.items())
        yield from (f"device {device}: {count} time(s) too many in the output: {it}" for it, count in surplus.items())
        if not missing and not surplus and expected != actual:
            yield f"device {device}: its zones are in another order than its readings"


def _in_order(log: Mapping[int, Sequence[Message]]) -> Iterator[Message]:
    for partition in sorted(log):
        yield from log[partition]
