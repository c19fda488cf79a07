"""How the operator reaches the API server: as a pod by its service account, elsewhere by KUBECONFIG."""

import kopf

from heartzone_operator.watching import settings as kopf_settings
from service_chassis.settings import SettingsError


def login() -> kopf.ConnectionInfo:
    """Read the credentials anew: a pod's token changes about every hour. Raises SettingsError."""
    try:
        found = kopf.login_with_service_account(settings=kopf_settings()) or kopf.login_with_kubeconfig(
            settings=kopf_settings()
        )
    except (OSError, KeyError, ValueError, kopf.LoginError) as error:
        raise SettingsError(f"KUBECONFIG names no usable configuration: {error}") from error
    if found is None:
        raise SettingsError("KUBECONFIG is not set, and this is not a pod with a service account: where is Kubernetes?")
    return found
