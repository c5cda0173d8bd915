"""Row effects summed up: right numbers, and no single row behind any of them."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.methods.row_summary import FEWEST, MOST_BINS, QUANTILES, summarise_part


def spread(values: np.ndarray, threshold: float = 0.02):
    return summarise_part("total", values, np.abs(values), threshold)


@pytest.mark.parametrize("n", [10, 11, 57, 400, 5_000])
@pytest.mark.parametrize("scale", [1e-6, 0.001, 0.05, 3.0, 1e4])
def test_every_row_is_counted_and_no_end_shows_fewer_than_five(n: int, scale: float) -> None:
    rng = np.random.default_rng(n)
    values = rng.standard_t(2, size=n) * scale  # heavy tails: single rows far out
    found = spread(values)
    assert sum(found.counts) == n
    assert 1 <= len(found.counts) <= MOST_BINS
    assert len(found.edges) == len(found.counts) + 1
    assert found.counts[0] >= FEWEST and found.counts[-1] >= FEWEST
    assert np.allclose(np.diff(found.edges), found.edges[1] - found.edges[0])
    assert found.above + found.within + found.below == pytest.approx(1)
    assert found.above == np.mean(values > 0.02)
    assert found.mean == pytest.approx(values.mean())
    for q, value in found.quantiles.items():
        assert value == pytest.approx(np.quantile(values, q))
        assert min(np.sum(values <= value), np.sum(values >= value)) >= FEWEST
    assert set(found.quantiles) == {q for q in QUANTILES if n * min(q, 1 - q) >= FEWEST}


@pytest.mark.parametrize("reach", [0.03, 0.2, 0.6])
def test_the_threshold_is_an_edge_and_zero_the_middle_of_a_bin(reach: float) -> None:
    found = spread(np.linspace(-reach, reach, 4_001))
    edges = np.asarray(found.edges)
    for tau in (-0.02, 0.02):
        assert np.abs(edges - tau).min() < 1e-12
    centres = (edges[1:] + edges[:-1]) / 2
    assert np.abs(centres).min() < 1e-12
    beyond = sum(c for c, x in zip(found.counts, centres, strict=True) if abs(x) > 0.02)
    assert beyond / 4_001 == pytest.approx(found.above + found.below, abs=1e-3)


def test_one_effect_at_every_row_is_told_as_one() -> None:
    found = spread(np.full(3, 0.1))
    assert found.is_constant
    assert (found.edges, found.counts) == ((0.1, 0.1), (3,))
    assert found.quantiles == {}


def test_few_rows_are_not_drawn_and_few_that_move_do_not_show_where() -> None:
    assert spread(np.arange(9) / 10).edges == ()
    values = np.zeros(1_000)
    values[:3] = (0.31, 0.52, 0.77)
    found = spread(values)
    assert found.above == 0.003
    assert found.edges == pytest.approx((-0.02, 0.02))
    assert 0.77 not in found.quantiles.values()


def test_bins_of_a_spike_at_zero_hold_it_in_the_middle() -> None:
    values = np.concatenate([np.zeros(500), np.linspace(-0.1, 0.1, 500)])
    found = spread(values)
    fullest = int(np.argmax(found.counts))
    assert found.edges[fullest] < 0 < found.edges[fullest + 1]


def test_rows_that_are_alike_but_for_a_few_have_few_bins() -> None:
    """What rounding leaves of a difference is no width for a bin."""
    values = np.full(1_000, 1.4) + 1e-15 * np.arange(1_000)
    values[:3] = 1.39
    found = summarise_part("total", values, np.abs(values), 0.05)
    assert 2 <= len(found.edges) <= MOST_BINS + 1 and sum(found.counts) == 1_000
