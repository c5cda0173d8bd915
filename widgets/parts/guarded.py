"""A part of a page whose failure leaves the rest of the page working."""

from __future__ import annotations

from collections.abc import Callable

from widgets.parts import markup
from widgets.session.jobs import words_for

__all__ = ["guarded"]


def guarded(make: Callable[[], str]) -> str:
    """Return what `make` does, or the words of its failure."""
    try:
        return make()
    except Exception as error:  # the component's boundary
        return markup.notice(words_for(error), "problem")
