"""The default rendering is committed: `make generate` updates it."""

from heartzone_testing.chart.rendering import HelmTemplate
from heartzone_testing.chart.snapshot import FILE, snapshot


def test_the_default_render_has_not_drifted(helm: HelmTemplate) -> None:
    assert FILE.read_text(encoding="utf-8") == snapshot(helm)
