"""Proving that published weights are the optimum of rows that were committed to."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.common.errors import EvidenceError
from workbench.evidence.edwards import (
    ORDER,
    Point,
    encode_point,
    sum_of_multiples,
)
from workbench.evidence.optimum import (
    BLIND_POINT,
    CELL_BITS,
    FEATURE_BITS,
    INSIDE_BITS,
    LIMB_BITS,
    MARGIN_BITS,
    PROBABILITY_BITS,
    REACH_BITS,
    SUM_POINT,
    WEIGHT_BITS,
    Challenges,
    Columns,
    Transcript,
    column_point,
    first_columns,
    gradient_scale_bits,
    inverses,
    last_columns,
    late_challenges,
    linear_relations,
    logistic_table,
    middle_challenges,
    mixed,
    quadratic_relation,
    row_points,
    scalar_bytes,
    started,
    target_value,
)
from workbench.evidence.row_commitments import EncodedRow

__all__ = ["prove_optimum"]


def prove_optimum(
    rows: Sequence[EncodedRow],
    points: Sequence[bytes],
    link: str,
    weights: Sequence[int],
    penalty: Sequence[int],
    context: bytes,
) -> dict[str, Any]:
    """Prove the gradient at the weights over the rows, which the points commit to.

    Parameters
    ----------
    rows : sequence of EncodedRow
        In the order of the points.
    points : sequence of bytes
        From :func:`workbench.evidence.row_commitments.commit_rows`, in the order of the leaves.
    link : {"logistic", "ridge"}
        What kind of model.
    weights, penalty : sequence of int
        One for each feature and one for the constant; weights over 2**29.
    context : bytes
        What the proof is for; it holds for nothing else.

    Raises
    ------
    EvidenceError
        When a margin lies beyond ±16, where the table ends.
    """
    columns, gradient = _first(rows, link, weights, penalty)
    said = started(link, points, weights, penalty, gradient, context)
    held = _Held(columns, {}, {})
    held.commit(first_columns(link), said)
    asked = middle_challenges(said, link, len(weights) - 1)
    columns |= _last(rows, link, columns, asked)
    held.commit(last_columns(link), said)
    asked = late_challenges(said, asked, len(rows))
    target = target_value(link, asked, gradient, penalty, weights)
    return {
        "link": link,
        "gradient": [str(value) for value in gradient],
        "commitments": {name: raw.hex() for name, raw in held.committed.items()},
        **_answered(rows, link, weights, held, asked, target, said),
    }


@dataclass(frozen=True)
class _Held:
    """What the prover keeps to itself of its columns, and the commitments that it shows."""

    columns: Columns
    blinds: dict[str, int]
    committed: dict[str, bytes]

    def commit(self, names: Sequence[str], said: Transcript) -> None:
        """Commit to columns, one after the other, and say so."""
        for name in names:
            self.blinds[name] = secrets.randbelow(ORDER)
            self.committed[name] = _committed(self.columns[name], self.blinds[name])
            said.say(name.encode(), self.committed[name])


def _answered(
    rows: Sequence[EncodedRow],
    link: str,
    weights: Sequence[int],
    held: _Held,
    asked: Challenges,
    target: int,
    said: Transcript,
) -> dict[str, object]:
    """Show that the committed columns fit, by masks, one challenge and the answers to it."""
    columns, names, features = held.columns, list(held.committed), len(weights) - 1
    mask = {name: [secrets.randbelow(ORDER) for _ in columns[name]] for name in names}
    mask_blinds = {name: secrets.randbelow(ORDER) for name in names}
    row, row_blind = _combined(rows, asked.rows)
    row_mask = [secrets.randbelow(ORDER) for _ in row]
    row_mask_blind = secrets.randbelow(ORDER)
    linear = linear_relations(link, mask, row_mask, 0, asked, weights)
    constant = quadratic_relation(link, mask, 0, asked, target)
    both = {
        name: [(a + b) % ORDER for a, b in zip(mask[name], columns[name], strict=True)]
        for name in names
    }
    cross = (quadratic_relation(link, both, 1, asked, target) - constant) % ORDER
    sum_blinds = secrets.randbelow(ORDER), secrets.randbelow(ORDER)
    masks = {name: _committed(mask[name], mask_blinds[name]) for name in names}
    sent = {
        "row_mask": _on([BLIND_POINT, *row_points(features)], [row_mask_blind, *row_mask]),
        "sum_mask": _on([SUM_POINT, BLIND_POINT], [constant, sum_blinds[0]]),
        "sum_cross": _on([SUM_POINT, BLIND_POINT], [cross, sum_blinds[1]]),
    }
    for name in names:
        said.say(b"mask " + name.encode(), masks[name])
    for label, raw in zip((b"row", b"sum", b"cross"), sent.values(), strict=True):
        said.say(label, raw)
    linear_raw = b"".join(map(scalar_bytes, linear))
    said.say(b"linear", linear_raw)
    c = said.challenge(b"c")

    def answers(masks: Sequence[int], values: Sequence[int]) -> bytes:
        return b"".join(scalar_bytes(a + c * b) for a, b in zip(masks, values, strict=True))

    return {
        "masks": {name: masks[name].hex() for name in names},
        "answers": {
            name: base64.b64encode(answers(mask[name], columns[name])).decode() for name in names
        },
        "blinds": {name: answers([mask_blinds[name]], [held.blinds[name]]).hex() for name in names},
        "row": answers(row_mask, row).hex(),
        "row_blind": answers([row_mask_blind], [row_blind]).hex(),
        "sum_blind": scalar_bytes(sum_blinds[0] + c * sum_blinds[1]).hex(),
        "linear": linear_raw.hex(),
        **{key: raw.hex() for key, raw in sent.items()},
    }


def _on(points: Sequence[Point], scalars: Sequence[int]) -> bytes:
    return encode_point(sum_of_multiples(points, scalars))


def _committed(column: Sequence[int], blind: int) -> bytes:
    points = [BLIND_POINT, *(column_point(i) for i in range(len(column)))]
    return _on(points, [blind, *column])


def _combined(rows: Sequence[EncodedRow], gamma: Sequence[int]) -> tuple[list[int], int]:
    pairs = list(zip(gamma, rows, strict=True))
    row = [sum(g * r.features[j] for g, r in pairs) % ORDER for j in range(len(rows[0].features))]
    row.append(sum(g * r.outcome for g, r in pairs) % ORDER)
    return row, sum(g * int.from_bytes(r.blind, "little") for g, r in pairs) % ORDER


def _first(
    rows: Sequence[EncodedRow], link: str, weights: Sequence[int], penalty: Sequence[int]
) -> tuple[Columns, list[int]]:
    """Return the columns committed first, and the gradient."""
    one, features = 1 << FEATURE_BITS, len(weights) - 1
    margins = [
        sum(w * x for w, x in zip(weights[:-1], row.features, strict=True)) + weights[-1] * one
        for row in rows
    ]
    columns: Columns = {"y": [row.outcome for row in rows]}
    if link == "ridge":
        columns["m"] = predicted = margins
        residuals = [p - (row.outcome << WEIGHT_BITS) for p, row in zip(predicted, rows)]
    else:
        columns |= _cut(margins)
        terms = zip(columns["s"], columns["q1"], columns["q2"], rows)
        residuals = [s + q1 + q2 - (row.outcome << PROBABILITY_BITS) for s, q1, q2, row in terms]
    shift = gradient_scale_bits(link) - WEIGHT_BITS
    gradient = [
        sum(e * row.features[j] for e, row in zip(residuals, rows)) for j in range(features)
    ]
    gradient.append(sum(residuals) * one)
    return columns, [
        g + (strength * w << shift) for g, strength, w in zip(gradient, penalty, weights)
    ]


def _cut(margins: Sequence[int]) -> Columns:
    """Cut the margins of a logistic regression into cells and limbs, and look the cells up."""
    moved = [margin + (1 << REACH_BITS + MARGIN_BITS) for margin in margins]
    if not all(0 <= value < 2 << REACH_BITS + MARGIN_BITS for value in moved):
        raise EvidenceError(
            f"A row's margin lies beyond ±{1 << REACH_BITS}, where the proof's table ends; a "
            f"stronger penalty or narrower features bring it inside."
        )
    limb = (1 << LIMB_BITS) - 1
    low = [value & ((1 << INSIDE_BITS) - 1) for value in moved]
    columns: Columns = {"k": [value >> INSIDE_BITS for value in moved]}
    for name, shift in (("l2", 2 * LIMB_BITS), ("l1", LIMB_BITS), ("l0", 0)):
        columns[name] = [value >> shift & limb for value in low]
    for j, name in enumerate(("s", "s1", "s2")):
        columns[name] = [logistic_table()[k][j] for k in columns["k"]]
    inside = [value - (1 << INSIDE_BITS - 1) for value in low]
    columns["v"] = [value * value for value in inside]
    columns["q1"] = [a * b for a, b in zip(columns["s1"], inside)]
    columns["q2"] = [a * b for a, b in zip(columns["s2"], columns["v"])]
    columns["mk"], columns["mr"] = [0] * (1 << CELL_BITS), [0] * (1 << LIMB_BITS)
    for k in columns["k"]:
        columns["mk"][k] += 1
    for name in ("l2", "l1", "l0"):
        for value in columns[name]:
            columns["mr"][value] += 1
    return columns


def _last(rows: Sequence[EncodedRow], link: str, columns: Columns, asked: Challenges) -> Columns:
    one = asked.columns[-1] << FEATURE_BITS
    held = {
        "a": [
            (sum(u * x for u, x in zip(asked.columns, row.features)) + one) % ORDER for row in rows
        ]
    }
    if link == "logistic":
        lines = zip(*(columns[name] for name in ("k", "s", "s1", "s2")))
        held["ik"] = inverses([mixed(asked.beta, asked.theta, *line) for line in lines])
        for digit in "210":
            held["i" + digit] = inverses(
                [(asked.beta_limbs + value) % ORDER for value in columns["l" + digit]]
            )
    return held
