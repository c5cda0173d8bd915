"""Committing to encoded rows, many at once: C = rH + Σ xⱼGⱼ + yGᵧ on ristretto255.

A table of rows shares its points, so their multiples are laid out once; and the encodings of all
rows share one inversion, by doubling what was added up from halves (as curve25519-dalek does).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from workbench.evidence.edwards import (
    CURVE_D,
    IDENTITY,
    INVERSE_ROOT_A_MINUS_D,
    ORDER,
    PRIME,
    ROOT_OF_MINUS_ONE,
    Point,
    add,
    sum_of_multiples,
)
from workbench.evidence.optimum import BLIND_POINT, row_points, scalar_bytes

__all__ = ["EncodedRow", "commit_rows", "new_blind"]

HALF = pow(2, -1, ORDER)
TOGETHER = 2_000
"""Rows whose encodings share one inversion."""
Addend = tuple[int, int, int]  # y + x, y - x and 2dxy of a point with z = 1


@dataclass(frozen=True)
class EncodedRow:
    """A row as whole numbers, with the secret that hides it.

    Attributes
    ----------
    features : tuple of int
        Over 2**10.
    outcome : int
        0 or 1 for a logistic regression; over 2**10 for ridge.
    blind : bytes
        From :func:`new_blind`; destroyed with the record.
    """

    features: tuple[int, ...]
    outcome: int
    blind: bytes


def new_blind() -> bytes:
    """Return 32 secret bytes that hide a row in its commitment."""
    return scalar_bytes(secrets.randbelow(ORDER - 1) + 1)


def _inverses(values: Sequence[int]) -> list[int]:
    """Return the inverses of numbers that are not 0, by one inversion for all."""
    products = list(accumulate(values, lambda a, b: a * b % PRIME))
    inverse, found = pow(products[-1], -1, PRIME), [0] * len(values)
    for place in range(len(values) - 1, 0, -1):
        found[place] = inverse * products[place - 1] % PRIME
        inverse = inverse * values[place] % PRIME
    found[0] = inverse
    return found


def _addends(points: Sequence[Point]) -> list[Addend]:
    held = []
    for (x, y, _, _), inverse in zip(points, _inverses([p[2] for p in points]), strict=True):
        x, y = x * inverse % PRIME, y * inverse % PRIME
        held.append(((y + x) % PRIME, (y - x) % PRIME, 2 * CURVE_D * x % PRIME * y % PRIME))
    return held


def _plus(p: Point, q: Addend) -> Point:
    """Add a point that is laid out for it: seven multiplications instead of nine."""
    x, y, z, t = p
    a, b, c, d = (y - x) * q[1] % PRIME, (y + x) * q[0] % PRIME, t * q[2] % PRIME, 2 * z
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


class _Multiples:
    """Multiples of half a point, by windows of some bits, laid out when they are first needed."""

    def __init__(self, point: Point, width: int) -> None:
        self._next = sum_of_multiples([point], [HALF])
        self._width, self._windows = width, list[list[Addend]]()

    def _window(self, place: int) -> list[Addend]:
        while len(self._windows) <= place:
            held, step = [IDENTITY], self._next
            for _ in range(1 << self._width):
                held.append(add(held[-1], step))
            self._next = held.pop()
            self._windows.append(_addends(held))
        return self._windows[place]

    def parts(self, scalar: int) -> Iterator[Addend]:
        """Yield what is to be added for half the point, a number of times."""
        left, place, mask = abs(scalar), 0, (1 << self._width) - 1
        while left:
            if left & mask:
                plus, minus, product = self._window(place)[left & mask]
                yield (minus, plus, -product) if scalar < 0 else (plus, minus, product)
            left, place = left >> self._width, place + 1


def _width(bits: int, rows: int) -> int:
    """Return the width that takes the fewest additions, those of the windows counted."""
    return min(range(3, 13), key=lambda width: -(-bits // width) * ((1 << width) + rows))


@lru_cache(maxsize=4)
def _multiples(features: int, blind_width: int, width: int) -> tuple[_Multiples, list[_Multiples]]:
    columns = [_Multiples(point, width) for point in row_points(features)]
    return _Multiples(BLIND_POINT, blind_width), columns


def commit_rows(rows: Sequence[EncodedRow]) -> list[bytes]:
    """Return the commitment to each row (rows of one table: as many features in each)."""
    if not rows:
        return []
    widths = _width(256, len(rows)), 7 if len(rows) > TOGETHER else 4
    blind, columns = _multiples(len(rows[0].features), *widths)
    held: list[bytes] = []
    halves: list[Point] = []
    for row in rows:
        total = IDENTITY
        for part in blind.parts(int.from_bytes(row.blind, "little")):
            total = _plus(total, part)
        for column, value in zip(columns, (*row.features, row.outcome), strict=True):
            if value:
                for part in column.parts(value):
                    total = _plus(total, part)
        halves.append(total)
        if len(halves) == TOGETHER:
            held += _doubled_and_encoded(halves)
            halves = []
    return held + (_doubled_and_encoded(halves) if halves else [])


def _doubled_and_encoded(points: Sequence[Point]) -> list[bytes]:
    """Return the encodings of the points' doubles, without a root for each."""
    states = []
    for x, y, z, t in points:
        square, twisted = z * z % PRIME, t * t % PRIME * CURVE_D % PRIME
        e, f = 2 * x * y % PRIME, (square + twisted) % PRIME
        g, h = (y * y + x * x) % PRIME, (square - twisted) % PRIME
        states.append((e, f, g, h, e * g % PRIME, f * h % PRIME))
    # A double that is the identity has no inverse; its encoding is 0, and so is what stands here.
    products = [eg * fh % PRIME for *_, eg, fh in states]
    inverses = _inverses([product or 1 for product in products])
    held = []
    for (e, f, g, h, eg, fh), product, inverse in zip(states, products, inverses, strict=True):
        inverse = inverse if product else 0
        z_inverse, t_inverse = eg * inverse % PRIME, fh * inverse % PRIME
        magic = INVERSE_ROOT_A_MINUS_D
        if eg * z_inverse % PRIME & 1:
            e, g, h, magic = g, -e, f * ROOT_OF_MINUS_ONE % PRIME, ROOT_OF_MINUS_ONE
        if h * e % PRIME * z_inverse % PRIME & 1:
            g = -g
        s = (h - g) * magic % PRIME * g % PRIME * t_inverse % PRIME
        held.append((PRIME - s if s & 1 else s).to_bytes(32, "little"))
    return held
