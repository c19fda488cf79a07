import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartzone.messages import Biometrics, HeartRate, json_schema
from heartzone_zone_worker.decoding import BiometricsDecoder, InvalidMessageError
from heartzone_zone_worker.decoding.payloads import PayloadExaminer

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
MOMENT = "2022-12-02T13:50:00.0000000Z"


def payload(**fields: str) -> bytes:
    """A message of one reading, with the JSON texts of some fields replaced."""
    value, moment = fields.pop("Value", "90"), fields.pop("DateTime", f'"{MOMENT}"')
    texts = {
        "DeviceId": f'"{DEVICE}"',
        "HeartRates": f'[{{"DateTime":{moment},"Value":{value}}}]',
        "MaxHeartRate": "200",
        **fields,
    }
    return ("{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}").encode()


@pytest.mark.parametrize(
    "text", ["150", "150.0", "1.5e2", "15E1", "150.000000000000000000000", "1500e-1"], ids=lambda text: text
)
def test_any_spelling_of_an_integer_is_an_integer(text: str) -> None:
    assert BiometricsDecoder().decode(payload(Value=text)).heart_rates == [HeartRate(MOMENT, 150)]


@pytest.mark.parametrize("text", ["-0", "-0.0", "0e999999999", "0.0"])
def test_zero_in_any_spelling_is_a_heart_rate(text: str) -> None:
    assert BiometricsDecoder().decode(payload(Value=text)).heart_rates == [HeartRate(MOMENT, 0)]


@pytest.mark.parametrize(
    "text", ["2022-12-02t13:50:00z", "2016-12-31T23:59:60Z", "2022-12-02T13:50:00.123456789+23:59"]
)
def test_date_times_pass_to_the_digit(text: str) -> None:
    assert text == BiometricsDecoder().decode(payload(DateTime=f'"{text}"')).heart_rates[0].date_time


def test_the_case_of_a_device_id_stays() -> None:
    assert DEVICE.upper() == BiometricsDecoder().decode(payload(DeviceId=f'"{DEVICE.upper()}"')).device_id


def test_no_readings_are_a_message() -> None:
    assert Biometrics(DEVICE, [], 200) == BiometricsDecoder().decode(payload(HeartRates="[]"))


@pytest.mark.parametrize(
    "first", ['"DeviceId":"x"', '"DeviceId":[1]', f'"DeviceId":"{DEVICE.replace("3", "4")}"'], ids=lambda text: text
)
def test_a_duplicate_field_counts_as_its_last_value(first: str) -> None:
    assert BiometricsDecoder().decode(b"{" + first.encode() + b"," + payload()[1:]).device_id == DEVICE


def test_a_duplicate_field_of_a_reading_counts_as_its_last_value() -> None:
    readings = f'[{{"Value":"x","Value":1,"DateTime":null,"DateTime":"{MOMENT}"}}]'

    assert BiometricsDecoder().decode(payload(HeartRates=readings)).heart_rates == [HeartRate(MOMENT, 1)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "the payload is empty; a JSON object was expected", id="empty"),
        pytest.param(b"\xef\xbb\xbf" + payload(), "the payload starts with a byte order mark;", id="bom"),
        pytest.param(payload().decode().encode("utf-16"), "the payload starts with a byte order mark;", id="utf-16"),
        pytest.param(payload(DeviceId='"\x80"').replace(b"\xc2", b""), "the payload is not UTF-8", id="not-utf-8"),
        pytest.param(payload(DeviceId=r'"\ud800"'), "the payload is not JSON", id="lone-surrogate"),
        pytest.param(payload()[:-1], "the payload is not JSON: Input data was truncated", id="truncated"),
        pytest.param(payload() + b"{}", "the payload is not JSON: trailing characters", id="two-documents"),
        pytest.param(payload(Value="NaN"), "the payload is not JSON", id="nan"),
        pytest.param(payload(Value="-Infinity"), "the payload is not JSON", id="infinity"),
        pytest.param(payload(Value="01"), "the payload is not JSON", id="leading-zero"),
        pytest.param(b"[" * 100_000, "the payload is nested too deeply", id="deep"),
        pytest.param(payload(Value="[" * 5_000), "the payload is nested too deeply", id="deep-in-a-field"),
    ],
)
def test_what_is_not_json_is_invalid(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidMessageError, match=sentence) as invalid:
        BiometricsDecoder().decode(data)

    assert invalid.value.reason == "invalid_json"


