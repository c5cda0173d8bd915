"""What a proof of the optimum shows, as relations between committed columns.

Rows are committed one by one, before any request: C = rH + Σ xⱼGⱼ + yGᵧ on ristretto255, without
any set-up. The proof opens the exact gradient of the penalised objective at published weights over
a public list of such commitments, and nothing else about the rows. For ridge the residual is margin
minus outcome. For logistic regression each margin is cut into a cell of a public table and three
limbs; the table gives the logistic function and two derivatives, and quadratic interpolation the
probability, to 1e-8. That cells and limbs lie in their tables is shown by logarithmic derivatives.

Experimental: an own assembly of standard parts that no outside cryptographer has read yet. No other
claim of a dossier rests on it.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from workbench.common.errors import EvidenceError
from workbench.evidence.edwards import ORDER, Point, point_of_label

__all__ = [
    "FEATURE_BITS",
    "LINKS",
    "WEIGHT_BITS",
    "Challenges",
    "Transcript",
    "column_point",
    "first_columns",
    "gradient_scale_bits",
    "last_columns",
    "late_challenges",
    "linear_relations",
    "logistic_table",
    "middle_challenges",
    "quadratic_relation",
    "row_points",
    "scalar_bytes",
    "started",
    "target_value",
]

FEATURE_BITS, WEIGHT_BITS = 10, 29
MARGIN_BITS = FEATURE_BITS + WEIGHT_BITS
LIMB_BITS, LIMBS, CELL_BITS = 11, 3, 11
INSIDE_BITS = LIMB_BITS * LIMBS
REACH_BITS = CELL_BITS + INSIDE_BITS - MARGIN_BITS - 1
"""Margins of a logistic regression lie in ±2**4."""
PROBABILITY_BITS = 110
LINKS = ("logistic", "ridge")

Columns = dict[str, list[int]]

BLIND_POINT = point_of_label(b"cafe-evidence/v1/H")
SUM_POINT = point_of_label(b"cafe-evidence/v1/B")


def row_points(features: int) -> list[Point]:
    """Return the points that a row's features and its outcome are committed on."""
    names = [b"x/%d" % j for j in range(features)] + [b"y/0"]
    return [point_of_label(b"cafe-evidence/v1/" + name) for name in names]


def column_point(row: int) -> Point:
    """Return the point that a row's entry of a column is committed on."""
    return point_of_label(b"cafe-evidence/v1/k/%d" % row)


def first_columns(link: str) -> tuple[str, ...]:
    """Return the columns committed before the first challenge."""
    if link == "ridge":
        return ("m", "y")
    return ("k", "l2", "l1", "l0", "s", "s1", "s2", "v", "q1", "q2", "y", "mk", "mr")


def last_columns(link: str) -> tuple[str, ...]:
    """Return the columns committed after it."""
    return ("a",) if link == "ridge" else ("a", "ik", "i2", "i1", "i0")


def _prediction_bits(link: str) -> int:
    return MARGIN_BITS if link == "ridge" else PROBABILITY_BITS


def _outcome_shift(link: str) -> int:
    """Return by how much an outcome is shifted to the scale of predictions."""
    return WEIGHT_BITS if link == "ridge" else PROBABILITY_BITS


def gradient_scale_bits(link: str) -> int:
    """Return the bits behind the point of an opened gradient."""
    return _prediction_bits(link) + FEATURE_BITS


@cache
def logistic_table() -> tuple[tuple[int, int, int], ...]:
    """Return σ, σ' and σ''/2 at the centres of the cells, computed in whole numbers alone."""
    bits = 512
    one, cells = 1 << bits, 1 << CELL_BITS
    step = cells >> REACH_BITS  # centres are odd multiples of 1/step
    powers, term, k = one, one, 0
    while term:  # exp(1/step)
        k += 1
        term = term // (step * k)
        powers += term
    square = powers * powers >> bits
    growth, current = {}, powers
    for odd in range(1, cells, 2):
        growth[odd] = current
        current = current * square >> bits
    table = []
    for cell in range(cells):
        odd = 2 * cell + 1 - cells
        value = growth[abs(odd)]
        sigma = one * one // (one + value)  # at −|centre|
        sigma = one - sigma if odd > 0 else sigma
        slope = sigma * (one - sigma) >> bits
        bend = slope * (one - 2 * sigma) >> bits + 1
        scales = PROBABILITY_BITS - MARGIN_BITS, PROBABILITY_BITS - 2 * MARGIN_BITS
        table.append(
            (
                _rounded(sigma, bits - PROBABILITY_BITS),
                _rounded(slope, bits - scales[0]),
                _rounded(bend, bits - scales[1]),
            )
        )
    return tuple(table)


