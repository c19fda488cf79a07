"""Variables of a process: of its environment, and of files with the same names in a mounted folder.

pydantic-settings' own source for files looks for those of known fields only, and a folder that is missing is a warning
to it; here any file may be a client's property, and what cannot be read ends the start.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from service_chassis.settings.errors import SettingsError
from service_chassis.settings.variables import SECRETS_DIR

# Kubernetes describes each Service of a namespace in variables of its own, so a Service called my-kafka makes
# MY_KAFKA_PORT=tcp://10.0.0.1:9092. They are not settings.
_SERVICE_LINK = re.compile(r".+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://")


def read_environment(environment: Mapping[str, str], *, prefix: str) -> dict[str, str]:
    """Every variable that begins with the prefix, by name; the environment wins over files, an empty one is not set.

    Raises:
        SettingsError: the folder that <prefix>SECRETS_DIR names, or a file in it, cannot be read.
    """
    secrets_dir = f"{prefix}{SECRETS_DIR}"
    folder = environment.get(secrets_dir)
    found = {**(_read_files(Path(folder), prefix, secrets_dir) if folder else {}), **environment}
    return {
        name: value
        for name, value in found.items()
        if name.startswith(prefix) and name != secrets_dir and value and not _is_service_link(name, value)
    }


def settings_files(environment: Mapping[str, str], *, prefix: str) -> list[Path]:
    """The files that `read_environment` takes variables from now, and their folder.

    Raises:
        OSError: the folder cannot be read.
    """
    folder = environment.get(f"{prefix}{SECRETS_DIR}")
    if not folder:
        return []
    return [Path(folder), *(path for path in sorted(Path(folder).iterdir()) if path.name.startswith(prefix))]


def _is_service_link(name: str, value: str) -> bool:
    return _SERVICE_LINK.fullmatch(name) is not None or (
        name.endswith("_PORT") and _SERVICE_URL.match(value) is not None
    )


def _read_files(folder: Path, prefix: str, secrets_dir: str) -> dict[str, str]:
    try:
        return {
            path.name: path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
            for path in sorted(folder.iterdir())
            if path.name.startswith(prefix) and path.is_file()
        }
    except UnicodeDecodeError as error:
        raise SettingsError(f"{secrets_dir}: a file in {folder} is not UTF-8 text") from error
    except OSError as error:
        raise SettingsError(
            f"{secrets_dir}: {error.filename or folder} cannot be read ({error.strerror}); a folder with one file a"
            " setting was expected"
        ) from error
