"""Connection to the API server: by the service account in a pod, by KUBECONFIG elsewhere."""

import kopf

from service_chassis.settings import SettingsError


def login() -> kopf.ConnectionInfo:
    """Read the credentials anew: a pod's token changes about every hour. Raises SettingsError."""
    try:
        settings = kopf.OperatorSettings()
        connection = kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings)
    except (OSError, KeyError, ValueError, kopf.LoginError) as error:
        raise SettingsError(f"KUBECONFIG names no usable configuration: {error}") from error
    if connection is None:
        raise SettingsError("KUBECONFIG is not set, and this is not a pod with a service account: where is Kubernetes?")
    return connection
