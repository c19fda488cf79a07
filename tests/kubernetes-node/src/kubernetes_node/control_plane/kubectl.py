"""kubectl as a person runs it, with its output as Python values."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import yaml


class KubectlError(Exception):
    """kubectl ended with another code than 0; the message is what it wrote to stderr."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """A kubectl that talks to one cluster as one user, in one namespace.

    `cache_dir` keeps what kubectl remembers of a cluster apart from that of another, which had the same port before.
    """

    command: Path
    kubeconfig: Path
    namespace: str | None = None
    cache_dir: Path | None = None

    def __call__(self, *arguments: str | Path, stdin: str | None = None, timeout: float = 180) -> str:
        """Run it and return what it wrote to stdout. Raises KubectlError."""
        done = self.run(*arguments, stdin=stdin, timeout=timeout)
        if done.returncode != 0:
            raise KubectlError(done.stderr.strip() or f"exit code {done.returncode}")
        return done.stdout

    def run(
        self, *arguments: str | Path, stdin: str | None = None, timeout: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        return subprocess.run(
            [*self.argv(), *map(str, arguments)],
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def argv(self) -> list[str]:
        """The command line up to the verb, for tests that run kubectl beside them (``get --watch``)."""
        namespace = ["--namespace", self.namespace] if self.namespace is not None else []
        cache = [f"--cache-dir={self.cache_dir}"] if self.cache_dir is not None else []
        return [str(self.command), f"--kubeconfig={self.kubeconfig}", *cache, *namespace]

    def get(self, *arguments: str) -> Any:
        """``kubectl get ARGUMENTS`` as the parsed JSON: an object, or ``{"items": [...]}``."""
        return json.loads(self("get", *arguments, "--output=json"))

    def apply(self, *manifests: Mapping[str, Any] | str, server_side: bool = False) -> str:
        """``kubectl apply`` of manifests that are mappings or YAML text."""
        # YAML even for mappings: kubectl's decoder of JSON now and then trips over the line between two documents.
        documents = [text if isinstance(text, str) else yaml.safe_dump(text) for text in manifests]
        flags = ["--server-side"] if server_side else []
        return self("apply", *flags, "--filename=-", stdin="\n---\n".join(documents))

    def within(self, namespace: str) -> Self:
        """The same in another namespace."""
        return replace(self, namespace=namespace)
