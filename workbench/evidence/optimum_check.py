"""Checking a proof that published weights are the optimum of committed rows.

Standard library only: this file is a part of ``verify.py``.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.edwards import (
    ORDER,
    Point,
    decode_point,
    is_identity,
    sum_of_multiples,
)
from workbench.evidence.optimum import (
    BLIND_POINT,
    CELL_BITS,
    LIMB_BITS,
    SUM_POINT,
    Challenges,
    column_point,
    first_columns,
    gradient_scale_bits,
    last_columns,
    late_challenges,
    linear_relations,
    middle_challenges,
    quadratic_relation,
    row_points,
    scalar_bytes,
    started,
    target_value,
)

__all__ = ["proved_gradient"]

MOST_ROWS = 100_000
LARGEST_GRADIENT = 1 << 200
"""Below a quarter of the group's order, so that an entry is one whole number."""
LARGEST_NUMBER = 1 << 53


class _Sum:
    """Group equations gathered into one sum, each with its own random weight."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.scalars: list[int] = []
        self.columns: list[int] = []
        self.blind = 0

    def add(self, point: Point, scalar: int) -> None:
        self.points.append(point)
        self.scalars.append(scalar % ORDER)

    def holds(self) -> bool:
        points = [BLIND_POINT, *(column_point(i) for i in range(len(self.columns))), *self.points]
        scalars = [self.blind % ORDER, *(v % ORDER for v in self.columns), *self.scalars]
        return is_identity(sum_of_multiples(points, scalars))


def proved_gradient(
    proof: dict[str, Any],
    points: Sequence[bytes],
    link: str,
    weights: Sequence[int],
    penalty: Sequence[int],
    context: bytes,
) -> list[float]:
    """Return the gradient that a proof shows, one entry for each weight.

    Parameters
    ----------
    proof : dict
        As :func:`workbench.evidence.optimum_proof.prove_optimum` writes it.
    points : sequence of bytes
        The rows' commitments, in the order of the leaves.
    link : {"logistic", "ridge"}
        What kind of model.
    weights, penalty : sequence of int
        One for each feature and one for the constant; weights over 2**29.
    context : bytes
        What the proof was made for.

    Raises
    ------
    EvidenceError
        When the proof does not show it.
    """
    features, rows = len(weights) - 1, len(points)
    if not 0 < rows <= MOST_ROWS or features < 1 or len(penalty) != len(weights):
        raise EvidenceError("The proof of the optimum does not fit the rows and weights.")
    if any(abs(v) >= LARGEST_NUMBER for v in (*weights, *penalty)) or min(penalty) < 0:
        raise EvidenceError("A weight or penalty is out of bounds.")
    try:
        return _checked(proof, points, link, weights, penalty, context)
    except (KeyError, TypeError, AttributeError, binascii.Error, ValueError):
        raise EvidenceError("The proof of the optimum is not built as one.") from None


@dataclass(frozen=True)
class _Proof:
    """A proof as it was read: bytes of points, and scalars below the group's order."""

    gradient: list[int]
    committed: dict[str, bytes]
    masks: dict[str, bytes]
    answers: dict[str, list[int]]
    blinds: dict[str, int]
    row: list[int]
    row_blind: int
    row_mask: bytes
    sum_blind: int
    sum_mask: bytes
    sum_cross: bytes
    linear: list[int]

    @staticmethod
    def read(proof: dict[str, Any], link: str, rows: int, features: int) -> _Proof:
        gradient = [_number(text) for text in proof["gradient"]]
        if len(gradient) != features + 1:
            raise EvidenceError("The proof's gradient has another length than the weights.")
        names = first_columns(link) + last_columns(link)
        sizes = dict.fromkeys(names, rows)
        if link == "logistic":
            sizes["mk"], sizes["mr"] = 1 << CELL_BITS, 1 << LIMB_BITS
        return _Proof(
            gradient,
            committed={name: bytes.fromhex(proof["commitments"][name]) for name in names},
            masks={name: bytes.fromhex(proof["masks"][name]) for name in names},
            answers={
                name: _scalars(base64.b64decode(proof["answers"][name]), sizes[name])
                for name in names
            },
            blinds={name: _scalars(bytes.fromhex(proof["blinds"][name]), 1)[0] for name in names},
            row=_scalars(bytes.fromhex(proof["row"]), features + 1),
            row_blind=_scalars(bytes.fromhex(proof["row_blind"]), 1)[0],
            row_mask=bytes.fromhex(proof["row_mask"]),
            sum_blind=_scalars(bytes.fromhex(proof["sum_blind"]), 1)[0],
            sum_mask=bytes.fromhex(proof["sum_mask"]),
            sum_cross=bytes.fromhex(proof["sum_cross"]),
            linear=_scalars(bytes.fromhex(proof["linear"]), 3 if link == "ridge" else 5),
        )


