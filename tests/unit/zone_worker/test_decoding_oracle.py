"""The decoder accepts exactly what the registered schema accepts.

The judge is python-jsonschema, which shares no code with the decoder (msgspec and Rust).
"""

import itertools
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.validators import extend

from heartzone.messages import INT32_MAX, Biometrics, HeartRate, encode, json_schema
from heartzone_zone_worker.decoding import BiometricsDecoder, InvalidMessageError
from heartzone_zone_worker.decoding.formats import are_uuid_and_date_times, is_date_time, is_uuid
from heartzone_zone_worker.decoding.payloads import PayloadExaminer

# --- The judge, and where it has to be put right ------------------------------------------------------------------

formats = FormatChecker(["uuid", "date-time"])
library_uuid: Callable[[object], bool] = formats.checkers["uuid"][0]
library_date_time: Callable[[object], bool] = formats.checkers["date-time"][0]


@formats.checks("uuid", raises=ValueError)
def judge_uuid(text: object) -> bool:
    """The library asks Python's UUID(), which passes over braces, underscores, further hyphens and foreign digits.

    RFC 9562 section 4: 36 characters, hexadecimal digits and hyphens.
    """
    if not isinstance(text, str):
        return True
    return bool(library_uuid(text)) and re.fullmatch("[0-9a-fA-F-]{36}", text) is not None


@formats.checks("date-time")
def judge_date_time(text: object) -> bool:
    """The library rejects year 0 and every leap second, and accepts a newline at the end.

    RFC 3339: a year is any four digits, and a second 60 is a leap second, which the JSON Schema test suite takes when
    it is 23:59 in UTC. (That only some days had one is not asked: the suite does not, and a program from before a leap
    second cannot know it.)
    """
    if not isinstance(text, str):
        return True
    if text.endswith("\n"):
        return False
    # Year 400 has the calendar of year 0 and is known to Python.
    text = re.sub("^0000", "0400", text)
    leap = re.fullmatch(r"(.{17})60(.*)", text, re.ASCII | re.DOTALL)
    if leap is None:
        return bool(library_date_time(text))
    before = f"{leap[1]}59{leap[2]}"
    return bool(library_date_time(before)) and _is_last_minute_of_a_day(before.upper())


def _is_last_minute_of_a_day(text: str) -> bool:
    local = datetime(2000, 1, 1, int(text[11:13]), int(text[14:16]))
    offset = timedelta()
    if not text.endswith("Z"):
        sign, hours, minutes = text[-6], int(text[-5:-3]), int(text[-2:])
        offset = timedelta(hours=hours, minutes=minutes) * (1 if sign == "+" else -1)
    return (local - offset).strftime("%H:%M") == "23:59"


def is_integer(_checker: object, value: object) -> bool:
    """The library knows floats, which round; here numbers stay the decimals that JSON writes (RFC 8259)."""
    if isinstance(value, Decimal):
        return value.is_zero() or value.adjusted() > 30 or value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


ExactValidator = extend(  # type: ignore[no-untyped-call]
    Draft7Validator, type_checker=Draft7Validator.TYPE_CHECKER.redefine("integer", is_integer)
)


def parse(payload: bytes) -> Any:
    """RFC 8259, without what stdlib's parser is lenient about: other encodings, NaN, lone surrogates."""
    return _without_lone_surrogates(
        json.loads(
            payload.decode("utf-8"),
            parse_float=_number,
            parse_constant=_no_constant,
            object_pairs_hook=lambda pairs: dict(_without_lone_surrogates(pairs)),
        )
    )


def _without_lone_surrogates(value: Any) -> Any:
    json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    return value


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        # An exponent of twenty digits: beyond what any parser counts (RFC 8259 section 9), and so no integer.
        return Decimal("0.5")


def _no_constant(name: str) -> None:
    raise ValueError(name)


