"""`make dev`: skaffold with this machine's access to package indexes, as files that a profile of skaffold.yaml names.

Files, since a variable holds no more than 128 KiB, and a bundle of certificates is larger.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from heartzone_images.package_indexes import ca_bundle, shell_fragment
from heartzone_images.services import ROOT

FOLDER = ROOT / ".skaffold-secrets"
PROFILE = "package-indexes"


@contextmanager
def secret_files(environment: Mapping[str, str], folder: Path) -> Iterator[None]:
    """The secrets by their ids, in a folder that is there while the block lasts; empty where all is as usual."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        (folder / "package-indexes").write_text(shell_fragment(environment))
        certificates = ca_bundle(environment)
        (folder / "ca-bundle").write_bytes(certificates.read_bytes() if certificates is not None else b"")
        yield
    finally:
        shutil.rmtree(folder)


def command(arguments: Sequence[str]) -> list[str]:
    """What is run: `skaffold dev`, or what the arguments say, with the profile."""
    return ["skaffold", *(arguments or ["dev"]), f"--profile={PROFILE}"]


def main() -> int:
    """Exit code of skaffold, which Ctrl-C, SIGTERM and a closed terminal end in its own time."""
    if shutil.which("skaffold") is None:
        sys.stderr.write("make dev: there is no skaffold on PATH; https://skaffold.dev/docs/install has it.\n")
        return 1
    running: list[subprocess.Popen[bytes]] = []
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()
        for each in running:
            each.terminate()

    # Before there is a secret, or skaffold: what comes early is looked for below.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, end)
    with secret_files(os.environ, FOLDER), subprocess.Popen(command(sys.argv[1:]), cwd=ROOT) as skaffold:
        running.append(skaffold)
        if ended.is_set():
            skaffold.terminate()
        while skaffold.poll() is None:
            try:
                skaffold.wait()
            except KeyboardInterrupt:
                continue
        return skaffold.returncode


if __name__ == "__main__":
    sys.exit(main())
