"""skaffold.yaml against what it names: the chart and its values, the images, deploy/strimzi, the smoke test."""

import copy
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft7Validator

from embedded_kafka.distributions import read_lock
from heartzone_images.services import dockerfile
from heartzone_images.skaffold import FOLDER, secret_files
from heartzone_testing.chart.rendering import HelmTemplate
from heartzone_testing.checkout import CHART, ROOT, STRIMZI
from heartzone_testing.release.helm import ensure_helm
from heartzone_testing.strimzi.kustomizations import only
from heartzone_testing.strimzi.model.parsing import LOCK
from heartzone_testing.strimzi.users import kafka_users

MODULES = list(yaml.safe_load_all((ROOT / "skaffold.yaml").read_text()))
HEARTZONE = MODULES[-1]
(RELEASE,) = HEARTZONE["deploy"]["helm"]["releases"]
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
PROFILES = {each["name"]: each for each in HEARTZONE["profiles"]}
SERVICES = {"producer": "producer", "zoneWorker": "zone-worker", "operator": "operator"}
IMAGES = {**SERVICES, "audit": "cli"}
JOB = yaml.safe_load((ROOT / "deploy" / "skaffold" / "smoke-test" / "job.yaml").read_text())


@pytest.fixture(scope="module")
def helm() -> HelmTemplate:
    return HelmTemplate(ensure_helm(print))


