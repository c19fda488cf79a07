"""From a Biometrics record to its zone events."""

import contextlib
import json

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from exactly_once import OutputRecord, PoisonRecord, Scope, Unavailable
from heartzone.messages import Biometrics, HeartRate, HeartRateZoneReached, encode
from heartzone.wire import frame_prefix, unframe
from heartzone.zones import Zone, zone_of
from heartzone_zone_worker.decoding import BiometricsDecoder
from heartzone_zone_worker.output_frame import OutputFrame
from heartzone_zone_worker.reasons import UnavailableReason
from heartzone_zone_worker.transform import ZoneTransform

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
WRITER, OUTPUT = 7, 0xFEDCBA98  # an output id whose bytes are no ASCII


def transform() -> ZoneTransform:
    decoder = BiometricsDecoder()
    return ZoneTransform(topic="zones", frame=OutputFrame(OUTPUT), decoder_of=lambda _id: decoder)


def record(value: bytes | None) -> Message:
    return Message(topic="in", partition=0, offset=0, value=value)


def written(message: Biometrics) -> Message:
    return record(frame_prefix(WRITER) + encode(message))


devices = st.uuids().map(str) | st.uuids().map(lambda device: str(device).upper())
date_times = st.sampled_from(
    ["2022-12-02T13:50:00Z", "2022-12-02t13:50:00.1234567+05:30", "2016-12-31T23:59:60z", "0000-01-01T00:00:00-00:00"]
)
readings = st.lists(st.builds(HeartRate, date_times, st.integers(0, 2**31 - 1)), max_size=20)


@given(devices, readings, st.integers(1, 2**31 - 1))
def test_each_reading_in_a_zone_gives_one_event_in_order_keyed_by_the_device(
    device: str, heart_rates: list[HeartRate], maximum: int
) -> None:
    outputs = transform()(written(Biometrics(device, heart_rates, maximum)))

    assert outputs == [
        OutputRecord(
            "zones",
            frame_prefix(OUTPUT) + encode(HeartRateZoneReached(device, int(zone), each.date_time, each.value, maximum)),
            device.encode(),
        )
        for each in heart_rates
        if (zone := zone_of(each.value, maximum)) is not Zone.NONE
    ]


@given(readings, st.integers(1, 2**31 - 1))
def test_every_reading_is_counted_by_its_zone_once(heart_rates: list[HeartRate], maximum: int) -> None:
    worker = transform()

    worker(written(Biometrics(DEVICE, heart_rates, maximum)))

    expected = [sum(zone_of(each.value, maximum) is zone for each in heart_rates) for zone in Zone]
    assert worker.take_readings() == expected
    assert worker.take_readings() == [0] * len(Zone)


def test_the_date_time_goes_through_to_the_digit() -> None:
    date_time = "2022-12-02T13:50:00.1234567+05:30"

    [output] = transform()(written(Biometrics(DEVICE, [HeartRate(date_time, 150)], 200)))

    assert json.loads(unframe(output.value or b"")[1])["DateTime"] == date_time


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, "tombstone", id="tombstone"),
        pytest.param(b"", "bad_frame", id="empty"),
        pytest.param(b'{"DeviceId":1}', "bad_frame", id="json-without-a-frame"),
        pytest.param(b"\x01\x00\x00\x00\x07{}", "bad_frame", id="another-magic-byte"),
        pytest.param(frame_prefix(WRITER) + b"not json", "invalid_json", id="not-json"),
        pytest.param(frame_prefix(WRITER) + b"\xef\xbb\xbf{}", "invalid_json", id="byte-order-mark"),
        pytest.param(frame_prefix(WRITER) + b"[" * 100_000, "invalid_json", id="nested-too-deeply"),
        pytest.param(frame_prefix(WRITER) + b"{}", "schema_violation", id="fields-missing"),
    ],
)
def test_what_is_not_a_message_is_poison_with_a_reason_and_a_sentence(value: bytes | None, reason: str) -> None:
    with pytest.raises(PoisonRecord) as poison:
        transform()(record(value))

    assert poison.value.reason == reason
    assert len(poison.value.detail) > 20


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_but_poison(value: bytes) -> None:
    with contextlib.suppress(PoisonRecord):
        transform()(record(value))


def test_an_unavailable_registry_does_not_make_a_record_poison() -> None:
    def unavailable(_id: int) -> BiometricsDecoder:
        raise Unavailable(UnavailableReason.SCHEMA_REGISTRY_UNAVAILABLE)

    worker = ZoneTransform(topic="zones", frame=OutputFrame(OUTPUT), decoder_of=unavailable)

    with pytest.raises(Unavailable):
        worker(written(Biometrics(DEVICE, [], 200)))


def test_nothing_is_written_while_the_registry_has_no_schema_for_outputs() -> None:
    frame, decoder = OutputFrame(OUTPUT), BiometricsDecoder()
    worker = ZoneTransform(topic="zones", frame=frame, decoder_of=lambda _id: decoder)
    message = written(Biometrics(DEVICE, [HeartRate("2022-12-02T13:50:00Z", 150)], 200))

    frame.carry(None)
    with pytest.raises(Unavailable, match="schema_registry_incomplete") as raised:
        worker(message)
    assert raised.value.scope is Scope.EVERYTHING
    assert raised.value.ready is not None
    assert not raised.value.ready()

    frame.carry(8)
    assert raised.value.ready()
    assert [unframe(output.value or b"")[0] for output in worker(message)] == [8]
