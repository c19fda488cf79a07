"""The registry's store, a file of H2's: whole, or none at all."""

from pathlib import Path

from embedded_kafka.errors import DamagedDataDirError
from embedded_kafka.registry.properties import STORE_FILE

STORE_BLOCK = 4096
UNFINISHED = "registry.unfinished"  # lies beside a store until the registry has made it whole


def prepare_store(directory: Path) -> Path:
    """Have a store that is whole or none at all; return the marker of an unfinished one, to remove when it is made.

    Apicurio makes its tables one by one, and never starts again on a store that it was killed in the midst of making.
    Nobody had a response from that one, so it is begun anew. Raises DamagedDataDirError.
    """
    store = directory / STORE_FILE
    unfinished = directory / UNFINISHED
    if unfinished.exists():
        store.unlink(missing_ok=True)
    elif store.exists():
        _require_sound(store)
    else:
        unfinished.touch()
    return unfinished


def _require_sound(store: Path) -> None:
    """Raise DamagedDataDirError for a file that is no H2 store: Apicurio would start on it and fail every request."""
    with store.open("rb") as file:
        # MVStore's header, written twice for the case that a write of it was interrupted.
        copies = (file.read(STORE_BLOCK), file.read(STORE_BLOCK))
    if not any(copy.startswith(b"H:") for copy in copies):
        raise DamagedDataDirError(
            f"{store} is not a schema registry's store: it is damaged; nothing in it was touched."
        )
