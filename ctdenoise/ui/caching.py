"""What many visitors ask for at the same time is computed once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Once(Generic[P, R]):
    """A function whose last ``size`` results are kept, and which no two threads compute at once.

    ``functools.lru_cache`` would let a class of thirty compute the same thing thirty times. What
    fails is not kept: everybody who waits gets the error, the next one tries again.
    """

    def __init__(self, function: Callable[P, R], size: int) -> None:
        self._function, self._size = function, size
        self._kept: OrderedDict[object, Future[R]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The value kept for these arguments, worked out the first time."""
        key = (args, tuple(kwargs.items()))
        with self._lock:
            found = self._kept.get(key)
            if first := found is None:
                found = self._kept[key] = Future()
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        if first:
            try:
                found.set_result(self._function(*args, **kwargs))
            except BaseException as error:
                with self._lock:
                    self._kept.pop(key, None)
                found.set_exception(error)
        return found.result()

    def cache_clear(self) -> None:
        """Forget everything; named as in functools."""
        with self._lock:
            self._kept.clear()


def once(size: int) -> Callable[[Callable[P, R]], Once[P, R]]:
    """Decorate a function with :class:`Once`."""
    return lambda function: Once(function, size)


class Newest(Generic[R]):
    """What was worked out last of each of ``size`` subjects, as long as nothing of what it depends
    on has changed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[str, tuple[object, R]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, subject: str, depends: object, make: Callable[[], R]) -> R:
        """The value kept for ``subject``, or what ``make`` gives where it ``depends`` on other
        things than then."""
        with self._lock:
            found = self._kept.get(subject)
        if found is None or found[0] != depends:
            found = depends, make()
        with self._lock:
            self._kept[subject] = found
            self._kept.move_to_end(subject)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return found[1]
