"""Recordings: real files as devices and sites exported them, and files that cannot be replayed."""

import importlib.metadata
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heartzone_cli.replay.recordings import Sample, UnreadableRecordingError, load


@pytest.fixture(scope="session")
def workouts() -> Path:
    """The folder of real recordings inside sweat's wheel; the package itself is never imported."""
    distribution = importlib.metadata.distribution("sweat")
    return Path(str(distribution.locate_file("sweat/examples/data")))


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        pytest.param(
            "4078723797.fit",
            8357,
            Sample(datetime(2019, 9, 20, 14, 10, 3, tzinfo=UTC), 111),
            Sample(datetime(2019, 9, 20, 16, 29, 19, tzinfo=UTC), 134),
            id="fit from an Edge 1000",
        ),
        pytest.param(
            "activity_4078723797.tcx",
            8357,
            Sample(datetime(2019, 9, 20, 14, 10, 3, tzinfo=UTC), 111),
            Sample(datetime(2019, 9, 20, 16, 29, 19, tzinfo=UTC), 134),
            id="tcx from Garmin Connect",
        ),
        pytest.param(
            "activity_4078723797.gpx",
            8357,
            Sample(datetime(2019, 9, 20, 14, 10, 3, tzinfo=UTC), 111),
            Sample(datetime(2019, 9, 20, 16, 29, 19, tzinfo=UTC), 134),
            id="gpx from Garmin Connect",
        ),
        pytest.param(
            "4078723797_strava.gpx",
            8357,
            Sample(datetime(2019, 9, 20, 14, 10, 3, tzinfo=UTC), 111),
            Sample(datetime(2019, 9, 20, 16, 29, 19, tzinfo=UTC), 134),
            id="gpx from Strava",
        ),
    ],
)
def test_one_workout_reads_the_same_from_every_format(
    workouts: Path, name: str, count: int, first: Sample, last: Sample
) -> None:
    samples = load(workouts / name).samples

    assert len(samples) == count
    assert samples[0] == first
    assert samples[-1] == last


def test_the_formats_of_one_workout_agree_in_every_sample(workouts: Path) -> None:
    fit, tcx, gpx = (
        load(workouts / name).samples
        for name in ("4078723797.fit", "activity_4078723797.tcx", "activity_4078723797.gpx")
    )

    assert fit == tcx == gpx


def test_every_recording_that_sweat_ships_can_be_read(workouts: Path) -> None:
    files = [path for path in workouts.iterdir() if path.suffix in {".fit", ".tcx", ".gpx"}]

    assert len(files) == 14
    assert all(load(path).samples for path in files)


def test_the_device_follows_from_the_content_and_not_from_the_name(tmp_path: Path) -> None:
    text = "time,heart_rate\n2022-12-02T13:50:00Z,90\n"
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(text)
    (tmp_path / "other.csv").write_text(text.replace("90", "91"))

    one, two, other = (load(tmp_path / name).device_id for name in ("one.csv", "two.csv", "other.csv"))

    assert one == two != other


def test_csv_keeps_zeros_skips_missing_values_and_reads_any_offset_as_utc(tmp_path: Path) -> None:
    path = tmp_path / "workout.CSV"
    path.write_text(
        "\ufefftime,power,heart_rate\r\n"
        "2022-12-02T14:50:00+01:00,200,90\r\n"
        "2022-12-02T13:50:01.5Z,210,0\r\n"
        "2022-12-02T13:50:02,220,\r\n"
        "2022-12-02T13:50:03,230,100.0\r\n",
        encoding="utf-8",
    )

    assert load(path).samples == (
        Sample(datetime(2022, 12, 2, 13, 50, 0, tzinfo=UTC), 90),
        Sample(datetime(2022, 12, 2, 13, 50, 1, 500_000, tzinfo=UTC), 0),
        Sample(datetime(2022, 12, 2, 13, 50, 3, tzinfo=UTC), 100),
    )


def test_samples_come_in_the_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "workout.csv"
    path.write_text("time,heart_rate\n2022-12-02T13:50:02Z,92\n2022-12-02T13:50:01Z,91\n")

    assert [sample.heart_rate for sample in load(path).samples] == [91, 92]


@pytest.mark.parametrize(
    ("namespace", "element"),
    [
        pytest.param("http://www.garmin.com/xmlschemas/TrackPointExtension/v1", "hr", id="Garmin v1"),
        pytest.param("http://www.garmin.com/xmlschemas/TrackPointExtension/v2", "hr", id="Garmin v2"),
        pytest.param("http://www.cluetrust.com/XML/GPXDATA/1/0", "hr", id="Cluetrust"),
        pytest.param("http://www.topografix.com/GPX/1/1", "heartrate", id="no namespace of its own"),
    ],
)
def test_gpx_heart_rates_are_found_in_every_extension(tmp_path: Path, namespace: str, element: str) -> None:
    path = tmp_path / "workout.gpx"
    path.write_text(
        f'<gpx xmlns="http://www.topografix.com/GPX/1/1" xmlns:e="{namespace}"><trk><trkseg>'
        '<trkpt lat="1" lon="2"><time>2022-12-02T13:50:00Z</time></trkpt>'
        '<trkpt lat="1" lon="2"><time>2022-12-02T13:50:01Z</time>'
        f"<extensions><e:{element}>101</e:{element}></extensions></trkpt>"
        "</trkseg></trk></gpx>"
    )

    assert load(path).samples == (Sample(datetime(2022, 12, 2, 13, 50, 1, tzinfo=UTC), 101),)


