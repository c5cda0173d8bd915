"""The lessons in the order in which a class takes them."""

from __future__ import annotations

from widgets.lessons.lesson import Lesson
from widgets.lessons.loan import LOAN

__all__ = ["LESSONS"]

LESSONS: tuple[Lesson, ...] = (LOAN,)
