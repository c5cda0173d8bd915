"""The lessons in the order in which a class takes them."""

from __future__ import annotations

from widgets.lessons.acquitted import ACQUITTED
from widgets.lessons.heart import HEART
from widgets.lessons.lesson import Lesson
from widgets.lessons.loan import LOAN
from widgets.lessons.staff import STAFF

__all__ = ["LESSONS"]

LESSONS: tuple[Lesson, ...] = (LOAN, HEART, STAFF, ACQUITTED)
