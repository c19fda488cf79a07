"""A Java program of a distribution, ready to be run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from embedded_kafka.jvm.command import JvmProfile, java_command


@dataclass(frozen=True, slots=True)
class JavaProgram:
    """A program in Java: the part that all its command lines share.

    `code` is the option with its classes, ``("-cp", path)`` or ``("-jar", file)``, `options` are the JVM's, such as the
    AOT cache that it starts with.
    """

    code: tuple[str, str]
    system_properties: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()

    def with_temporary_files(self, directory: Path) -> "JavaProgram":
        """It, with a directory, which must exist, for native libraries that it unpacks: a kill leaves them there."""
        return replace(self, system_properties=(*self.system_properties, ("java.io.tmpdir", str(directory))))

    @property
    def classpath(self) -> str:
        """The path of its classes."""
        return self.code[1]

    def command(
        self,
        *arguments: str | Path,
        heap_mb: int,
        profile: JvmProfile,
        system_properties: Sequence[tuple[str, str]] = (),
    ) -> list[str]:
        """The argv that runs it; the first of the arguments is the main class, unless the jar names one."""
        return java_command(
            [*self.code, *arguments],
            heap_mb=heap_mb,
            profile=profile,
            options=self.options,
            system_properties=[*self.system_properties, *system_properties],
        )
