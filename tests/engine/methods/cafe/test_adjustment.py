"""CAFÉ's adjustment sets: confounding removed, hidden causes named where they matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from workbench import AuditCase, CausalGraph, Contrast, UnlearningTarget, cafe_effects
from workbench.common.errors import NotIdentifiableError


def test_both_adjustment_sets_are_unbiased_and_one_is_sharper() -> None:
    """``z`` confounds, ``w`` only moves the prediction: adjusting for w too sharpens."""
    graph = CausalGraph([("z", "x"), ("x", "m"), ("z", "m"), ("w", "m")])
    errors: dict[str, list[float]] = {"parents": [], "minimum-variance": []}
    for seed in range(60):
        rng = np.random.default_rng([4, seed])
        z, w = rng.normal(size=(2, 300))
        x = z + rng.normal(size=300)
        m = 0.7 * x - z + 2.5 * w + 0.5 * rng.normal(size=300)
        case = AuditCase(
            data=pd.DataFrame({"z": z, "w": w, "x": x, "m": m}),
            model=lambda rows: rows["m"],
            features=["m"],
            graph=graph,
        )
        for kind, found in errors.items():
            entry = cafe_effects(
                case,
                UnlearningTarget.feature("x"),
                intervention=Contrast(-0.5, 0.5),
                adjustment=kind,
                basis="linear",
            )["x"]
            assert set(entry.adjustment) == ({"z"} if kind == "parents" else {"z", "w"})
            found.append(entry.total.value - 0.7)
    for found in errors.values():
        assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(60)
    rmse = {kind: np.sqrt(np.mean(np.square(found))) for kind, found in errors.items()}
    assert rmse["minimum-variance"] < 0.4 * rmse["parents"]


def test_confounding_is_removed() -> None:
    """Without the edge from the confounder, the estimate is wrong; with it, right."""
    rng = np.random.default_rng(8)
    z = rng.normal(size=3000)
    x = (rng.random(3000) < special.expit(2 * z)).astype(int)
    m = 0.5 * x + 2 * np.tanh(z) + rng.normal(size=3000)
    data = pd.DataFrame({"z": z, "x": x, "m": m})
    with_z, without = (
        cafe_effects(
            AuditCase(
                data=data, model=lambda rows: rows["m"], features=["m"], graph=CausalGraph(edges)
            ),
            UnlearningTarget.feature("x"),
        )["x"].total
        for edges in ([("z", "x"), ("z", "m"), ("x", "m")], [("z", "m"), ("x", "m")])
    )
    assert with_z.low < 0.5 < with_z.high
    # The second graph leaves z to be adjusted for by choice; by parents it may not.
    naive = cafe_effects(
        AuditCase(
            data=data,
            model=lambda rows: rows["m"],
            features=["m"],
            graph=CausalGraph([("x", "m")], nodes=["z"]),
        ),
        UnlearningTarget.feature("x"),
    )["x"].total
    assert naive.low > 1.5
    assert np.isfinite(without.value)


def test_a_latent_confounder_is_named() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["f", "m", "other"])
    graph = CausalGraph(
        [("wealth", "f"), ("wealth", "m"), ("f", "m")], nodes=["other"], latents=["wealth"]
    )
    case = AuditCase(data=data, model=lambda rows: rows["m"], features=["m"], graph=graph)
    with pytest.raises(NotIdentifiableError, match=r"'wealth' confounds them. Measure it") as found:
        cafe_effects(case, UnlearningTarget.feature("f"))
    assert found.value.confounders == ("wealth",)
    everything = UnlearningTarget.features(["f", "m"])
    with pytest.raises(NotIdentifiableError, match="wealth"):
        cafe_effects(case, everything)


def test_a_latent_cause_that_another_column_blocks_is_no_obstacle() -> None:
    """``wealth`` moves x and, through the observed w, the prediction."""
    rng = np.random.default_rng(6)
    wealth = rng.normal(size=4000)
    x = wealth + rng.normal(size=4000)
    w = wealth + 0.5 * rng.normal(size=4000)
    m = 0.8 * x + rng.normal(size=4000)
    graph = CausalGraph([("wealth", "x"), ("wealth", "w"), ("x", "m")], latents=["wealth"])
    case = AuditCase(
        data=pd.DataFrame({"x": x, "w": w, "m": m}),
        model=lambda rows: rows["m"] + 2 * rows["w"],
        features=["m", "w"],
        graph=graph,
    )
    entry = cafe_effects(case, UnlearningTarget.feature("x"), intervention=Contrast(0.0, 1.0))["x"]
    assert entry.adjustment == ("w",)
    assert abs(entry.total.value - 0.8) < 4 * entry.total.standard_error


def test_a_latent_cause_makes_no_influence_where_there_is_no_way() -> None:
    """``wealth`` moves x and w; x moves nothing. Its total is 0 and w would block the rest."""
    rng = np.random.default_rng(6)
    wealth = rng.normal(size=3000)
    x, w = wealth + rng.normal(size=3000), wealth + rng.normal(size=3000)
    case = AuditCase(
        data=pd.DataFrame({"x": x, "w": w}),
        model=lambda rows: rows["w"],
        features=["w"],
        graph=CausalGraph([("wealth", "x"), ("wealth", "w")], latents=["wealth"]),
    )
    total = cafe_effects(case, UnlearningTarget.feature("x"), intervention=Contrast(-1.0, 1.0))
    assert abs(total["x"].total.value) < 0.1


def test_latent_mediators_do_no_harm() -> None:
    """x → mood → m, mood unseen: the total runs through it."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=3000)
    m = 0.9 * (0.5 * x + rng.normal(size=3000)) + rng.normal(size=3000)
    graph = CausalGraph([("x", "mood"), ("mood", "m")], latents=["mood"])
    case = AuditCase(
        data=pd.DataFrame({"x": x, "m": m}),
        model=lambda rows: 2 * rows["m"],
        features=["m"],
        graph=graph,
    )
    for direct in ("query", "regression", "paper"):
        entry = cafe_effects(
            case, UnlearningTarget.feature("x"), intervention=Contrast(0.0, 1.0), direct=direct
        )["x"]
        assert abs(entry.total.value - 0.9) < 4 * entry.total.standard_error


def test_skipping_every_feature_leaves_an_empty_table() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(200, 2)), columns=["f", "m"])
    graph = CausalGraph([("u", "f"), ("u", "m"), ("f", "m")], latents=["u"])
    case = AuditCase(data=data, model=lambda rows: rows["m"], features=["m"], graph=graph)
    table = cafe_effects(case, UnlearningTarget.feature("f"), skip_unidentified=True)
    assert len(table) == 0
    both = cafe_effects(case, UnlearningTarget.features(["f", "m"]), skip_unidentified=True)
    assert [entry.feature for entry in both] == ["m"]
