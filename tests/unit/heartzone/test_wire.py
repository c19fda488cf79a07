import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartzone.wire import BadFrameError, frame_prefix, subject_of, unframe


@given(st.integers(0, 2**32 - 1), st.binary())
def test_unframing_gives_back_what_was_framed(schema_id: int, payload: bytes) -> None:
    assert (schema_id, payload) == unframe(frame_prefix(schema_id) + payload)


def test_the_prefix_is_a_zero_and_the_id_in_network_order() -> None:
    assert bytes([0, 0x01, 0x02, 0x03, 0x04]) == frame_prefix(0x01020304)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param(None, "the record has no value", id="tombstone"),
        pytest.param(b"", "the value has 0 bytes", id="empty"),
        pytest.param(b"\x00\x00\x00\x01", "the value has 4 bytes", id="short"),
        pytest.param(b'{"DeviceId":""}', "the first byte is 0x7b", id="json-without-a-frame"),
        pytest.param(b"\x01" + bytes(16), "the first byte is 0x01", id="schema-id-as-a-guid"),
    ],
)
def test_a_bad_frame_is_invalid_with_a_reason(value: bytes | None, sentence: str) -> None:
    with pytest.raises(BadFrameError, match=sentence):
        unframe(value)


def test_subjects_follow_the_topic_name_strategy() -> None:
    assert subject_of("BiometricsImported") == "BiometricsImported-value"
