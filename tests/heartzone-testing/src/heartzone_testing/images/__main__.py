"""Builds images ahead of the tests that run them: ``python -m heartzone_testing.images [NAME]…``; none named: all."""

import sys

from heartzone_testing.images.building import build
from heartzone_testing.images.recipes import IMAGES

for name in sys.argv[1:] or IMAGES:
    print(build(name, print))  # noqa: T201 it is a command
