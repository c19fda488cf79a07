"""Programs that a release is made with, and what is missing when one of them is."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from heartzone_images.services import ROOT


class ReleaseError(Exception):
    """A part of the release failed; the message is one sentence."""


def run(command: Sequence[str | Path], *, stdin: str | None = None, **environment: str) -> str:
    """Run it at the root of the repository, and return its output. Raises ReleaseError."""
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        raise ReleaseError(f"`{words[0]}` is not on PATH, and the release takes it for `{' '.join(words[:3])}`.")
    done = subprocess.run(
        words,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise ReleaseError(f"`{' '.join(words[:3])}` ended with exit code {done.returncode}:\n{last}")
    return done.stdout + done.stderr
