"""Owner of the operator's leases: its ServiceAccount, so that Kubernetes removes them with it.

An operator that is uninstalled could not remove them itself: Helm takes its rights away before its pod ends.
"""

from typing import Any

import structlog

from heartzone_operator.kubernetes.api import KubernetesApi, RequestRejectedError

_REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_ACCOUNT = "system:serviceaccount:"

log = structlog.get_logger(__name__)


class LeaseOwner:
    """The account that this process runs as, which the API server tells anyone who asks for himself."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._account: dict[str, Any] | None = None

    async def metadata(self, namespace: str) -> dict[str, Any]:
        """Return what the metadata of a new lease says of its owner: nothing in another namespace, or without an owner.

        An owner in another namespace would count as one that is gone. Raises ApiServerUnavailableError.
        """
        if self._account is None:
            self._account = await self._find()
        if self._account.get("namespace") != namespace:
            return {}
        name, uid = self._account["name"], self._account["uid"]
        return {"ownerReferences": [{"apiVersion": "v1", "kind": "ServiceAccount", "name": name, "uid": uid}]}

    async def _find(self) -> dict[str, Any]:
        """Return namespace, name and uid; nothing when this process runs as somebody who is no ServiceAccount."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            user = (await self._api.request("POST", _REVIEWS, review))["status"]["userInfo"]
        except RequestRejectedError as error:  # a cluster that has taken this right from everybody
            log.warning("lease_owner_unknown", reason=str(error))
            return {}
        namespace, _, name = user["username"].removeprefix(_ACCOUNT).partition(":")
        if not user["username"].startswith(_ACCOUNT) or not user.get("uid"):
            return {}
        return {"namespace": namespace, "name": name, "uid": user["uid"]}
