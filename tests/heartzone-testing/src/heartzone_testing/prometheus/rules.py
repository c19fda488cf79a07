"""The chart's rules, as documents."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from heartzone_testing.checkout import RULES

_ALL: Sequence[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
ALERTS: Sequence[dict[str, Any]] = [rule for rule in _ALL if "alert" in rule]
METRICS = frozenset(metric for rule in _ALL for metric in re.findall(r"(?<![\w:])heartzone_\w+", rule["expr"]))
"""The metrics that the rules read, without names of recording rules."""
