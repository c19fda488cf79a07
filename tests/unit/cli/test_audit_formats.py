"""The audit's own reading of the formats, against the worker's: never another verdict."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartzone_cli.audit.formats import are_valid
from heartzone_zone_worker.decoding.formats import are_uuid_and_date_times

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
USUAL = "2024-02-29T23:59:59.1234567Z"


def two(most: int) -> st.SearchStrategy[str]:
    return st.integers(min_value=0, max_value=most).map("{:02}".format)


DATE_TIMES = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["2024", "2023", "0000", "0001", "1900", "9999"]),
    two(13),
    two(32),
    st.sampled_from(["T", "T", "t", " "]),
    two(24),
    two(60),
    two(61),
    st.sampled_from(["", ".0", ".1234567", ".", ".123456789012"]),
    st.one_of(
        st.sampled_from(["Z", "Z", "z", ""]), st.builds("{}{}:{}".format, st.sampled_from("+-"), two(24), two(60))
    ),
)
LEAP_SECONDS = st.builds(
    "2024-01-01T{}:{}:60{}{}:{}".format, two(23), st.sampled_from(["29", "59"]), st.sampled_from("+-"), two(23), two(59)
)


@settings(max_examples=500, derandomize=True)
@given(st.one_of(DATE_TIMES, LEAP_SECONDS))
def test_a_date_time_is_valid_where_the_worker_says_so(text: str) -> None:
    assert are_valid(DEVICE, [USUAL, text]) == are_uuid_and_date_times([DEVICE, USUAL, text])


@pytest.mark.parametrize(
    "text",
    ["2024-01-01T22:59:60-01:00", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-01-01T00:00:00Z\n", "", "٢"],
)
def test_a_date_time_that_is_rare_is_valid_where_the_worker_says_so(text: str) -> None:
    assert are_valid(DEVICE, [text]) == are_uuid_and_date_times([DEVICE, text])


@pytest.mark.parametrize(
    "device", [DEVICE, DEVICE.upper(), DEVICE.replace("-", ""), f"{{{DEVICE}}}", f"urn:uuid:{DEVICE}", DEVICE[:-1], ""]
)
def test_a_device_is_valid_where_the_worker_says_so(device: str) -> None:
    assert are_valid(device, []) == are_uuid_and_date_times([device])
