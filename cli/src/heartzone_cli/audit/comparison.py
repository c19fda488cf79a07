"""The comparison of the three logs, fed with their records: what is wrong, as soon as it is certain. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from heartzone.wire import IDEMPOTENCY_KEY_HEADER
from heartzone_cli.audit.dead_letters import DeadLetters, Letter, content_of, origin_of
from heartzone_cli.audit.device import Actual, Expected
from heartzone_cli.audit.edges import Edges
from heartzone_cli.audit.events import PREFIX, EventReader, NoEvent, SchemaCheck
from heartzone_cli.audit.expectations import ABOUT_THE_RECORD, expect, is_certainly_valid
from heartzone_cli.audit.findings import Finding, Found, Place, Unjudged
from heartzone_cli.audit.key_window import KeyWindow, Verdict
from heartzone_cli.audit.matching import Matcher
from heartzone_cli.audit.partitions import Sink, Source
from heartzone_cli.audit.placement import Placement
from heartzone_cli.audit.seen_events import SeenEvents
from heartzone_cli.audit.settlement import Settlement

MAX_KEYS = 3_000_000
"""Of all deduplication windows together: bounds their memory."""


class Record(Protocol):
    """A record, as confluent_kafka.Message presents it."""

    def partition(self) -> int | None:
        """Partition."""

    def offset(self) -> int | None:
        """Offset."""

    def key(self) -> bytes | None:
        """Key."""

    def value(self) -> bytes | None:
        """Value."""

    def headers(self) -> Any:
        """Names and values."""

    def timestamp(self) -> tuple[int, int]:
        """Type (0: none), and milliseconds."""


class Comparison:
    """Takes the records of each partition in their order, the partitions' in any; gives findings to `tell`.

    `window`: seconds of the deduplication, 0 where it is off. `expected_events`: about how many there are.
    """

    def __init__(
        self,
        topics: tuple[str, str, str],
        edges: Edges,
        tell: Callable[[Found], None],
        *,
        window: float,
        check_schema: SchemaCheck,
        expected_events: int = 1_000_000,
        earliest_time_wanted: bool = True,
    ) -> None:
        self._input, self._output, dead_letters = topics
        self.edges = edges
        self._tell = tell
        self._window = window
        self._windows: dict[int, KeyWindow] = {}
        self._events = EventReader(check_schema)
        self._seen = SeenEvents(expected_events)
        inputs_cut, outputs_cut = (any(each.cut for each in side.values()) for side in (edges.sources, edges.sinks))
        self.matcher = Matcher(self._misordered, self._seen, inputs_cut=inputs_cut, outputs_cut=outputs_cut)
        self.letters = DeadLetters(dead_letters)
        self.letters_complete = False
        """Whether every dead letter of the records to come has been read."""
        self.poison: dict[tuple[int, int], bool] = {}
        """Records that should be dead letters and are none so far; whether they may be duplicates."""
        self.counts: Counter[str] = Counter()
        self.unjudged: Counter[Unjudged] = Counter()
        self._placement = Placement(edges.sinks, edges.output_partitions, self._misplaced)
        self.settlement = Settlement(self)
        self.round = 0
        self.only: Callable[[bytes | None], bool] | None = None
        """Which keys of the output are compared, where not all are."""
        self._begun: set[int] = set()
        self._earliest_time_wanted = earliest_time_wanted

    def place(self, source: Source, offset: int) -> Place:
        """Return the place of a record of the input."""
        return Place(self._input, source.number, offset)

    def event_place(self, actual: Actual) -> Place:
        """Return the place of a zone event."""
        return Place(self._output, actual.sink.number, actual.offset)

    def was_seen(self, payload: bytes) -> bool:
        """Whether an event like this was matched before."""
        return payload in self._seen

    def forget_seen(self) -> None:
        """Begin anew to remember which events were matched, once there are more than can be told apart."""
        self._seen.forget_when_full()

    def tell(self, finding: Finding, place: Place, detail: str, **more: Any) -> None:
        """Report a finding."""
        self._tell(Found(finding=finding, place=place, detail=detail, **more))

    def add_inputs(self, records: Iterable[Record]) -> None:
        """Take records of the input."""
        sources, window, take, expect_events = self.edges.sources, self._window, self.letters.take, self.matcher.expect
        count = 0
        for record in records:
            number, offset, value = record.partition() or 0, record.offset() or 0, record.value()
            source = sources[number]
            if number not in self._begun:
                self._begin(source, record)
            verdict = self._verdict(record, source) if window else Verdict.FIRST
            if offset < source.start:
                continue
            count += 1
            source.read = offset + 1
            letter = take(number, offset)
            if verdict is Verdict.DUPLICATE:
                self.counts["duplicates"] += 1
                if letter is not None:
                    self._wrong_letter(Finding.DOUBLED, letter, source, offset, "the record is a duplicate")
                continue
            if letter is not None:
                self._check_letter(letter, source, offset, record)
                continue
            expectation = expect(value)
            if expectation is None:
                self.poison[number, offset] = verdict is Verdict.EITHER
            elif expectation.payloads:
                optional, time = verdict is Verdict.EITHER, record.timestamp()[1]
                expect_events(expectation.key, expectation.payloads, source, offset, time, optional=optional)
        self.counts["readings"] += count

    def _begin(self, source: Source, record: Record) -> None:
        """Take the first record of a partition: no event of it is older."""
        self._begun.add(source.number)
        kind, timestamp = record.timestamp()
        source.first_time = timestamp if kind else None
        earliest = self.edges.earliest_time
        if kind and self._earliest_time_wanted and (earliest is None or timestamp < earliest):
            self.edges.earliest_time = timestamp

    def _verdict(self, record: Record, source: Source) -> Verdict:
        headers = record.headers()
        if not headers:
            return Verdict.FIRST
        for name, value in headers:
            if name == IDEMPOTENCY_KEY_HEADER and value:
                kind, timestamp = record.timestamp()
                if not kind:
                    break
                window = self._windows.get(source.number)
                if window is None:
                    window = KeyWindow(
                        self._window, complete=not source.cut, max_keys=MAX_KEYS // len(self.edges.sources)
                    )
                    self._windows[source.number] = window
                return window.see(b"%b\0%b" % (record.key() or b"", value), timestamp)
        return Verdict.FIRST

    def _check_letter(self, letter: Letter, source: Source, offset: int, record: Record) -> None:
        self.counts["dead_letters"] += 1
        source.reached(offset)
        source.first_letters.setdefault(letter.partition, offset)
        if (given := expect(record.value())) is not None:
            self._seen.add(given.payloads)  # an event of the record would be there once more than its reading
        if letter.content != content_of(record.key(), record.value()):
            self._wrong_letter(Finding.ALTERED, letter, source, offset, "its key or value is not that of the record")
        elif letter.reason in ABOUT_THE_RECORD and is_certainly_valid(record.value()):
            detail = f"the record is a Biometrics message, and the reason is {letter.reason}"
            self._wrong_letter(Finding.UNEXPLAINED, letter, source, offset, detail)

    def _wrong_letter(self, finding: Finding, letter: Letter, source: Source, offset: int, detail: str) -> None:
        self.tell(finding, self.letters.place(letter), f"dead letter: {detail}", source=self.place(source, offset))

    def add_letters(self, records: Iterable[Record]) -> None:
        """Take records of the dead-letter topic."""
        for record in records:
            letter_partition, letter_offset = record.partition() or 0, record.offset() or 0
            found = origin_of(record.headers())
            place = Place(self.letters.topic, letter_partition, letter_offset)
            if found is None:
                self.tell(Finding.UNEXPLAINED, place, "its headers do not name the record that it is of")
                continue
            origin, reason = found
            source = self.edges.sources.get(origin.partition)
            if origin.topic != self._input:
                self.counts["dead_letters_of_other_topics"] += 1
                continue
            if source is None:
                if not self.edges.partial:
                    self.tell(Finding.UNEXPLAINED, place, f"the input has no partition {origin.partition}")
                continue
            letter = Letter(letter_partition, letter_offset, reason, content_of(record.key(), record.value()))
            if origin.offset < source.start:
                self.unjudged[Unjudged.START_OF_RANGE] += 1
            elif self._was_awaited(record, source, origin.offset):
                self._check_letter(letter, source, origin.offset, record)
            elif origin.offset < source.read and (given := expect(record.value())) is not None and given.payloads:
                self._wrong_letter(
                    Finding.DOUBLED,
                    letter,
                    source,
                    origin.offset,
                    "its record has its events, or a dead letter, already",
                )
            elif not self.letters.add(origin, letter):
                self._wrong_letter(Finding.DOUBLED, letter, source, origin.offset, "there is another of the record")

    def _was_awaited(self, record: Record, source: Source, offset: int) -> bool:
        """Whether a dead letter came after its record, of which nothing else is expected then."""
        if self.poison.pop((source.number, offset), None) is not None:
            return True
        expectation = expect(record.value())
        return expectation is not None and bool(self.matcher.withdraw(expectation.key, source, offset))

    def add_events(self, records: Sequence[Record]) -> None:
        """Take records of the output."""
        devices, usual, sinks = self.matcher.devices, self._events.usual, self.edges.sinks
        matcher = self.matcher
        matched: list[bytes] = []
        self.counts["events"] += len(records)
        if (only := self.only) is not None:
            records = [record for record in records if only(record.key())]
        for record in records:
            value = record.value()
            device = devices.get(record.key() or b"")
            # Nearly every record: the next event of its device, to the byte. Everything else is looked at below.
            if device is not None and value is not None and not device.tangled and device.expected:
                number = record.partition()
                home = device.home
                payload = value[PREFIX:]
                if (
                    home is not None
                    and home.number == number
                    and payload == device.expected[0][0]
                    and not device.expected[0][4]
                    and value[:PREFIX] in usual
                ):
                    _, source, offset, _, _ = device.expected.popleft()
                    source.pending -= 1
                    matched.append(payload)
                    link = source.links.get(number)
                    if link is None or offset < source.last:
                        source.matched(offset, number, record.offset() or 0)
                    else:
                        source.last = link.last_reading = offset
                        link.last_event = record.offset() or 0
                    continue
            self._examine(record, sinks[record.partition() or 0])
            devices = matcher.devices
        matcher.expected -= len(matched)
        self._seen.add(matched)

    def _examine(self, record: Record, sink: Sink) -> None:
        offset, timestamp = record.offset() or 0, record.timestamp()[1]
        if sink.first_time is None:
            sink.first_time = timestamp
        event = self._events.read(record.key(), record.value())
        place = Place(self._output, sink.number, offset)
        if isinstance(event, NoEvent):
            self.tell(Finding.WRONG_SCHEMA, place, event.detail)
            return
        for finding, detail in event.wrong:
            self.tell(finding, place, detail, device=event.device.decode())
        device = self.matcher.device(event.device)
        if device.home is not sink:
            self._placement.place(event.device, device, sink, offset, timestamp)
        self.matcher.occur(event.device, Actual(event.payload, sink, offset, timestamp, self.round))

    def tell_strays(self) -> None:
        """Tell of events in other partitions than those of their device."""
        self._placement.judge()

    def _misplaced(self, key: bytes, partition: int, offset: int, detail: str) -> None:
        self.tell(Finding.WRONG_PARTITION, Place(self._output, partition, offset), detail, device=key.decode())

    def _misordered(self, key: bytes, expected: Expected, actual: Actual) -> None:
        self.tell(
            Finding.MISORDERED,
            self.event_place(actual),
            "it is not where the order of the readings puts it",
            source=self.place(expected.source, expected.offset),
            device=key.decode(),
        )

    def count_unread(self, left: Mapping[int, int]) -> None:
        """Count the offsets of each partition of the input that nobody has processed, and that were not read."""
        self.unjudged[Unjudged.NOT_PROCESSED] += sum(each for each in left.values() if each > 0)
        self.unjudged = +self.unjudged
