"""Each accepted reading gives its zone event once, whatever happens to brokers, registry and web APIs."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from embedded_kafka.processes import ChildProcess
from heartzone.messages import Biometrics
from heartzone.wire import unframe
from heartzone_testing.chaos.brokers import Brokers
from heartzone_testing.chaos.faults import BrokerFault, ServiceFault
from heartzone_testing.chaos.services import ServicesCampaign, ServicesPlan
from heartzone_testing.services.environment import environment
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.service_process import API_DEFAULTS, ServiceProcess
from heartzone_testing.traffic.audit import discrepancies
from heartzone_testing.traffic.readings import readings_of, request_body

DEVICE = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


@pytest.mark.timeout(900)
def test_no_accepted_reading_is_lost_doubled_or_rejected_while_brokers_and_registry_fail(tmp_path: Path) -> None:
    """On three brokers: one is killed, and then each is restarted. `make chaos` does more, and in other orders."""
    faults = (ServiceFault.REGISTRY_FROZEN, BrokerFault.KILL, BrokerFault.ROLL)
    with Brokers(3, tmp_path) as brokers:
        result = ServicesCampaign(ServicesPlan(faults=faults), brokers, tmp_path).run()
    assert result.problems == []
    assert result.findings == []
    assert result.counts.keys() >= set(faults)


@pytest.mark.parametrize(
    ("module", "linger", "lost"),
    [
        pytest.param("heartzone_producer", 100, 0, id="right"),
        pytest.param("heartzone_testing.chaos.web_api", 60_000, 1, id="responds_before_the_acknowledgement"),
    ],
)
def test_a_web_api_that_accepts_what_it_has_not_written_is_found_out(
    make_pipeline: Callable[..., Pipeline], tmp_path: Path, module: str, linger: int, lost: int
) -> None:
    """It is killed as soon as it has responded; its records wait for so many milliseconds before they are sent."""
    pipeline = make_pipeline()
    reading = next(readings_of(DEVICE))  # in no zone: no worker has anything to do
    settings = {**pipeline.environment, **API_DEFAULTS, "HEARTZONE_KAFKA_LINGER_MS": str(linger)}
    process = ChildProcess.start(
        [sys.executable, "-m", module], log_file=tmp_path / "api.log", env=environment(**settings)
    )
    try:
        api = ServiceProcess(process)
        api.wait_until_ready()
        assert api.post(request_body(reading)).status == 202
    finally:
        process.kill()
    assert len(discrepancies([reading], _stored(pipeline), {})) == lost


def _stored(pipeline: Pipeline) -> dict[int, list[Biometrics]]:
    records = pipeline.kafka.read(pipeline.biometrics)
    return {0: [msgspec.json.decode(unframe(each.value())[1], type=Biometrics) for each in records]}
