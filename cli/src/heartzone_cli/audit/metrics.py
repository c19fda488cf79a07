"""Metrics of an audit that follows.

heartzone_audit_findings_total{finding}        findings, by kind
heartzone_audit_unjudged_total{reason}         records that nobody can judge, by reason
heartzone_audit_records_total{log}             records that were compared, by log
heartzone_audit_judged_offset{partition}       offset of the input up to which every record is judged
heartzone_audit_last_round_timestamp_seconds   when all that the group had processed was judged for the last time
"""

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from heartzone_cli.audit.findings import Finding, Unjudged

LOGS = {"readings": "input", "events": "output", "dead_letters": "dead_letters"}


class AuditMetrics:
    """Set after each round."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._findings = Counter("heartzone_audit_findings", "Findings, by kind", ["finding"], registry=registry)
        self._unjudged = Counter(
            "heartzone_audit_unjudged", "Records that nobody can judge, by reason", ["reason"], registry=registry
        )
        self._records = Counter("heartzone_audit_records", "Records compared, by log", ["log"], registry=registry)
        self._judged = Gauge(
            "heartzone_audit_judged_offset", "Offset up to which the input is judged", ["partition"], registry=registry
        )
        self._last_round = Gauge(
            "heartzone_audit_last_round_timestamp_seconds",
            "When all that the group had processed was judged for the last time",
            registry=registry,
        )
        # Exported as 0 from the start, so that increase() counts the first of each.
        for finding in Finding:
            self._findings.labels(finding=finding)
        for reason in Unjudged:
            self._unjudged.labels(reason=reason)
        for log in LOGS.values():
            self._records.labels(log=log)

    def found(self, finding: Finding) -> None:
        """Count a finding."""
        self._findings.labels(finding=finding).inc()

    def round_done(
        self, counts: Mapping[str, int], unjudged: Mapping[Unjudged, int], judged: Mapping[int, int]
    ) -> None:
        """Add what a round has compared; `judged` are offsets by partition."""
        for count, log in LOGS.items():
            self._records.labels(log=log).inc(counts.get(count, 0))
        for reason, number in unjudged.items():
            self._unjudged.labels(reason=reason).inc(number)
        for partition, offset in judged.items():
            self._judged.labels(partition=partition).set(offset)
        self._last_round.set(time.time())
