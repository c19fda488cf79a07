"""The three logs, read in step: what is pending stays bounded, whatever the logs hold."""

from collections.abc import Callable, Mapping
from time import sleep

from heartzone_cli.audit.comparison import Comparison
from heartzone_cli.audit.log_reader import LogReader
from heartzone_cli.audit.partitions import Sink, Source

MAX_PENDING = 150_000
"""Events that may be pending on each side."""
MAX_POISON = 50_000
"""Records that may wait for their dead letters, which are read ahead of them."""
LEAST_PENDING = 1_000
"""Of a partition, at least, before it is paused."""
AHEAD = 5_000
"""Expected events from which on the output is read rather than the input."""
WAIT = 0.1


class Lockstep:
    """Reads until all three are at their ends. `watch` is called often: it shows progress, and ends what hangs."""

    def __init__(
        self,
        comparison: Comparison,
        *,
        inputs: LogReader,
        outputs: LogReader,
        letters: LogReader,
        watch: Callable[[], None],
        max_pending: int | None = None,
    ) -> None:
        self._comparison = comparison
        self._inputs, self._outputs, self._letters = inputs, outputs, letters
        self._watch = watch
        self._max_pending = MAX_PENDING if max_pending is None else max_pending

    def run(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Read and compare; until `enough`, at most."""
        while not (self._inputs.finished and self._outputs.finished) and not enough():
            self._read_letters(enough)
            self._balance(self._inputs, self._comparison.edges.sources)
            self._balance(self._outputs, self._comparison.edges.sinks)
            self._watch()
            if len(self._comparison.poison) > MAX_POISON and self._comparison.letters_complete:
                self._comparison.settlement.settle_poison()
            if not self._step():
                self._comparison.settlement.relieve(
                    inputs_read=self._inputs.finished, outputs_read=self._outputs.finished
                )
        self._read_letters(enough)
        self._watch()

    def _read_letters(self, enough: Callable[[], bool]) -> None:
        letters, kept = self._letters, self._comparison.letters
        while not letters.finished and not kept.full and not enough():
            self._comparison.add_letters(letters.read(WAIT))
            self._watch()
        self._comparison.letters_complete = letters.finished

    def _step(self) -> bool:
        """Read from the side that is behind; False when neither may be read."""
        sides = [
            (self._inputs, self._comparison.add_inputs),
            (self._outputs, self._comparison.add_events),
        ]
        if self._comparison.matcher.expected >= AHEAD:
            sides.reverse()
        sides = [each for each in sides if each[0].readable]
        for reader, add in sides:
            if records := reader.read(0):
                add(records)
                return True
        for reader, add in sides:
            if reader.unfinished - reader.waiting - reader.paused or len(sides) == 1:
                add(reader.read(WAIT))
                return True
        if sides:
            sleep(WAIT)
        return bool(sides)

    def _balance(self, reader: LogReader, partitions: Mapping[int, Source] | Mapping[int, Sink]) -> None:
        """Let no partition run ahead of what belongs to it."""
        limit = max(LEAST_PENDING, self._max_pending // max(1, len(partitions)))
        unfinished, paused = reader.unfinished, reader.paused
        reader.pause(each for each in unfinished - paused if partitions[each].pending >= limit)
        reader.resume(each for each in unfinished & paused if partitions[each].pending <= limit // 2)
