"""Numbers and lists as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

__all__ = [
    "about_seconds",
    "amount",
    "beginning",
    "chance",
    "counted",
    "decimals_for",
    "held",
    "level_text",
    "listing",
    "places_apart",
    "plain",
    "points",
    "rate",
    "rows_said",
    "share",
    "signed",
    "span",
    "stated",
    "with_interval",
]


ROUNDING = 1e-7
"""Part of a number that sums over many rows may leave of rounding."""
LEFT_OF_SUMS = 1e-10
"""What rounding may leave where many numbers of ordinary size cancel, as in a calibration."""
NONE = 1e-9
"""Effects and bounds this small are what rounding leaves of an exact 0."""
COUNTED_PLACES = 8
"""Digits after the point that a person still counts; smaller numbers get a power of ten."""
TINY = 10.0 ** (1 - COUNTED_PLACES)
HUGE = 1e15
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def signed(value: float, decimals: int | None = None) -> str:
    """Write a number for people: with its sign and two or three significant digits.

    Parameters
    ----------
    value : float
    decimals : int, optional
        Digits after the point; by default those of :func:`decimals_for`.

    Returns
    -------
    str
        Exactly 0 is written "0"; what rounding may have left of it "≈ 0"; NaN "–".

    Examples
    --------
    >>> signed(0.44751), signed(-12345.6), signed(0.0), signed(1e-17), signed(float("nan"))
    ('+0.448', '−12,346', '0', '≈ 0', '–')
    >>> signed(0.0000012), signed(-1.2e-9)
    ('+0.0000012', '−1.2 × 10⁻⁹')
    """
    if math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if math.isinf(value):
        return "+∞" if value > 0 else "−∞"
    if abs(value) < NONE:
        return "≈ 0"
    places = decimals_for(value) if decimals is None else decimals
    size = abs(value)
    text = _with_power(size, 2) if places > COUNTED_PLACES else f"{size:,.{places}f}"
    if not text.strip("0.,"):
        return "≈ 0"
    return ("−" if value < 0 else "+") + text


def _with_power(size: float, digits: int) -> str:
    """Write a size with a power of ten, as people do where zeros are too many to count."""
    mantissa, _, exponent = f"{size:.{digits - 1}e}".partition("e")
    if digits > 3:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def level_text(value: float, width: float = 0.0, *, whole: bool = False) -> str:
    """Write one value of a column as a person would: four digits, more where the column needs it.

    Parameters
    ----------
    value : float
    width : float
        From the column's smallest to its largest value: a thousandth of it can still be told.
    whole : bool
        Whether the column holds whole numbers only; these are written in full.

    Examples
    --------
    >>> level_text(725.444), level_text(-3.0), level_text(-0.0), level_text(14523187.3)
    ('725.4', '−3', '0', '14,520,000')
    >>> level_text(14523187, whole=True), level_text(1987), level_text(0.00000212)
    ('14,523,187', '1987', '0.00000212')
    >>> level_text(100000.013, 0.05), level_text(1.23456e-11)
    ('100,000.013', '1.235 × 10⁻¹¹')
    """
    if not math.isfinite(value):
        return signed(value)
    size = abs(value)
    if size == 0:
        return "0"
    minus = "−" if value < 0 else ""
    if size >= HUGE or size < TINY:
        return minus + _with_power(size, 4)
    places = 3 - math.floor(math.log10(size))
    if width > 0:
        places = max(places, 3 - math.floor(math.log10(width)))
    if whole and size == round(size):
        places = max(places, 0)
    rounded = round(size, places)
    text = f"{rounded:,.{max(places, 0)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return minus + (text if rounded >= 10_000 else text.replace(",", ""))


def amount(value: float, digits: int = 3) -> str:
    """Write a size or a bound that was chosen or measured: three digits or more by default.

    Examples
    --------
    >>> amount(0.02), amount(42160.4), amount(0.0), amount(2500000), amount(0.0000012)
    ('0.02', '42,160', '0', '2,500,000', '0.0000012')
    """
    if not math.isfinite(value):
        return signed(value).lstrip("+")
    if 0 < abs(value) < TINY:
        return ("−" if value < 0 else "") + _with_power(abs(value), digits)
    text = f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"
    return f"{Decimal(text if value else '0'):,f}".replace("-", "−")


def stated(value: float) -> str:
    """Write a number that somebody stated, such as a threshold: as it was stated.

    Examples
    --------
    >>> stated(0.02), stated(0.01234), stated(1000000.0), stated(4000.5)
    ('0.02', '0.01234', '1,000,000', '4,000.5')
    >>> stated(0.000000019), stated(12345678912.0)
    ('1.9 × 10⁻⁸', '12,345,678,912')
    """
    return amount(value, 10)


def decimals_for(*values: float) -> int:
    """Digits after the point that suit the largest of these numbers.

    Three significant digits, two below 0.01.

    Examples
    --------
    >>> decimals_for(0.448, 0.0071), decimals_for(1234.5), decimals_for(0.000021)
    (3, 0, 6)
    >>> decimals_for(0.00000021), decimals_for(1e-17)
    (8, 6)
    >>> decimals_for(0.0679), decimals_for(0.00503)
    (4, 4)
    """
    size = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    if size == 0:
        return 0
    if size < NONE:
        return 6
    digits = 3 if size >= 0.01 else 2
    return max(digits - 1 - math.floor(math.log10(size)), 0)


def span(bounds: tuple[float, float]) -> str:
    """Write an interval with as many digits as its wider end needs.

    Examples
    --------
    >>> span((0.4400, 0.4551)), span((0.0, 0.0)), span((-1e-17, 1e-17))
    ('+0.440 to +0.455', 'exact', 'exact')
    >>> span((0.45935, 0.45949))
    '+0.4593 to +0.4595'
    """
    low, high = bounds
    if math.isnan(low) or math.isnan(high):
        return "–"
    largest = max(abs(low), abs(high))
    if high - low <= 1e-9 * largest or largest < NONE:
        return "exact"
    places = decimals_for(low, high)
    # Sums over many rows leave some rounding, which no reader should take for doubt.
    if signed(low, places) == signed(high, places) and high - low <= ROUNDING * largest:
        return "exact"
    places = places_apart(low, high, places)
    return f"{signed(low, places)} to {signed(high, places)}"


def places_apart(low: float, high: float, places: int) -> int:
    """Digits after the point, no fewer than these, at which two ends do not read the same.

    As far as a person still counts them.

    Examples
    --------
    >>> places_apart(0.45935, 0.45949, 3), places_apart(0.44, 0.46, 3)
    (4, 3)
    """
    while places < COUNTED_PLACES and signed(low, places) == signed(high, places):
        places += 1
    return places


def with_interval(value: float, bounds: tuple[float, float], *, what: str = "95 % interval") -> str:
    """Write an estimate with its interval; what is exact needs none.

    Parameters
    ----------
    what : str, optional
        What the interval is; empty where it was said before, for instance in a caption.

    Examples
    --------
    >>> with_interval(0.448, (0.44, 0.4551)), with_interval(0.0, (0.0, 0.0))
    ('+0.448 (95 % interval +0.440 to +0.455)', '0 exactly')
    >>> with_interval(0.448, (0.44, 0.4551), what="")
    '+0.448 (+0.440 to +0.455)'
    >>> with_interval(3e-13, (1e-13, 5e-13))
    '≈ 0'
    """
    around = span(bounds)
    if around == "exact":
        # What is this near to 0 may be rounding, or an effect of a model with tiny answers.
        near = value != 0 and abs(value) < NONE
        return signed(value) if near else f"{signed(value)} exactly"
    return f"{signed(value)} ({what} {around})" if what else f"{signed(value)} ({around})"


def points(value: float) -> str:
    """Write a difference of probabilities in percentage points; nothing for 0 and NaN.

    Examples
    --------
    >>> points(-0.0312), points(0.0)
    ('−3.1 pp', '')
    >>> points(0.0004), points(1e-15)
    ('+0.0400 pp', '')
    """
    if math.isnan(value) or abs(value) < NONE:
        return ""
    size = abs(value)
    places = 0 if size >= 0.995 else 1 if size >= 0.001 else None
    return f"{signed(100 * value, places)} pp"


def share(value: float) -> str:
    """Write a share as a percentage; a signed one keeps its sign.

    Examples
    --------
    >>> share(-0.214), share(-0.004), share(0.005), share(0.9996)
    ('−21 %', '−0.4 %', 'under 1 %', 'over 99 %')
    """
    if math.isnan(value):
        return "–"
    if value == 0:
        return "0 %"
    if -0.005 <= value < 0:
        return f"−{amount(-100 * value, 1)} %"
    if 0 < value <= 0.005:
        return "under 1 %"
    if 0.995 <= value < 1:
        return "over 99 %"
    return f"{100 * value:.0f} %".replace("-", "−")


def rate(value: float) -> str:
    """Write the level of an interval or an error rate, which was chosen, without rounding it.

    Examples
    --------
    >>> rate(0.95), rate(1 - 0.025), rate(0.001)
    ('95 %', '97.5 %', '0.1 %')
    """
    return f"{100 * value:.6g} %"


def listing(names: Sequence[str], most: int = 6) -> str:
    """Name several things in a sentence, counting those beyond `most`.

    Examples
    --------
    >>> listing(["a", "b", "c"]), listing(["a", "b", "c", "d"], most=3)
    ('a, b and c', 'a, b and 2 more')
    """
    shown = (
        list(names) if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    )
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]


def beginning(several: str, most: int = 3) -> str:
    """Return how a list of features with their levels begins, where it has many.

    Examples
    --------
    >>> beginning("a 1; b 2; c 3"), beginning("a 1; b 2; c 3; d 4")
    ('a 1; b 2; c 3', 'a 1; b 2; c 3; …')
    """
    parts = several.split("; ")
    return several if len(parts) <= most else "; ".join([*parts[:most], "…"])


def chance(p_value: float) -> str:
    """Write a p-value.

    Examples
    --------
    >>> chance(0.0123), chance(0.00001)
    ('0.012', '< 0.001')
    """
    if math.isnan(p_value):
        return "–"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def plain(value: float) -> str:
    """Write a measure that is no effect, such as an AUC or a correlation: three decimals.

    Examples
    --------
    >>> plain(0.91), plain(-0.0521), plain(-0.00031), plain(-0.0)
    ('0.910', '−0.052', '−0.00031', '0')
    """
    if math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if LEFT_OF_SUMS <= abs(value) < 0.001:
        return signed(value).lstrip("+")
    return f"{abs(value):.3f}" if abs(value) < LEFT_OF_SUMS else f"{value:.3f}".replace("-", "−")


def rows_said(count: int) -> str:
    """Count rows in words.

    Examples
    --------
    >>> rows_said(1), rows_said(1500)
    ('1 row', '1,500 rows')
    """
    return counted(count, "row")


def counted(count: int, one: str, several: str = "") -> str:
    """Say how many there are: "1 record", "2 records".

    Examples
    --------
    >>> counted(1, "record"), counted(1200, "record"), counted(0, "person", "people")
    ('1 record', '1,200 records', '0 people')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def about_seconds(seconds: float) -> str:
    """Say a length of time that was estimated, no more exactly than it is known.

    Examples
    --------
    >>> about_seconds(3), about_seconds(17), about_seconds(48), about_seconds(1500)
    ('a few seconds', 'about 15 s', 'about 50 s', 'about 25 min')
    """
    if seconds < 7.5:
        return "a few seconds"
    if seconds < 27.5:
        return f"about {5 * round(seconds / 5)} s"
    if seconds < 75:
        return f"about {10 * round(seconds / 10)} s"
    return f"about {max(1, round(seconds / 60)):,} min"


def held(above: bool, below: bool) -> str:
    """Say where a claim lies beside the threshold; neither is open.

    Examples
    --------
    >>> held(True, False), held(False, False)
    ('▲ above', '◇ open')
    """
    return "▲ above" if above else "▽ below" if below else "◇ open"
