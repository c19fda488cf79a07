"""Builds images ahead of the tests that run them: ``python -m images [NAME]…``; without names, all."""

import sys

from images.building import build
from images.recipes import IMAGES

for name in sys.argv[1:] or IMAGES:
    print(build(name, print))  # noqa: T201 it is a command
