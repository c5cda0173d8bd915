"""What is made of a value once, and kept with it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar

__all__ = ["MadeOnce"]

T = TypeVar("T")


class MadeOnce:
    """A value that keeps what was made of it; a changed copy of it begins without.

    Examples
    --------
    >>> value = MadeOnce()
    >>> value.once("answer", lambda: 42), value.once("answer", lambda: 1 / 0)
    (42, 42)
    """

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made under a key before, else make it now."""
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found

    @cached_property
    def _made(self) -> dict[Hashable, Any]:
        return {}
