"""A document is examined by the rules of its model, whatever the model is."""

import re
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from msgspec import Meta, Struct

from heartzone.examination import Examiner, TextFormat, exact_number
from heartzone.messages import Biometrics, HeartRateZoneReached, json_schema
from heartzone.violations import MAX_QUOTE, InvalidDocumentError, Violation, quote


class Line(Struct, rename="pascal", forbid_unknown_fields=True):
    amount: Annotated[int, Meta(ge=1, le=9)]


class Order(Struct, rename="pascal", forbid_unknown_fields=True):
    lines: list[Line]
    customer: str
    colour: Annotated[str, Meta(extra_json_schema={"format": "colour"})]


def known_colour(text: str) -> str:
    if text == "octarine":
        raise ValueError("only wizards see it")
    if text not in {"red", "green"}:
        raise ValueError
    return text.upper()


FORMATS = {"colour": TextFormat("a colour like red", known_colour)}
ORDER = {"Customer": "Ann", "Colour": "red", "Lines": [{"Amount": 3}]}


def examiner(max_violations: int = 20, **options: Any) -> Examiner[Order]:
    return Examiner(Order, formats=FORMATS, max_violations=max_violations, **options)


def violations(document: Any, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDocumentError) as invalid:
        examiner(**options).examine(document)
    return [(violation.pointer, violation.detail) for violation in invalid.value.violations]


def test_a_document_becomes_a_message_with_its_texts_as_their_format_reads_them() -> None:
    assert examiner().examine(ORDER) == Order([Line(3)], "Ann", "RED")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param([], [("", "an array is not an object with Lines, Customer and Colour")], id="no-object"),
        pytest.param(
            {**ORDER, "Lines": 5},
            [("/Lines", "5 is not an array, each item an object with Amount")],
            id="no-array",
        ),
        pytest.param({**ORDER, "Customer": 5}, [("/Customer", "5 is not a text")], id="no-text"),
        pytest.param({**ORDER, "Colour": "blue"}, [("/Colour", '"blue" is not a colour like red')], id="format"),
        pytest.param(
            {**ORDER, "Colour": "octarine"},
            [("/Colour", '"octarine" is not a colour like red: only wizards see it')],
            id="format-with-a-reason",
        ),
        pytest.param(
            {**ORDER, "Lines": [{"Amount": 0}, {"Amount": 1}, {"Amount": 10}]},
            [
                ("/Lines/0/Amount", "0 is not an integer from 1 to 9"),
                ("/Lines/2/Amount", "10 is not an integer from 1 to 9"),
            ],
            id="bounds",
        ),
        pytest.param(
            {"Lines": [{}]},
            [
                ("/Customer", "Customer is missing; it is required"),
                ("/Colour", "Colour is missing; it is required"),
                ("/Lines/0/Amount", "Amount is missing; it is required"),
            ],
            id="missing",
        ),
        pytest.param(
            {**ORDER, "a/b~c": 1},
            [("/a~1b~0c", '"a/b~c" is not a field; known are Lines, Customer and Colour')],
            id="unknown",
        ),
    ],
)
def test_each_violation_has_its_place_value_and_expectation(document: Any, expected: list[tuple[str, str]]) -> None:
    assert violations(document) == expected


def test_arrays_are_read_last_so_that_their_items_hide_nothing() -> None:
    found = violations({**ORDER, "Lines": [{"Amount": 0}] * 100, "Customer": None}, max_violations=3)

    assert [pointer for pointer, _detail in found] == ["/Customer", "/Lines/0/Amount", "/Lines/1/Amount"]


def test_the_first_violation_alone_is_enough_when_no_more_are_wanted() -> None:
    assert violations({}, max_violations=1) == [("/Lines", "Lines is missing; it is required")]


def test_fields_may_have_several_spellings_of_which_a_document_uses_one() -> None:
    def spellings(name: str) -> tuple[str, ...]:
        return name.lower(), name

    document = {"customer": "Ann", "Colour": "red", "lines": [{"Amount": 3}]}

    assert examiner(spellings=spellings).examine(document) == Order([Line(3)], "Ann", "RED")
    assert violations({**document, "Customer": "Ann"}, spellings=spellings) == [
        ("/Customer", "customer and Customer are both there; one of them was expected")
    ]


def test_what_is_ignored_belongs_to_one_model() -> None:
    ignored = {Line: frozenset({"Discount"})}

    assert examiner(ignored=ignored).examine({**ORDER, "Lines": [{"Amount": 3, "Discount": [None]}]}).lines == [Line(3)]
    assert violations({**ORDER, "Discount": 1}, ignored=ignored) == [
        ("/Discount", '"Discount" is not a field; known are Lines, Customer and Colour')
    ]
    assert violations({**ORDER, "Lines": [{"Amount": 3, "Rebate": 1}]}, ignored=ignored) == [
        ("/Lines/0/Rebate", '"Rebate" is not a field; known are Amount and Discount')
    ]


def test_a_format_without_a_rule_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError, match="colour"):
        Examiner(Order, formats={})


@pytest.mark.parametrize("kind", [float, Annotated[int, Meta(ge=1)], Annotated[str, Meta(pattern="a")], int | None])
def test_a_type_without_a_rule_is_a_mistake_of_the_program(kind: Any) -> None:
    with pytest.raises(TypeError, match="there is no rule for"):
        Examiner(msgspec.defstruct("Other", [("field", kind)]), formats={})


@pytest.mark.parametrize("message", [Biometrics, HeartRateZoneReached])
def test_there_are_rules_for_all_that_messages_consist_of(message: type[Struct]) -> None:
    form = TextFormat("", str)

    Examiner(message, formats={"uuid": form, "date-time": form})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("-0", 0),
        ("9" * 20, int("9" * 20)),
        ("9" * 21, Decimal("9" * 21)),
        ("1.00000000000000000001", Decimal("1.00000000000000000001")),
        ("1e" + "9" * 30, Decimal("Infinity")),
    ],
)
def test_numbers_are_what_was_written(text: str, number: int | Decimal) -> None:
    assert exact_number(text) == number
    assert type(exact_number(text)) is type(number)


amounts = st.integers(-2, 12) | st.decimals(-2, 12, places=1) | st.booleans() | st.none() | st.text(max_size=2)


@given(amounts)
def test_integers_are_those_of_json_schema(amount: Any) -> None:
    schema = json_schema(Line)
    number = float(amount) if isinstance(amount, Decimal) else amount
    try:
        Examiner(Line, formats={}).examine({"Amount": amount})
    except InvalidDocumentError:
        assert not Draft7Validator(schema).is_valid({"Amount": number})
    else:
        assert Draft7Validator(schema).is_valid({"Amount": number})


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ({"a": 1}, "an object"),
        ([1], "an array"),
        ("ü", '"\\u00fc"'),
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (Decimal("1E+400"), "1E+400"),
        ("x" * 61, f'"{"x" * 60}" … (61 characters)'),
        (int("9" * 61), f"{'9' * 60} … (61 characters)"),
    ],
)
def test_values_are_quoted_as_json_in_short(value: Any, quoted: str) -> None:
    assert quote(value) == quoted


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda items: st.lists(items, max_size=3)))
def test_a_quote_is_printable_ascii_and_short(value: Any) -> None:
    text = quote(value)

    assert re.fullmatch(r"[ -~…]+", text)
    assert len(text) <= 12 * MAX_QUOTE + 40


def test_a_violation_reads_as_one_clause() -> None:
    assert str(Violation("/Amount", "0 is not right")) == "/Amount: 0 is not right"
    assert str(Violation("", "null is not right")) == "null is not right"