INTEGER = "is not an integer from 0 to 2147483647"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"null", "null is not an object with DeviceId, HeartRates and MaxHeartRate", id="null"),
        pytest.param(b"[]", "an array is not an object", id="array"),
        pytest.param(b"{}", "/DeviceId: DeviceId is missing; it is required", id="nothing"),
        pytest.param(
            payload(HeartRates="{}"),
            "/HeartRates: an object is not an array, each item an object with DateTime and Value",
            id="no-array",
        ),
        pytest.param(
            payload(HeartRates="[3]"),
            "/HeartRates/0: a number is not an object with DateTime and Value",
            id="no-reading",
        ),
        pytest.param(payload(Value="-1"), f"/HeartRates/0/Value: a number {INTEGER}", id="negative"),
        pytest.param(payload(Value="1.5"), f"/HeartRates/0/Value: a number {INTEGER}", id="fraction"),
        pytest.param(payload(Value="true"), f"/HeartRates/0/Value: a boolean {INTEGER}", id="true"),
        pytest.param(payload(Value='"150"'), f"/HeartRates/0/Value: a text {INTEGER}", id="text"),
        pytest.param(payload(Value="null"), f"/HeartRates/0/Value: null {INTEGER}", id="null-value"),
        pytest.param(payload(Value="2147483648"), f"/HeartRates/0/Value: a number {INTEGER}", id="int64"),
        pytest.param(payload(Value="9" * 30), f"/HeartRates/0/Value: a number {INTEGER}", id="beyond-int64"),
        pytest.param(payload(Value="1e400"), "/HeartRates/0/Value: a number is not ", id="beyond-double"),
        pytest.param(payload(Value="1e-400"), "/HeartRates/0/Value: a number is not ", id="below-double"),
        pytest.param(
            payload(Value="1e" + "9" * 30), "/HeartRates/0/Value: a number is not ", id="exponent-beyond-counting"
        ),
        pytest.param(
            payload(Value="1.00000000000000000001"), "/HeartRates/0/Value: a number is not ", id="nearly-an-integer"
        ),
        pytest.param(
            payload(MaxHeartRate="0"), "/MaxHeartRate: a number is not an integer from 1 to 2147483647", id="no-maximum"
        ),
        pytest.param(payload(DeviceId='"7"'), "/DeviceId: a text is not a UUID like ", id="no-uuid"),
        pytest.param(payload(DeviceId=f'"{{{DEVICE}}}"'), "/DeviceId: .* is not a UUID", id="uuid-in-braces"),
        pytest.param(
            payload(DeviceId=f'"{DEVICE.replace("-", "")}"'), "/DeviceId: .* is not a UUID", id="uuid-without-hyphens"
        ),
        pytest.param(
            payload(DateTime='"yesterday"'), "/HeartRates/0/DateTime: a text is not an RFC 3339", id="no-date"
        ),
        pytest.param(
            payload(DateTime='"2022-02-30T00:00:00Z"'),
            "/HeartRates/0/DateTime: .* is not an RFC 3339",
            id="no-such-day",
        ),
        pytest.param(
            payload(DateTime='"2022-12-02T13:50:00"'), "/HeartRates/0/DateTime: .* is not an RFC 3339", id="no-offset"
        ),
        pytest.param(
            payload(Extra="1"),
            "there is a further field; known are DeviceId, HeartRates and MaxHeartRate",
            id="extra",
        ),
        pytest.param(payload(deviceId="1"), "there is a further field", id="other-case"),
    ],
)
def test_what_is_not_a_biometrics_is_invalid_with_place_kind_and_expectation(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidMessageError, match=sentence) as invalid:
        BiometricsDecoder().decode(data)

    assert invalid.value.reason == "schema_violation"


def values(schema: Mapping[str, Any], *path: str | int) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """The path and the schema of each text and number of a message."""
    if schema["type"] == "object":
        for name, field in schema["properties"].items():
            yield from values(field, *path, name)
    elif schema["type"] == "array":
        yield from values(schema["items"], *path, 0)
    else:
        yield path, schema


@pytest.mark.parametrize(("path", "schema"), list(values(json_schema(Biometrics))), ids=str)
def test_each_value_of_the_model_is_required_and_checked(
    path: tuple[str | int, ...], schema: Mapping[str, Any]
) -> None:
    """Whatever the model has: a value that the quick way does not check would pass."""
    wrong = ["x", 5] if "format" in schema else [5] if schema["type"] == "string" else [schema["minimum"] - 1, 2**31]
    for value in [*wrong, None]:
        document = json.loads(payload())
        *parents, name = path
        owner = functools.reduce(lambda place, step: place[step], parents, document)
        if value is None:
            del owner[name]
        else:
            owner[name] = value
        with pytest.raises(InvalidMessageError, match=f"^/{'/'.join(map(str, path))}: "):
            BiometricsDecoder().decode(json.dumps(document).encode())


def test_an_error_quotes_no_more_than_a_line_of_what_was_sent() -> None:
    with pytest.raises(InvalidMessageError) as invalid:
        BiometricsDecoder().decode(payload(DeviceId=f'"{"x" * 10_000}"'))

    assert len(str(invalid.value)) < 200


