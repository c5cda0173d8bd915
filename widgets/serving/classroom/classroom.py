"""A class: its lessons, its answers, its two tokens, and the file that the answers are saved in."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from widgets.lessons.lesson import Lesson, Taught, teach
from widgets.serving.address import check_token
from widgets.serving.classroom.seats_and_answers import ClassBook
from widgets.session.jobs import words_for
from workbench.common.errors import AuditError
from workbench.common.progress import silent

__all__ = ["SAVING", "Classroom"]

SAVING = "the answers' file"


class Classroom:
    """What a class shares: its lessons, its answers, its two tokens, and the file they go to.

    Parameters
    ----------
    lessons : sequence of Lesson
    readers : int
        The most that are there at once.
    answers : Path
        The CSV that the answers are saved in.
    class_token, teacher_token : str, optional
        By default random.

    Raises
    ------
    AuditError
        When the tokens are the same or easily guessed, or the file exists or cannot be written.
    """

    def __init__(
        self,
        lessons: Sequence[Lesson],
        readers: int,
        answers: Path,
        class_token: str | None = None,
        teacher_token: str | None = None,
    ) -> None:
        for token in (class_token, teacher_token):
            check_token(token)
        self.class_token = class_token or secrets.token_urlsafe(24)
        self.teacher_token = teacher_token or secrets.token_urlsafe(24)
        if self.class_token == self.teacher_token:
            raise AuditError(
                "The class and its teacher have the same token: every reader could see all "
                "answers. Give --teacher-token another one, or leave it out."
            )
        self.lessons = tuple(lessons)
        self.book = ClassBook(readers, lessons)
        self.taught: dict[str, Taught] = {}
        self.problems: dict[str, str] = {}
        self.teacher_name = secrets.token_urlsafe(24)
        self.answers = answers
        self.rescued: Path | None = None
        self._saved = 0
        try:
            with answers.open("x", encoding="utf-8") as file:
                file.write(self.csv())
        except OSError as error:
            raise AuditError(
                f"The answers cannot be saved in {str(answers)!r}: {error.strerror}. Name a new "
                f"file with --answers."
            ) from None

    def csv(self) -> str:
        """Return every answer as a table without names."""
        return self.book.to_csv(self.taught.values())

    def save(self) -> None:
        """Save the answers where new ones were given; said once when that fails."""
        given = self.book.answers
        if given == self._saved:
            return
        try:
            fresh = self._written(self.answers.parent, f".{self.answers.name}.")
            try:
                os.replace(fresh, self.answers)
            except OSError:
                fresh.unlink(missing_ok=True)
                raise
        except OSError as error:
            self.problems[SAVING] = (
                f"The answers cannot be saved in {self.answers.name}: {error.strerror}."
            )
        else:
            self._saved = given
            self.problems.pop(SAVING, None)

    def _written(self, folder: Path, prefix: str) -> Path:
        """Write all answers to a new file of a folder; nothing is left there when that fails."""
        handle, name = tempfile.mkstemp(dir=folder, prefix=prefix, suffix=".csv")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.csv())
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name)

    def close(self) -> None:
        """Save for the last time; where that fails, to the first folder that takes the answers."""
        self.save()
        for folder in (self.answers.parent, Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
            if self._saved == self.book.answers:
                return
            with contextlib.suppress(OSError):
                self.rescued = self._written(folder, f"{self.answers.stem}_")
                return

    def ending(self) -> str:
        """Say where the answers are when the class is over; where they are nowhere, all of them."""
        given, place = self.book.answers, self.answers.resolve()
        if self._saved == given:
            return f"The class is over. Answers: {given:,}, in {place}"
        some = f"The class is over. Answers: {given:,}, of which {self._saved:,} are in {place}"
        if self.rescued is not None:
            return f"{some}\nAll of them are in {self.rescued}"
        return f"{some}\nNo folder took the others. Keep what follows:\n{self.csv()}"

    def measured(self, lesson: Lesson) -> Taught | str:
        """Measure a lesson, in any thread; what went wrong in words, so that the others go on."""
        try:
            return teach(lesson, silent)
        except Exception as error:  # the lesson's boundary
            return words_for(error)

    def take(self, lesson: Lesson, found: Taught | str) -> None:
        """Open a lesson that was measured, or keep why there is none."""
        if isinstance(found, str):
            self.problems[lesson.key] = found
        else:
            self.taught[lesson.key] = found

    def lesson(self, key: str) -> Lesson | None:
        """Return a lesson by its key."""
        return next((one for one in self.lessons if one.key == key), None)

    def after(self, lesson: Lesson) -> Lesson | None:
        """Return the lesson after this one."""
        place = self.lessons.index(lesson) + 1
        return self.lessons[place] if place < len(self.lessons) else None
