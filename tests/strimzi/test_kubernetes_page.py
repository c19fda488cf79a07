"""The commands of docs/kubernetes.md, as far as they can be held to something here: files, values, kustomizations."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from heartzone_testing.checkout import CHART, ROOT
from heartzone_testing.strimzi.kustomizations import rendered
from heartzone_testing.strimzi.model.parsing import complaints

PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
FILES = re.findall(r"cat > (\S+) <<'END'\n(.*?)\nEND\n", PAGE, re.DOTALL)


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def _named_paths() -> Iterator[str]:
    for block in _blocks("sh"):
        yield from re.findall(r"(?<![\w./])deploy/[\w./-]+", re.sub(r"<<'END'.*?\nEND\n", "", block, flags=re.DOTALL))


@pytest.mark.parametrize("path", sorted(set(_named_paths())))
def test_a_path_in_a_command_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("values", _blocks("yaml"))
def test_the_chart_takes_the_values(values: str) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())

    assert [error.message for error in Draft7Validator(schema).iter_errors(yaml.safe_load(values))] == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"--set ([\w.]+)=", PAGE))))
def test_a_value_that_a_command_sets_exists(name: str) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for part in name.split("."):
        assert part in values
        values = values[part]


def test_the_kustomizations_for_a_kafka_that_is_there_already_make_what_it_needs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy" / "strimzi", tmp_path / "deploy" / "strimzi")
    for name, content in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(content)

    users = rendered(tmp_path / "my-cluster" / "users")
    assert complaints(users) == []
    assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in users} == {"my-cluster"}

    (pod,) = (
        each["spec"]["template"]["spec"]
        for each in rendered(tmp_path / "my-cluster" / "registry")
        if each["kind"] == "Deployment"
    )
    environment = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == "my-cluster-kafka-bootstrap:9093"
    assert "KAFKA_SASL_JAAS_CONFIG" in environment
    secrets = [each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each]
    assert secrets == ["my-cluster-cluster-ca-cert"]
