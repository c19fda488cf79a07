"""Date-times: any RFC 3339 in, UTC out, the same instant."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartzone_producer.intake.timestamps import InvalidDateTimeError, is_canonical, to_utc

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets)


@given(instants)
def test_the_instant_stays_the_same(instant: datetime) -> None:
    text = to_utc(instant.isoformat())

    assert datetime.fromisoformat(text) == instant
    assert datetime.fromisoformat(text).utcoffset() == timedelta(0)


@given(instants, st.text("0123456789", min_size=1, max_size=12))
def test_the_fraction_stays_as_written_up_to_six_digits(instant: datetime, digits: str) -> None:
    text = to_utc(f"{instant.astimezone(UTC):%H:%M:%S}".join([f"{instant.astimezone(UTC).date()}T", f".{digits}Z"]))

    assert text.endswith(f".{digits[:6]}Z")


@given(instants)
def test_what_is_normalised_stays_as_it_is(instant: datetime) -> None:
    text = to_utc(instant.isoformat())

    assert to_utc(text) == text


@given(st.from_regex(re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z", re.ASCII), fullmatch=True))
def test_the_quick_check_accepts_only_what_normalising_leaves_alone(text: str) -> None:
    if is_canonical(text):
        assert to_utc(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2022-12-02T13:50:00.000Z", "2022-12-02T13:50:00.000Z", id="the course's"),
        pytest.param("2022-12-02T13:50:00.1234567+01:00", "2022-12-02T12:50:00.123456Z", id=".NET's seven digits"),
        pytest.param("2022-12-31t23:50:00-14:00", "2023-01-01T13:50:00Z", id="lower case, largest offset"),
        pytest.param("2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00Z", id="leap day, unknown offset"),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert to_utc(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2016-12-31T23:59:60Z", id="leap second"),
        pytest.param("2022-12-02T13:50:00+14:01", id="offset too large"),
        pytest.param("2022-12-02T13:50:00+01:60", id="no such offset"),
        pytest.param("2022-02-29T13:50:00Z", id="no such day"),
        pytest.param("2022-12-02T24:00:00Z", id="no such hour"),
        pytest.param("2022-12-02 13:50:00Z", id="blank instead of T"),
        pytest.param("2022-12-02T13:50:00", id="no offset"),
        pytest.param("2022-12-02T13:50:00.Z", id="point without digits"),
        pytest.param("2022-12-02T13:50:00Z\n", id="line end"),
        pytest.param("٢٠٢٢-12-02T13:50:00Z", id="digits of another script"),
        pytest.param("0000-01-01T00:00:00Z", id="year 0"),
        pytest.param("0001-01-01T00:00:00+00:01", id="before the year 1 in UTC"),
        pytest.param("9999-12-31T23:59:59-00:01", id="after the year 9999 in UTC"),
    ],
)
def test_invalid(text: str) -> None:
    assert not is_canonical(text)
    with pytest.raises(InvalidDateTimeError):
        to_utc(text)
