"""A real API server takes what the chart renders, under Pod Security `restricted`, and Helm keeps what has to stay."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from heartzone_testing.chart.definitions import definitions
from heartzone_testing.chart.rendering import VALUE_FILES, HelmTemplate, Manifest, Rendered
from heartzone_testing.checkout import CHART
from heartzone_testing.release.helm import Helm, HelmError
from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.binaries import Binaries
from kubernetes_node.control_plane.cluster import Cluster, own_cluster
from kubernetes_node.control_plane.kubectl import Kubectl, KubectlError
from kubernetes_node.control_plane.processes import ControlPlane

NAMESPACES = ("heartzone", "rendered", "orders", "leases", "monitoring")
DEFINITION = "eventtopics.heartzone.dev"
COMPONENTS = ("producer", "zone-worker", "operator", "audit", "test")
PREPARED: list[Manifest] = [
    *(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        }
        for name in NAMESPACES
    ),
    # What a cluster has, and the value files name.
    *(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "rendered"}}
        for name in (
            "default",
            "worker",
            *(f"{prefix}-{name}" for prefix in ("heartzone", "heartzone-zones") for name in COMPONENTS),
        )
    ),
    {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1},
]


@pytest.fixture(scope="module")
def api_server(control_plane_programs: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Of this module's own, since it removes and changes EventTopic's definition."""
    with ControlPlane(control_plane_programs, tmp_path_factory.mktemp("control-plane")) as control_plane:
        cluster = own_cluster(control_plane, control_plane_programs["kubectl"])
        cluster.kubectl.apply(*PREPARED)
        for file in definitions():
            cluster.kubectl("apply", "--server-side", f"--filename={file}")
        yield cluster


@pytest.fixture
def kubectl(api_server: Cluster) -> Kubectl:
    return api_server.kubectl.within("heartzone")


@pytest.fixture
def known(kubectl: Kubectl) -> None:
    """EventTopic is known to the API server."""
    kubectl("apply", "--server-side", f"--filename={CHART / 'crds'}")
    eventually(lambda: kubectl.run("get", "eventtopics").returncode == 0, "EventTopic to be served")


@pytest.fixture
def release(api_server: Cluster, kubectl: Kubectl, helm: HelmTemplate, tmp_path: Path) -> Iterator[Helm]:
    """Helm, where nothing is installed, and on an API server that has never heard of EventTopic."""
    kubectl("delete", "crd", DEFINITION, "--ignore-not-found")
    yield Helm(helm.command, api_server.kubeconfig, "heartzone", tmp_path)
    kubectl("delete", "all,cm,sa,pdb,netpol,role,rolebinding", "--selector=app.kubernetes.io/instance=heartzone")
    kubectl("delete", "secret", "--all")


@pytest.mark.usefixtures("known")
def test_it_takes_every_manifest_of_every_value_file(api_server: Cluster, helm: HelmTemplate) -> None:
    there_already = ("CustomResourceDefinition", "ServiceAccount")
    manifests: dict[str, Manifest] = {}
    for file in VALUE_FILES:
        rendered = helm(file, namespace="rendered")
        for manifest in (*rendered.manifests, *_pods_of(rendered)):
            if manifest["kind"] not in there_already:
                manifests[yaml.safe_dump(manifest)] = manifest  # most are the same in all of them

    _dry_run(api_server, *manifests.values())


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda manifest: manifest["spec"].update(partition=1), "unknown field"),
        (lambda manifest: manifest["spec"].update(partitions=0), "should be greater than or equal to 1"),
    ],
    ids=["a field that is unknown", "a number that cannot be"],
)
def test_it_would_reject_an_invalid_custom_resource(
    api_server: Cluster, helm: HelmTemplate, change: Callable[[Manifest], None], reason: str
) -> None:
    topic = helm(CHART / "ci" / "minimal-values.yaml", namespace="rendered").one(
        "EventTopic", "heartzone-biometrics-imported"
    )
    change(topic)

    with pytest.raises(KubectlError, match=reason):
        _dry_run(api_server, topic)


def test_pod_security_would_reject_less(api_server: Cluster, helm: HelmTemplate) -> None:
    pod = _pods_of(helm(CHART / "ci" / "minimal-values.yaml", namespace="rendered"))[0]
    del pod["spec"]["containers"][0]["securityContext"]["capabilities"]

    with pytest.raises(KubectlError, match=r"violates PodSecurity.*unrestricted capabilities"):
        _dry_run(api_server, pod)


def test_one_command_installs_the_definition_and_topics_of_its_kind(release: Helm, kubectl: Kubectl) -> None:
    release("install", "heartzone", CHART, f"--values={CHART / 'ci' / 'minimal-values.yaml'}")

    assert len(kubectl.get("eventtopics")["items"]) == 4


