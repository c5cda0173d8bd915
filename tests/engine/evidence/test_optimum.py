"""The proof of the optimum: true for the truth, and for no lie that a prover can tell inside it."""

from __future__ import annotations

import copy
import decimal
import json
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workbench.common.errors import EvidenceError
from workbench.evidence import optimum_proof as prover
from workbench.evidence.edwards import ORDER
from workbench.evidence.optimum import LINKS, logistic_table
from workbench.evidence.optimum_check import proved_gradient
from workbench.evidence.optimum_proof import prove_optimum
from workbench.evidence.row_commitments import EncodedRow, commit_rows, new_blind

PENALTY = [1, 1, 1, 1]


class World:
    """Few rows, their commitments and their optimum."""

    def __init__(self, link: str, rows: int = 24) -> None:
        rng = np.random.default_rng(1)
        self.link, self.context = link, b"a test"
        x = np.round(rng.normal(size=(rows, 3)) * 1024).astype(int)
        y = rng.integers(0, 2, rows) if link == "logistic" else x[:, 0] + rng.integers(0, 99, rows)
        self.rows = [
            EncodedRow(tuple(map(int, row)), int(outcome), new_blind())
            for row, outcome in zip(x, y, strict=True)
        ]
        self.points = commit_rows(self.rows)
        self.weights = self.optimum(range(rows))

    def optimum(self, kept: Any, free: tuple[int, ...] = (0, 1, 2, 3)) -> list[int]:
        x = np.array([[*self.rows[i].features, 1024] for i in kept])[:, free] / 1024
        y = np.array([self.rows[i].outcome for i in kept], float)
        y = y if self.link == "logistic" else y / 1024
        w = np.zeros(len(free))
        for _ in range(40):
            m = x @ w
            p = 1 / (1 + np.exp(-m)) if self.link == "logistic" else m
            slope = p * (1 - p) if self.link == "logistic" else np.ones(len(m))
            w -= np.linalg.solve((x * slope[:, None]).T @ x + np.eye(len(w)), x.T @ (p - y) + w)
        whole = np.zeros(4, dtype=int)
        whole[list(free)] = np.rint(w * 2**29)
        return [int(v) for v in whole]

    def proof(self, **changed: Any) -> dict[str, Any]:
        held = {"rows": self.rows, "weights": self.weights} | changed
        made = prove_optimum(
            held["rows"], self.points, self.link, held["weights"], PENALTY, self.context
        )
        return json.loads(json.dumps(made))

    def gradient(self, proof: dict[str, Any], **changed: Any) -> list[float]:
        held = {"points": self.points, "weights": self.weights, "penalty": PENALTY}
        held |= {"link": self.link, "context": self.context} | changed
        return proved_gradient(proof, **held)


@pytest.fixture(scope="module", params=LINKS)
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


@pytest.fixture(scope="module")
def logistic() -> World:
    return World("logistic")


def largest(gradient: list[float]) -> float:
    return max(map(abs, gradient))


def test_the_optimum_has_no_gradient_and_other_weights_have_one(world: World) -> None:
    assert largest(world.gradient(world.proof())) < 1e-6
    without = world.optimum(range(1, len(world.rows)))
    shown = world.gradient(world.proof(weights=without), weights=without)
    # The optimum without the first row shows that row's own gradient among all rows.
    x = np.array([*world.rows[0].features, 1024]) / 1024
    margin = float(x @ np.array(without) / 2**29)
    if world.link == "logistic":
        residual = 1 / (1 + np.exp(-margin)) - world.rows[0].outcome
    else:
        residual = margin - world.rows[0].outcome / 1024
    np.testing.assert_allclose(shown, residual * x, atol=1e-6)


def test_a_forgotten_feature_leaves_its_own_entry_open(world: World) -> None:
    weights = world.optimum(range(len(world.rows)), free=(1, 2, 3))
    shown = world.gradient(world.proof(weights=weights), weights=weights)
    assert weights[0] == 0
    assert largest(shown[1:]) < 1e-6 < abs(shown[0])


