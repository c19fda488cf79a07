"""What a person would look at first when an installation does not become ready, as one text."""

from control_plane.kubectl import Kubectl

LOG_LINES = 8


def diagnosis(kubectl: Kubectl) -> str:
    """The pods of a namespace, its warnings, and how the logs of what is not ready end."""
    pods = kubectl.get("pods")["items"]
    unready = [
        pod["metadata"]["name"]
        for pod in pods
        if not all(status["ready"] for status in pod["status"].get("containerStatuses", [{"ready": False}]))
    ]
    looks = [
        ("get", "pods", "--output=wide"),
        ("events", "--types=Warning"),
        *(("logs", name, f"--tail={LOG_LINES}") for name in unready),
        *(("logs", name, f"--tail={LOG_LINES}", "--previous") for name in unready),
    ]
    return "\n".join(f"$ kubectl {' '.join(look)}\n{_outcome(kubectl, look)}" for look in looks)


def _outcome(kubectl: Kubectl, look: tuple[str, ...]) -> str:
    done = kubectl.run(*look)
    return done.stdout + done.stderr
