"""Containers of the images, not of the source tree, with no more rights than the chart gives them."""

import json
from pathlib import Path

import pytest

from heartzone.wire import unframe
from heartzone_testing.images.containers import Unpacked
from heartzone_testing.ports import free_port
from heartzone_testing.services.pipeline import Pipeline
from heartzone_testing.services.self_signal import FOLDER, MOMENTS
from heartzone_testing.services.service_process import ServiceProcess
from heartzone_testing.services.web_api import COURSE_REQUEST
from heartzone_testing.waiting import eventually

Images = dict[str, Unpacked]


@pytest.mark.parametrize("service", ["producer", "zone-worker", "operator"])
def test_listens_on_its_management_port_is_live_and_ends_when_asked(
    service: str, images: Images, pipeline: Pipeline, kubernetes: Path, tmp_path: Path
) -> None:
    settings = {**pipeline.environment, "HEARTZONE_HTTP_PORT": str(free_port()), "KUBECONFIG": "/kubernetes/config"}
    mounted = {"/kubernetes": kubernetes}
    with images[service].running(tmp_path, environment=settings, mounted=mounted) as process:
        running = ServiceProcess(process)
        eventually(lambda: process.poll() is not None or running.get("/livez").status == 200, "the service to be live")
        status = process.poll()
        assert status is None, process.tail(30)
        assert running.get("/metrics").status == 200

        assert process.terminate(grace=20) == 0, process.tail(30)


@pytest.mark.parametrize("service", ["producer", "zone-worker", "operator"])
@pytest.mark.parametrize("moment", ["interpreter", *MOMENTS])
def test_ends_at_once_when_asked_while_it_starts(
    service: str, moment: str, images: Images, kubernetes: Path, tmp_path: Path
) -> None:
    """As process 1, to which the kernel delivers no signal that has no handler and is not blocked."""
    mounted = {"/kubernetes": kubernetes, "/signal": FOLDER}
    with images[service].running(tmp_path, environment=settings_of_start(moment), mounted=mounted) as process:
        assert process.wait(20) == 0, process.tail(30)
        assert "Traceback" not in process.log()


@pytest.mark.parametrize("service", ["producer", "zone-worker", "operator"])
def test_ends_at_once_when_asked_from_outside_while_it_starts(
    service: str, images: Images, kubernetes: Path, tmp_path: Path
) -> None:
    settings = {**settings_of_start("pydantic"), "SIGTERM_FROM": "outside"}
    mounted = {"/kubernetes": kubernetes, "/signal": FOLDER}
    with images[service].running(tmp_path, environment=settings, mounted=mounted) as process:
        eventually(lambda: process.poll() is not None or "reached" in process.log(), "the service to load pydantic")

        assert process.terminate(grace=20) == 0, process.tail(30)
        assert process.log() == "reached\n"


def settings_of_start(moment: str) -> dict[str, str]:
    """An environment in which a start succeeds, and the moment of SIGTERM."""
    return {
        "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "HEARTZONE_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
        "HEARTZONE_HTTP_PORT": "0",
        "HEARTZONE_MANAGEMENT_PORT": "0",
        "KUBECONFIG": "/kubernetes/config",
        "PYTHONPATH": "/signal",
        "SIGTERM_AT": moment,
    }


def test_a_reading_that_goes_into_one_image_comes_out_of_the_other_as_a_zone_and_a_third_finds_it_right(
    images: Images, pipeline: Pipeline, tmp_path: Path
) -> None:
    of_producer = {**pipeline.environment, "HEARTZONE_HTTP_PORT": str(free_port())}
    of_worker = {**pipeline.environment, "HEARTZONE_TRANSACTIONAL_ID": f"{pipeline.group}-0"}
    with (
        images["producer"].running(tmp_path, environment=of_producer) as producer,
        images["zone-worker"].running(tmp_path, environment=of_worker) as worker,
    ):
        for each in (producer, worker):
            ServiceProcess(each).wait_until_ready()
        assert ServiceProcess(producer).post(COURSE_REQUEST).status == 202
        eventually(lambda: len(pipeline.kafka.read(pipeline.zones)) >= 5, "five zones")

    zones = [json.loads(unframe(value)[1])["Zone"] for value in pipeline.kafka.values(pipeline.zones) if value]
    assert zones == [1, 2, 3, 4, 5]
    with images["cli"].running(tmp_path, environment=pipeline.environment, arguments=["audit", "--json"]) as audit:
        assert audit.wait(60) == 0, audit.log()
        assert json.loads(audit.log().splitlines()[-1])["summary"]["events"] == 5


@pytest.mark.parametrize("service", ["producer", "zone-worker", "operator"])
def test_a_missing_setting_is_reported_in_one_line(service: str, images: Images, tmp_path: Path) -> None:
    with images[service].running(tmp_path) as process:
        assert process.wait(20) == 2
        (line,) = process.log().splitlines()
        assert line.startswith(f"heartzone-{service}: HEARTZONE_KAFKA_BOOTSTRAP_SERVERS is not set")


def test_nothing_inside_can_be_written_and_no_right_is_left(images: Images, tmp_path: Path) -> None:
    """The restrictions that the other tests run under are in force: otherwise those tests would prove nothing."""
    script = (
        "import errno, json, os\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "def write_error(path):\n"
        "    try: open(path, 'w')\n"
        "    except OSError as error: return errno.errorcode[error.errno]\n"
        "print(json.dumps({'user': os.getuid(), 'group': os.getgid(), 'bounding': int(status['CapBnd'], 16),\n"
        "    'effective': int(status['CapEff'], 16), 'no_new_privileges': int(status['NoNewPrivs']),\n"
        "    'app': write_error('/app/written'), 'tmp': write_error('/tmp/written')}))\n"
    )
    entrypoint = ["/app/.venv/bin/python", "-c", script]
    with images["producer"].running(tmp_path, entrypoint=entrypoint) as process:
        assert process.wait(20) == 0, process.log()
        assert json.loads(process.log()) == {
            "user": 65532,
            "group": 65532,
            "bounding": 0,
            "effective": 0,
            "no_new_privileges": 1,
            "app": "EROFS",
            "tmp": "EROFS",
        }