def test_a_proof_is_for_these_rows_weights_penalty_and_purpose_alone(world: World) -> None:
    proof, points = world.proof(), world.points
    other = commit_rows([EncodedRow((0, 0, 0), 0, new_blind())])[0]
    for changed in (
        {"points": [points[1], points[0], *points[2:]]},
        {"points": points[1:]},
        {"points": [other, *points[1:]]},
        {"points": [bytes(32), *points[1:]]},
        {"weights": [world.weights[0] + 1, *world.weights[1:]]},
        {"penalty": [2, 1, 1, 1]},
        {"context": b"another"},
        {"link": "ridge" if world.link == "logistic" else "logistic"},
    ):
        with pytest.raises(EvidenceError):
            world.gradient(proof, **changed)
    forged = {**proof, "gradient": ["0"] * 4}
    with pytest.raises(EvidenceError):
        world.gradient(forged)


def test_the_rows_of_the_proof_are_those_committed(world: World) -> None:
    first = world.rows[0]
    for lie in (
        EncodedRow((first.features[0] + 1, *first.features[1:]), first.outcome, first.blind),
        EncodedRow(first.features, first.outcome ^ 1, first.blind),
        EncodedRow(first.features, first.outcome, new_blind()),
    ):
        with pytest.raises(EvidenceError):
            world.gradient(world.proof(rows=[lie, *world.rows[1:]]))


@pytest.mark.slow
def test_every_part_of_a_proof_matters(world: World) -> None:
    proof = world.proof()
    for key, held in proof.items():
        if key == "link":
            continue
        for name in held if isinstance(held, dict) else [None]:
            broken = copy.deepcopy(proof)
            text = held[name] if name else held
            if key == "gradient":
                broken[key][1] = str(int(held[1]) + 1)
            elif key == "answers":
                broken[key][name] = ("B" if text[0] == "A" else "A") + text[1:]
            else:
                flipped = bytes([int(text[:2], 16) ^ 1]).hex() + text[2:]
                broken[key] = {**held, name: flipped} if name else flipped
            with pytest.raises(EvidenceError):
                world.gradient(broken)
            broken = copy.deepcopy(proof)
            del broken[key]
            with pytest.raises(EvidenceError):
                world.gradient(broken)


Columns = dict[str, list[int]]


def _inside(columns: Columns) -> int:
    low = (columns["l2"][0] << 22) + (columns["l1"][0] << 11) + columns["l0"][0]
    return low - (1 << 32)


def _take_line(columns: Columns, names: tuple[str, ...], line: int) -> None:
    for j, name in enumerate(("s", "s1", "s2")):
        if name in names:
            columns[name][0] = logistic_table()[line][j]
    columns["q1"][0] = columns["s1"][0] * _inside(columns)
    columns["q2"][0] = columns["s2"][0] * columns["v"][0]


def value_of_another_cell(columns: Columns) -> None:
    _take_line(columns, ("s",), columns["k"][0] + 40)


def line_of_another_cell(columns: Columns) -> None:
    cell = columns["k"][0]
    _take_line(columns, ("s", "s1", "s2"), cell + 40)
    columns["mk"][cell] -= 1
    columns["mk"][cell + 40] += 1


def another_cell(columns: Columns) -> None:
    line_of_another_cell(columns)
    columns["k"][0] += 40


def limb_too_large(columns: Columns) -> None:
    columns["l0"][0] += 1 << 11
    columns["l1"][0] -= 1


def limb_negative(columns: Columns) -> None:
    columns["mr"][columns["l0"][0]] -= 1
    columns["l0"][0] -= 1 << 12
    columns["mr"][columns["l0"][0] % 2048] += 1


def product_wrong(columns: Columns) -> None:
    columns["q1"][0] += 1 << 90


def square_wrong(columns: Columns) -> None:
    columns["v"][0] += 1
    columns["q2"][0] = columns["s2"][0] * columns["v"][0]


def bend_wrong(columns: Columns) -> None:
    columns["q2"][0] += 1 << 90


def outcome_wrong(columns: Columns) -> None:
    columns["y"][0] ^= 1


def value_outside_the_table(columns: Columns) -> None:
    columns["s"][0] += 1 << 100


LIES_BEFORE = [
    value_of_another_cell,
    line_of_another_cell,
    another_cell,
    limb_too_large,
    limb_negative,
    product_wrong,
    square_wrong,
    bend_wrong,
    outcome_wrong,
    value_outside_the_table,
]


