"""One audit of what the topics hold: from their first records, or a time, to the ends that they have now."""

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

from heartzone_cli.audit.comparison import Comparison
from heartzone_cli.audit.events import SchemaCheck
from heartzone_cli.audit.lockstep import Lockstep
from heartzone_cli.audit.offsets import TopicOffsets
from heartzone_cli.audit.partitions import usual_partition
from heartzone_cli.audit.readers import open_readers
from heartzone_cli.audit.report import Report
from heartzone_cli.audit.schema_check import open_check
from heartzone_cli.audit.scope import Options, find_scope, note_deletions
from heartzone_cli.audit.settings import AuditSettings, read_settings
from heartzone_cli.audit.transaction_watch import TransactionWatch
from heartzone_cli.cluster.connection import Cluster, cannot_read, find_up, read_cluster
from heartzone_cli.cluster.topic_reader import TopicUnavailableError

FINDINGS_EXIT_CODE = 1


def run_audit(options: Options, data_dir: Path | None, *, machine: bool, transaction_timeout: float | None) -> int:
    """Audit, print, and return the exit code. Raises CannotRunError."""
    cluster = read_cluster(find_up(data_dir))
    settings = read_settings(cluster.variables, transaction_timeout)
    report = Report(machine)
    try:
        with open_check(data_dir, cluster.topics.zones, report.notify) as (check, checked):
            return _audit(cluster, options, settings, report, check, checked=checked)
    except TopicUnavailableError as error:
        raise cannot_read(error, cluster) from error


def _audit(
    cluster: Cluster,
    options: Options,
    settings: AuditSettings,
    report: Report,
    check: SchemaCheck,
    *,
    checked: bool,
) -> int:
    began = monotonic()
    names = (cluster.topics.biometrics, cluster.topics.zones, cluster.topics.dead_letters)
    with TopicOffsets(admin=cluster.admin, consumer=cluster.consumer, group=cluster.group_id) as offsets:
        scope = find_scope(offsets, names, options, settings.window)
        for number, source in scope.edges.sources.items():
            if source.committed is None and scope.inputs.ends[number] > source.start:
                report.notify(
                    f"The group {cluster.group_id} has no committed offset within partition {number}: its records are"
                    " judged up to the last one of which there is anything in the output."
                )
        with open_readers(cluster.consumer, scope) as (inputs, outputs, letters):
            comparison = Comparison(
                names,
                scope.edges,
                report.tell,
                window=settings.window,
                check_schema=check,
                expected_events=outputs.total,
                earliest_time_wanted=options.start is None,
            )
            if scope.foreign is not None:
                chosen, partitions = set(scope.foreign), scope.edges.partial
                comparison.only = lambda key: usual_partition(key or b"", partitions) in chosen
            topics = (scope.inputs.topic, scope.outputs.topic, scope.letters.topic)
            transactions = TransactionWatch(offsets, topics, settings.transaction_limit, comparison)
            with _progress() as show, _no_collector():

                def watch() -> None:
                    transactions.give_up_hanging(inputs, outputs, letters)
                    done = inputs.done + outputs.done + letters.done
                    show(done, inputs.total + outputs.total + letters.total, report.findings.total())

                lockstep = Lockstep(comparison, inputs=inputs, outputs=outputs, letters=letters, watch=watch)
                lockstep.run()
                # What a worker has processed since its offsets were read, or before they were set back.
                comparison.settlement.settle_readings()
                inputs.extend(dict(scope.tail))
                lockstep.run(enough=lambda: not comparison.matcher.actual)
                note_deletions(offsets, scope)
                for number, source in scope.edges.sources.items():
                    source.end = inputs.positions[number]
                comparison.settlement.settle_all()
                # Others begin all the time: those that are open now either end or hang.
                left = transactions.open
                while left := {each: offset for each, offset in left.items() if transactions.open.get(each) == offset}:
                    sleep(0.2)
                    watch()
        comparison.count_unread({number: end - inputs.positions[number] for number, end in scope.tail.items()})
    counts = {**comparison.counts, "schema_ids_checked": int(checked)}
    report.end(counts, comparison.unjudged, monotonic() - began)
    return FINDINGS_EXIT_CODE if report.findings else 0


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """Collect no garbage: what is pending are many objects, in no cycles, and each collection walks over them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from heartzone_cli.audit.progress import TerminalProgress  # noqa: PLC0415 - imports rich

    with TerminalProgress() as progress:
        yield progress.show
