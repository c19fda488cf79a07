"""The two programs that build from a Dockerfile, behind one interface."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class NoEngineError(Exception):
    """Neither docker nor buildah can build here; the message says what to install or start."""


class BuildError(Exception):
    """The engine failed; its standard error has the reason."""


@dataclass(frozen=True, slots=True)
class Build:
    """One image to build.

    secrets: files that RUN steps may read and no layer keeps. contexts: more folders to COPY from, by name.
    """

    reference: str
    dockerfile: Path
    context: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    contexts: Mapping[str, Path] = field(default_factory=dict)

    def options(self) -> list[str]:
        """The options that docker and buildah share."""
        arguments = [f"--build-arg={name}={value}" for name, value in self.arguments.items()]
        secrets = [f"--secret=id={name},src={path}" for name, path in self.secrets.items()]
        contexts = [f"--build-context={name}={path}" for name, path in self.contexts.items()]
        return [
            *arguments,
            *secrets,
            *contexts,
            f"--tag={self.reference}",
            f"--file={self.dockerfile}",
            str(self.context),
        ]


class Engine(Protocol):
    """A program that builds and stores images."""

    def build(self, build: Build) -> None:
        """Build and tag. Raises BuildError."""

    def has(self, reference: str) -> bool:
        """Whether an image of this name is stored locally."""

    def pull(self, reference: str) -> bool:
        """Pull an image from its registry; False when the registry is unavailable or does not have it."""

    def save(self, reference: str, archive: Path, name: str) -> None:
        """Write the image as a docker-archive, under `name`. Raises BuildError."""


class Docker:
    """The docker command and its daemon, which must have BuildKit (the default since 23.0)."""

    def build(self, build: Build) -> None:
        """As in Engine.

        A builder in a container, such as BUILDX_BUILDER may name, would else keep the image in a cache of its own.
        """
        _run(["docker", "build", "--load", *build.options()], DOCKER_BUILDKIT="1")

    def has(self, reference: str) -> bool:
        """As in Engine."""
        return _succeeds(["docker", "image", "inspect", reference])

    def pull(self, reference: str) -> bool:
        """As in Engine."""
        return _succeeds(["docker", "pull", "--quiet", reference])

    def save(self, reference: str, archive: Path, name: str) -> None:
        """As in Engine."""
        _run(["docker", "tag", reference, name])
        _run(["docker", "save", f"--output={archive}", name])


class Buildah:
    """Debian's buildah, which needs no daemon."""

    def build(self, build: Build) -> None:
        """As in Engine.

        RUN steps are isolated by chroot: they need the network of this machine only, and the runtimes that would
        isolate them better do not start in containers or on machines with both versions of cgroups.
        """
        _run(["buildah", "bud", "--layers", "--isolation=chroot", *build.options()])

    def has(self, reference: str) -> bool:
        """As in Engine."""
        return _succeeds(["buildah", "inspect", "--type=image", reference])

    def pull(self, reference: str) -> bool:
        """As in Engine."""
        return _succeeds(["buildah", "pull", "--policy=missing", "--quiet", reference])

    def save(self, reference: str, archive: Path, name: str) -> None:
        """As in Engine."""
        _run(["buildah", "push", "--quiet", reference, f"docker-archive:{archive}:{name}"])


def choose() -> Engine:
    """Docker when its daemon responds, else buildah. Raises NoEngineError."""
    if shutil.which("docker") and _succeeds(["docker", "version"]):
        return Docker()
    if shutil.which("buildah"):
        return Buildah()
    docker = "the docker daemon does not respond" if shutil.which("docker") else "there is no docker"
    raise NoEngineError(
        f"Images are built with docker or buildah: {docker}, and no buildah. Debian: apt install buildah."
    )


def _run(command: list[str], **environment: str) -> None:
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env=os.environ | environment)
    except subprocess.CalledProcessError as error:
        raise BuildError(f"`{' '.join(command)}` ended with exit code {error.returncode}.") from error


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
