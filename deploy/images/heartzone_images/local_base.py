"""Base images for machines that reach Debian's packages but no registry of images: made by debootstrap, once per user.

They are close to the default base (same Debian, same minor version of Python): one to run on, and one to build on,
which has Python's venv as well.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from heartzone_images.engines import Build, Engine

SUITE = "trixie"
PACKAGES = ("ca-certificates", "python3")
ONLY_TO_BUILD = ("python3-pip-whl", "python3-setuptools-whl", "python3-venv", "python3.13-venv")
# Not needed in a container: half of what debootstrap installs.
UNREAD = (
    *("usr/share/doc", "usr/share/info", "usr/share/lintian", "usr/share/locale", "usr/share/man"),
    *("usr/lib/python3.13/test", "var/cache/apt", "var/lib/apt/lists", "var/log"),
)
Say = Callable[[str], None]


class NoLocalBaseError(Exception):
    """This machine cannot build a base image; the message says what is required."""


def local_bases(engine: Engine, say: Say) -> dict[str, str]:
    """The arguments BASE_IMAGE and BUILDER_IMAGE, both images made first where they are missing.

    Raises NoLocalBaseError, BuildError.
    """
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    bases = {
        "BASE_IMAGE": f"localhost/heartzone-base:{SUITE}-{digest}",
        "BUILDER_IMAGE": f"localhost/heartzone-builder-base:{SUITE}-{digest}",
    }
    if not all(engine.has(reference) for reference in bases.values()):
        _require_debootstrap()
        say(f"making a base image of Debian {SUITE} with debootstrap: about a minute, once")
        with TemporaryDirectory(prefix="heartzone-base-", dir="/var/tmp") as folder:  # /tmp may be nodev
            _make(engine, bases, Path(folder))
    return bases


def _require_debootstrap() -> None:
    if not shutil.which("debootstrap"):
        raise NoLocalBaseError("A local base image requires debootstrap. Debian: apt install debootstrap.")
    if os.geteuid() != 0:
        raise NoLocalBaseError(
            "A local base image requires root, as debootstrap does; or name an image with BASE_IMAGE."
        )


def _make(engine: Engine, bases: dict[str, str], folder: Path) -> None:
    tree = folder / "tree"
    # In a mount namespace of its own, so that an interrupted debootstrap leaves no /proc mounted in the folder.
    included = ",".join((*PACKAGES, *ONLY_TO_BUILD))
    _quietly(["unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={included}", SUITE, str(tree)])
    for unread in UNREAD:
        for each in (tree / unread).iterdir():
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    _commit(engine, bases["BUILDER_IMAGE"], tree)
    _quietly(["chroot", str(tree), "dpkg", "--purge", *ONLY_TO_BUILD])
    _commit(engine, bases["BASE_IMAGE"], tree)


def _commit(engine: Engine, reference: str, tree: Path) -> None:
    with TemporaryDirectory(prefix="context-", dir=tree.parent) as folder:
        context = Path(folder)
        archive = ["tar", "--numeric-owner", "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*"]
        _quietly([*archive, "-C", str(tree), "-cf", str(context / "tree.tar"), "."])
        (context / "Dockerfile").write_text("FROM scratch\nADD tree.tar /\n")
        engine.build(Build(reference, context / "Dockerfile", context))


def _quietly(command: list[str]) -> None:
    completed = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if completed.returncode != 0:
        last = "\n".join((completed.stdout + completed.stderr).splitlines()[-15:])
        raise NoLocalBaseError(f"`{' '.join(command)}` ended with exit code {completed.returncode}:\n{last}")
