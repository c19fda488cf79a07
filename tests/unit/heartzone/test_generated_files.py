"""Generated files are committed: `python docs/generate.py` updates them."""

from runpy import run_path

import pytest

from heartzone_testing.checkout import ROOT

FILES = {
    str(path.relative_to(ROOT)): (path, text)
    for path, text in run_path(str(ROOT / "docs" / "generate.py"))["generated"]()
}


@pytest.mark.parametrize("name", FILES)
def test_generated_files_have_not_drifted(name: str) -> None:
    path, text = FILES[name]

    assert path.read_text(encoding="utf-8") == text()
