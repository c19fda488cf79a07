"""Go programs that tests run: each module is built from source once per user, and kept.

A module is a folder with go.mod and go.sum. Its programs are the ``tool`` directives of go.mod, or, when there is a
main.go, one binary under the module's name (and under its other names, when it is the program it is called by).

Layout of the cache directory::

    <module>/<digest>/<program>   made elsewhere, then renamed, so never half there
    <module>/build.lock           held by the one process that builds
"""

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock
from packaging.version import Version

from kubernetes_node.cache import cache_folder
from kubernetes_node.go_programs.building import build, have_sources_of, sources_of
from kubernetes_node.go_programs.toolchain import Go, find_go

PROGRAMS = Path(__file__).resolve().parent.parent / "programs"
"""The modules of this package."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class GoModule:
    """A folder with a Go module.

    source: the folder; its name is the module's. title: what people call it, in lines about its build. effort: how long
    that takes. names: what else its one binary is called. stated: package variables that the linker sets, such as
    versions. tags: build tags, which may leave out what no test needs.
    """

    source: Path
    title: str = ""
    effort: str = "a minute or more"
    names: tuple[str, ...] = ()
    stated: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its folder in the cache, and of its binary."""
        return self.source.name

    def is_built(self) -> bool:
        """Whether its programs are in the cache. Raises GoMissingError."""
        return self._home(self._go()).exists()

    def ensure(self, say: Say) -> Path:
        """The folder with its programs, built first when they are missing; `say` gets lines of progress.

        Raises GoMissingError, BuildError.
        """
        go = self._go()
        home = self._home(go)
        if not home.exists():
            with FileLock(home.with_name("build.lock")):
                if not home.exists():
                    self._install(go, home, say)
        return home

    def sources_of(self, module: str) -> Path:
        """The folder with the sources of a module that go.mod requires, fetched when they are missing.

        Raises GoMissingError, BuildError.
        """
        return sources_of(self._go(), self.source, module)

    def has_sources_of(self, *modules: str) -> bool:
        """Whether `sources_of` has nothing to fetch for any of these. Raises GoMissingError."""
        return have_sources_of(self._go(), self.source, *modules)

    def version_of(self, module: str) -> str:
        """The version of another module that go.mod requires, without its v."""
        return self._asked(rf"(?:require )?\s*{re.escape(module)} v(\S+)(?: // indirect)?")

    def _home(self, go: Go) -> Path:
        return cache_folder(self.name) / self._digest(go)

    def _go(self) -> Go:
        return find_go(Version(self._asked(r"go (\S+)")), title=self.title or self.name)

    def _install(self, go: Go, home: Path, say: Say) -> None:
        title = self.title or self.name
        say(f"building {title} from source, for the tests: {self.effort} on two cores, once")
        staging = home.with_name(f"{home.name}.new")
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        if (self.source / "main.go").exists():
            build(go, self.source, staging / self.name, title=title, arguments=(*self._flags(), "."), say=say)
            for name in self.names:
                (staging / name).symlink_to(self.name)
        else:
            build(go, self.source, staging, title=title, arguments=(*self._flags(), "tool"), say=say)
        staging.rename(home)

    def _flags(self) -> tuple[str, ...]:
        linker = " ".join(["-s -w", *(f"-X {name}={value}" for name, value in self.stated.items())])
        return "-ldflags", linker, *(("-tags", ",".join(self.tags)) if self.tags else ())

    def _digest(self, go: Go) -> str:
        """Of all that decides what comes out of the build."""
        digest = hashlib.sha256(f"{go.version} {self.names} {self._flags()}".encode())
        for file in (*sorted(self.source.glob("go.*")), *sorted(self.source.rglob("*.go"))):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:16]

    def _asked(self, line: str) -> str:
        found = re.search(rf"^{line}$", (self.source / "go.mod").read_text(), re.MULTILINE)
        assert found, f"no line of {self.source / 'go.mod'} is {line}"
        return found[1]