def test_an_upgrade_updates_an_older_definition_and_keeps_resources(release: Helm, kubectl: Kubectl) -> None:
    values = f"--values={CHART / 'ci' / 'minimal-values.yaml'}"
    release("install", "heartzone", CHART, values)
    kubectl.apply(_topic("orders"))
    older = '[{"op": "remove", "path": "/spec/names/shortNames"}]'
    kubectl("patch", "crd", DEFINITION, "--type=json", f"--patch={older}")
    before = _uids(kubectl)

    release("upgrade", "heartzone", CHART, values)

    assert kubectl.get("crd", DEFINITION)["spec"]["names"]["shortNames"] == ["et"]
    assert _uids(kubectl) == before
    assert "orders" in before


def test_a_definition_that_kubectl_created_is_transferred_as_the_readme_says(release: Helm, kubectl: Kubectl) -> None:
    command = re.search(r"`kubectl (apply --server-side --field-manager=.*)`", (CHART / "README.md").read_text())
    assert command
    values = f"--values={CHART / 'ci' / 'minimal-values.yaml'}"
    older = (CHART / "crds" / f"{DEFINITION}.yaml").read_text().replace("- et", "- older")
    kubectl.apply(older)
    with pytest.raises(HelmError, match='conflict with "kubectl-client-side-apply"'):
        release("install", "heartzone", CHART, values)

    kubectl(*command[1].replace("deploy/helm/heartzone/crds", str(CHART / "crds")).split())
    release("install", "heartzone", CHART, values)
    release("upgrade", "heartzone", CHART, values)

    assert kubectl.get("crd", DEFINITION)["spec"]["names"]["shortNames"] == ["et"]


def test_a_rollback_leaves_topics_with_the_partitions_that_they_have_by_now(release: Helm, kubectl: Kubectl) -> None:
    """Kafka removes none, so that the former number becomes a minimum, which the topic has."""
    values = f"--values={CHART / 'ci' / 'minimal-values.yaml'}"
    release("install", "heartzone", CHART, values)
    topic = "eventtopic/heartzone-biometrics-imported"
    kubectl("patch", topic, "--subresource=status", "--type=merge", '--patch={"status": {"topicId": "a topic"}}')
    release("upgrade", "heartzone", CHART, values, "--set=topics.biometrics.partitions=24")

    release("rollback", "heartzone", "1")

    assert release("status", "heartzone", "--output=json").count('"status":"deployed"') == 1
    spec = kubectl.get(*topic.split("/"))["spec"]
    assert (spec["partitions"], spec["partitionsPolicy"]) == (12, "AtLeast")


def test_it_leaves_definitions_to_others_when_told_so(release: Helm, kubectl: Kubectl) -> None:
    values = f"--values={CHART / 'ci' / 'minimal-values.yaml'}"
    release("install", "heartzone", CHART, values)
    kubectl("patch", "crd", DEFINITION, "--type=json", '--patch=[{"op": "remove", "path": "/spec/names/shortNames"}]')

    release("upgrade", "heartzone", CHART, values, "--set=crds.upgrade=false")

    assert "shortNames" not in kubectl.get("crd", DEFINITION)["spec"]["names"]


def test_uninstalling_leaves_the_definition_and_the_topics_of_others_and_installing_again_works(
    release: Helm, kubectl: Kubectl
) -> None:
    values = f"--values={CHART / 'ci' / 'minimal-values.yaml'}"
    release("install", "heartzone", CHART, values)
    kubectl.apply(_topic("orders"))

    release("uninstall", "heartzone")
    left = _uids(kubectl)
    release("install", "heartzone", CHART, values)

    assert left.keys() == {"orders"}
    assert _uids(kubectl)["orders"] == left["orders"]


def _dry_run(api_server: Cluster, *manifests: Manifest) -> None:
    text = "\n---\n".join(yaml.safe_dump(manifest) for manifest in manifests)
    api_server.kubectl("create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=text)


def _pods_of(rendered: Rendered) -> list[Manifest]:
    """The pods that the controllers would make of its workloads."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": component, "namespace": "rendered", "labels": template["metadata"]["labels"]},
            "spec": template["spec"],
        }
        for component, template in rendered.pod_templates()
        if component != "test"
    ]


def _topic(name: str) -> Manifest:
    return {
        "apiVersion": "heartzone.dev/v1alpha1",
        "kind": "EventTopic",
        "metadata": {"name": name},
        "spec": {"partitions": 1},
    }


def _secret(name: str, **data: str) -> Manifest:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}


def _uids(kubectl: Kubectl) -> dict[str, str]:
    return {each["metadata"]["name"]: each["metadata"]["uid"] for each in kubectl.get("eventtopics")["items"]}
