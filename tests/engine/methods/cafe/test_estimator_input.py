"""CAFÉ on odd input: missing values, rare levels, refused options, models that fail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from workbench import (
    AuditCase,
    CausalGraph,
    Contrast,
    Resample,
    UnlearningTarget,
    cafe_effects,
    fuzzed_effects,
)
from workbench.common.errors import (
    AuditError,
    InterventionError,
    ModelError,
    TargetError,
)


def mixed_case(n: int = 400) -> AuditCase:
    rng = np.random.default_rng(10)
    a = rng.normal(size=n)
    g = np.where(rng.random(n) < 0.15, None, np.where(a + rng.normal(size=n) > 0, "hi", "lo"))
    m = a + (g == "hi") + rng.normal(size=n)
    m[::8] = np.nan
    flag = rng.random(n) < 0.4
    data = pd.DataFrame({"a": a, "g": g, "m": m, "flag": flag, "fixed": 1.0})
    graph = CausalGraph([("a", "g"), ("a", "m"), ("g", "m")], nodes=["flag", "fixed"])

    def score(rows: pd.DataFrame):
        return rows["m"].fillna(-1) + rows["g"].isna() + 0.5 * rows["flag"] + rows["fixed"]

    return AuditCase(data=data, model=score, features=["m", "g", "flag", "fixed"], graph=graph)


@pytest.mark.parametrize("basis", ["flexible", "linear"])
@pytest.mark.parametrize("direct", ["query", "regression", "paper"])
def test_missing_values_and_booleans(basis, direct) -> None:
    case = mixed_case()
    table = cafe_effects(
        case, UnlearningTarget.features(["a", "g", "m", "flag"]), basis=basis, direct=direct
    )
    frame = table.to_frame()
    assert np.isfinite(frame[["total", "total_low", "total_high", "direct"]]).all(axis=None)
    assert table["g"].intervention in ("lo → hi", "hi → lo")
    assert table["flag"].total.value == pytest.approx(0.5, abs=0.3)
    if direct == "query":
        assert table["flag"].direct.value == 0.5 and table["flag"].direct.standard_error < 1e-12
    resampled = cafe_effects(
        case,
        UnlearningTarget.features(["a", "g", "m", "flag"]),
        intervention=Resample(3, given="parents"),
        basis=basis,
        direct=direct,
    )
    assert np.isfinite(resampled.to_frame()["total"]).all()


def test_many_categories_in_few_rows() -> None:
    """German-like: 300 rows, ten columns of up to ten levels, some of them rare."""
    rng = np.random.default_rng(12)
    columns = {}
    for i in range(10):
        levels = [f"A{i}{j}" for j in range(2 + i)]
        shares = rng.dirichlet(np.full(len(levels), 0.7))
        columns[f"c{i}"] = rng.choice(levels, size=300, p=shares)
    data = pd.DataFrame(columns).assign(amount=rng.lognormal(size=300))
    read = list(data.columns)
    edges = [(f"c{i}", f"c{j}") for i in range(3) for j in range(3, 10)] + [("c0", "amount")]
    label = (data["amount"] + (data["c4"] == "A40") + rng.normal(size=300) > 1).astype(int)
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(), [c for c in read if c != "amount"]), remainder="passthrough"
        ),
        LogisticRegression(max_iter=500),
    ).fit(data[read], label)
    case = AuditCase(data=data, model=model, graph=CausalGraph(edges))
    for estimate in (cafe_effects, fuzzed_effects):
        names = [c for c in read if not case.columns[c].is_constant]
        frame = estimate(case, UnlearningTarget.features(names)).to_frame()
        assert np.isfinite(frame[["total", "total_low", "direct", "indirect"]]).all(axis=None)
        assert (frame["total"].iloc[:-2].abs() < 1.2).all()


def test_a_constant_feature_cannot_be_audited() -> None:
    with pytest.raises(InterventionError, match="'fixed' has the same value in every row"):
        cafe_effects(mixed_case(), UnlearningTarget.features(["a", "fixed"]))


def test_an_unseen_level() -> None:
    with pytest.raises(InterventionError, match="'g' never takes the level 'high'"):
        cafe_effects(
            mixed_case(), UnlearningTarget.feature("g"), intervention=Contrast("lo", "high")
        )


@pytest.mark.parametrize(
    "option",
    [
        "basis",
        "direct",
        "adjustment",
    ],
)
def test_unknown_options_are_refused(option: str) -> None:
    with pytest.raises(AuditError, match="'spline'"):
        cafe_effects(mixed_case(), UnlearningTarget.feature("a"), **{option: "spline"})


def test_an_empty_subgroup_and_unknown_rows() -> None:
    for target in (
        UnlearningTarget.subgroup("a > 99", ["a"]),
        UnlearningTarget.datapoints([100_000], ["a"]),
        UnlearningTarget.feature("zap"),
    ):
        with pytest.raises(TargetError):
            cafe_effects(mixed_case(), target)


def test_a_model_that_fails_when_asked_again() -> None:
    calls = []

    def score(rows: pd.DataFrame):
        calls.append(len(rows))
        if len(calls) > 1:
            raise KeyError("no such tenant")
        return rows["a"]

    data = pd.DataFrame({"a": np.arange(50.0)})
    case = AuditCase(data=data, model=score, features=["a"], graph=CausalGraph([], nodes=["a"]))
    with pytest.raises(ModelError, match=r"failed when asked about 98 rows: KeyError"):
        cafe_effects(case, UnlearningTarget.feature("a"))


def test_a_single_row(cases) -> None:
    """The direct effect at a row is the model's own answer there; nothing is sampled."""
    world, case = cases["performance", "linear"]
    own = world.row_effects(case.model, "education_years", 13.0, 16.0)
    for row in (0, 17, 3999):
        table = cafe_effects(
            case,
            UnlearningTarget.datapoints([row], ["education_years"]),
            intervention=Contrast(13.0, 16.0),
        )
        entry = table["education_years"]
        assert entry.n_rows == 1 and table.index.tolist() == [row]
        assert entry.direct.value == pytest.approx(own.loc[row, "direct"], abs=1e-9)
        assert entry.direct.standard_error == 0.0
        assert abs(entry.total.value - own.loc[row, "total"]) < 4 * entry.total.standard_error + 0.1