def _paths(node: Any) -> Iterator[str]:
    """Every file or folder of the repository that a part of skaffold.yaml names."""
    if isinstance(node, list):
        for each in node:
            yield from _paths(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("dockerfile", "chartPath", "jobManifestPath"):
                yield value
            elif key == "paths":
                yield from value
            elif key == "src":
                yield value.partition("*")[0]
            else:
                yield from _paths(value)


def set_value(values: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for each in parents:
        values = values.setdefault(each, {})
    values[last] = value


def test_each_part_waits_for_the_one_before_it() -> None:
    names = [each["metadata"]["name"] for each in MODULES]

    assert names == ["strimzi", "kafka", "registry", "heartzone"]
    assert [each.get("requires") for each in MODULES] == [None, *([{"configs": [name]}] for name in names[:-1])]
    assert "kafka/heartzone" in str(MODULES[1]["deploy"]["kubectl"]["hooks"]["after"])


@pytest.mark.parametrize("path", sorted(each for each in set(_paths(MODULES)) if not each.startswith(FOLDER.name)))
def test_what_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_chart_takes_the_values_and_gets_the_images_by_tag_and_digest() -> None:
    values, templates = copy.deepcopy(RELEASE["setValues"]), dict(RELEASE["setValueTemplates"])
    for service, name in IMAGES.items():
        variable = f"heartzone_{name.replace('-', '_')}"
        for field in ("repository", "tag", "digest"):
            path = f"{service}.image.{field}"
            kind = {"repository": "REPO", "tag": "TAG", "digest": "DIGEST"}[field]
            assert templates.pop(path) == f"{{{{.IMAGE_{kind}_{variable}}}}}"
            set_value(values, path, "")
            assert field in VALUES[service]["image"]
        values[service]["image"]["repository"] = VALUES[service]["image"]["repository"]
    schema = json.loads((CHART / "values.schema.json").read_text())

    assert templates == {}
    assert [error.message for error in Draft7Validator(schema).iter_errors(values)] == []


def test_it_builds_the_images_that_the_chart_runs_also_for_development() -> None:
    in_chart = {VALUES[component]["image"]["repository"] for component in IMAGES}
    dev = PROFILES["dev"]

    for build in (HEARTZONE["build"], dev["build"]):
        assert {each["image"] for each in build["artifacts"]} == in_chart
    assert HEARTZONE["verify"][0]["container"]["image"] in in_chart


@pytest.mark.parametrize("image", IMAGES.values())
def test_a_change_of_any_code_of_an_image_is_copied_into_its_containers(image: str) -> None:
    """One that no rule names has skaffold build the image and deploy, and copy nothing meanwhile."""
    (artifact,) = (each for each in PROFILES["dev"]["build"]["artifacts"] if each["image"] == f"heartzone-{image}")
    file = str(dockerfile(image).relative_to(ROOT))

    assert artifact["docker"] == {"dockerfile": file, "target": "dev"}
    assert {each["src"] for each in artifact["sync"]["manual"]} == {
        f"{folder}/src/**/*.py" for folder in _copied(file) if (ROOT / folder / "src").is_dir()
    }


def test_no_probe_restarts_a_container_that_files_were_copied_into(helm: HelmTemplate) -> None:
    """It would come back with the files of its image: one edit that does not start would undo all edits before it."""
    values = copy.deepcopy(RELEASE["setValues"])
    for patch in PROFILES["dev"]["patches"]:
        set_value(values, patch["path"].removeprefix("/deploy/helm/releases/0/setValues/"), json.loads(patch["value"]))

    rendered = helm(values)

    for component in ("producer", "zone-worker", "operator", "audit"):
        (container,) = rendered.pod(component)["containers"]
        liveness = container["livenessProbe"]
        assert liveness["failureThreshold"] * liveness["periodSeconds"] > 24 * 60 * 60
        assert not container["securityContext"]["readOnlyRootFilesystem"]


@pytest.mark.parametrize(
    "built",
    [
        # skaffold.dev/docs/taggers: "When images are pushed … Skaffold then references images both by tag and digest",
        "registry.example.org:5000/team/{image}:0123abc@sha256:" + "0123456789abcdef" * 4,
        # and those that are not pushed "by an additional tag", the image's id.
        "{image}:" + "0123456789abcdef" * 4,
    ],
    ids=["pushed", "in the cluster"],
)
def test_containers_have_the_name_by_which_skaffold_looks_for_them(helm: HelmTemplate, built: str) -> None:
    """It copies changed files into those whose image is, as text, the one that it has built."""
    values = copy.deepcopy(RELEASE["setValues"])
    images = {name: built.format(image=f"heartzone-{name}") for name in IMAGES.values()}
    for path, template in RELEASE["setValueTemplates"].items():
        set_value(values, path, _expanded(template, images))

    rendered = helm(values)

    for name, image in images.items():
        pod = rendered.pod("audit" if name == "cli" else name)
        assert [each["image"] for each in pod["containers"]] == [image]


def _expanded(template: str, images: Mapping[str, str]) -> str:
    """As skaffold expands it: the parts of an image's name, empty where it has none."""
    found = re.fullmatch(r"\{\{\.IMAGE_(REPO|TAG|DIGEST)_heartzone_(\w+)\}\}", template)
    assert found
    parts = re.fullmatch(r"(?P<REPO>.+?):(?P<TAG>[\w.-]+)(@(?P<DIGEST>.+))?", images[found[2].replace("_", "-")])
    assert parts
    return parts[found[1]] or ""


@pytest.mark.parametrize("profile", [None, "dev"])
@pytest.mark.parametrize("changed", SERVICES.values())
def test_a_change_of_one_service_is_one_of_its_image_alone(changed: str, profile: str | None) -> None:
    """skaffold tags an image by the files that its Dockerfile copies, whichever its stage."""
    build = PROFILES[profile]["build"] if profile else HEARTZONE["build"]
    file = next((ROOT / "services" / changed / "src").rglob("*.py"))
    touched = {
        each["image"]
        for each in build["artifacts"]
        if any(file.is_relative_to(ROOT / source) for source in _copied(each["docker"]["dockerfile"]))
    }

    command = {"heartzone-cli"} if changed == "zone-worker" else set()  # which knows the workers' reasons
    assert touched == {f"heartzone-{changed}", *command}


def test_a_change_of_a_library_is_one_of_the_images_that_have_it() -> None:
    users = {
        name: {
            each["image"]
            for each in PROFILES["dev"]["build"]["artifacts"]
            if f"libs/{name}" in _copied(each["docker"]["dockerfile"])
        }
        for name in ("exactly-once", "event-topics", "heartzone")
    }

    assert users == {
        "exactly-once": {"heartzone-zone-worker", "heartzone-cli"},
        "event-topics": {"heartzone-operator", "heartzone-cli"},
        "heartzone": {"heartzone-producer", "heartzone-zone-worker", "heartzone-operator", "heartzone-cli"},
    }


def _copied(dockerfile: str) -> set[str]:
    """What it copies of the repository, in all of its stages."""
    instructions = re.findall(r"^COPY (?!--from=)(.+)$", (ROOT / dockerfile).read_text(), re.MULTILINE)
    return {source for each in instructions for source in each.split()[:-1]}


def test_package_indexes_reach_every_build_as_the_secrets_that_its_dockerfile_names(tmp_path: Path) -> None:
    patches = PROFILES["package-indexes"]["patches"]
    certificates = tmp_path / "certificates"
    certificates.write_text("certificates")
    environment = {"PIP_INDEX_URL": "https://packages.example.org", "SSL_CERT_FILE": str(certificates)}

    assert [each["path"] for each in patches] == [
        f"/build/artifacts/{number}/docker/secrets" for number in range(len(IMAGES))
    ]
    assert all(each["value"] == patches[0]["value"] for each in patches)
    with secret_files(environment, tmp_path / FOLDER.name):
        for secret in patches[0]["value"]:
            assert (tmp_path / secret["src"]).read_text()
            for image in IMAGES.values():
                assert f"id={secret['id']}" in dockerfile(image).read_text()
    assert not (tmp_path / FOLDER.name).exists()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_make_dev_ends_skaffold_too_and_leaves_no_secret(tmp_path: Path, ending: signal.Signals) -> None:
    shutil.copytree(ROOT / "deploy" / "images", tmp_path / "deploy" / "images")
    (tmp_path / "skaffold").write_text("#!/bin/sh\necho started\nexec sleep 60\n")
    (tmp_path / "skaffold").chmod(0o755)
    environment = os.environ | {"PYTHONPATH": "deploy/images", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    make_dev = [sys.executable, "-m", "heartzone_images.skaffold"]

    with subprocess.Popen(make_dev, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stdout.readline() == b"started\n"
        assert (tmp_path / FOLDER.name / "package-indexes").exists()
        running.send_signal(ending)
        running.wait(30)

        assert running.stdout.read() == b""  # until skaffold has ended
    assert not (tmp_path / FOLDER.name).exists()


def test_the_addresses_and_secrets_are_those_of_deploy_strimzi() -> None:
    values = RELEASE["setValues"]
    (http,) = only(STRIMZI / "registry" / "base", "Service")["spec"]["ports"]
    used = {values[each]["kafka"]["existingSecret"] for each in (*IMAGES, "test")}

    assert values["schemaRegistry"]["url"] == f"http://heartzone-registry:{http['port']}/apis/ccompat/v7"
    assert used == kafka_users().keys() - {"heartzone-registry"}
    assert values["kafka"]["bootstrapServers"] == "heartzone-kafka-bootstrap:9093"


def test_strimzis_operator_has_the_version_whose_classes_judge_its_resources() -> None:
    (release,) = MODULES[0]["deploy"]["helm"]["releases"]
    (api,) = (each for each in read_lock(LOCK).artifacts if each.purl.startswith("pkg:maven/io.strimzi/"))

    assert release["version"] == api.version


def test_the_smoke_test_is_the_charts_with_the_same_user() -> None:
    kubernetes_validate.validate(JOB, "1.37", strict=True)
    (container,) = JOB["spec"]["template"]["spec"]["containers"]
    (verification,) = HEARTZONE["verify"]

    assert verification["container"]["name"] == container["name"]
    assert verification["name"] == JOB["metadata"]["name"]
    assert (
        verification["container"]["command"][1]
        == f"{container['volumeMounts'][0]['mountPath']}/reading_becomes_zone.py"
    )
    script = (CHART / "files" / "tests" / "reading_becomes_zone.py").read_text()
    for each in container["env"]:
        assert each["name"].startswith("HEARTZONE_KAFKA_") or each["name"] in script
