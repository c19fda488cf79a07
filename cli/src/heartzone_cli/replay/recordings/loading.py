"""From a file to its samples: the choice of the format, and one sentence for any error."""

import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from heartzone_cli.replay.recordings.samples import FormatError, Sample, UnreadableRecordingError

READERS = {".csv": "csv_file", ".fit": "fit", ".gpx": "gpx", ".tcx": "tcx"}

# Names the devices of recordings (RFC 9562, version 5): the same file is the same device, on every machine.
DEVICE_NAMESPACE = uuid.UUID("1d0e9a3c-54b1-5f5f-9f0e-8a1f5c1f6b7e")


@dataclass(frozen=True)
class Recording:
    """One file: its samples by time, and the device id that follows from its content."""

    path: Path
    device_id: str
    samples: tuple[Sample, ...]


def load(path: Path) -> Recording:
    """Read a recording. Raises UnreadableRecordingError.

    Samples are sorted by time, because a file may hold several tracks in any order; readings of the same time
    keep the file's order.
    """
    read = _reader(path)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            samples = sorted(read(file), key=lambda sample: sample.time)
    except FormatError as error:
        # Some messages contain one of a library, which may have line breaks.
        raise UnreadableRecordingError(f"{path} {' '.join(str(error).split())}") from error
    except IsADirectoryError:
        raise UnreadableRecordingError(f"{path} is a folder; name the recordings inside it.") from None
    except FileNotFoundError:
        raise UnreadableRecordingError(f"{path} does not exist.") from None
    except OSError as error:
        raise UnreadableRecordingError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not samples:
        raise UnreadableRecordingError(f"{path} contains no heart rates.")
    return Recording(path, str(uuid.uuid5(DEVICE_NAMESPACE, digest)), tuple(samples))


def _reader(path: Path) -> Callable[[BinaryIO], Iterable[Sample]]:
    module = READERS.get(path.suffix.lower())
    if module is None and not path.is_dir():
        raise UnreadableRecordingError(
            f"{path} is of an unknown type; {', '.join(sorted(READERS))} are the types that can be read."
        )
    # Only the reader of this format is imported: the .fit profile alone takes a tenth of a second.
    reader: Any = import_module(f"heartzone_cli.replay.recordings.{module or 'csv_file'}")
    read: Callable[[BinaryIO], Iterable[Sample]] = reader.read
    return read
