"""From settings to what stands before the endpoints."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heartzone_producer import access
from heartzone_producer.settings import ProducerSettings
from heartzone_testing.services.token_issuer import AUDIENCE, TokenIssuer
from service_chassis.settings import SettingsError, load

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

NEEDED = {"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "HEARTZONE_SCHEMA_REGISTRY_URL": "http://registry:8081"}
JSON = {"content-type": "application/json"}


def settings(**variables: str) -> ProducerSettings:
    return load(ProducerSettings, {**NEEDED, **{f"HEARTZONE_AUTH_{name}": value for name, value in variables.items()}})


@pytest.fixture
def issuer() -> Iterator[TokenIssuer]:
    with TokenIssuer() as running:
        yield running


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "api-keys"
    file.write_text(f"clinic sha256:{sha256(b'a-key').hexdigest()}\n")
    return file


@pytest.fixture
def api(make_api: "type[Api]", issuer: TokenIssuer, keys_file: Path) -> "Api":
    """An application that takes API keys and tokens."""
    both = settings(API_KEYS_FILE=str(keys_file), JWT_ISSUER=issuer.url, JWT_AUDIENCE=AUDIENCE)
    return make_api(guards=access.guards(both))


def test_without_a_setting_nothing_stands_before_the_endpoints() -> None:
    assert list(access.guards(settings())) == []


def test_the_description_has_the_methods_that_are_configured(
    make_api: "type[Api]", issuer: TokenIssuer, keys_file: Path
) -> None:
    """Swagger UI asks for these credentials, and sends them."""
    both = settings(API_KEYS_FILE=str(keys_file), JWT_ISSUER=issuer.url, JWT_AUDIENCE=AUDIENCE)

    document = make_api(security=access.security(both)).request("GET", "/openapi.json").json

    assert document["components"]["securitySchemes"].keys() == {"apiKey", "bearer"}
    for path in ("/biometrics", "/biometrics/batch", "/biometrics/raw"):
        operation = document["paths"][path]["post"]
        assert operation["security"] == [{"apiKey": []}, {"bearer": []}]
        assert {"401", "403"} <= operation["responses"].keys()
    assert "security" not in document["paths"]["/docs"]["get"]


def test_without_a_method_the_description_asks_for_nothing(make_api: "type[Api]") -> None:
    document = make_api(security=access.security(settings())).request("GET", "/openapi.json").json

    assert "securitySchemes" not in document["components"]
    assert "401" not in document["paths"]["/biometrics"]["post"]["responses"]


def test_any_method_that_is_configured_is_enough(api: "Api", issuer: TokenIssuer, course_request: bytes) -> None:
    for credential in ({"x-api-key": "a-key"}, {"authorization": f"bearer  {issuer.token()}"}):
        assert api.request("POST", "/biometrics", course_request, headers={**JSON, **credential}).status == 202


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param({}, id="none"),
        pytest.param({"authorization": "Bearer"}, id="empty"),
        pytest.param({"authorization": "Bearer x"}, id="no token"),
        pytest.param({"authorization": "Basic YTpi"}, id="another scheme"),
        pytest.param({"authorization": "Bearer a-key"}, id="a key as a token"),
        pytest.param({"x-api-key": "a-key", "authorization": "Bearer x"}, id="two, one of which is valid"),
    ],
)
def test_anything_else_is_not(api: "Api", course_request: bytes, credential: dict[str, str]) -> None:
    response = api.request("POST", "/biometrics", course_request, headers={**JSON, **credential})

    assert response.status == 401
    assert 'ApiKey realm="heartzone"' in response.headers["www-authenticate"]
    assert response.headers["www-authenticate"].startswith('Bearer realm="heartzone"')
    assert api.delivery.payloads == []


def test_a_token_that_is_not_valid_is_told_from_none(api: "Api", issuer: TokenIssuer, course_request: bytes) -> None:
    """RFC 6750, 3: a client takes a new token for the one error and none for the other."""
    expired = {"authorization": f"Bearer {issuer.token(exp=1)}"}
    response = api.request("POST", "/biometrics", course_request, headers={**JSON, **expired})

    assert response.headers["www-authenticate"] == (
        'Bearer realm="heartzone", error="invalid_token", ApiKey realm="heartzone"'
    )
    assert response.json["detail"].startswith("The token is not valid: it has expired.")


def test_an_issuer_that_is_unavailable_is_a_503(api: "Api", issuer: TokenIssuer, course_request: bytes) -> None:
    token = issuer.token()
    issuer.responds_with(500, {})

    response = api.request("POST", "/biometrics", course_request, headers={**JSON, "authorization": f"Bearer {token}"})

    assert response.status == 503
    assert response.headers["retry-after"] == "2"
    rejected = api.registry.get_sample_value("heartzone_requests_rejected_total", {"reason": "issuer_unavailable"})
    assert rejected == 1


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        pytest.param({"JWT_ISSUER": "https://a"}, "HEARTZONE_AUTH_JWT_AUDIENCE is not set", id="no audience"),
        pytest.param({"DEVICES": "{name}"}, "HEARTZONE_AUTH_DEVICES is set without any", id="devices of nobody"),
        pytest.param({"JWT_AUDIENCE": "a"}, "without HEARTZONE_AUTH_JWT_ISSUER", id="no issuer"),
        pytest.param({"JWT_ISSUER": "http://a.example", "JWT_AUDIENCE": "a"}, "https was expected", id="no TLS"),
        pytest.param({"JWT_JWKS_URL": "http://a.example/keys"}, "https was expected", id="keys without TLS"),
        pytest.param({"JWT_ALGORITHMS": "RS256,none"}, "'none' is none of", id="no signature"),
        pytest.param({"JWT_ALGORITHMS": "HS256"}, "'HS256' is none of", id="a secret"),
        pytest.param({"JWT_LEEWAY": "3600"}, "HEARTZONE_AUTH_JWT_LEEWAY", id="leeway"),
        pytest.param({"JWT_ISUER": "https://a"}, "did you mean HEARTZONE_AUTH_JWT_ISSUER", id="misspelt"),
    ],
)
def test_settings_that_would_let_in_more_than_is_meant_are_an_error(variables: dict[str, str], part: str) -> None:
    with pytest.raises(SettingsError, match=part):
        settings(**variables)


def test_a_ca_that_cannot_be_read_is_an_error_at_the_start() -> None:
    with pytest.raises(SettingsError, match="HEARTZONE_AUTH_JWT_CA_FILE"):
        access.guards(settings(JWT_ISSUER="https://a", JWT_AUDIENCE="a", JWT_CA_FILE="/nowhere"))
