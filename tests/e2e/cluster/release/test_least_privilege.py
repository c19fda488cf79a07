"""Rights of the product's processes on their node and in the cluster, as the kernel and the API server report them."""

import json
from typing import Any

import pytest

from heartzone_testing.release.release import Release, name_of

# Run in the container by its own Python: the images have no shell.
LOOK = """
import json, pathlib
def denied(folder):
    try:
        (pathlib.Path(folder) / "probe").touch()
    except OSError as error:
        return error.strerror
    return None
lines = pathlib.Path("/proc/1/status").read_text().splitlines()
status = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
print(json.dumps({
    "status": {name: status[name].strip() for name in ("Uid", "Gid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")},
    "written": {folder: denied(folder) for folder in ("/", "/app", "/etc", "/usr/lib")},
    "token": pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/token").exists(),
}))
"""


def looked_at(release: Release, component: str) -> dict[str, Any]:
    """What a process in a pod of the component sees."""
    pod = release.pods(component)[0]
    found: dict[str, Any] = json.loads(release.kubectl("exec", name_of(pod), "--", "/app/.venv/bin/python", "-c", LOOK))
    return found


@pytest.mark.parametrize("component", ["producer", "zone-worker", "operator"])
def test_a_process_is_nobody_without_capabilities_on_a_file_system_that_it_cannot_write(
    release: Release, component: str
) -> None:
    found = looked_at(release, component)

    assert found["status"] == {
        "Uid": "65532\t65532\t65532\t65532",
        "Gid": "65532\t65532\t65532\t65532",
        "CapEff": "0000000000000000",
        "CapBnd": "0000000000000000",
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }
    assert set(found["written"].values()) == {"Read-only file system"}


@pytest.mark.parametrize(("component", "has_one"), [("producer", False), ("zone-worker", False), ("operator", True)])
def test_only_the_operator_has_a_token_of_the_api_server(release: Release, component: str, has_one: bool) -> None:
    assert looked_at(release, component)["token"] is has_one


def test_each_component_has_a_service_account_of_its_own(release: Release) -> None:
    accounts = {pod["spec"]["serviceAccountName"] for pod in release.pods()}

    assert accounts == {f"{release.name}-{component}" for component in ("producer", "zone-worker", "operator")}
