"""Whose noise a row's mediators take when they are drawn again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from workbench.methods.debiased.donors import donors
from workbench.tables.columns import Column, encode_column

N = 1_000


def column(name: str, values: npt.ArrayLike) -> Column:
    return encode_column(name, pd.Series(values))


@pytest.fixture(scope="module")
def world() -> dict[str, npt.NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    z, noise = rng.normal(size=(2, N))
    x = z + rng.normal(size=N)
    return {"z": z, "x": x, "noise": noise, "y": np.tanh(x + 0.5 * z + noise)}


def drawn(world: dict[str, npt.NDArray[np.float64]], seed: int) -> list[npt.NDArray[np.intp]]:
    x, z = column("x", world["x"]), column("z", world["z"])
    return donors([x], [z], world["y"], times=2, seed=seed)


def test_every_row_gives_its_noise_once_to_a_row_like_it_in_what_is_adjusted_for(
    world: dict[str, npt.NDArray[np.float64]],
) -> None:
    rank = np.argsort(np.argsort(world["z"]))
    for one in drawn(world, 0):
        assert np.array_equal(np.sort(one), np.arange(N))
        # One of ten pools.
        assert np.abs(rank - rank[one]).max() <= 101


def test_a_row_may_get_the_noise_of_any_row_of_its_pool_as_likely_as_of_any_other(
    world: dict[str, npt.NDArray[np.float64]],
) -> None:
    """Neither its own noise nor its feature may tell which: that would bend the distribution."""
    rounds = 80
    pool = np.argsort(np.argsort(world["z"])) * 10 // N
    z = np.zeros(2)
    for seed in range(rounds):
        for one in drawn(world, seed):
            given = world["noise"][one]
            for place, own in enumerate((world["noise"], world["x"])):
                centred = own - (np.bincount(pool, own) / np.bincount(pool))[pool]
                z[place] += centred @ given / np.sqrt(N * 2 * rounds)
    assert (np.abs(z) < 3.5).all()


def test_luck_in_the_draws_cancels_within_few_rows(
    world: dict[str, npt.NDArray[np.float64]],
) -> None:
    """The mean of what is drawn, weighed by any smooth curve of the feature, hardly varies."""
    weights = np.sin(world["x"]) + 0.5 * world["z"]
    weights -= weights.mean()
    rng = np.random.default_rng(1)
    balanced = [
        np.mean([weights @ world["noise"][one] for one in drawn(world, seed)]) for seed in range(40)
    ]
    by_row = [
        np.mean([weights @ world["noise"][rng.permutation(N)] for _ in range(2)]) for _ in range(40)
    ]
    assert np.std(balanced) < 0.3 * np.std(by_row)


def test_gaps_categories_and_constants_are_no_obstacle() -> None:
    rng = np.random.default_rng(2)
    flag = column("flag", rng.choice(["no", "yes"], 200))
    gaps = column("gaps", np.where(rng.random(200) < 0.2, np.nan, rng.normal(size=200)))
    still = column("still", np.ones(200))
    many = [column(f"c{i}", rng.normal(size=200)) for i in range(9)]
    for given in ([], [gaps], [still], [flag, gaps, *many]):
        for one in donors([flag], given, np.zeros(200), times=2, seed=0):
            assert np.array_equal(np.sort(one), np.arange(200))
