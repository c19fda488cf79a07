"""A folder of files that change as those of a mounted Secret do."""

import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path


class MountedSecret:
    """Files in ``folder``, each a link through ``..data``, which one rename exchanges, as by kubelet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, str] = {}
        self._versions = itertools.count(1)
        folder.mkdir(parents=True)

    def write(self, files: Mapping[str, str]) -> None:
        """Give these files these contents, all at once; others keep theirs."""
        self._files |= files
        current, version = self.folder / "..data", self.folder / f"..{next(self._versions)}"
        before = current.resolve() if current.is_symlink() else None
        version.mkdir()
        for name, content in self._files.items():
            (version / name).write_text(content)
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(Path("..data") / name)
        new = self.folder / "..data_new"
        new.symlink_to(version.name)
        new.replace(current)
        if before is not None:
            shutil.rmtree(before)

    def path(self, name: str) -> Path:
        """The path of a file, which stays."""
        return self.folder / name
