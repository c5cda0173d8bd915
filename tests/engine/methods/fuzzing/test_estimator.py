"""The fuzzing oracle against known truth: worlds, rows, joint targets, interaction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from tests.engine.fitted_worlds import LEVELS, MODELS
from tests.engine.methods.fuzzing.one_effect import one
from workbench import (
    AuditCase,
    BlackBoxModel,
    CausalGraph,
    Contrast,
    Resample,
    Shift,
    UnlearningTarget,
    cafe_effects,
    fuzzed_effects,
)
from workbench.case.intervention import vary
from workbench.datasets import Equation, SampleWorld, StructuralCausalModel
from workbench.methods.estimator import Estimator

# ---- truth ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("name", LEVELS)
def test_worlds_with_known_truth(name: str, kind: str, cases) -> None:
    world, case = cases[name, kind]
    scale = case.predictions.std()
    for feature, levels in LEVELS[name].items():
        truth = world.truth(case.model, feature, *levels, n=40_000)
        entry = one(case, feature, *levels)
        for part in ("total", "direct", "indirect", "pure_indirect", "interaction"):
            effect, wanted = getattr(entry, part), getattr(truth, part)
            allowed = 3.5 * effect.standard_error + 0.015 * scale
            assert abs(effect.value - wanted) < allowed, (feature, part, effect, wanted)
        own = world.truth(case.model, feature, *levels, n=None)
        assert entry.direct.value == pytest.approx(own.direct, abs=1e-9)
        assert entry.rows.total_size.mean() == pytest.approx(
            own.mean_abs_total, abs=3.5 * entry.total.standard_error + 0.02 * scale
        )


def test_the_two_estimators_agree_and_say_how_closely(cases) -> None:
    for (name, kind), (_, case) in cases.items():
        if kind == "forest":  # slow, and compared with the truth above
            continue
        for feature, levels in LEVELS[name].items():
            change = Contrast(*levels)
            fast = cafe_effects(case, UnlearningTarget.feature(feature), intervention=change)
            gap = one(case, feature, *levels).total - fast[feature].total
            assert abs(gap.value) < 4 * gap.standard_error + 0.03 * case.predictions.std(), (
                name, kind, feature, gap,
            )  # fmt: skip


def test_each_row_gets_its_own_counterfactual(cases) -> None:
    """Additive noise: abduction finds the very row that the world would have made."""
    world, case = cases["performance", "linear"]
    own = world.row_effects(case.model, "education_years", 13.0, 16.0)
    rows = [0, 5, 77, 2048, 3999]
    for row in rows:
        entry = one(
            case,
            "education_years",
            13.0,
            16.0,
            target=UnlearningTarget.datapoints([row], ["education_years"]),
        )
        truth = own.loc[row]
        assert entry.n_rows == 1
        assert entry.direct.value == pytest.approx(truth["direct"], abs=1e-9)
        allowed = 4 * entry.total.standard_error + 0.05
        assert abs(entry.total.value - truth["total"]) < allowed
        assert abs(entry.pure_indirect.value - truth["pure_indirect"]) < allowed
    together = fuzzed_effects(
        case,
        UnlearningTarget.datapoints(rows, ["education_years"]),
        intervention=Contrast(13.0, 16.0),
    )
    assert together.index.tolist() == rows
    effects = together.row_effects("education_years")
    np.testing.assert_allclose(effects["total"], own.loc[rows, "total"], rtol=0.04)


def test_rows_differ_where_the_world_is_curved(cases) -> None:
    """bmi acts through blood pressure, and the older the more: row by row."""
    world, case = cases["heart_disease", "linear"]
    own = world.row_effects(case.model, "bmi", 25.0, 30.0)
    found = fuzzed_effects(
        case, UnlearningTarget.feature("bmi"), intervention=Contrast(25.0, 30.0)
    ).row_effects("bmi")
    assert np.corrcoef(own["total"], found["total"])[0, 1] > 0.99
    assert np.sqrt(np.mean((own["total"] - found["total"]) ** 2)) < 0.3 * own["total"].std()


def test_older_patients(cases) -> None:
    world, case = cases["heart_disease", "linear"]
    found = {}
    for condition in ("age > 50", "age <= 50"):
        target = UnlearningTarget.subgroup(condition, ["bmi"])
        entry = one(case, "bmi", 25.0, 30.0, target=target)
        truth = world.truth(case.model, "bmi", 25.0, 30.0, rows=condition, n=40_000)
        allowed = 3.5 * entry.indirect.standard_error + 0.05
        assert abs(entry.indirect.value - truth.indirect) < allowed
        assert entry.direct.value == pytest.approx(truth.direct, abs=1e-9)
        found[condition] = entry
    assert (found["age > 50"].indirect - found["age <= 50"].indirect).low > 1.0
    assert abs((found["age > 50"].direct - found["age <= 50"].direct).value) < 1e-9


# ---- several features -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_joint_interventions_are_the_worlds(kind: str, cases) -> None:
    world, case = cases["performance", kind]
    names, low, high = ("gender", "education_years"), (0, 13.0), (1, 16.0)
    table = fuzzed_effects(
        case,
        UnlearningTarget.features(names),
        intervention={f: Contrast(a, b) for f, a, b in zip(names, low, high, strict=True)},
    )
    joint = next(e for e in table if e.combination == "joint")
    truth = world.truth(case.model, names, low, high, n=40_000)
    for part in ("total", "direct", "indirect", "pure_indirect"):
        effect = getattr(joint, part)
        allowed = 3.5 * effect.standard_error + 0.015 * case.predictions.std()
        assert abs(effect.value - getattr(truth, part)) < allowed, part
    # gender moves education, which is held: gender adds nothing, so the sum counts it twice.
    total = table["gender + education_years"]
    assert total.combination == "sum"
    assert total.total.value == pytest.approx(
        table["gender"].total.value + table["education_years"].total.value
    )
    assert total.total.value - joint.total.value == pytest.approx(
        table["gender"].total.value, abs=0.1 * case.predictions.std()
    )


def test_a_target_that_descends_from_another_is_held() -> None:
    """a → b → c: with a and b set, c follows the b that was set and not the one a would make."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=600)
    b = 3 * a + rng.normal(size=600)
    c = 2 * b + rng.normal(size=600)
    case = AuditCase(
        data=pd.DataFrame({"a": a, "b": b, "c": c}),
        model=lambda rows: rows["c"] + 0.5 * rows["b"],
        features=["b", "c"],
        graph=CausalGraph([("a", "b"), ("b", "c")]),
    )
    table = fuzzed_effects(
        case,
        UnlearningTarget.features(["a", "b"]),
        intervention={"a": Contrast(-1.0, 1.0), "b": Contrast(0.0, 1.0)},
    )
    joint = next(e for e in table if e.combination == "joint")
    assert joint.total.value == pytest.approx(2.5, abs=0.15)
    assert joint.direct.value == pytest.approx(0.5, abs=1e-9)
    assert table["a"].total.value == pytest.approx(15, abs=0.6)
    assert joint.feature == "a + b" and "a −1 → 1" in joint.intervention


