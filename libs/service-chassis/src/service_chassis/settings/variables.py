"""Where settings come from: environment variables, and files of the same name in a mounted folder."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from service_chassis.settings.errors import SettingsError

PREFIX = "HEARTZONE_"
SECRETS_DIR = "HEARTZONE_SECRETS_DIR"

# Kubernetes describes each Service of a namespace in variables of its own, so a Service called heartzone-kafka makes
# HEARTZONE_KAFKA_PORT=tcp://10.0.0.1:9092. They are not settings.
_SERVICE_LINK = re.compile(r".+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://")


def read_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Every HEARTZONE_ variable by name; the environment wins over files, and an empty variable counts as not set.

    Raises:
        SettingsError: the folder or a file in it cannot be read.
    """
    folder = environment.get(SECRETS_DIR)
    found = {**(_files(Path(folder)) if folder else {}), **environment}
    return {
        name: value
        for name, value in found.items()
        if name.startswith(PREFIX) and name != SECRETS_DIR and value and not _is_service_link(name, value)
    }


def _is_service_link(name: str, value: str) -> bool:
    return _SERVICE_LINK.fullmatch(name) is not None or (
        name.endswith("_PORT") and _SERVICE_URL.match(value) is not None
    )


def _files(folder: Path) -> dict[str, str]:
    try:
        return {
            path.name: path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
            for path in sorted(folder.iterdir())
            if path.name.startswith(PREFIX) and path.is_file()
        }
    except UnicodeDecodeError as error:
        raise SettingsError(f"{SECRETS_DIR}: a file in {folder} is not UTF-8 text") from error
    except OSError as error:
        raise SettingsError(
            f"{SECRETS_DIR}: {error.filename or folder} cannot be read ({error.strerror}); a folder with one file a"
            " setting was expected"
        ) from error
