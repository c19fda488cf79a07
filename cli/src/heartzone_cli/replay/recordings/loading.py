"""From a file to its samples: the choice of the format, and one sentence for any error."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from heartzone_cli.replay.recordings.samples import (
    FormatError,
    LeftOut,
    Sample,
    Samples,
    UnreadableRecordingError,
    by_time,
)

READERS = {".csv": "csv_file", ".fit": "fit", ".gpx": "gpx", ".tcx": "tcx"}

# Names the devices of recordings (RFC 9562, version 5): the same file is the same device, on every machine.
DEVICE_NAMESPACE = uuid.UUID("1d0e9a3c-54b1-5f5f-9f0e-8a1f5c1f6b7e")


@dataclass(frozen=True)
class Recording:
    """One file: its samples by time, and the device id that follows from its content.

    `left_out` has the samples that cannot be used, by the sentence that says why.
    """

    path: Path
    device_id: str
    samples: tuple[Sample, ...]
    left_out: Mapping[str, int]


def load(path: Path) -> Recording:
    """Read a recording. Raises UnreadableRecordingError.

    Samples are sorted by time, because a file may hold several tracks in any order; readings of the same time
    keep the file's order.
    """
    read = _reader(path)
    samples: list[Sample] = []
    left_out: Counter[str] = Counter()
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            for each in read(file):
                if isinstance(each, LeftOut):
                    left_out[f"{path} {each.reason}"] += 1
                else:
                    samples.append(each)
    except FormatError as error:
        # Some messages contain one of a library, which may have line breaks.
        raise UnreadableRecordingError(f"{path} {' '.join(str(error).split())}") from error
    except IsADirectoryError:
        raise UnreadableRecordingError(f"{path} is a folder; name the recordings inside it.") from None
    except FileNotFoundError:
        raise UnreadableRecordingError(f"{path} does not exist.") from None
    except OSError as error:
        raise UnreadableRecordingError(f"{path} cannot be read: {error.strerror or error}.") from error
    if left_out and not samples:
        raise UnreadableRecordingError(next(iter(left_out)))
    if not samples:
        raise UnreadableRecordingError(f"{path} contains no heart rates.")
    return Recording(path, str(uuid.uuid5(DEVICE_NAMESPACE, digest)), by_time(samples), left_out)


def _reader(path: Path) -> Callable[[BinaryIO], Samples]:
    module = READERS.get(path.suffix.lower())
    if module is None and not path.is_dir():
        raise UnreadableRecordingError(
            f"{path} is of an unknown type; {', '.join(sorted(READERS))} are the types that can be read."
        )
    # Only the reader of this format is imported: the .fit profile alone takes a tenth of a second.
    reader: Any = import_module(f"heartzone_cli.replay.recordings.{module or 'csv_file'}")
    read: Callable[[BinaryIO], Samples] = reader.read
    return read
