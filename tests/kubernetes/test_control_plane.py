"""The control plane that the other tests stand on: what it keeps, whom it lets in, how it stops."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from heartzone_testing.waiting import eventually
from kubernetes_node.control_plane.binaries import ensure_binaries
from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.kubectl import Kubectl, KubectlError
from kubernetes_node.control_plane.processes import ControlPlane

READ_CONFIG_MAPS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: read}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: read}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: read}
subjects: [{kind: ServiceAccount, name: tester}]
"""
HOLD_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from kubernetes_node.control_plane.binaries import ensure_binaries
from kubernetes_node.control_plane.processes import ControlPlane

with ControlPlane(ensure_binaries(lambda _: None), Path(sys.argv[1])) as running:
    print(running.etcd.pid, running.api_server.pid, flush=True)
    time.sleep(600)
"""


def config_map(name: str, **metadata: object) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"key": "value"},
    }


@pytest.mark.skipif("KUBEBUILDER_ASSETS" in os.environ, reason="programs of another version are as good")
def test_client_and_server_say_the_version_they_were_built_from(
    kubernetes: Cluster, control_plane: ControlPlane
) -> None:
    versions = kubernetes.kubectl("version").splitlines()

    assert {"Client Version: v1.36.3", "Server Version: v1.36.3"} <= set(versions)


def test_what_is_applied_can_be_read_again(kubectl: Kubectl) -> None:
    assert kubectl.apply(config_map("first"), config_map("second")).splitlines() == [
        "configmap/first created",
        "configmap/second created",
    ]
    assert kubectl.get("configmap", "second")["data"] == {"key": "value"}


def test_what_does_not_exist_fails_in_kubectl_s_words(kubectl: Kubectl) -> None:
    with pytest.raises(KubectlError, match='configmaps "nowhere" not found'):
        kubectl.get("configmap", "nowhere")


def test_a_service_account_may_do_what_a_role_allows_and_nothing_else(
    kubectl: Kubectl, service_account: Kubectl
) -> None:
    kubectl.apply(config_map("first"))
    with pytest.raises(KubectlError, match=r'system:serviceaccount:test-\w+:tester" cannot get resource "configmaps"'):
        service_account.get("configmap", "first")

    kubectl.apply(READ_CONFIG_MAPS)

    # The API server's authorizer learns of new rules by a watch.
    eventually(lambda: service_account.run("get", "configmap", "first").returncode == 0, "the role is in force")
    with pytest.raises(KubectlError, match=r'cannot delete resource "configmaps"'):
        service_account("delete", "configmap", "first")


def test_a_token_that_the_cluster_did_not_sign_is_rejected(kubernetes: Cluster, namespace: str, tmp_path: Path) -> None:
    genuine = kubernetes.service_account_kubeconfig(namespace, "tester", tmp_path)
    forged = tmp_path / "forged"
    forged.write_text(genuine.read_text().replace('"token": "', '"token": "x'))

    with pytest.raises(KubectlError, match="You must be logged in to the server"):
        kubernetes.kubectl_as(forged).get("namespaces")


def test_a_restarted_api_server_has_the_same_address_and_data(control_plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl.apply(config_map("first"))
    before = control_plane.url, control_plane.api_server.pid

    control_plane.restart_api_server()

    assert control_plane.url == before[0]
    assert control_plane.api_server.pid != before[1]
    assert kubectl.get("configmap", "first")["data"] == {"key": "value"}


def test_a_stopped_api_server_does_not_respond(control_plane: ControlPlane, kubectl: Kubectl) -> None:
    control_plane.stop_api_server()

    with pytest.raises(KubectlError, match="refused"):
        kubectl("get", "configmaps")


def test_a_namespace_goes_with_everything_in_it_whatever_finalizers_say(
    kubernetes: Cluster, control_plane: ControlPlane
) -> None:
    with kubernetes.new_namespace() as name:
        kubernetes.kubectl.within(name).apply(
            config_map("held", finalizers=["heartzone.dev/never-comes"]), config_map("free")
        )

    with pytest.raises(KubectlError, match="not found"):
        kubernetes.kubectl.get("namespace", name)
    everywhere = kubernetes.kubectl.get("configmaps", "--all-namespaces")["items"]
    assert [item for item in everywhere if item["metadata"]["namespace"] == name] == []


def test_stopping_takes_both_processes_along(control_plane: ControlPlane, tmp_path: Path) -> None:
    with ControlPlane(ensure_binaries(print), tmp_path) as running:
        processes = [running.etcd, running.api_server]
        assert [process.poll() for process in processes] == [None, None]

    assert [process.poll() for process in processes] == [-signal.SIGTERM, 0]


def test_nothing_is_left_when_the_test_run_is_killed(control_plane: ControlPlane, tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_KILLED, tmp_path],
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout is not None
        pids = [int(pid) for pid in run.stdout.readline().split()]
        assert [psutil.Process(pid).name() for pid in pids] == ["etcd", "kube-apiserver"]

        run.send_signal(signal.SIGKILL)

    eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids), "etcd and the API server are gone")
