"""The type of a problem resolves to a page with its causes and remedies."""

from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from heartzone_producer.api.problem_pages import reasons_of
from heartzone_producer.api.problems import ProblemKind

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api


def test_the_type_of_a_problem_is_the_path_of_its_page(api: "Api") -> None:
    problem = api.post(b"{").json

    page = api.request("GET", urljoin("/biometrics", problem["type"]))

    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert problem["title"] in page.text


@pytest.mark.parametrize("kind", ProblemKind)
def test_each_kind_has_its_causes_and_remedies(api: "Api", kind: ProblemKind) -> None:
    page = api.request("GET", kind.type)

    assert page.status == 200
    assert page.text.count("<dt>") == page.text.count("<dd>") == len(reasons_of(kind))
    assert f"problems/{kind.slug}" in api.request("GET", "/problems").text
    assert "`" not in page.text


def test_a_page_loads_nothing(api: "Api") -> None:
    page = api.request("GET", "/problems/malformed")

    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "http" not in page.text


def test_an_unknown_kind_is_not_found(api: "Api") -> None:
    assert api.request("GET", "/problems/other").status == 404
