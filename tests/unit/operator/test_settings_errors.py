"""An operator that cannot start says why."""

import subprocess
import sys
from pathlib import Path

import pytest

from heartzone_testing.services.environment import environment

SETTINGS = {
    "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "HEARTZONE_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
    "HEARTZONE_MANAGEMENT_PORT": "0",
}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"HEARTZONE_KAFKA_BOOTSTRAP_SERVERS": ""}, "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS", id="no Kafka"),
        pytest.param({"HEARTZONE_RESYNC_INTERVAL": "0"}, "HEARTZONE_RESYNC_INTERVAL", id="no interval"),
        pytest.param({"HEARTZONE_GROUP_LAG_GROUPS": "a,=T"}, "HEARTZONE_GROUP_LAG_GROUPS is 'a,=T'", id="no group"),
        pytest.param({"HEARTZONE_GROUP_LAG_GROUPS": "a=,b"}, "'a=' has no group or no topic", id="no topic"),
        pytest.param({}, "KUBECONFIG is not set", id="no Kubernetes"),
        pytest.param({"KUBECONFIG": "absent"}, "KUBECONFIG names no usable configuration", id="no such file"),
    ],
)
def test_one_sentence_names_the_variable_and_the_exit_code_is_2(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    surroundings = environment(**SETTINGS, HOME=str(tmp_path))
    surroundings.pop("KUBECONFIG", None)

    done = subprocess.run(
        [sys.executable, "-m", "heartzone_operator"],
        env=surroundings | settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2, done.stderr
    assert words in done.stderr.splitlines()[-1]
