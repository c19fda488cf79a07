"""Images as archives that a node imports, each built once per user and content, and kept.

`IMAGES` of recipes.py lists the names: producer, zone-worker, operator, cli, kafka, registry, probe. In a cluster an
image is called `localhost/heartzone-<name>:dev` (`reference`), with `imagePullPolicy: Never` or `IfNotPresent`. The
archive, docker's form, says the same, so that ``ctr -n k8s.io images import`` and ``kind load image-archive`` take it
as it is.
All run as user 65532 on a read-only root file system; `kafka` and `registry` want a writable /tmp.

Layout of the cache directory::

    <name>-<digest>.tar   made under another name, then renamed, so never half there
    build.lock            held by the one process that builds
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import platformdirs
from filelock import FileLock

from heartzone_images import engines
from heartzone_images.local_base import local_bases
from heartzone_images.package_indexes import build_secrets
from heartzone_testing.images.digests import digest_of
from heartzone_testing.images.recipes import build_of, reference

DEFAULT_BASE = "docker.io/library/python:3.13-slim-trixie"
Say = Callable[[str], None]


def build(name: str, say: Say) -> Path:
    """The archive of the image, built first when it is missing; `say` gets lines of progress.

    Raises NoEngineError, NoLocalBaseError, BuildError.
    """
    engine, bases = _engine_and_bases(say)
    with build_secrets(os.environ) as secrets:
        recipe = build_of(name, bases=bases, secrets=secrets)
        folder = platformdirs.user_cache_path("heartzone-tests") / "images"
        archive = folder / f"{name}-{digest_of(recipe)}.tar"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "build.lock"):
            if not archive.exists():
                say(f"building the image {reference(name)}")
                engine.build(recipe)
                _save(engine, recipe.reference, archive, reference(name))
                for former in set(folder.glob(f"{name}-????????????????.tar")) - {archive}:
                    former.unlink()
    return archive


@cache
def _engine_and_bases(say: Say) -> tuple[engines.Engine, dict[str, str]]:
    """The base that the Dockerfiles name where it can be had, else one made here."""
    engine = engines.choose()
    if engine.has(DEFAULT_BASE) or engine.pull(DEFAULT_BASE):
        return engine, {}
    return engine, local_bases(engine, say)


def _save(engine: engines.Engine, built: str, archive: Path, name: str) -> None:
    unfinished = archive.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    engine.save(built, unfinished, name)
    unfinished.rename(archive)