GPX_POINT = '<gpx><trk><trkseg><trkpt lat="1" lon="2">{}</trkpt></trkseg></trk></gpx>'


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("notes.txt", b"hello", "unknown type; .csv, .fit, .gpx, .tcx", id="unknown type"),
        pytest.param("empty.csv", b"", "time and heart_rate would be right", id="empty csv"),
        pytest.param("a.csv", b"when,bpm\n", "'when,bpm'", id="other columns"),
        pytest.param("a.csv", b"time,heart_rate\n", "contains no heart rates", id="csv without rows"),
        pytest.param("a.csv", b"time,heart_rate\n2022-12-02T13:50:00Z,9\n2022", "truncated", id="csv cut short"),
        pytest.param("a.csv", b"time,heart_rate\nnoon,90\n", "in line 2 has the time 'noon'", id="csv time"),
        pytest.param(
            "a.csv",
            b"time,heart_rate\n2022-12-02T13:50:00Z,fast\n",
            "in line 2 has the heart rate 'fast'",
            id="csv heart rate",
        ),
        pytest.param("a.csv", b"time,heart_rate\n2022-12-02T13:50:00Z,90.5\n", "no whole number", id="fraction"),
        pytest.param("a.csv", b"time,heart_rate\n2022-12-02T13:50:00Z,-1\n", "heart rate -1", id="negative"),
        pytest.param(
            "a.csv", b"time,heart_rate\n2022-12-02T13:50:00Z,2147483648\n", "0 to 2147483647", id="above int32"
        ),
        pytest.param(
            "a.csv", b"time,heart_rate\n0001-01-01T00:00:00+14:00,90\n", "years 1 to 9999", id="before year 1"
        ),
        pytest.param("a.csv", b"time,heart_rate\n\xff\xfe,90\n", "not UTF-8", id="not UTF-8"),
        pytest.param("a.fit", b"", "contains no heart rates", id="empty fit"),
        pytest.param("a.fit", b"GIF89a" * 20, "no valid FIT file", id="another format named fit"),
        pytest.param("a.gpx", b"", "truncated or no valid XML", id="empty gpx"),
        pytest.param("a.gpx", b"<gpx><trk>", "truncated or no valid XML", id="gpx cut short"),
        pytest.param("a.gpx", b"<kml/>", "starts with <kml>", id="another root"),
        pytest.param("a.gpx", b"<gpx/>", "contains no heart rates", id="gpx without points"),
        pytest.param(
            "a.gpx",
            GPX_POINT.format("<time>2022-12-02T13:50:00Z</time>").encode(),
            "contains no heart rates",
            id="gpx without heart rates",
        ),
        pytest.param(
            "a.gpx",
            GPX_POINT.format("<extensions><hr>90</hr></extensions>").encode(),
            "has the heart rate 90 without a time",
            id="no time",
        ),
        pytest.param(
            "a.gpx",
            b'<!DOCTYPE gpx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><gpx>&b;</gpx>',
            "declares a document type",
            id="entity bomb",
        ),
        pytest.param(
            "a.tcx",
            b'<!DOCTYPE t [<!ENTITY f SYSTEM "file:///etc/passwd">]><TrainingCenterDatabase>&f;'
            b"</TrainingCenterDatabase>",
            "declares a document type",
            id="external entity",
        ),
    ],
)
def test_a_file_that_cannot_be_replayed_is_reported_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(UnreadableRecordingError) as caught:
        load(path)

    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    assert "\n" not in message
    assert reason in message


@pytest.mark.parametrize("name", ["4801048867.fit", "activity_5039744860.tcx", "activity_5039744860.gpx"])
def test_a_truncated_recording_is_an_error(workouts: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = (workouts / name).read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])

    with pytest.raises(UnreadableRecordingError, match="is truncated"):
        load(path)


@pytest.mark.parametrize("name", ["workouts", "workouts.fit"])
def test_a_folder_is_an_error(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()

    with pytest.raises(UnreadableRecordingError, match="is a folder"):
        load(folder)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecordingError, match=r"nowhere\.fit does not exist"):
        load(tmp_path / "nowhere.fit")


@pytest.mark.parametrize("name", ["6471559601_ACTIVITY.fit", "activity_5039744860.tcx", "activity_5039744860.gpx"])
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
@example(seed=0)
def test_a_damaged_file_yields_samples_or_one_sentence(workouts: Path, tmp_path: Path, name: str, seed: int) -> None:
    damage = random.Random(seed)
    content = bytearray((workouts / name).read_bytes())
    for _ in range(damage.randrange(1, 8)):
        content[damage.randrange(len(content))] = damage.randrange(256)
    path = tmp_path / name
    path.write_bytes(content)

    try:
        outcome = str(len(load(path).samples))
    except UnreadableRecordingError as error:
        outcome = str(error)

    assert outcome != "0"
    assert "\n" not in outcome


