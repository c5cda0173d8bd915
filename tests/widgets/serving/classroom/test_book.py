"""Seats and answers of a class: each counts once, and nothing that is kept says who."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest

from tests.widgets.serving.classroom.conftest import lesson
from widgets.lessons.lesson import teach
from widgets.serving.classroom.seats_and_answers import (
    AWAY_SECONDS,
    CSV_HEAD,
    SEATS_EVER,
    ClassBook,
    ClassIsFull,
)
from workbench.common.errors import AuditError
from workbench.common.limits import CLASS_READERS
from workbench.common.progress import silent


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> ClassBook:
    return ClassBook(2, [lesson(), lesson("second")], clock)


@pytest.mark.parametrize("readers", [0, -1, int(CLASS_READERS) + 1])
def test_a_class_has_a_size_that_one_server_takes(readers: int) -> None:
    with pytest.raises(AuditError, match=f"from 1 to {CLASS_READERS}"):
        ClassBook(readers, [lesson()])


def test_no_more_readers_than_seats_until_one_has_been_away(book: ClassBook, clock: Clock) -> None:
    first, second = book.take_seat(), book.take_seat()
    assert first != second
    with pytest.raises(ClassIsFull, match="20 minutes"):
        book.take_seat()
    clock.seconds = AWAY_SECONDS - 1
    assert book.sits(second)  # heard of
    clock.seconds = AWAY_SECONDS + 1
    assert book.present == 1
    third = book.take_seat()
    assert not book.sits(first), "somebody else has the place now"
    assert book.sits(second) and book.sits(third)


def test_who_comes_back_to_a_free_seat_finds_the_answers(book: ClassBook, clock: Clock) -> None:
    seat = book.take_seat()
    book.answer(seat, "first", 0, 1)
    clock.seconds = 10 * AWAY_SECONDS
    assert book.sits(seat)
    assert book.chosen(seat, "first") == (1,)


def test_seats_are_not_given_out_for_ever(book: ClassBook, clock: Clock) -> None:
    for _ in range(2 * SEATS_EVER):
        book.take_seat()
        clock.seconds += AWAY_SECONDS
    with pytest.raises(ClassIsFull):
        book.take_seat()


@pytest.mark.parametrize(
    ("key", "question", "choice"),
    [("first", 1, 0), ("first", 0, 2), ("first", 0, -1), ("none", 0, 0)],
)
def test_only_an_answer_to_the_open_question_counts(
    book: ClassBook, key: str, question: int, choice: int
) -> None:
    seat = book.take_seat()
    assert not book.answer(seat, key, question, choice)
    assert book.answers == 0


def test_an_answer_counts_once(book: ClassBook) -> None:
    seat = book.take_seat()
    assert book.answer(seat, "first", 0, 1)
    assert not book.answer(seat, "first", 0, 0)
    assert book.answer(seat, "first", 1, 2)
    assert not book.answer(seat, "first", 2, 0), "the lesson has two questions"
    assert book.chosen(seat, "first") == (1, 2)
    assert book.counts("first") == ((0, 1), (0, 0, 1))
    assert book.counts("second") == ((0, 0), (0, 0, 0))


def test_the_table_holds_numbers_and_no_seat(book: ClassBook) -> None:
    seats = [book.take_seat(), book.take_seat()]
    for seat, choice in zip(seats, (0, 1), strict=True):
        book.answer(seat, "first", 0, choice)
    text = book.to_csv([teach(lesson(), silent)])
    head, *rows = csv.reader(io.StringIO(text))
    assert tuple(head) == CSV_HEAD
    assert {tuple(row[1:]) for row in rows} == {
        ("first", "1", "How large is a < b?", "small", "large", "no"),
        ("first", "1", "How large is a < b?", "large", "large", "yes"),
    }
    numbers = [int(row[0]) for row in rows]
    assert len(set(numbers)) == 2 and numbers == sorted(numbers)
    assert not any(seat in text for seat in seats)


def test_numbers_do_not_follow_the_order_of_arrival() -> None:
    """Of twelve readers in a row, all in order would be one chance in half a thousand million."""
    readers = 12
    book = ClassBook(readers, [lesson()])
    orders = []
    for choice in [0] * (readers - 1) + [1]:
        book.answer(book.take_seat(), "first", 0, choice)
        rows = list(csv.reader(io.StringIO(book.to_csv([teach(lesson(), silent)]))))[1:]
        orders.append({row[0] for row in rows})
    arrived = [int((after - before).pop()) for before, after in pairwise([set[str](), *orders])]
    assert arrived != sorted(arrived)
