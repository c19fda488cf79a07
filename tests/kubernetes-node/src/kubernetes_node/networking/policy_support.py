"""Support of NetworkPolicies, found out by trying one: a network plugin without it reports nothing."""

import time

from kubernetes_node.control_plane.cluster import Cluster
from kubernetes_node.control_plane.kubectl import Kubectl

PODS = """
apiVersion: v1
kind: Pod
metadata: {{name: server, labels: {{app: server}}}}
spec:
  containers:
    - name: httpd
      image: {busybox}
      command: [httpd, -f, -p, "8080"]
      readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec: {{containers: [{{name: sleep, image: {busybox}, command: [sleep, "600"]}}]}}
"""
DENY_ALL = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
IN_FORCE_WITHIN_S = 15


def enforces_policies(cluster: Cluster, busybox: str) -> bool:
    """Whether a policy that denies all ingress makes a pod unreachable for another one."""
    with cluster.new_namespace("policies") as namespace:
        kubectl = cluster.kubectl.within(namespace)
        kubectl.apply(PODS.format(busybox=busybox))
        kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s", timeout=130)
        address = kubectl("get", "pod", "server", "--output=jsonpath={.status.podIP}")
        assert _connects(kubectl, address), "a pod of this cluster does not reach another one"
        kubectl.apply(DENY_ALL)
        deadline = time.monotonic() + IN_FORCE_WITHIN_S
        while _connects(kubectl, address):
            if time.monotonic() > deadline:
                return False
        return True


def _connects(kubectl: Kubectl, address: str) -> bool:
    return kubectl.run("exec", "client", "--", "sh", "-c", f"nc -w 1 {address} 8080 < /dev/null").returncode == 0
