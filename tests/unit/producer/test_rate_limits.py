"""Limits on the requests of one sender."""

import gc
import tracemalloc
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from heartzone_producer import access
from heartzone_producer.api.rate_limits import address_of
from heartzone_producer.rate_counters import MAX_COUNTERS, FixedWindows, RateCounters
from heartzone_producer.settings import ProducerSettings
from service_chassis.settings import SettingsError, load

if TYPE_CHECKING:
    from tests.unit.producer.conftest import Api

NEEDED = {"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "HEARTZONE_SCHEMA_REGISTRY_URL": "http://registry:8081"}
JSON = {"content-type": "application/json"}


def settings(**variables: str) -> ProducerSettings:
    return load(ProducerSettings, {**NEEDED, **{f"HEARTZONE_{name}": value for name, value in variables.items()}})


def test_an_address_that_sends_too_much_is_told_when_to_go_on(make_api: "type[Api]", course_request: bytes) -> None:
    api = make_api(guards=access.guards(settings(RATE_LIMIT_ADDRESS="3/hour")))

    allowed = [api.request("POST", "/biometrics", course_request, headers=JSON) for _ in range(3)]
    rejected = api.request("POST", "/biometrics/raw", b"text")

    assert [response.status for response in allowed] == [202, 202, 202]
    assert [response.headers["ratelimit"].partition(";t=")[0] for response in allowed] == [
        '"address";r=2',
        '"address";r=1',
        '"address";r=0',
    ]
    assert rejected.status == 429
    assert rejected.headers["content-type"] == "application/problem+json"
    assert rejected.headers["ratelimit-policy"] == '"address";q=3;w=3600'
    assert rejected.headers["ratelimit"] == f'"address";r=0;t={rejected.headers["retry-after"]}'
    assert 3500 < int(rejected.headers["retry-after"]) <= 3600
    assert api.registry.get_sample_value("heartzone_requests_rejected_total", {"reason": "rate_limited"}) == 1


def test_the_description_is_not_limited(make_api: "type[Api]") -> None:
    api = make_api(guards=access.guards(settings(RATE_LIMIT_ADDRESS="1/hour")))

    assert {api.request("GET", "/openapi.json").status for _ in range(3)} == {200}


def test_each_principal_has_a_limit_of_its_own(make_api: "type[Api]", course_request: bytes, tmp_path: Path) -> None:
    file = tmp_path / "api-keys"
    file.write_text(
        "\n".join(f"{name} sha256:{sha256(key).hexdigest()}" for name, key in (("a", b"1"), ("a", b"2"), ("b", b"3")))
    )
    api = make_api(guards=access.guards(settings(RATE_LIMIT_PRINCIPAL="2/hour", AUTH_API_KEYS_FILE=str(file))))

    statuses = [
        api.request("POST", "/biometrics", course_request, headers={**JSON, "x-api-key": key}).status
        for key in ("1", "2", "1", "3", "wrong")
    ]

    assert statuses == [202, 202, 429, 202, 401], "two keys of one name are one principal"


def test_an_address_is_limited_before_its_credential_is_looked_at(
    make_api: "type[Api]", course_request: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "api-keys"
    file.write_text(f"a sha256:{sha256(b'1').hexdigest()}")
    both = settings(RATE_LIMIT_ADDRESS="2/hour", RATE_LIMIT_PRINCIPAL="9/hour", AUTH_API_KEYS_FILE=str(file))
    api = make_api(guards=access.guards(both))

    statuses = [
        api.request("POST", "/biometrics", course_request, headers={**JSON, "x-api-key": "guess"}).status
        for _ in range(3)
    ]

    assert statuses == [401, 401, 429]


def test_behind_a_trusted_proxy_the_client_is_counted_and_nobody_else_is_believed(
    make_api: "type[Api]", course_request: bytes
) -> None:
    """The tests' client is 127.0.0.1."""

    def statuses(proxies: str) -> list[int]:
        limits = settings(RATE_LIMIT_ADDRESS="1/hour", RATE_LIMIT_TRUSTED_PROXIES=proxies)
        api = make_api(guards=access.guards(limits))
        clients = ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.9, 192.0.2.2")
        return [
            api.request("POST", "/biometrics", course_request, headers={**JSON, "x-forwarded-for": client}).status
            for client in clients
        ]

    assert statuses("127.0.0.0/8") == [202, 202, 429, 429]
    assert statuses("10.0.0.0/8") == [202, 429, 429, 429]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("no:address", "no:other", False),
    ],
)
def test_a_host_has_one_ipv4_address_or_a_network_of_ipv6(one: str, other: str, same: bool) -> None:
    assert (address_of({"client": (one, 1)}) == address_of({"client": (other, 1)})) is same


def test_a_window_ends() -> None:
    now = 1000.0
    limiter = FixedWindowRateLimiter(RateCounters(clock=lambda: now))
    item = parse("2/minute")

    hits = [limiter.hit(item, "a") for _ in range(3)]
    now += 60
    later = limiter.hit(item, "a")

    assert (hits, later) == ([True, True, False], True)
    assert limiter.get_window_stats(item, "a") == (1120.0, 1)


def test_a_flood_of_senders_does_not_free_the_one_that_is_over_its_limit() -> None:
    counters = RateCounters(max_counters=100)
    limiter = FixedWindowRateLimiter(counters)
    item = parse("5/hour")
    for _ in range(6):
        limiter.hit(item, "greedy")

    allowed = []
    for number in range(10_000):
        limiter.hit(item, str(number))
        if number % 50 == 0:
            allowed.append(limiter.hit(item, "greedy"))

    assert not any(allowed)
    assert len(counters) == 100


def test_counting_in_one_step_is_what_the_library_does_in_two() -> None:
    now = 1000.0
    counters = RateCounters(clock=lambda: now)
    windows, item = FixedWindows(counters), parse("3/minute")

    assert [windows.count(item, "a") for _ in range(4)] == [(1, 1060.0), (2, 1060.0), (3, 1060.0), (4, 1060.0)]
    assert not windows.test(item, "a")
    assert windows.get_window_stats(item, "a") == (1060.0, 0)


def test_memory_is_bounded_however_many_senders_there_are() -> None:
    limiter = FixedWindowRateLimiter(counters := RateCounters())
    item = parse("600/minute")
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(MAX_COUNTERS + 10_000):
            limiter.hit(item, "address", f"2001:db8:1234:{number:x}")
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(counters) == MAX_COUNTERS
    assert size < 25_000_000


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        pytest.param({"RATE_LIMIT_ADDRESS": "600"}, "HEARTZONE_RATE_LIMIT_ADDRESS", id="no window"),
        pytest.param({"RATE_LIMIT_ADDRESS": "0/minute"}, "HEARTZONE_RATE_LIMIT_ADDRESS", id="nothing"),
        pytest.param({"RATE_LIMIT_PRINCIPAL": "1/minute"}, "without any HEARTZONE_AUTH_", id="nobody has a name"),
        pytest.param(
            {"RATE_LIMIT_TRUSTED_PROXIES": "10.0.0.0/8"}, "without HEARTZONE_RATE_LIMIT_ADDRESS", id="proxies"
        ),
        pytest.param(
            {"RATE_LIMIT_ADDRESS": "1/minute", "RATE_LIMIT_TRUSTED_PROXIES": "*"}, "networks", id="every proxy"
        ),
    ],
)
def test_a_limit_that_cannot_be_meant_is_an_error(variables: dict[str, str], part: str) -> None:
    with pytest.raises(SettingsError, match=part):
        settings(**variables)
