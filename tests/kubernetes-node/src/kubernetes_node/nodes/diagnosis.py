"""A cluster's state for the report of a failed test: by the time a person reads it, the cluster is gone."""

from kubernetes_node.control_plane.kubectl import Kubectl

LINES_OF_EACH_LOG = 15
OF_EVERYTHING = (
    ("get", "nodes,pods", "--all-namespaces", "--output=wide"),
    ("get", "events", "--all-namespaces", "--field-selector=type=Warning", "--sort-by=.metadata.creationTimestamp"),
)


def diagnosis(kubectl: Kubectl) -> str:
    """Nodes, pods, warnings, and the last lines of containers that are not ready or have been restarted."""
    parts = [kubectl.run(*arguments).stdout for arguments in OF_EVERYTHING]
    pods = kubectl.get("pods", "--all-namespaces")["items"]
    for pod in pods:
        for container in pod["status"].get("containerStatuses", []):
            if not container["ready"] or container["restartCount"]:
                parts.append(_log(kubectl.within(pod["metadata"]["namespace"]), pod["metadata"]["name"], container))
    return "\n".join(part for part in parts if part)


def _log(kubectl: Kubectl, pod: str, container: dict[str, object]) -> str:
    which = ["--previous"] if container["restartCount"] else []
    log = kubectl.run("logs", pod, f"--container={container['name']}", f"--tail={LINES_OF_EACH_LOG}", *which)
    return f"{kubectl.namespace}/{pod} {container['name']}:\n{log.stdout or log.stderr}"