def test_draws_of_different_number_with_something_to_carry() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=300)
    b = a + rng.normal(size=300)
    c = a + b + rng.normal(size=300)
    case = AuditCase(
        data=pd.DataFrame({"a": a, "b": b, "c": c}),
        model=lambda rows: rows["c"] + rows["a"],
        features=["a", "c"],
        graph=CausalGraph([("a", "b"), ("a", "c"), ("b", "c")]),
    )
    target = UnlearningTarget.features(["a", "b"])
    for chosen in (
        {"a": Contrast(0.0, 1.0), "b": Resample(3)},
        {"a": Resample(3), "b": Shift(0.5)},
        {"a": Resample(2), "b": Resample(5)},
    ):
        table = fuzzed_effects(case, target, intervention=chosen)
        assert len(table) == 4 and np.isfinite(table.to_frame()["total"]).all()


# ---- interaction ----------------------------------------------------------------------------


def test_pure_indirect_and_interaction_make_up_the_indirect_effect() -> None:
    """m = f + noise, model f·m: all three in closed form. f from 0 to 2, E f = 1, E m = 1."""
    rng = np.random.default_rng(9)
    f = 1 + rng.normal(size=20_000)
    m = f + rng.normal(size=20_000)
    case = AuditCase(
        data=pd.DataFrame({"f": f, "m": m}),
        model=BlackBoxModel(lambda r: r["f"] * r["m"], features=["f", "m"], output="value"),
        graph=CausalGraph([("f", "m")]),
    )
    entry = one(case, "f", 0.0, 2.0)
    # total = 2·2 − 0; direct = 2·E m; pure = E f·2; the rest is interaction.
    for part, truth in (
        ("total", 4.0), ("direct", 2.0), ("indirect", 2.0), ("pure_indirect", 2.0),
        ("interaction", 0.0),
    ):  # fmt: skip
        effect = getattr(entry, part)
        assert abs(effect.value - truth) < 4 * effect.standard_error + 0.01, (part, effect)
    assert entry.indirect.value == pytest.approx(
        entry.pure_indirect.value + entry.interaction.value, abs=1e-12
    )


def test_an_interaction_that_is_not_zero() -> None:
    """From 1 to 3 where E f = E m = 1: total 8, direct 2, pure 2, interaction 4."""
    rng = np.random.default_rng(9)
    f = 1 + rng.normal(size=20_000)
    m = f + 0.5 * rng.normal(size=20_000)
    case = AuditCase(
        data=pd.DataFrame({"f": f, "m": m}),
        model=BlackBoxModel(lambda r: r["f"] * r["m"], features=["f", "m"], output="value"),
        graph=CausalGraph([("f", "m")]),
    )
    entry = one(case, "f", 1.0, 3.0)
    for part, truth in (("total", 8), ("direct", 2), ("pure_indirect", 2), ("interaction", 4)):
        effect = getattr(entry, part)
        assert abs(effect.value - truth) < 4 * effect.standard_error + 0.02, (part, effect)
    additive = AuditCase(
        data=case.data,
        model=BlackBoxModel(lambda r: r["f"] + r["m"], features=["f", "m"], output="value"),
        graph=case.graph,
    )
    flat = one(additive, "f", 1.0, 3.0)
    assert abs(flat.interaction.value) < 1e-9 and flat.interaction.standard_error < 1e-9