def _rounded(value: int, bits: int) -> int:
    return (value + (1 << bits - 1)) >> bits


def scalar_bytes(value: int) -> bytes:
    """Return a scalar of the group in its 32 bytes."""
    return (value % ORDER).to_bytes(32, "little")


class Transcript:
    """What prover and verifier have said, hashed; challenges follow from all of it."""

    def __init__(self, label: bytes) -> None:
        self._hash = hashlib.sha512(label)

    def say(self, label: bytes, data: bytes) -> None:
        """Take a message in."""
        self._hash.update(len(label).to_bytes(4, "big") + label)
        self._hash.update(len(data).to_bytes(8, "big") + data)

    def challenge(self, label: bytes) -> int:
        """Return a scalar that depends on everything said so far."""
        self.say(b"challenge", label)
        digest = self._hash.digest()
        self._hash = hashlib.sha512(digest)
        return int.from_bytes(digest, "little") % ORDER


def started(
    link: str,
    points: Sequence[bytes],
    weights: Sequence[int],
    penalty: Sequence[int],
    gradient: Sequence[int],
    context: bytes,
) -> Transcript:
    """Return a transcript that holds the statement to be proved."""
    if link not in LINKS:
        raise EvidenceError(f"The optimum is proved for {' and '.join(LINKS)}, not {link[:30]!r}.")
    shape = (len(points), len(weights) - 1, FEATURE_BITS, WEIGHT_BITS, LIMB_BITS, CELL_BITS, LIMBS)
    said = Transcript(b"cafe-evidence/optimum/v1")
    said.say(b"context", context)
    said.say(b"link", link.encode())
    said.say(b"rows", hashlib.sha256(b"".join(points)).digest())
    said.say(b"shape", _texts(shape))
    said.say(b"weights", _texts(weights))
    said.say(b"penalty", _texts(penalty))
    said.say(b"gradient", _texts(gradient))
    return said


def _texts(numbers: Sequence[int]) -> bytes:
    return b",".join(b"%d" % number for number in numbers)


class Challenges(NamedTuple):
    """The verifier's random scalars, in the order of the questions."""

    columns: list[int]  # weights of the gradient's entries
    beta: int
    beta_limbs: int
    theta: int
    cell_inverses: list[int]
    limb_inverses: list[int]
    rows: list[int]
    eta: list[int]
    kappa: list[int]


def _powers(base: int, count: int, first: int = 1) -> list[int]:
    held, power = [], first
    for _ in range(count):
        held.append(power)
        power = power * base % ORDER
    return held


def inverses(values: Sequence[int]) -> list[int]:
    """Return the inverses of scalars by one inversion."""
    before, product = [], 1
    for value in values:
        before.append(product)
        product = product * value % ORDER
    inverse, held = pow(product, ORDER - 2, ORDER), [0] * len(values)
    for i in range(len(values) - 1, -1, -1):
        held[i] = inverse * before[i] % ORDER
        inverse = inverse * values[i] % ORDER
    return held


def middle_challenges(said: Transcript, link: str, features: int) -> Challenges:
    """Draw what is asked once the first columns are committed."""
    columns = _powers(said.challenge(b"u"), features + 1)
    if link == "ridge":
        return Challenges(columns, 0, 0, 0, [], [], [], [], [])
    beta, limbs, theta = (said.challenge(name) for name in (b"beta", b"beta2", b"theta"))
    cells = inverses([mixed(beta, theta, k, *logistic_table()[k]) for k in range(1 << CELL_BITS)])
    known = inverses([(limbs + k) % ORDER for k in range(1 << LIMB_BITS)])
    return Challenges(columns, beta, limbs, theta, cells, known, [], [], [])


def mixed(beta: int, theta: int, k: int, s: int, s1: int, s2: int) -> int:
    """Return a line of the table as one scalar."""
    return (beta + k + theta * (s + theta * (s1 + theta * s2))) % ORDER


