"""Effects in a file are told apart by group and place, not by object."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.common.errors import DataError
from workbench.methods.effects import Effect
from workbench.methods.joint_uncertainty import read_block
from workbench.methods.saved_effects import SavedEffect, SavedEstimates, save_effects

NOISE = np.random.default_rng(0).normal(size=(3, 500))
SHARED, OTHER, THIRD = (
    Effect(value, row) for value, row in zip((0.3, 0.1, 0.2), NOISE, strict=True)
)


def kept(blocks: list[tuple[str, ...]]) -> SavedEstimates:
    return SavedEstimates(blocks=[read_block(columns, i) for i, columns in enumerate(blocks)])


def test_an_effect_of_two_groups_is_kept_in_each() -> None:
    blocks, saved = save_effects([[SHARED, OTHER]], [[SHARED, THIRD]], most=2)
    assert [[effect.block for effect in group] for group in saved] == [[0, 0], [1, 1]]
    read = kept(blocks)
    for one, group in zip(((SHARED, OTHER), (SHARED, THIRD)), saved, strict=True):
        first, second = map(read.effect, group)
        wanted = (one[0] - one[1]).standard_error
        assert (first - second).standard_error == pytest.approx(wanted, rel=1e-9)


def test_groups_join_the_first_block_while_it_is_small() -> None:
    blocks, saved = save_effects([[SHARED], [OTHER]], [[SHARED], [THIRD, OTHER], [THIRD]], most=4)
    assert [group[0].block for group in saved] == [0, 0, 0, 1, 0]
    assert len(blocks) == 2 and len(blocks[0]) == 3  # equal columns are kept once


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (SavedEffect(value=1.0, block=7, column=0), "names block 7"),
        (SavedEffect(value=1.0, block=0, column=9), "names column 9"),
    ],
)
def test_a_place_that_is_not_there_is_refused(saved: SavedEffect, words: str) -> None:
    blocks, _ = save_effects([[SHARED]], [], most=9)
    with pytest.raises(DataError, match=words):
        kept(blocks).effect(saved)


def test_what_is_exact_or_not_known_stays_so() -> None:
    exact, unknown = Effect(0.0, np.zeros(500)), Effect(0.5, np.full(500, np.nan))
    blocks, ((one, other),) = save_effects([[exact, unknown]], [], most=9)
    assert (one.column, other.column) == (None, "unknown")
    assert kept(blocks).effect(one).standard_error == 0
    assert np.isnan(kept(blocks).effect(other).standard_error)
