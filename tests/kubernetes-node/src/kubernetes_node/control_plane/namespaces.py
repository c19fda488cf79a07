"""Removing a namespace as the namespace controller does, which a control plane without controllers lacks.

Without it a namespace stays in phase Terminating for ever, and what is in it with it.
"""

from collections.abc import Iterator
from typing import Any

import httpx2

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


def remove_namespace(client: httpx2.Client, name: str) -> None:
    """Delete the namespace and everything in it, whatever finalizers say: the test that set them is over."""
    # First of all: from then on the API server rejects what a controller still writes there.
    client.delete(f"/api/v1/namespaces/{name}").raise_for_status()
    for collection in _collections(client, name):
        client.delete(collection)
        for item in client.get(collection).json().get("items", []):
            path = f"{collection}/{item['metadata']['name']}"
            client.patch(path, headers=MERGE_PATCH, json={"metadata": {"finalizers": None}})
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": []}}
    client.put(f"/api/v1/namespaces/{name}/finalize", json=namespace).raise_for_status()


def _collections(client: httpx2.Client, namespace: str) -> Iterator[str]:
    """The paths of all collections in the namespace that can be deleted at once."""
    for root in ("/api", "/apis"):
        for group in client.get(root, headers={"Accept": DISCOVERY}).raise_for_status().json()["items"]:
            for version in group["versions"][:1]:  # the preferred one: others show the same objects
                prefix = "/".join(filter(None, [root, group["metadata"].get("name"), version["version"]]))
                for resource in version.get("resources", []):
                    if _can_be_emptied(resource):
                        yield f"{prefix}/namespaces/{namespace}/{resource['resource']}"


def _can_be_emptied(resource: dict[str, Any]) -> bool:
    return resource["scope"] == "Namespaced" and {"deletecollection", "list"} <= set(resource["verbs"])