def cheating(
    world: World, monkeypatch: pytest.MonkeyPatch, first: Callable[[Columns], None] | None,
    last: Callable[[Columns], None] | None,
) -> dict[str, Any]:  # fmt: skip
    """Return the proof of a prover who changes its columns and is honest in all the rest."""
    honest_first, honest_last = prover._first, prover._last

    def lying_first(rows: Any, link: str, weights: Any, penalty: Any) -> Any:
        columns, gradient = honest_first(rows, link, weights, penalty)
        if first is None:
            return columns, gradient
        before = columns["s"][0] + columns["q1"][0] + columns["q2"][0] - (columns["y"][0] << 110)
        first(columns)
        after = columns["s"][0] + columns["q1"][0] + columns["q2"][0] - (columns["y"][0] << 110)
        x = [*rows[0].features, 1024]
        return columns, [g + (after - before) * v for g, v in zip(gradient, x, strict=True)]

    def lying_last(rows: Any, link: str, columns: Columns, asked: Any) -> Any:
        held = honest_last(rows, link, columns, asked)
        if last is not None:
            last(held)
        return held

    monkeypatch.setattr(prover, "_first", lying_first)
    monkeypatch.setattr(prover, "_last", lying_last)
    return world.proof()


@pytest.mark.parametrize("lie", LIES_BEFORE, ids=lambda lie: lie.__name__)
def test_a_prover_who_lies_in_a_column_is_refused(
    logistic: World, monkeypatch: pytest.MonkeyPatch, lie: Callable[[Columns], None]
) -> None:
    with pytest.raises(EvidenceError, match="fails"):
        logistic.gradient(cheating(logistic, monkeypatch, lie, None))


@pytest.mark.parametrize("name", ["a", "ik", "i2", "i1", "i0"])
def test_a_prover_who_lies_after_the_challenge_is_refused(
    logistic: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def lie(columns: Columns) -> None:
        columns[name][0] = (columns[name][0] + 1) % ORDER

    with pytest.raises(EvidenceError, match="fails"):
        logistic.gradient(cheating(logistic, monkeypatch, None, lie))


def test_the_lying_prover_is_honest_when_it_does_not_lie(
    logistic: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = cheating(logistic, monkeypatch, lambda columns: None, None)
    assert largest(logistic.gradient(proof)) < 1e-6


def test_a_prover_who_claims_a_gradient_of_zero_is_refused(
    logistic: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = logistic.optimum(range(1, len(logistic.rows)))
    honest = prover._first
    monkeypatch.setattr(prover, "_first", lambda *given: (honest(*given)[0], [0] * 4))
    proof = logistic.proof(weights=kept)
    with pytest.raises(EvidenceError, match="fails"):
        logistic.gradient(proof, weights=kept)


def test_two_proofs_share_nothing_by_which_rows_could_be_compared(logistic: World) -> None:
    one, two = logistic.proof(), logistic.proof()
    assert one["gradient"] == two["gradient"]
    for key in ("commitments", "masks", "answers", "blinds"):
        assert not set(one[key].values()) & set(two[key].values())


def test_a_margin_beyond_the_table_is_said_and_not_proved(logistic: World) -> None:
    weights = [1 << 36, 0, 0, 0]
    with pytest.raises(EvidenceError, match="±16"):
        logistic.proof(weights=weights)


def test_the_table_is_that_of_the_logistic_function() -> None:
    with decimal.localcontext(decimal.Context(prec=60)):
        for cell in (0, 1, 500, 1023, 1024, 1500, 2047):
            centre = decimal.Decimal(2 * cell + 1 - 2048) / 128
            s = 1 / (1 + (-centre).exp())
            slope = s * (1 - s)
            for value, exact, bits in zip(
                logistic_table()[cell],
                (s, slope, slope * (1 - 2 * s) / 2),
                (110, 71, 32),
                strict=True,
            ):
                assert abs(value - exact * 2**bits) <= decimal.Decimal("0.5000001")


def test_random_blinds_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets of a proof come from the system's source, never from a seed."""
    drawn: list[int] = []
    honest = secrets.randbelow
    monkeypatch.setattr(
        prover.secrets, "randbelow", lambda bound: (drawn.append(bound), honest(bound))[1]
    )
    World("ridge", rows=3).proof()
    assert len(drawn) > 3 * 3
