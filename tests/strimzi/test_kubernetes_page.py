"""The commands of docs/kubernetes.md, as far as they can be held to something here: files, values, kustomizations."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from heartzone_testing.checkout import CHART, RBAC, ROOT
from heartzone_testing.strimzi.kustomizations import rendered
from heartzone_testing.strimzi.model.parsing import complaints
from kubernetes_node.networking.network_policies import Peer, reaches

PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
FILES = re.findall(r"cat >(>?) (\S+) <<'END'\n(.*?\n)END\n", PAGE, re.DOTALL)


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


@pytest.fixture
def my_cluster(tmp_path: Path) -> Path:
    """The page's folder of kustomizations, with all that its commands write."""
    shutil.copytree(ROOT / "deploy" / "strimzi", tmp_path / "deploy" / "strimzi")
    for appended, name, content in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a" if appended else "w") as stream:
            stream.write(content)
    return tmp_path / "my-cluster"


def test_the_kustomizations_for_a_kafka_that_is_there_already_make_what_it_needs(my_cluster: Path) -> None:
    users = rendered(my_cluster / "users")
    assert complaints(users) == []
    assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in users} == {"my-cluster"}

    (pod,) = (
        each["spec"]["template"]["spec"] for each in rendered(my_cluster / "registry") if each["kind"] == "StatefulSet"
    )
    environment = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == "my-cluster-kafka-bootstrap:9093"
    assert "KAFKA_SASL_JAAS_CONFIG" in environment
    secrets = [each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each]
    assert secrets == ["my-cluster-cluster-ca-cert"]


def test_the_line_in_the_registrys_policy_admits_heartzone_in_the_other_namespace_and_nothing_else_there(
    my_cluster: Path,
) -> None:
    (policy,) = (each for each in rendered(my_cluster / "registry") if each["kind"] == "NetworkPolicy")
    registry = Peer("registry", "kafka", {"app.kubernetes.io/name": "heartzone-registry"})
    policies = [{**policy, "metadata": {**policy["metadata"], "namespace": "kafka"}}]

    admitted = {
        (namespace, name): reaches(policies, Peer("pod", namespace, {"app.kubernetes.io/name": name}), registry, "http")
        for namespace in ("kafka", "heartzone", "elsewhere")
        for name in ("heartzone", "another")
    }

    assert {pod for pod, is_admitted in admitted.items() if is_admitted} == {
        ("kafka", "heartzone"),
        ("heartzone", "heartzone"),
    }


def test_what_an_uninstalled_operator_leaves_is_named_in_full() -> None:
    """The same objects as its rights are for."""
    named = {name for rule in _lease_rules() for name in rule.get("resourceNames", [])}

    assert named
    assert named <= set(re.findall(r"[\w-]+", PAGE.partition("## Uninstalling")[2]))


def _lease_rules() -> list[dict[str, Any]]:
    _, role, _ = yaml.safe_load_all(RBAC.read_text())
    rules: list[dict[str, Any]] = role["rules"]
    return rules
