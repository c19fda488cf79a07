import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from heartzone.messages import INT32_MAX, Biometrics, HeartRate, HeartRateZoneReached, encode, json_schema
from heartzone.zones import Zone

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

device_ids = st.uuids().map(str) | st.uuids().map(lambda value: str(value).upper())
date_times = st.datetimes(timezones=st.timezones() | st.none()).map(
    lambda moment: moment.replace(tzinfo=None).isoformat() + "Z"
) | st.sampled_from(["2022-12-02T13:50:00.1234567+01:00", "2016-12-31t23:59:60z", "0000-01-01T00:00:00-23:59"])
readings = st.builds(HeartRate, date_times, st.integers(0, INT32_MAX))
biometrics = st.builds(Biometrics, device_ids, st.lists(readings, max_size=20), st.integers(1, INT32_MAX))
reached = st.builds(
    HeartRateZoneReached,
    device_ids,
    st.integers(0, 5),
    date_times,
    st.integers(0, INT32_MAX),
    st.integers(1, INT32_MAX),
)


@given(biometrics)
def test_biometrics_survive_the_wire(message: Biometrics) -> None:
    assert message == msgspec.json.decode(encode(message), type=Biometrics)


@given(reached)
def test_zone_events_survive_the_wire(message: HeartRateZoneReached) -> None:
    assert message == msgspec.json.decode(encode(message), type=HeartRateZoneReached)


def test_fields_are_written_in_pascal_case() -> None:
    message = HeartRateZoneReached(DEVICE, int(Zone.ZONE3), "2022-12-02T13:50:00.000Z", 140, 200)

    assert encode(message) == (
        b'{"DeviceId":"3fa85f64-5717-4562-b3fc-2c963f66afa6","Zone":3,"DateTime":"2022-12-02T13:50:00.000Z",'
        b'"HeartRate":140,"MaxHeartRate":200}'
    )


@pytest.mark.parametrize("message", [Biometrics, HeartRateZoneReached])
def test_schemas_are_valid_draft_07_that_require_every_field_and_allow_no_other(message: type[msgspec.Struct]) -> None:
    schema = json_schema(message)

    Draft7Validator.check_schema(schema)
    for object_schema in [schema, *(p["items"] for p in schema["properties"].values() if "items" in p)]:
        assert object_schema["required"] == list(object_schema["properties"])
        assert object_schema["additionalProperties"] is False
    assert "$ref" not in json.dumps(schema)


def test_the_zone_of_the_schema_names_its_numbers() -> None:
    zone = json_schema(HeartRateZoneReached)["properties"]["Zone"]

    assert zone["enum"] == [int(member) for member in Zone]
    assert zone["x-enumNames"] == [member.name.capitalize() for member in Zone]


@given(reached)
def test_zone_events_satisfy_their_schema(message: HeartRateZoneReached) -> None:
    Draft7Validator(json_schema(HeartRateZoneReached)).validate(json.loads(encode(message)))