def test_the_quick_way_and_the_exact_way_give_the_same_message() -> None:
    assert BiometricsDecoder().decode(payload()) == PayloadExaminer().examine(payload())


NEWER: Mapping[str, Any] = {
    "properties": {
        "DeviceId": {},
        "Firmware": {"type": "string"},
        "HeartRates": {"type": "array", "items": {"$ref": "#/definitions/Reading"}},
    },
    "allOf": [{"properties": {"Battery level": {}}}, {"$ref": "#/definitions/Located"}],
    "definitions": {
        "Reading": {"properties": {"Confidence": {}}, "oneOf": [{"$ref": "#/definitions/Reading"}]},
        "Located": {"properties": {"Place": {}}},
    },
}


def test_fields_that_a_newer_writer_declares_are_ignored() -> None:
    readings = f'[{{"DateTime":"{MOMENT}","Value":90,"Confidence":[0.5]}}]'
    data = payload(HeartRates=readings, Firmware='"1.2"', Place='{"lat":1e999}', **{"Battery level": "7"})

    assert BiometricsDecoder().decode(payload()) == BiometricsDecoder(NEWER).decode(data)


def test_ignored_fields_may_be_missing() -> None:
    assert BiometricsDecoder().decode(payload()) == BiometricsDecoder(NEWER).decode(payload())


def test_what_is_ignored_is_ignored_in_the_exact_way_too() -> None:
    data = payload(Firmware="1", Value="90.0")

    assert BiometricsDecoder().decode(payload()) == BiometricsDecoder(NEWER).decode(data)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(payload(Confidence="1"), "there is a further field", id="declared-elsewhere"),
        pytest.param(
            payload(Extra="1"), "there is a further field; known are DeviceId, .*, Battery level, F", id="top"
        ),
        pytest.param(
            payload(HeartRates=f'[{{"DateTime":"{MOMENT}","Value":90,"Firmware":1}}]'),
            "/HeartRates/0: there is a further field",
            id="in-a-reading",
        ),
    ],
)
def test_fields_that_neither_schema_has_are_invalid(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidMessageError, match=sentence):
        BiometricsDecoder(NEWER).decode(data)


def test_bytes_that_are_not_utf_8_are_invalid_in_ignored_fields_too() -> None:
    with pytest.raises(InvalidMessageError, match="not UTF-8"):
        BiometricsDecoder(NEWER).decode(payload(Firmware='"\x80"').replace(b"\xc2", b""))


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(True, id="true"),
        pytest.param({"$ref": "#"}, id="itself"),
        pytest.param({"$ref": "https://elsewhere.example/schema"}, id="elsewhere"),
        pytest.param({"$ref": "#/definitions/0/x~1y"}, id="dangling"),
        pytest.param({"properties": [1], "allOf": 3, "$ref": 7}, id="odd"),
        pytest.param({"properties": {"HeartRates": {"items": [{"properties": 1}, True]}}}, id="odd-items"),
    ],
)
def test_a_schema_that_declares_nothing_more_reads_our_messages(schema: Mapping[str, Any] | bool) -> None:
    assert BiometricsDecoder(schema).decode(payload()) == BiometricsDecoder().decode(payload())


def test_what_is_no_schema_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="a JSON Schema is an object or a boolean, not list"):
        BiometricsDecoder(json.loads("[]"))


def test_a_schema_is_read_from_the_text_that_the_registry_has() -> None:
    assert BiometricsDecoder.for_schema(json.dumps(NEWER)).decode(payload(Firmware="1")) == BiometricsDecoder().decode(
        payload()
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("{", "Expecting property name", id="no-json"),
        pytest.param("[]", "a JSON Schema is an object or a boolean, not list", id="no-schema"),
        pytest.param('{"allOf":[' * 100_000 + "]}" * 100_000, "nested deeper than can be read", id="too-deep"),
    ],
)
def test_a_text_that_cannot_be_read_as_a_schema_is_a_value_error(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        BiometricsDecoder.for_schema(text)


@given(
    st.sampled_from(["DeviceId", "DateTime", "Value", "MaxHeartRate", "HeartRates"]),
    st.text(st.characters(codec="utf-8"), min_size=3).map(lambda text: f"<{text}>"),
)
def test_no_sentence_repeats_anything_of_a_payload(field: str, secret: str) -> None:
    for data in (
        payload(**{field: json.dumps(secret)}),
        payload(**{json.dumps(secret)[1:-1]: "1"}),
        b"<" + secret.encode(),
    ):
        with pytest.raises(InvalidMessageError) as invalid:
            BiometricsDecoder().decode(data)

        assert secret not in str(invalid.value)
        assert "<" not in str(invalid.value)
