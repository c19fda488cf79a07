"""Looks at the last stable offsets of the topics while they are read, and reports transactions that hang."""

from collections.abc import Mapping
from time import monotonic

from heartzone_cli.audit.comparison import Comparison
from heartzone_cli.audit.findings import Finding, Place
from heartzone_cli.audit.log_reader import LogReader
from heartzone_cli.audit.offsets import TopicOffsets
from heartzone_cli.audit.open_transactions import OpenTransactions, Partition
from service_chassis.consumer_groups.reader import Topic

INTERVAL = 0.5


class TransactionWatch:
    """Of the three topics; requests of the brokers are some moments apart, and only while a transaction is open."""

    def __init__(
        self, offsets: TopicOffsets, topics: tuple[Topic, Topic, Topic], limit: float, comparison: Comparison
    ) -> None:
        self._offsets = offsets
        self._topics = topics
        self._limit = limit
        self._comparison = comparison
        self._transactions = OpenTransactions(limit)
        self._looked = 0.0
        self._look()

    @property
    def open(self) -> Mapping[Partition, int]:
        """The last stable offsets of partitions in which a transaction is open that may end, or come to hang."""
        return self._transactions.open

    def give_up_hanging(self, inputs: LogReader, outputs: LogReader, letters: LogReader) -> None:
        """Let readers give up what lies behind a transaction that hangs."""
        if outputs.waiting or letters.waiting or inputs.waiting or self.open:
            self.look_again()
        edges = self._comparison.edges
        for reader in (inputs, outputs, letters):
            for number in reader.waiting:
                if (reader.topic, number) in self._transactions.hanging:
                    reader.finish(number)
                    if reader is outputs:
                        edges.sinks[number].open = True
                    elif reader is letters:
                        edges.letters_open = True

    def look_again(self) -> None:
        """Look, unless that was a moment ago."""
        if monotonic() - self._looked >= INTERVAL:
            self._look()

    def _look(self) -> None:
        now = self._looked = monotonic()
        for topic in self._topics:
            # The last stable offset first: one that is read later may be beyond an end of before.
            last_stable, ends = self._offsets.last_stable(topic), self._offsets.end(topic)
            for number in topic.partitions:
                if self._transactions.observe((topic.name, number), last_stable[number], ends[number], now):
                    self._comparison.tell(
                        Finding.HANGING_TRANSACTION,
                        Place(topic.name, number, last_stable[number]),
                        f"the last stable offset has stood for {self._limit:g} s before the end, {ends[number]}",
                    )
