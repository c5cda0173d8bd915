"""Times as whole seconds since 1970 (UTC), and the calendar's months over them."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta

from workbench.common.errors import EvidenceError

__all__ = ["day_of", "end_of_term", "seconds_of"]

Moment = int | str | date


def seconds_of(moment: Moment) -> int:
    """Return the seconds of a time: a number, an ISO text, a date (its beginning) or datetime.

    What names no time zone is read as UTC.

    Examples
    --------
    >>> seconds_of("2026-01-31"), seconds_of("2026-01-31T12:00+05:30")
    (1769817600, 1769841000)
    """
    if isinstance(moment, bool) or not isinstance(moment, int | str | date):
        raise EvidenceError(f"A time is a date, an ISO text or seconds, not {moment!r}.")
    if isinstance(moment, int):
        return moment
    if isinstance(moment, str):
        text = moment
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise EvidenceError(
                f"{text[:40]!r} is no time; write it as 2026-01-31 or 2026-01-31T12:00+05:30."
            ) from None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def day_of(seconds: int) -> str:
    """Return the day (UTC) as people write it.

    Examples
    --------
    >>> day_of(1769817600)
    '2026-01-31'
    """
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def end_of_term(received: int, *, months: int = 0, days: int = 0) -> int:
    """Return the last second (UTC) of the day on which a term ends.

    A month ends on the day of the same number, or on the last day of a month that has none
    (Regulation (EEC, Euratom) No 1182/71, Article 3(2)(c)). The day is never moved to a later one
    for a weekend or a holiday: these differ by place, and an early date is safe everywhere.

    Examples
    --------
    >>> day_of(end_of_term(seconds_of("2026-01-31"), months=1))
    '2026-02-28'
    """
    start = datetime.fromtimestamp(received, UTC).date()
    year, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + year, month + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    last = date(year, month, day) + timedelta(days=days)
    return int(datetime.combine(last, time(23, 59, 59), UTC).timestamp())
