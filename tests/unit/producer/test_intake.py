"""From bytes to a message, or to what is wrong with them."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heartzone.messages import INT32_MAX, Biometrics, json_schema
from heartzone_producer.api.openapi import description
from heartzone_producer.intake.biometrics import accept, examine
from heartzone_producer.intake.errors import MAX_VIOLATIONS, InvalidBodyError, InvalidMessageError, MalformedBodyError

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

COMPONENTS = description()["components"]
SCHEMAS = COMPONENTS["schemas"]
REGISTERED = jsonschema_rs.Draft7Validator(json_schema(Biometrics), validate_formats=True)
PUBLISHED = jsonschema_rs.Draft202012Validator(
    {"$ref": "#/components/schemas/BiometricsRequest", "components": COMPONENTS}, validate_formats=True
)


def _either_casing(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name[0].upper() + name[1:]])


def _object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with all of these fields, each in one of its casings."""
    pairs = [st.tuples(_either_casing(name), values) for name, values in fields.items()]
    return st.tuples(*pairs).map(dict)


# Away from the ends of time, where only the API knows that an instant has no year in UTC.
date_times = st.datetimes(
    datetime(2, 1, 1),
    datetime(9998, 1, 1),
    timezones=st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
).map(datetime.isoformat)
device_ids = st.uuids().map(str) | st.uuids().map(lambda value: str(value).upper())
integers = st.integers(0, INT32_MAX) | st.integers(0, INT32_MAX).map(float)
messages = _object(
    deviceId=device_ids,
    heartRates=st.lists(_object(dateTime=date_times, value=integers), max_size=4),
    maxHeartRate=integers.filter(bool),
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=5,
)


@st.composite
def nearly_messages(draw: st.DrawFn) -> dict[str, Any]:
    """A message with one thing replaced, added or removed, in one of its objects."""
    message = draw(messages)
    readings = next(value for name, value in message.items() if name.lower() == "heartrates")
    target = draw(st.sampled_from([message, *readings]))
    name = draw(st.sampled_from(list(target)) | st.text(max_size=8))
    if draw(st.booleans()):
        target[name] = draw(
            anything
            | st.sampled_from([-1, 0, INT32_MAX + 1, 1.5, True, "1", f"{{{DEVICE}}}", DEVICE.replace("-", "")])
            | st.sampled_from(["2022-12-02T13:50:60Z", "2022-12-02T13:50:00+15:00", "2022-02-30T00:00:00Z"])
        )
    else:
        target.pop(name, None)
    return message


def _accepts(body: bytes) -> bool:
    try:
        accept(body)
    except InvalidBodyError:
        return False
    return True


@given(messages)
def test_a_message_of_any_casing_becomes_what_the_registered_schema_accepts(message: dict[str, Any]) -> None:
    accepted = accept(json.dumps(message).encode())

    REGISTERED.validate(json.loads(accepted.payload))


@given(messages)
def test_the_response_is_the_payload_in_camel_case_and_is_accepted_as_it_is(message: dict[str, Any]) -> None:
    accepted = accept(json.dumps(message).encode())

    again = accept(accepted.response)

    assert again == accepted
    assert json.loads(accepted.response) == _camel_case(json.loads(accepted.payload))
    assert accepted.device_id == json.loads(accepted.response)["deviceId"]


def _camel_case(value: Any) -> Any:
    return _cased(value, lambda name: name[0].lower() + name[1:])


@given(messages)
def test_values_stay_what_they_were(message: dict[str, Any]) -> None:
    sent = _camel_case(message)

    response = json.loads(accept(json.dumps(message).encode()).response)

    assert uuid.UUID(response["deviceId"]) == uuid.UUID(sent["deviceId"])
    assert response["maxHeartRate"] == sent["maxHeartRate"]
    assert [item["value"] for item in response["heartRates"]] == [item["value"] for item in sent["heartRates"]]
    assert [datetime.fromisoformat(item["dateTime"]) for item in response["heartRates"]] == [
        datetime.fromisoformat(item["dateTime"]) for item in sent["heartRates"]
    ]


