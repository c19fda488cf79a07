"""The letters that are handled together in one transaction, and what is handled once it is committed. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from heartzone_cli.dead_letters.handled import Handled
from heartzone_cli.dead_letters.letter import DeadLetter


@dataclass(frozen=True, slots=True)
class Step:
    """Letters of one partition, in their order; `handled` is what is handled with them."""

    partition: int
    letters: list[DeadLetter]
    handled: Handled


def steps(
    partition: int,
    letters: Iterable[DeadLetter],
    handled: Handled,
    *,
    chosen: Callable[[DeadLetter], bool],
    size: Callable[[], int],
) -> Iterator[Step]:
    """Yield steps of at most `size()` letters each, in the order of the offsets.

    `letters` are all from `handled.before` on, without a gap; `chosen` is called for those that are not handled yet.
    """
    now = handled.copy()
    end = now.before
    found: list[DeadLetter] = []
    for letter in letters:
        is_handled = letter.offset in now
        if not is_handled and chosen(letter):
            found.append(letter)
            is_handled = True
        if is_handled:
            now.add(end, letter.offset + 1)  # there is no letter in between
        end = letter.offset + 1
        if found and len(found) >= size():
            yield Step(partition, found, now.copy())
            found = []
    if found:
        yield Step(partition, found, now.copy())
