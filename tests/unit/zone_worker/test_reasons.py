"""The reasons of the zone worker, which are labels of its metrics and values of its dead letters' headers."""

import re

import pytest
from confluent_kafka import KafkaError
from prometheus_client import CollectorRegistry

from exactly_once import AbortReason, DeadLetterReason, Reason
from exactly_once.core.reasons import kafka_error_name
from heartzone_testing.checkout import ROOT
from heartzone_zone_worker.metrics import WorkerMetrics
from heartzone_zone_worker.reasons import PoisonReason, UnavailableReason

SOURCE = ROOT / "services" / "zone-worker" / "src"
RUNBOOKS = ROOT / "docs" / "runbooks"
ABORT_REASONS = (*AbortReason,)
DEAD_LETTER_REASONS = (*DeadLetterReason, *PoisonReason)


@pytest.mark.parametrize("reason", [*ABORT_REASONS, *DEAD_LETTER_REASONS, *UnavailableReason], ids=repr)
def test_each_reason_says_what_it_means_and_what_to_do(reason: Reason) -> None:
    assert reason.meaning.endswith(".")
    assert reason.remedy.endswith(".")


@pytest.mark.parametrize("reason", [*PoisonReason, *UnavailableReason], ids=repr)
def test_each_reason_is_given_somewhere(reason: Reason) -> None:
    name = f"{type(reason).__name__}.{reason.name}"
    texts = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py") if path.name != "reasons.py"]

    assert any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)


@pytest.mark.parametrize(
    ("page", "reasons"),
    [
        ("HeartzoneTransactionsAborting.md", ABORT_REASONS),
        ("HeartzoneDeadLetters.md", DEAD_LETTER_REASONS),
        ("HeartzoneReadingsNotProcessed.md", tuple(UnavailableReason)),
    ],
)
def test_the_runbook_has_a_row_for_each_reason(page: str, reasons: tuple[Reason, ...]) -> None:
    text = (RUNBOOKS / page).read_text(encoding="utf-8")

    assert [each for each in reasons if f"| `{each}` | {each.meaning} | {each.remedy} |" not in text] == []


def test_the_names_of_librdkafkas_errors_in_the_runbook_are_names_that_it_gives() -> None:
    text = (RUNBOOKS / "HeartzoneTransactionsAborting.md").read_text(encoding="utf-8")
    rows = text.split("name of librdkafka's error in small letters")[1].splitlines()
    named = {name for row in rows if row.startswith("| `") for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    codes = (code for name, code in vars(KafkaError).items() if name.isupper() and isinstance(code, int))

    assert len(named) >= 5
    assert named - {kafka_error_name(KafkaError(code).name()) for code in codes} == set()


def test_every_label_that_is_known_is_0_from_the_start_so_that_an_alert_sees_the_first_event() -> None:
    registry = CollectorRegistry()

    WorkerMetrics(registry, lambda: [])

    labels: dict[str, set[str]] = {}
    for family in registry.collect():
        for sample in family.samples:
            if sample.name.endswith("_total") and sample.labels:
                assert sample.value == 0
                labels.setdefault(sample.name, set()).update(sample.labels.values())
    assert labels == {
        "heartzone_transactions_aborted_total": {
            "commit_timed_out",
            "input_topic_recreated",
            "input_topic_unverified",
            "not_in_group",
            "offsets_timed_out",
            "queue_full",
            "too_many_dead_letters",
            "transaction_timed_out",
            "unproducible",
        },
        "heartzone_dead_letters_total": {
            "bad_frame",
            "invalid_json",
            "schema_not_found",
            "schema_unusable",
            "schema_violation",
            "tombstone",
            "unproducible",
        },
        "heartzone_producer_rebuilds_total": {
            "abort_timed_out",
            "commit_timed_out",
            "disconnected_while_ending_a_transaction",
            "offsets_timed_out",
            "reconnected",
            "sequence_gap",
            "transaction_timed_out",
        },
        "heartzone_rebalances_total": {"assigned", "revoked", "lost"},
        "heartzone_readings_total": {"None", "Zone1", "Zone2", "Zone3", "Zone4", "Zone5"},
    }
