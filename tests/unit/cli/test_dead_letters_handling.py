"""Handling of dead letters without a cluster: what is counted, told and looked at when commits fail."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, Message

from exactly_once import KafkaErrorName, OutputRecord
from exactly_once.core.broker_settings import BrokerSettings
from exactly_once.core.signals import ProducerLost
from exactly_once.errors import AuthorizationError
from heartzone.settings import TopicSettings
from heartzone_cli.cluster.connection import Cluster
from heartzone_cli.cluster.topic_reader import TopicReader, TopicUnavailableError
from heartzone_cli.dead_letters import handling, topic, transactions
from heartzone_cli.dead_letters.errors import NotDoneError
from heartzone_cli.dead_letters.expiry import warning_of
from heartzone_cli.dead_letters.handled import Handled
from heartzone_cli.dead_letters.handling import Handling
from heartzone_cli.dead_letters.letter import DeadLetter, read_letter
from heartzone_cli.dead_letters.selection import Selection
from heartzone_cli.dead_letters.topic import Bounds, DeadLetterTopic
from heartzone_cli.errors import CannotRunError
from service_chassis.consumer_groups.position import Committed
from service_chassis.consumer_groups.reader import Topic

NOWHERE = {"bootstrap.servers": "127.0.0.1:1"}
CLUSTER = Cluster(NOWHERE, NOWHERE, NOWHERE, TopicSettings(), "g", "127.0.0.1:1", "a test")
LOST = ProducerLost(KafkaErrorName("_TRANSPORT"), outcome_unknown=True)


class Letters(DeadLetterTopic):
    """Two partitions of three letters each."""

    def __init__(self) -> None:
        super().__init__(CLUSTER)
        self.id = "id"
        self.bounds = {0: Bounds(0, 3), 1: Bounds(0, 3)}
        self.handled = {0: Handled(), 1: Handled()}
        self.looked_at: list[tuple[int, int]] = []

    def check_same(self) -> None:
        """It is."""

    def letters(self, partition: int) -> Iterator[DeadLetter]:
        for offset in range(3):
            self.looked_at.append((partition, offset))
            yield read_letter(Message(topic="in.dlq", partition=partition, offset=offset))


class Commits:
    """Takes the place of the transactions of a cluster: each commit and each claim ends as the script says.

    "lost" commits and is lost, "gone" does neither, "denied" is a claim without the right to it.
    """

    def __init__(self, *script: str) -> None:
        self._script = [*script]
        self._offsets: dict[int, Committed] = {}

    def __call__(self, cluster: Cluster) -> "Commits":
        return self

    def claim(self) -> None:
        if self._script[:1] == ["denied"]:
            raise AuthorizationError("The user lacks Write.")

    def committed(self, partitions: Sequence[int]) -> Mapping[int, Committed]:
        return self._offsets

    def commit(self, records: Sequence[OutputRecord], offsets: Mapping[int, Committed]) -> None:
        outcome = self._script.pop(0) if self._script else ""
        if outcome != "gone":
            self._offsets.update(offsets)
        if outcome:
            raise LOST

    def needs_renewal(self) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Handling, Letters]]:
    """Prepare a handling whose commits end as a script says."""
    monkeypatch.setattr(handling, "sleep", lambda _: None)

    def prepare(*script: str, limit: int | None = None) -> tuple[Handling, Letters]:
        monkeypatch.setattr(handling, "Transactions", Commits(*script))
        letters = Letters()
        return Handling(CLUSTER, letters, Selection(), chosen=lambda _: True, limit=limit), letters

    return prepare


@pytest.mark.parametrize("script", [(), ("lost",), ("gone",), ("gone", "lost"), ("lost", "gone", "gone")])
def test_each_letter_is_counted_once_whatever_became_of_commits(
    handle: Callable[..., tuple[Handling, Letters]], script: tuple[str, ...]
) -> None:
    handled, letters = handle(*script)
    handled.run()

    assert handled.done == 6
    assert letters.handled == {0: Handled(3), 1: Handled(3)}


def test_a_commit_of_unknown_outcome_is_no_reason_to_say_that_nothing_was_done(
    handle: Callable[..., tuple[Handling, Letters]],
) -> None:
    with pytest.raises(CannotRunError):
        handle("denied")[0].run()
    with pytest.raises(NotDoneError, match=r"lacks Write; what was done is remembered in Kafka"):
        handle("lost", "denied")[0].run()


def test_no_letter_is_looked_at_beyond_the_limit(handle: Callable[..., tuple[Handling, Letters]]) -> None:
    handled, letters = handle(limit=2)
    handled.run()

    assert handled.done == 2
    assert letters.looked_at == [(0, 0), (0, 1)], "no later one counts as left out, or is read for nothing"


def test_nothing_is_handled_of_a_topic_that_was_made_anew_since_as_while_a_person_was_asked(
    handle: Callable[..., tuple[Handling, Letters]], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def made_anew(*_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(topic=lambda name: Topic(name, "another id", (0, 1)))

    monkeypatch.setattr(topic, "open_reader", made_anew)
    handled, letters = handle()
    monkeypatch.setattr(letters, "check_same", lambda: DeadLetterTopic.check_same(letters), raising=False)

    with pytest.raises(CannotRunError, match="was deleted and made anew meanwhile: start again"):
        handled.run()
    assert letters.looked_at == []


def test_a_partition_that_there_is_not_is_told() -> None:
    with pytest.raises(CannotRunError, match=r"has no partition 7; one of 0 to 1 would be right\."):
        Letters().partitions(Selection(partitions={1, 7}))


def test_a_committed_offset_that_cannot_be_read_is_not_taken_for_none() -> None:
    error = KafkaError(KafkaError.UNSTABLE_OFFSET_COMMIT)
    unstable = SimpleNamespace(partition=0, offset=-1001, metadata=None, error=error)
    opened = transactions.Transactions(CLUSTER)
    opened._group.close()
    opened._group = SimpleNamespace(committed=lambda *_: [unstable], close=lambda: None)  # type: ignore[assignment]
    try:
        with pytest.raises(CannotRunError, match="The committed offsets cannot be read: "):
            opened.committed([0])
    finally:
        opened.close()


def test_a_partition_without_the_right_to_read_it_does_not_count_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = Message(topic="t", partition=0, offset=0, error=KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    with TopicReader(consumer=NOWHERE, admin=NOWHERE) as reader:
        monkeypatch.setattr(
            reader,
            "_consumer",
            SimpleNamespace(
                assign=lambda _: None,
                unassign=lambda: None,
                close=reader._consumer.close,
                consume=lambda *_, **__: [denied],
            ),
        )
        with pytest.raises(TopicUnavailableError, match=r"t cannot be read: .* It takes the right Read on it\."):
            list(reader.read_range("t", {0: 0}, {0: 1}, deadline=float("inf")))


@pytest.mark.parametrize(("retention", "warns"), [(None, True), (8, True), (7, False), (1, False)])
def test_letters_that_outlive_the_memory_of_their_handling_are_warned_of(retention: int | None, *, warns: bool) -> None:
    day = 24 * 60 * 60 * 1000
    kept = None if retention is None else retention * day
    settings = BrokerSettings(
        offsets_retention=7 * day, transactional_id_expiration=day, topic_retention={"in.dlq": kept}
    )

    warning = warning_of(settings)

    assert ("set offsets.retention.minutes above the topic's retention.ms." in warning) is warns
    assert bool(warning) is warns
