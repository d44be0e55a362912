"""Working one step ahead: what comes next is made while what there is is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Made = TypeVar("Made")
Item = TypeVar("Item")


class Ahead(Generic[Made]):
    """Values of a function of whole numbers: asked for one, it makes the next one meanwhile.

    At most two values are held. Errors come where the value is asked for.

    Args:
        make: The function; it is called in a thread.
        end: The first number that it has no value for.
    """

    def __init__(self, make: Callable[[int], Made], end: int) -> None:
        self._make = make
        self._end = end
        self._pool = ThreadPoolExecutor(1)
        self._waiting: dict[int, Future[Made]] = {}

    def get(self, number: int) -> Made:
        """The value of a number; in the usual order of numbers it is there already."""
        found = self._waiting.pop(number, None) or self._pool.submit(self._make, number)
        self._waiting.clear()
        value = found.result()
        if number + 1 < self._end:
            self._waiting[number + 1] = self._pool.submit(self._make, number + 1)
        return value


def made_ahead(make: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[tuple[Item, Made]]:
    """Each item with what is made of it, in order."""
    known = list(items)
    ahead = Ahead(lambda number: make(known[number]), len(known))
    for number, item in enumerate(known):
        yield item, ahead.get(number)
