"""The checkout that the tests are of, and its files that tests read."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]

CHART = ROOT / "deploy" / "helm" / "heartzone"
CRD = ROOT / "deploy" / "crd" / "eventtopics.heartzone.dev.yaml"
DASHBOARDS_FOLDER = CHART / "files" / "dashboards"
PROGRAMS = Path(__file__).with_name("programs")
"""Go modules that tests run and no node takes: Helm, KEDA, Prometheus."""
RBAC = ROOT / "deploy" / "operator" / "rbac.yaml"
RULES = CHART / "files" / "rules" / "heartzone.yaml"
STRIMZI = ROOT / "deploy" / "strimzi"
TOPICS = ROOT / "schemas" / "topics"
