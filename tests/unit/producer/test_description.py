"""The OpenAPI document says what the API does, and Swagger UI needs nothing but this process."""

import json
import re
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from heartzone_producer.api.openapi import COURSE_REQUEST, description
from heartzone_producer.api.openapi_security import SecurityScheme
from heartzone_producer.api.problems import DESCRIBED_KINDS

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api


def test_it_is_valid_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(description()).validate()
    OpenAPIV31SpecValidator(description([*SecurityScheme])).validate()


def test_every_path_is_described_with_its_methods(api: "Api") -> None:
    assets = {"/docs/start.js", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"}
    routes = [route for route in api.app.routes if isinstance(route, Route)]
    paths = [(re.sub("^/problems/.*", "/problems/{name}", route.path), route.methods or ()) for route in routes]
    served = {(path, method) for path, methods in paths for method in methods if method != "HEAD"}
    described = {
        (path, method.upper())
        for path, item in description()["paths"].items()
        for method in item.keys() & {"get", "post"}
    }

    assert described == {(path, method) for path, method in served if path not in assets}


def test_every_kind_of_error_is_described() -> None:
    responses = description()["components"]["responses"].values()
    examples = [
        (slug, example["value"]["status"])
        for response in responses
        for slug, example in response["content"]["application/problem+json"]["examples"].items()
    ]

    assert sorted(examples) == sorted((kind.slug, kind.status) for kind in DESCRIBED_KINDS)


def test_every_example_fits_its_schema() -> None:
    document = description()
    contents = [
        (content["schema"], content["example"])
        for item in document["paths"].values()
        for operation in (item[method] for method in item.keys() & {"get", "post"})
        for body in [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in body.get("content", {}).values()
        if "example" in content
    ] + [
        (content["schema"], example["value"])
        for response in document["components"]["responses"].values()
        for content in response["content"].values()
        for example in content["examples"].values()
    ]

    assert len(contents) >= 15
    described = [
        content
        for item in document["paths"].values()
        for method in item.keys() & {"get", "post"}
        for response in item[method]["responses"].values()
        for content in response.get("content", {}).values()
    ]
    assert all("example" in content for content in described)
    for schema, example in contents:
        Draft202012Validator({**schema, "components": document["components"]}).validate(example)


def test_the_course_s_request_is_the_example_and_is_accepted(api: "Api", course_request: bytes) -> None:
    assert json.loads(course_request) == COURSE_REQUEST
    assert api.post(json.dumps(COURSE_REQUEST).encode()).json == COURSE_REQUEST


def test_the_document_is_served(api: "Api") -> None:
    response = api.request("GET", "/openapi.json")

    assert response.headers["content-type"] == "application/json"
    assert response.json == description()


def test_swagger_ui_loads_nothing_from_elsewhere(api: "Api") -> None:
    page = api.request("GET", "/docs")

    assert page.status == 200
    assert b"http" not in page.body
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


@pytest.mark.parametrize(
    ("path", "media_type", "part"),
    [
        ("/docs/start.js", "text/javascript", b"SwaggerUIBundle"),
        ("/docs/swagger-ui-bundle.js", "text/javascript", b"SwaggerUIBundle"),
        ("/docs/swagger-ui.css", "text/css", b".swagger-ui"),
    ],
)
def test_its_assets_are_bundled(api: "Api", path: str, media_type: str, part: bytes) -> None:
    response = api.request("GET", path)

    assert response.status == 200
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert part in response.body