class Judge:
    """Whether a payload is what a schema describes."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator = ExactValidator(schema, format_checker=formats)

    def accepts(self, payload: bytes) -> bool:
        try:
            return bool(self._validator.is_valid(parse(payload)))
        except (ValueError, RecursionError):
            return False


# --- Documents that are messages, or nearly ------------------------------------------------------------------------

date_time_parts = st.tuples(
    st.sampled_from(["2022", "2020", "1900", "2000", "0000", "9999", "202", "+2022", "\uff12022"]),
    st.sampled_from(["-", "-", "-", "/", ""]),
    st.sampled_from(["01", "02", "06", "09", "12", "00", "13", "1"]),
    st.sampled_from(["-", "-", "-", "", "\u2212"]),
    st.sampled_from(["01", "15", "28", "29", "30", "31", "00", "32", "1", "१५"]),
    st.sampled_from(["T", "T", "T", "t", " ", "_", ""]),
    st.sampled_from(["00", "13", "22", "23", "24", "1", "-1"]),
    st.sampled_from([":", ":", ":", "", "."]),
    st.sampled_from(["00", "29", "59", "60", "5"]),
    st.sampled_from([":", ":", ":", ""]),
    st.sampled_from(["00", "59", "60", "61", "5", ""]),
    st.sampled_from(["", "", ".0", ".000", ".1234567", ".", ",5", ".१", ".000000000000000000001", ".-1"]),
    st.sampled_from(["Z", "Z", "z", "", "+00:00", "-00:00", "+14:00", "-08:00", "+23:59", "-23:59", "+00:30"])
    | st.sampled_from(
        ["+24:00", "-24:00", "+01", "+0100", "+1:00", "+01:60", "Z0", "+01:00:00", "Zulu", "\u221201:00"]
    ),
    st.sampled_from(["", "", "", "", "\n", " ", "\x00"]),
).map("".join)
valid_date_times = st.builds(
    lambda moment, case, fraction, offset: f"{moment:%Y-%m-%d}{case}{moment:%H:%M:%S}{fraction}{offset}".rjust(20, "0"),
    st.datetimes(min_value=datetime(1000, 1, 1)),
    st.sampled_from("Tt"),
    st.just("") | st.text("0123456789", min_size=1, max_size=12).map(lambda text: f".{text}"),
    st.sampled_from(["Z", "z", "+00:00", "-23:59", "+05:45"]),
)


def leap_second(offset: int, astray: int) -> str:
    """The last second of 2016 where clocks are some minutes ahead of UTC, or some minutes beside it."""
    local = datetime(2016, 12, 31, 23, 59) + timedelta(minutes=offset + astray)
    sign, (hours, minutes) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    return f"{local:%Y-%m-%dT%H:%M}:60{sign}{hours:02}:{minutes:02}"


leap_seconds = st.builds(
    leap_second, st.integers(-1439, 1439), st.sampled_from([0, 0, 0, 1, -1, 60, 1440])
) | st.sampled_from(["2016-12-31T23:59:60Z", "2016-12-31t23:59:60.5z", "2016-12-31T23:59:60", "2016-12-31T23:59:600Z"])
date_times = valid_date_times | date_time_parts | leap_seconds | st.text(max_size=3)

uuids = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda value: str(value).upper()),
    st.uuids().map(lambda value: value.hex),
    st.uuids().map(lambda value: f"{{{value}}}"),
    st.uuids().map(lambda value: value.urn),
    st.builds(
        lambda value, place, odd: f"{str(value)[:place]}{odd}{str(value)[place + 1 :]}",
        st.uuids(),
        st.integers(0, 35),
        st.sampled_from(["", "-", "_", "g", "٣", "\n", "--", "A", " "]),
    ),
)
numbers = st.one_of(
    st.integers(-2, 400).map(str),
    st.integers(2**31 - 2, 2**31 + 1).map(str),
    st.integers(-3, 300).map(lambda number: f"{number}.0"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.builds(
        lambda digit, sign, power: f"{digit}e{sign}{power}",
        st.integers(0, 99),
        st.sampled_from(["", "-", "+"]),
        st.integers(0, 400),
    ),
    st.sampled_from(
        ["-0", "-0.0", "1e999999999", "1e99999999999999999999", "0e99999999999999999999", "1.00000000000000000001"]
    ),
    st.sampled_from(["01", "+1", "1.", ".5", "0x1", "NaN", "Infinity", "-", "2147483647.0", "2147483647.5", "9" * 400]),
)
others = st.sampled_from(["null", "true", "false", "{}", "[]", '""', '"1"', "[[]]", '"\\ud800"', '"\\u0000"'])


def text_of(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def objects(
    fields: Mapping[str, st.SearchStrategy[str]], spoilers: st.SearchStrategy[tuple[str, str]]
) -> st.SearchStrategy[str]:
    """JSON texts of objects: mostly each field once and right, now and then one missing, twice, or one too many."""
    whole = st.tuples(*(st.tuples(st.just(name), value) for name, value in fields.items())).map(list)
    spoilt = st.builds(
        lambda pairs, extra, drop: [pair for index, pair in enumerate(pairs) if index != drop] + extra,
        whole,
        st.lists(
            st.sampled_from(list(fields)).flatmap(lambda name: st.tuples(st.just(name), fields[name])) | spoilers,
            max_size=2,
        ),
        st.integers(-8, len(fields) - 1),
    ).flatmap(st.permutations)
    return (whole | whole | spoilt).map(
        lambda pairs: "{" + ",".join(f"{text_of(name)}: {text}" for name, text in pairs) + "}"
    )


def mostly(right: st.SearchStrategy[str], wrong: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One in twelve is wrong, however many kinds of wrong there are (`|` would draw each kind as often)."""
    return st.sampled_from([right] * 11 + [wrong]).flatmap(lambda chosen: chosen)


