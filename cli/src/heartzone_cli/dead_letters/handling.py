"""Handling of letters step by step, each in a transaction, from where Kafka says that the last one ended.

After whatever fails, everything begins anew from the committed offsets, as after a kill: that there is one way only is
what makes it certain.
"""

from collections.abc import Callable, Iterator, Sequence
from time import sleep

from exactly_once.core.error_reactions import is_fencing
from exactly_once.core.records import OutputRecord
from exactly_once.core.rejected_records import REJECTS_A_RECORD
from exactly_once.core.signals import ProducerLost, RecordRejected, TransactionAborted
from exactly_once.errors import WorkerError
from heartzone_cli.cluster.connection import Cluster
from heartzone_cli.dead_letters.errors import NotDoneError
from heartzone_cli.dead_letters.letter import DeadLetter
from heartzone_cli.dead_letters.selection import Selection
from heartzone_cli.dead_letters.steps import Step, steps
from heartzone_cli.dead_letters.topic import DeadLetterTopic
from heartzone_cli.dead_letters.transactions import Transactions
from heartzone_cli.errors import CannotRunError
from heartzone_cli.output import sentence
from service_chassis.consumer_groups.position import Committed

STEP_SIZE = 500
MAX_FAILURES = 5
"""Failures in a row, after which it is better to tell a person."""
MAX_TEXT = 4096
"""Bytes that brokers keep beside a committed offset (`offset.metadata.max.bytes`)."""

AGAIN = "what was done is remembered in Kafka, so start the command again"


class Handling:
    """Handles the letters of a selection; `done` counts them, also when it ends with an error."""

    def __init__(
        self,
        cluster: Cluster,
        topic: DeadLetterTopic,
        selection: Selection,
        *,
        chosen: Callable[[DeadLetter], bool],
        records: Callable[[DeadLetter], OutputRecord] | None = None,
        limit: int | None = None,
        size: int = STEP_SIZE,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """`records` gives what is sent for a letter, nothing without it; `on_step` is called after each commit."""
        self.done = 0
        self._cluster = cluster
        self._topic = topic
        self._selection = selection
        self._chosen = chosen
        self._record = records
        self._limit = limit
        self._size = size
        self._on_step = on_step
        self._failures = 0
        self._step: Step
        self._unknown: Step | None = None
        """The step of which nobody knows yet whether it was committed."""

    def run(self) -> None:
        """Handle them all. Raises NotDoneError, or CannotRunError where nothing was done."""
        while True:
            transactions = Transactions(self._cluster)
            try:
                transactions.claim()
                self._topic.check_same()
                self._topic.read_handled(transactions.committed(list(self._topic.bounds)))
                unknown, self._unknown = self._unknown, None
                if unknown is not None and all(
                    letter.offset in self._topic.handled[unknown.partition] for letter in unknown.letters
                ):
                    self._count(unknown)  # its commit had succeeded
                if self._through(transactions):
                    return
            except ProducerLost as lost:
                if lost.outcome_unknown:
                    self._unknown = self._step
                self._failed(lost.cause, fenced=is_fencing(lost.cause))
            except TransactionAborted as aborted:
                self._failed(aborted.cause, rejected=aborted.cause in REJECTS_A_RECORD)
            except RecordRejected as rejection:
                self._failed(str(rejection), rejected=True)
            except WorkerError as error:
                raise self._error(str(error)) from error
            except CannotRunError as error:
                raise self._error(error.message) from error
            finally:
                transactions.close()

    def _through(self, transactions: Transactions) -> bool:
        """Handle what is left; False when the rest is to be done by other clients."""
        for step in self._steps():
            self._step, handled = step, step.handled
            text = self._topic.metadata(handled)
            if len(text) > MAX_TEXT:
                raise NotDoneError(
                    f"Too many letters of partition {step.partition} would be left between those that are"
                    f" handled: which ones does not fit into the {MAX_TEXT} bytes that Kafka keeps beside an offset."
                    " Replay or drop the earlier ones first."
                )
            records: Sequence[OutputRecord] = [] if self._record is None else list(map(self._record, step.letters))
            transactions.commit(records, {step.partition: Committed(handled.before, text)})
            self._topic.handled[step.partition] = handled
            self._count(step)
            if transactions.needs_renewal():
                return False
        return True

    def _steps(self) -> Iterator[Step]:
        if self._is_full():
            return
        for partition in self._topic.partitions(self._selection):
            for each in steps(
                partition,
                self._topic.letters(partition),
                self._topic.handled[partition],
                chosen=lambda letter: letter in self._selection and self._chosen(letter),
                size=self._next_size,
            ):
                yield each
                if self._is_full():  # before another letter is looked at
                    return

    def _is_full(self) -> bool:
        return self._limit is not None and self.done >= self._limit

    def _next_size(self) -> int:
        return self._size if self._limit is None else max(1, min(self._size, self._limit - self.done))

    def _count(self, step: Step) -> None:
        self.done += len(step.letters)
        self._failures = 0
        self._on_step(step)

    def _failed(self, cause: str, *, fenced: bool = False, rejected: bool = False) -> None:
        """Decide whether it is tried again. Raises NotDoneError."""
        if fenced:
            raise NotDoneError(
                "Another `heartzone dead-letters replay` or `drop` has taken over; nothing that it does is done twice."
            )
        if rejected and len(self._step.letters) == 1:
            letter = self._step.letters[0]
            raise NotDoneError(
                f"The dead letter {letter.partition}/{letter.offset} cannot be sent: {cause}. Drop it, or leave it out."
            )
        if rejected:
            self._size = 1  # so that the next failure shows which one it is
            return
        self._failures += 1
        if self._failures > MAX_FAILURES:
            raise self._error(f"The brokers do not take the transaction: {cause}")
        sleep(0.1 * 2**self._failures)

    def _error(self, text: str) -> NotDoneError | CannotRunError:
        if self.done == 0 and self._unknown is None:
            return CannotRunError(sentence(text))
        return NotDoneError(f"{text.rstrip('.')}; {AGAIN}.")