@given(messages | nearly_messages())
def test_the_quick_and_the_exact_way_agree(message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    try:
        exact = examine(body)
    except InvalidBodyError:
        assert not _accepts(body)
    else:
        assert json.loads(accept(body).payload) == {
            "DeviceId": exact.device_id,
            "HeartRates": [{"DateTime": each.date_time, "Value": each.value} for each in exact.heart_rates],
            "MaxHeartRate": exact.max_heart_rate,
        }


@settings(max_examples=300)
@given(messages | nearly_messages() | anything)
def test_the_published_schema_accepts_exactly_what_the_api_accepts(message: Any) -> None:
    assert _accepts(json.dumps(message).encode()) == PUBLISHED.is_valid(message)


@settings(max_examples=300)
@given(st.binary() | st.builds(lambda text: text.encode(errors="surrogatepass"), st.text()))
@example(b"[" * 100_000)
@example(b'{"deviceId":' * 5_000)
@example(b'"\\ud800"')
@example(b'{"\\udfff":1}')
@example(b"9" * 10_000)
@example(b"1e999999999999999999999")
@example(b"\xef\xbb\xbf{}")
@example("{}".encode("utf-16"))
def test_any_other_bytes_are_invalid_for_reasons_that_can_be_sent(body: bytes) -> None:
    with pytest.raises(InvalidBodyError) as invalid:
        accept(body)

    assert 1 <= len(invalid.value.violations) <= MAX_VIOLATIONS
    assert all(len(f"{violation.pointer}{violation.detail}".encode()) < 500 for violation in invalid.value.violations)


def _course(**changes: Any) -> bytes:
    reading = {"dateTime": "2022-12-02T13:50:00.000Z", "value": 90}
    return json.dumps({"deviceId": DEVICE, "heartRates": [reading], "maxHeartRate": 200, **changes}).encode()


@pytest.mark.parametrize(
    ("body", "pointer", "part_of_the_detail"),
    [
        pytest.param(_course(deviceId=f"{{{DEVICE}}}"), "/deviceId", f'"{{{DEVICE}}}"', id="braces"),
        pytest.param(_course(deviceId=DEVICE.replace("-", "")), "/deviceId", "hyphenated hex", id="no hyphens"),
        pytest.param(_course(maxHeartRate="150"), "/maxHeartRate", '"150"', id="number as text"),
        pytest.param(_course(maxHeartRate=True), "/maxHeartRate", "true", id="boolean"),
        pytest.param(_course(maxHeartRate=0), "/maxHeartRate", "1 to 2147483647", id="zero maximum"),
        pytest.param(_course(maxHeartRate=INT32_MAX + 1), "/maxHeartRate", "2147483648", id="int64"),
        pytest.param(_course(maxHeartRate=None), "/maxHeartRate", "null", id="null"),
        pytest.param(_course(extra=1), "/extra", '"extra" is not a field', id="unknown field"),
        pytest.param(_course(**{"a/b~c": 1}), "/a~1b~0c", "not a field", id="escaped pointer"),
        pytest.param(_course(heartRates={}), "/heartRates", "an object is not an array", id="object for array"),
        pytest.param(_course(heartRates=[1]), "/heartRates/0", "1 is not an object", id="number for reading"),
        pytest.param(
            _course(heartRates=[{"dateTime": "2022-12-02T13:50:60Z", "value": 1}]),
            "/heartRates/0/dateTime",
            "leap second",
            id="leap second",
        ),
        pytest.param(_course(heartRates=[{"dateTime": 5, "value": 1}]), "/heartRates/0/dateTime", "5", id="number"),
        pytest.param(b"[]", "", "an array is not an object", id="array at the top"),
    ],
)
def test_each_violation_is_reported_where_it_is(body: bytes, pointer: str, part_of_the_detail: str) -> None:
    with pytest.raises(InvalidMessageError) as invalid:
        accept(body)

    (violation,) = invalid.value.violations
    assert violation.pointer == pointer
    assert part_of_the_detail in violation.detail


@pytest.mark.parametrize("value", ["x", -1, INT32_MAX + 1, None])
@pytest.mark.parametrize(
    ("pointer", "name"),
    [
        *((f"/{name}", name) for name in SCHEMAS["Biometrics"]["properties"]),
        *((f"/heartRates/0/{name}", name) for name in SCHEMAS["HeartRate"]["properties"]),
    ],
)
@pytest.mark.parametrize("casing", [lambda name: name, lambda name: name[0].upper() + name[1:]])
def test_each_value_of_the_model_is_required_and_checked_in_both_casings(
    pointer: str, name: str, value: Any, casing: Callable[[str], str]
) -> None:
    """Whatever the model has: a value that the quick way does not check would pass."""
    message = json.loads(_course())
    owner = message if pointer.count("/") == 1 else message["heartRates"][0]
    owner[name] = value
    if value is None:
        del owner[name]

    with pytest.raises(InvalidMessageError) as invalid:
        accept(json.dumps(_cased(message, casing)).encode())

    (violation,) = invalid.value.violations
    assert violation.pointer.lower() == pointer.lower()


def _cased(value: Any, casing: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {casing(name): _cased(item, casing) for name, item in value.items()}
    return [_cased(item, casing) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", ["DeviceId", "MaxHeartRate", "HeartRates"])
def test_both_casings_of_a_field_cannot_be_read(name: str) -> None:
    with pytest.raises(MalformedBodyError, match=f"{name} are both there"):
        accept(_course(**{name: 1}))


def test_both_casings_inside_a_reading_cannot_be_read() -> None:
    reading = {"dateTime": "2022-12-02T13:50:00Z", "value": 90, "Value": 90}

    with pytest.raises(MalformedBodyError) as invalid:
        accept(_course(heartRates=[reading]))

    assert invalid.value.violations[0].pointer == "/heartRates/0/Value"


def test_all_violations_are_reported_up_to_a_limit() -> None:
    with pytest.raises(InvalidMessageError) as invalid:
        accept(_course(heartRates=[{"dateTime": "x", "value": -1}] * 500))

    assert len(invalid.value.violations) == MAX_VIOLATIONS


def test_a_long_value_is_reported_in_short() -> None:
    with pytest.raises(InvalidMessageError) as invalid:
        accept(_course(deviceId="a" * 100_000))

    assert len(invalid.value.violations[0].detail) < 250
    assert "(100000 characters)" in invalid.value.violations[0].detail


def test_a_repeated_field_counts_as_its_last_value() -> None:
    body = _course().replace(b'"maxHeartRate": 200', b'"maxHeartRate": "no", "maxHeartRate": 180')

    assert json.loads(accept(body).response)["maxHeartRate"] == 180


@pytest.mark.parametrize(
    "text", [b"NaN", b"Infinity", b"-Infinity", b"01", b"1.", b"{'a':1}", b"[1,]", b"", b" ", b"\xff"]
)
def test_what_is_not_json_is_distinguished_from_what_is_not_a_message(text: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        accept(text)


def test_the_course_s_request_is_stored_as_it_was_written(course_request: bytes) -> None:
    assert accept(course_request).response == course_request