extra_fields = st.tuples(
    st.sampled_from(["value", "deviceId", "Extra", "", "DeviceId ", "Value\u0000", "Confidence", "Firmware", "Ω"]),
    others | numbers,
)
right_numbers = st.integers(1, 2**31 - 1).map(str) | st.integers(1, 300).map(lambda number: f"{number}.0")
heart_rates = mostly(
    objects(
        {
            "DateTime": mostly(valid_date_times.map(text_of), date_times.map(text_of) | others),
            "Value": mostly(right_numbers, numbers | others),
        },
        extra_fields,
    ),
    others | numbers,
)
documents = mostly(
    objects(
        {
            "DeviceId": mostly(st.uuids().map(lambda value: text_of(str(value))), uuids.map(text_of) | others),
            "HeartRates": mostly(st.lists(heart_rates, max_size=3).map(lambda items: f"[{','.join(items)}]"), others),
            "MaxHeartRate": mostly(right_numbers, numbers | others),
        },
        extra_fields,
    ),
    others | numbers,
)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """Documents as bytes, now and then with one byte of them gone wrong."""
    payload = draw(documents).encode("utf-8", "surrogatepass")
    kind = draw(st.sampled_from(["as it is"] * 12 + ["bom", "cut", "insert", "replace"]))
    place = draw(st.integers(0, len(payload)))
    odd = draw(
        st.sampled_from([b"\x80", b"\xff", b"\x00", b"\n", b",", b'"', b"}", b"0", b"\\", b"/", b"\xed\xa0\x80"])
    )
    match kind:
        case "bom":
            return b"\xef\xbb\xbf" + payload
        case "cut":
            return payload[:place]
        case "insert":
            return payload[:place] + odd + payload[place:]
        case "replace":
            return payload[:place] + odd + payload[place + 1 :]
        case _:
            return payload


# --- The properties --------------------------------------------------------------------------------------------------

OURS = json_schema(Biometrics)
NEWER = json_schema(Biometrics)
NEWER["properties"]["Firmware"] = {}
NEWER["properties"]["Ω"] = {}
NEWER["properties"]["HeartRates"]["items"]["properties"]["Confidence"] = {}


