"""The seats of a class, the answers given from them, and their counts: no names."""

from __future__ import annotations

import csv
import io
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from widgets.lessons.lesson import Lesson, Taught
from workbench.common.errors import AuditError
from workbench.common.limits import CLASS_READERS

__all__ = ["ClassBook", "ClassIsFull"]

AWAY_SECONDS = 20 * 60.0
"""A reader who has not been heard of for this long makes room for another; the answers stay."""
SEATS_EVER = 20
"""So many seats for each reader are given out at most, whoever comes and goes."""
CSV_HEAD = ("reader", "lesson", "question", "asked", "answer", "measured", "foreseen")


class ClassIsFull(AuditError):
    """Every seat is taken."""


@dataclass
class _Seat:
    number: int
    heard: float
    chosen: dict[str, list[int]] = field(default_factory=dict)


class ClassBook:
    """The seats of a class and the answers given from them.

    A seat is a random name that only its reader's browser holds. In what is saved it is another
    random number, so that neither says who sat there, or who came first.

    Parameters
    ----------
    readers : int
        The most that are there at once.
    lessons : sequence of Lesson
    now : callable () -> float, optional
        A clock in seconds.

    Raises
    ------
    AuditError
        When a class has no reader, or more than one server takes.
    """

    def __init__(
        self,
        readers: int,
        lessons: Sequence[Lesson],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 1 <= readers <= CLASS_READERS:
            raise AuditError(f"--class must be from 1 to {CLASS_READERS} readers, not {readers}.")
        self.readers = readers
        self._sizes = {one.key: [len(q.answers) for q in one.questions] for one in lessons}
        self._seats: dict[str, _Seat] = {}
        self._now = now
        self._numbers = list(range(1, readers * SEATS_EVER + 1))
        secrets.SystemRandom().shuffle(self._numbers)

    def take_seat(self) -> str:
        """Give a new reader a seat, and return its secret name.

        Raises
        ------
        ClassIsFull
        """
        if self.present >= self.readers or not self._numbers:
            raise ClassIsFull(
                f"All {self.readers} seats of this class are taken. A seat is free again "
                f"{AWAY_SECONDS / 60:.0f} minutes after its reader has left; whoever teaches "
                f"can start the class again with more (--class)."
            )
        name = secrets.token_urlsafe(18)
        self._seats[name] = _Seat(self._numbers.pop(), self._now())
        return name

    @property
    def present(self) -> int:
        """How many readers were heard of lately."""
        since = self._now() - AWAY_SECONDS
        return sum(seat.heard >= since for seat in self._seats.values())

    def sits(self, seat: str) -> bool:
        """Say whether this is a seat of the class, and note that its reader is there."""
        found = self._seats.get(seat)
        if found is None:
            return False
        if found.heard < self._now() - AWAY_SECONDS and self.present >= self.readers:
            return False  # somebody else has the place now
        found.heard = self._now()
        return True

    def chosen(self, seat: str, lesson: str) -> tuple[int, ...]:
        """Return what a reader has answered in a lesson, question by question."""
        return tuple(self._seats[seat].chosen.get(lesson, ()))

    def answer(self, seat: str, lesson: str, question: int, choice: int) -> bool:
        """Note an answer to the question that is open; False for any other.

        An answer counts once: the measurement stands beside it from then on.
        """
        sizes = self._sizes.get(lesson, [])
        given = self._seats[seat].chosen.get(lesson, [])
        if question != len(given) or question >= len(sizes) or not 0 <= choice < sizes[question]:
            return False
        self._seats[seat].chosen[lesson] = [*given, choice]
        return True

    def counts(self, lesson: str) -> tuple[tuple[int, ...], ...]:
        """Return how often each answer of each question of a lesson was given."""
        found = [[0] * size for size in self._sizes[lesson]]
        for seat in self._seats.values():
            for question, choice in enumerate(seat.chosen.get(lesson, ())):
                found[question][choice] += 1
        return tuple(map(tuple, found))

    @property
    def answers(self) -> int:
        """How many answers were given in all."""
        return sum(len(c) for seat in self._seats.values() for c in seat.chosen.values())

    def to_csv(self, taught: Iterable[Taught]) -> str:
        """Return every answer as a line of a table: a random number, and no name, address or time.

        Parameters
        ----------
        taught : iterable of Taught
            The lessons that were measured; nobody can have answered another.
        """
        known: Mapping[str, Taught] = {one.lesson.key: one for one in taught}
        seats = sorted(self._seats.values(), key=lambda seat: seat.number)
        given = [(s.number, key, tuple(c)) for s in seats for key, c in s.chosen.items()]
        written = io.StringIO()
        table = csv.writer(written, lineterminator="\n")
        table.writerow(CSV_HEAD)
        for number, key, chosen in given:
            for place, one in enumerate(known[key].answered(chosen), 1):
                foreseen = "yes" if one.right else "no"
                table.writerow(
                    (number, key, place, one.question.asked, one.expected, one.measured, foreseen)
                )
        return written.getvalue()