def test_a_hundred_thousand_samples_are_read(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    start = 1_600_000_000
    rows = (f"{datetime.fromtimestamp(start + i, UTC).isoformat()},{i % 200}\n" for i in range(100_000))
    path.write_text("time,heart_rate\n" + "".join(rows))

    assert len(load(path).samples) == 100_000


def test_a_row_that_cannot_be_used_costs_itself_and_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = ["13:50:00Z,90", "13:50:01Z,-1", "13:50:02Z,90.5", "noon,90", "13:50:04Z,94"]
    path.write_text("time,heart_rate\n" + "".join(f"2022-12-02T{row}\n" for row in rows))

    recording = load(path)

    assert [each.heart_rate for each in recording.samples] == [90, 94]
    assert list(recording.left_out) == [
        f"{path} in line 3 has the heart rate -1 at 2022-12-02T13:50:01+00:00; one from 0 to 2147483647 would be"
        " right.",
        f"{path} in line 4 has the heart rate 90.5 at 2022-12-02T13:50:02+00:00, which is no whole number.",
        f"{path} in line 5 has the time '2022-12-02Tnoon'; one like 2022-12-02T13:50:00Z would be right.",
    ]


@pytest.mark.parametrize(
    "time", ["1611236543210", "20221202T135000Z", "2022-W48-5T13:50:00Z", "2022-12-02", "13:50:00"]
)
def test_a_time_in_csv_is_a_date_and_a_time_and_nothing_that_looks_like_one(tmp_path: Path, time: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"time,heart_rate\n{time},90\n")

    with pytest.raises(UnreadableRecordingError, match="one like 2022-12-02T13:50:00Z would be right"):
        load(path)


@pytest.mark.parametrize("heart_rate", ["1_0", "+90", "٩٠", "9e1", "nan", "0x5a", "90 bpm"])
def test_a_heart_rate_in_csv_is_written_in_digits(tmp_path: Path, heart_rate: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"time,heart_rate\n2022-12-02T13:50:00Z,{heart_rate}\n", encoding="utf-8")

    with pytest.raises(UnreadableRecordingError, match="a whole number of beats a minute would be right"):
        load(path)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_of_spreadsheets_with_decimal_commas_is_read(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    rows = [
        ("time", "speed", "heart_rate"),
        ("2022-12-02T13:50:00,5Z", "3,5", "90,0"),
        ("2022-12-02 13:50:01", "", "91"),
    ]
    path.write_text("".join(f"{delimiter.join(row)}\n" for row in rows))

    assert load(path).samples == (
        Sample(datetime(2022, 12, 2, 13, 50, 0, 500_000, tzinfo=UTC), 90),
        Sample(datetime(2022, 12, 2, 13, 50, 1, tzinfo=UTC), 91),
    )


@pytest.mark.parametrize(
    "point",
    [
        pytest.param("<extensions><gpxtpx:hr>101</gpxtpx:hr></extensions>", id="a prefix that is declared nowhere"),
        pytest.param(
            "<extensions><e:TrackPointExtension><e:hr>101</e:hr></e:TrackPointExtension></extensions>", id="nested"
        ),
        pytest.param("<extensions><heartrate>101</heartrate></extensions>", id="no prefix"),
        pytest.param("<extensions><HeartRate>101</HeartRate></extensions>", id="camel case"),
        pytest.param("<extensions><bpm> 101 </bpm></extensions>", id="bpm"),
        pytest.param("<hr>101</hr>", id="GPX 1.0, without extensions"),
    ],
)
def test_gpx_heart_rates_are_found_as_apps_write_them(tmp_path: Path, point: str) -> None:
    path = tmp_path / "a.gpx"
    path.write_text(GPX_POINT.format(f"<time>2022-12-02T13:50:01Z</time>{point}"))

    assert load(path).samples == (Sample(datetime(2022, 12, 2, 13, 50, 1, tzinfo=UTC), 101),)


@pytest.mark.parametrize("start", [b"          ", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n\t"])
def test_white_space_before_the_declaration_is_passed_over(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "a.tcx"
    path.write_bytes(
        start + b'<?xml version="1.0" encoding="UTF-8"?><TrainingCenterDatabase><Trackpoint>'
        b"<Time>2022-12-02T13:50:01Z</Time><HeartRateBpm><Value>101</Value></HeartRateBpm>"
        b"</Trackpoint></TrainingCenterDatabase>"
    )

    assert load(path).samples == (Sample(datetime(2022, 12, 2, 13, 50, 1, tzinfo=UTC), 101),)


def test_a_track_point_without_a_time_costs_itself_and_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.gpx"
    path.write_text(
        "<gpx><trkpt><hr>90</hr></trkpt><trkpt><time>2022-12-02T13:50:01Z</time><hr>101</hr></trkpt>"
        "<trkpt><hr>90</hr></trkpt></gpx>"
    )

    recording = load(path)

    assert len(recording.samples) == 1
    assert recording.left_out == {f"{path} at a track point has the heart rate 90 without a time.": 2}
