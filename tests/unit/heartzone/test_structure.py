"""Messages are converted and sampled by the structure of their models."""

from typing import Annotated

from msgspec import Meta, Struct, defstruct

from heartzone.messages import INT32_MAX, Biometrics, HeartRate, HeartRateZoneReached
from heartzone.samples import samples
from heartzone.structure import converter, item_models

TEXTS = {"uuid": ["id"], "date-time": ["early", "late"]}


class Lap(Struct):
    readings: list[HeartRate]


class Workout(Struct):
    laps: list[Lap]
    name: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]


def test_the_models_of_items_are_found_by_their_field() -> None:
    assert item_models(Biometrics) == {"heart_rates": HeartRate}
    assert item_models(HeartRate) == {}
    assert item_models(Workout) == {"laps": Lap}


def test_a_message_is_made_from_another_with_its_fields() -> None:
    reading = defstruct("Reading", ["value", "confidence", "date_time"])
    message = defstruct("Message", ["max_heart_rate", "firmware", "heart_rates", "device_id"])

    converted = converter(Biometrics)(message(200, "1.2", [reading(90, 0.5, "now")], "id"))

    assert converted == Biometrics("id", [HeartRate("now", 90)], 200)


def test_items_of_items_are_converted_too() -> None:
    workout = Workout([Lap([HeartRate("now", 90)]), Lap([])], "name")

    converted = converter(Workout)(workout)

    assert converted == workout
    assert converted.laps[0] is not workout.laps[0]


def test_samples_are_every_combination_of_extremes() -> None:
    readings = [HeartRate(text, value) for text in TEXTS["date-time"] for value in (0, INT32_MAX)]

    assert list(samples(Biometrics, TEXTS)) == [
        Biometrics("id", heart_rates, maximum) for heart_rates in ([], readings) for maximum in (1, INT32_MAX)
    ]


def test_a_service_may_write_less_than_the_model_allows() -> None:
    events = list(samples(HeartRateZoneReached, TEXTS, narrowed={"zone": [3], "heart_rate": [7]}))

    assert {(event.zone, event.heart_rate) for event in events} == {(3, 7)}
    assert {event.max_heart_rate for event in events} == {1, INT32_MAX}
    assert {event.date_time for event in events} == {"early", "late"}