def late_challenges(said: Transcript, asked: Challenges, rows: int) -> Challenges:
    """Draw what is asked once every column is committed."""
    weights = _powers(said.challenge(b"gamma"), rows)
    eta = said.challenge(b"eta")
    kappa = _powers(said.challenge(b"kappa"), rows)
    return asked._replace(rows=weights, eta=_powers(eta, 8, eta), kappa=kappa)


def target_value(
    link: str,
    asked: Challenges,
    gradient: Sequence[int],
    penalty: Sequence[int],
    weights: Sequence[int],
) -> int:
    """Return Σ uⱼ(gⱼ − λⱼwⱼ): what the residuals must add up to against the column `a`."""
    shift = gradient_scale_bits(link) - WEIGHT_BITS
    total = 0
    for u, g, strength, w in zip(asked.columns, gradient, penalty, weights):
        total += u * (g - (strength * w << shift))
    return total % ORDER


def quadratic_relation(link: str, z: Columns, c: int, asked: Challenges, target: int) -> int:
    """Return the batched quadratic relation, homogeneous in the columns and c; 0 for the truth."""
    a, y, shift = z["a"], z["y"], _outcome_shift(link)
    square = c * c % ORDER
    if link == "ridge":
        m = z["m"]
        inner = sum((m[i] - (y[i] << shift)) * a[i] for i in range(len(a)))
        return asked.eta[0] * (inner - square * target) % ORDER
    e0, e1, e2, e3, e4, e5, e6, e7 = asked.eta
    beta, limbs, theta = c * asked.beta % ORDER, c * asked.beta_limbs % ORDER, asked.theta
    half, total, inner = c << INSIDE_BITS - 1, 0, 0
    k, l2, l1, l0, s, s1, s2, v, q1, q2 = (z[name] for name in first_columns(link)[:10])
    ik, i2, i1, i0 = (z[name] for name in last_columns(link)[1:])
    for i in range(len(a)):
        inside = _inside(l2[i], l1[i], l0[i]) - half
        line = mixed(beta, theta, k[i], s[i], s1[i], s2[i])
        held = e0 * (ik[i] * line - square) + e1 * (i2[i] * (limbs + l2[i]) - square)
        held += e2 * (i1[i] * (limbs + l1[i]) - square) + e3 * (i0[i] * (limbs + l0[i]) - square)
        held += e4 * (inside * inside - c * v[i]) + e5 * (s1[i] * inside - c * q1[i])
        held += e6 * (s2[i] * v[i] - c * q2[i])
        total += asked.kappa[i] * (held % ORDER)
        inner += (s[i] + q1[i] + q2[i] - (y[i] << shift)) * a[i]
    return (total + e7 * (inner - square * target)) % ORDER


def _inside(l2: int, l1: int, l0: int) -> int:
    return (l2 << 2 * LIMB_BITS) + (l1 << LIMB_BITS) + l0


def linear_relations(
    link: str, z: Columns, row: Sequence[int], c: int, asked: Challenges, weights: Sequence[int]
) -> list[int]:
    """Return the linear relations between columns and the combined row; each 0 for the truth."""
    features, gamma = len(weights) - 1, asked.rows
    constant = c * sum(gamma) << FEATURE_BITS
    if link == "ridge":
        margin = _dot(gamma, z["m"])
    else:
        margin = -c * sum(gamma) << REACH_BITS + MARGIN_BITS
        for i in range(len(gamma)):
            inside = _inside(z["l2"][i], z["l1"][i], z["l0"][i])
            margin += gamma[i] * ((z["k"][i] << INSIDE_BITS) + inside)
    held = [
        _dot(weights[:features], row) + weights[features] * constant - margin,
        _dot(asked.columns[:features], row) + asked.columns[features] * constant
        - _dot(gamma, z["a"]),
        row[features] - _dot(gamma, z["y"]),
    ]  # fmt: skip
    if link == "logistic":
        held.append(sum(z["ik"]) - _dot(asked.cell_inverses, z["mk"]))
        limbs = sum(z["i2"]) + sum(z["i1"]) + sum(z["i0"])
        held.append(limbs - _dot(asked.limb_inverses, z["mr"]))
    return [value % ORDER for value in held]


def _dot(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(left, right))