def _checked(
    proof: dict[str, Any],
    points: Sequence[bytes],
    link: str,
    weights: Sequence[int],
    penalty: Sequence[int],
    context: bytes,
) -> list[float]:
    features, rows = len(weights) - 1, len(points)
    read = _Proof.read(proof, link, rows, features)
    said = started(link, points, weights, penalty, read.gradient, context)
    for name in first_columns(link):
        said.say(name.encode(), read.committed[name])
    asked = middle_challenges(said, link, features)
    for name in last_columns(link):
        said.say(name.encode(), read.committed[name])
    asked = late_challenges(said, asked, rows)
    for name, mask in read.masks.items():
        said.say(b"mask " + name.encode(), mask)
    said.say(b"row", read.row_mask)
    said.say(b"sum", read.sum_mask)
    said.say(b"cross", read.sum_cross)
    said.say(b"linear", b"".join(map(scalar_bytes, read.linear)))
    c = said.challenge(b"c")
    if linear_relations(link, read.answers, read.row, c, asked, weights) != read.linear:
        raise EvidenceError("The proof of the optimum fails in a linear relation.")
    target = target_value(link, asked, read.gradient, penalty, weights)
    value = quadratic_relation(link, read.answers, c, asked, target)
    if not _gathered(read, points, asked, c, value).holds():
        raise EvidenceError("The proof of the optimum fails.")
    scale = 1 << gradient_scale_bits(link)
    return [value / scale for value in read.gradient]


def _gathered(read: _Proof, points: Sequence[bytes], asked: Challenges, c: int, value: int) -> _Sum:
    """Return the sum of all group equations: of each column, of the rows, of the relations."""
    gathered = _Sum()
    gathered.columns = [0] * max(map(len, read.answers.values()))
    for name, answers in read.answers.items():
        weight = secrets.randbelow(1 << 128) + 1
        for i, answer in enumerate(answers):
            gathered.columns[i] += weight * answer
        gathered.blind += weight * read.blinds[name]
        gathered.add(decode_point(read.masks[name]), -weight)
        gathered.add(decode_point(read.committed[name]), -weight * c)
    weight = secrets.randbelow(1 << 128) + 1
    gathered.blind += weight * read.row_blind
    for point, answer in zip(row_points(len(read.row) - 1), read.row):
        gathered.add(point, weight * answer)
    gathered.add(decode_point(read.row_mask), -weight)
    for raw, gamma in zip(points, asked.rows):
        point = decode_point(raw)
        if is_identity(point):
            raise EvidenceError("A row of this data set is not committed to for a proof.")
        gathered.add(point, -weight * c * gamma)
    weight = secrets.randbelow(1 << 128) + 1
    gathered.blind += weight * read.sum_blind
    gathered.add(SUM_POINT, weight * value)
    gathered.add(decode_point(read.sum_mask), -weight)
    gathered.add(decode_point(read.sum_cross), -weight * c)
    return gathered


def _number(text: str) -> int:
    if len(text) > 62 or str(int(text)) != text or abs(int(text)) >= LARGEST_GRADIENT:
        raise EvidenceError("The proof's gradient is out of bounds.")
    return int(text)


def _scalars(raw: bytes, count: int) -> list[int]:
    if len(raw) != 32 * count:
        raise EvidenceError("A column of the proof has another length than the data.")
    held = [int.from_bytes(raw[i : i + 32], "little") for i in range(0, len(raw), 32)]
    if max(held) >= ORDER:
        raise EvidenceError("A number of the proof is not below the group's order.")
    return held
