"""skaffold.yaml against what it names: the chart and its values, the images, deploy/strimzi, the smoke test."""

import copy
import json
import tomllib
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft7Validator

from embedded_kafka.distributions import read_lock
from heartzone_testing.checkout import CHART, ROOT, STRIMZI
from heartzone_testing.strimzi.kustomizations import only
from heartzone_testing.strimzi.model.parsing import LOCK
from heartzone_testing.strimzi.users import kafka_users

MODULES = list(yaml.safe_load_all((ROOT / "skaffold.yaml").read_text()))
HEARTZONE = MODULES[-1]
(RELEASE,) = HEARTZONE["deploy"]["helm"]["releases"]
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SERVICES = {"producer": "producer", "zoneWorker": "zone-worker", "operator": "operator"}
JOB = yaml.safe_load((ROOT / "deploy" / "skaffold" / "smoke-test" / "job.yaml").read_text())


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


def workspace_dependencies(folder: str) -> Iterator[str]:
    """A package's folder and those of the packages of this workspace that it needs."""
    yield folder
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())
    for name in project.get("tool", {}).get("uv", {}).get("sources", {}):
        yield from workspace_dependencies(f"libs/{name}")


def test_each_part_waits_for_the_one_before_it() -> None:
    names = [each["metadata"]["name"] for each in MODULES]

    assert names == ["strimzi", "kafka", "registry", "heartzone"]
    assert [each.get("requires") for each in MODULES] == [None, *([{"configs": [name]}] for name in names[:-1])]
    assert "kafka/heartzone" in str(MODULES[1]["deploy"]["kubectl"]["hooks"]["after"])


@pytest.mark.parametrize("path", sorted(set(_paths(MODULES))))
def test_what_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_chart_takes_the_values_and_gets_the_images_by_tag_and_digest() -> None:
    values, templates = copy.deepcopy(RELEASE["setValues"]), dict(RELEASE["setValueTemplates"])
    for service, name in SERVICES.items():
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
    in_chart = {VALUES[service]["image"]["repository"] for service in SERVICES}
    (dev,) = HEARTZONE["profiles"]

    for build in (HEARTZONE["build"], dev["build"]):
        assert {each["image"] for each in build["artifacts"]} == in_chart
    assert HEARTZONE["verify"][0]["container"]["image"] in in_chart


@pytest.mark.parametrize("service", SERVICES.values())
def test_a_change_of_any_package_of_a_service_is_copied_into_its_container(service: str) -> None:
    (dev,) = HEARTZONE["profiles"]
    (artifact,) = (each for each in dev["build"]["artifacts"] if each["image"] == f"heartzone-{service}")

    assert artifact["docker"]["buildArgs"] == {"SERVICE": service}
    assert {each["src"] for each in artifact["sync"]["manual"]} == {
        f"{folder}/src/**/*.py" for folder in workspace_dependencies(f"services/{service}")
    }


def test_the_addresses_and_secrets_are_those_of_deploy_strimzi() -> None:
    values = RELEASE["setValues"]
    (http,) = only(STRIMZI / "registry" / "base", "Service")["spec"]["ports"]
    used = {values[each]["kafka"]["existingSecret"] for each in (*SERVICES, "test")}

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
