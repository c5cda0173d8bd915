"""The information matrix of a category's equation is the one that its definition gives."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.methods.fuzzing import multinomial
from workbench.methods.fuzzing.multinomial import Curvature, fit_multinomial


@pytest.mark.parametrize("levels", [2, 3, 6])
@pytest.mark.parametrize("held", [0, 10**9])
def test_curvature(levels: int, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multinomial, "MOST_PRODUCTS", held)
    rng = np.random.default_rng(levels)
    regressors, sizes = rng.normal(size=(50, 4)), rng.integers(1, 9, 50).astype(float)
    chances = rng.dirichlet(np.ones(levels), 50)[:, 1:]
    covariance = np.einsum("nk,kl->nkl", chances, np.eye(levels - 1))
    covariance -= np.einsum("nk,nl->nkl", chances, chances)
    wanted = np.einsum("n,nkl,np,nq->kplq", sizes, covariance, regressors, regressors)
    found = Curvature(regressors, sizes).at(chances)
    np.testing.assert_allclose(found, wanted.reshape(found.shape), rtol=1e-12, atol=1e-12)


def test_the_fit_does_not_depend_on_whether_products_are_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    regressors = np.column_stack([np.ones(80), rng.normal(size=(80, 3))])
    counts = rng.poisson(2.0, size=(80, 4)).astype(float)
    once = fit_multinomial(regressors, counts)
    monkeypatch.setattr(multinomial, "MOST_PRODUCTS", 0)
    np.testing.assert_allclose(fit_multinomial(regressors, counts), once, rtol=0, atol=1e-11)
