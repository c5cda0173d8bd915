"""Rows committed to many at once are what adding up point by point gives."""

from __future__ import annotations

import random

import pytest

from workbench.evidence import row_commitments
from workbench.evidence.edwards import encode_point, sum_of_multiples
from workbench.evidence.optimum import BLIND_POINT, row_points
from workbench.evidence.row_commitments import EncodedRow, commit_rows, new_blind


def one_by_one(row: EncodedRow) -> bytes:
    points = [BLIND_POINT, *row_points(len(row.features))]
    blind = int.from_bytes(row.blind, "little")
    return encode_point(sum_of_multiples(points, [blind, *row.features, row.outcome]))


@pytest.mark.parametrize(("rows", "together"), [(1, 2_000), (40, 2_000), (40, 7)])
def test_many_rows_are_committed_as_each_alone(
    rows: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_commitments, "TOGETHER", together)
    draw = random.Random(rows)
    values = [0, 1, -1, 1024, -1024, 8192, -8192, (1 << 47) - 1]
    made = [
        EncodedRow(
            tuple(draw.choice(values) + draw.randrange(3) for _ in range(5)),
            draw.choice([0, 1, -977]),
            new_blind(),
        )
        for _ in range(rows)
    ]
    assert commit_rows(made) == [one_by_one(row) for row in made]


def test_nothing_is_committed_to_as_nothing() -> None:
    """The identity, whose double has no inverse, beside a row that has one."""
    nothing, other = EncodedRow((0, 0), 0, bytes(32)), EncodedRow((1, 2), 1, new_blind())
    assert commit_rows([nothing, other]) == [bytes(32), one_by_one(other)]
    assert commit_rows([]) == []