def decoded(decode: Callable[[bytes], Biometrics], payload: bytes) -> Biometrics | None:
    try:
        return decode(payload)
    except InvalidMessageError:
        return None


DECODERS = [(BiometricsDecoder(), Judge(OURS)), (BiometricsDecoder(NEWER), Judge(NEWER))]
EXACT = PayloadExaminer()


# One property for all, because making a payload takes longer than everything that is asked about it. Each of the 1,800
# payloads is judged by both schemas and decoded in both ways: 5,400 checks.
@settings(max_examples=1800)
@given(payload=payloads())
@example(payload=b"")
@example(payload=b"[" * 100_000)
@example(payload=b'{"DeviceId":"3fa85f64-5717-4562-b3fc-2c963f66afa6","HeartRates":[],"MaxHeartRate":1e2}')
def test_decoders_accept_exactly_what_their_schemas_accept_in_the_quick_and_in_the_exact_way(payload: bytes) -> None:
    for decoder, judge in DECODERS:
        message = decoded(decoder.decode, payload)

        assert judge.accepts(payload) == (message is not None)
        if message is not None:
            document = parse(payload)
            assert document["DeviceId"] == message.device_id
            assert document["MaxHeartRate"] == message.max_heart_rate
            assert [(r["DateTime"], r["Value"]) for r in document["HeartRates"]] == [
                (r.date_time, r.value) for r in message.heart_rates
            ]

    assert decoded(EXACT.examine, payload) == decoded(DECODERS[0][0].decode, payload)


messages = st.builds(
    Biometrics,
    st.uuids().map(str) | st.uuids().map(lambda value: str(value).upper()),
    st.lists(
        st.builds(
            HeartRate,
            valid_date_times | st.sampled_from(["2016-12-31t23:59:60z", "0000-01-01T00:00:00-23:59"]),
            st.integers(0, INT32_MAX),
        ),
        max_size=20,
    ),
    st.integers(1, INT32_MAX),
)


@given(messages)
def test_decoding_what_was_encoded_gives_the_same_message(message: Biometrics) -> None:
    assert message == BiometricsDecoder().decode(encode(message))


@settings(max_examples=1500)
@given(date_times)
@example("1998-12-31T23:59:60Z")
@example("1998-12-31T15:59:60.123-08:00")
@example("1998-12-31T23:58:60Z")
@example("1998-12-31T22:59:60Z")
@example("2022-02-30T00:00:00Z")
@example("2022-01-01T24:00:00Z")
@example("2022-01-01T00:00:00Z\n")
@example("0000-02-29T00:00:00Z")
def test_date_times_are_those_of_the_schema(text: str) -> None:
    assert judge_date_time(text) == is_date_time(text)


@settings(max_examples=600)
@given(uuids)
def test_uuids_are_those_of_the_schema(text: str) -> None:
    assert formats.conforms(text, "uuid") == is_uuid(text)


@pytest.mark.parametrize(
    "text",
    [
        "2000-01-01T00:00:00Z",
        "2016-02-29t23:59:59.1234567z",
        "2000-01-01T00:00:00+05:30",
        "2000-01-01T00:00:00.1-05:30",
    ],
)
def test_no_character_in_any_place_gets_past_the_quick_check(text: str) -> None:
    """The Rust validator takes the characters before "0" in ASCII for digits in some places."""
    device, good = "3fa85f64-5717-4562-b3fc-2c963f66afa6", "2022-12-02T13:50:00Z"
    for place, character in itertools.product(range(len(text)), map(chr, range(128))):
        changed = text[:place] + character + text[place + 1 :]
        valid = judge_date_time(changed)
        assert is_date_time(changed) == valid, changed
        for others in ([], [good], [good.replace("Z", ".5Z")]):
            assert are_uuid_and_date_times([device, changed, *others]) == valid, changed