# ---- the paper's variant --------------------------------------------------------------------


def test_dropping_residuals_is_the_papers_and_moves_untouched_rows(cases) -> None:
    _, case = cases["performance", "forest"]
    kept = one(case, "gender", 0, 1)
    dropped = one(case, "gender", 0, 1, residuals="drop")
    assert kept.estimator == Estimator("fuzzing")
    assert dropped.estimator.label == "fuzzing (residuals dropped)"
    same = fuzzed_effects(case, UnlearningTarget.feature("gender"), intervention=Resample(1))
    moved = np.abs(same.row_effects("gender")["total"]) > 1e-12
    assert 0.3 < moved.mean() < 0.6  # whoever drew the own gender again has not moved
    everyone = fuzzed_effects(
        case, UnlearningTarget.feature("gender"), intervention=Resample(1), residuals="drop"
    )
    before = everyone.row_effects("gender")["total"]
    assert dropped.total.value != kept.total.value and np.isfinite(before).all()
    # Without their own noise all rows of one gender get the same education.
    assert dropped.rows.total.std() != kept.rows.total.std()


@pytest.mark.parametrize("seed", [0, 1])
def test_rows_that_draw_their_own_value_do_not_move(seed: int) -> None:
    """Down a chain of whole numbers, categories and gaps, for a model that sees all of it."""
    rng = np.random.default_rng(seed)
    n = 800
    g = rng.integers(0, 2, n)
    k = rng.poisson(2 + g)
    c = np.where(rng.random(n) < special.expit(k - 2.5), "p", "q").astype(object)
    c[rng.random(n) < 0.1] = None
    m = k + (c == "p") + rng.normal(size=n)
    m[::11] = np.nan
    data = pd.DataFrame({"g": g, "k": k, "c": c, "m": m})
    case = AuditCase(
        data=data,
        model=BlackBoxModel(
            lambda r: r["m"].fillna(9) + 3.0 * r["k"] + 5.0 * (r["c"] == "p") + 7 * r["c"].isna(),
            features=["k", "c", "m"],
            output="value",
        ),
        graph=CausalGraph([("g", "k"), ("g", "c"), ("k", "c"), ("k", "m"), ("c", "m")]),
    )
    target = UnlearningTarget.feature("g")
    table = fuzzed_effects(case, target, intervention=Resample(1), seed=seed)
    effects = table.row_effects("g")["total"].to_numpy()
    after = vary(
        case.columns["g"], Resample(1), np.arange(n), predictions=case.predictions, seed=seed
    ).after[0]
    stayed = after == case.columns["g"].values
    assert stayed.sum() > 300
    np.testing.assert_allclose(effects[stayed], 0.0, atol=1e-9)
    assert np.abs(effects[~stayed]).mean() > 1
    dropped = fuzzed_effects(case, target, intervention=Resample(1), seed=seed, residuals="drop")
    assert np.isfinite(dropped["g"].total.value)


def test_mean_sizes_do_not_cancel(cases) -> None:
    _, case = cases["heart_disease", "forest"]
    entry = fuzzed_effects(case, UnlearningTarget.feature("bmi"), intervention=Resample(8))["bmi"]
    record = entry.to_record()
    assert abs(record["total"]) < 0.15 * record["total_mean_abs"]
    assert record["direct_mean_abs"] > 0 and record["indirect_mean_abs"] > 0


def test_world_of_one_binary_mediator_has_a_closed_form() -> None:
    """P(m=1|f) logistic, model p₀ + p₁·m: the total is p₁ times the change of P."""
    world = SampleWorld.draw(
        StructuralCausalModel(
            {
                "f": Equation("f = N", (), lambda _, noise: noise),
                "m": Equation.bernoulli("m", ("f",), lambda v: 1.5 * v["f"] - 0.3, "1.5·f - 0.3"),
                "y": Equation.linear("y", {"m": 1.0}),
            }
        ),
        6000,
        4,
        name="binary",
        outcome="y",
        features=("f", "m"),
    )
    case = AuditCase(
        data=world.data,
        model=BlackBoxModel(lambda r: 0.1 + 0.6 * r["m"], features=["m"], output="probability"),
        graph=world.graph,
        outcome="y",
    )
    truth = 0.6 * (special.expit(1.5 - 0.3) - special.expit(-1.5 - 0.3))
    for effect in (
        one(case, "f", -1.0, 1.0).total,
        cafe_effects(case, UnlearningTarget.feature("f"), intervention=Contrast(-1.0, 1.0))[
            "f"
        ].total,
    ):
        assert abs(effect.value - truth) < 3 * effect.standard_error + 0.003
        assert effect.standard_error < 0.02
