"""The fuzzing oracle against known truth: worlds, rows, joint targets, interaction, input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from tests.engine.fitted_worlds import LEVELS, MODELS, fitted_cases
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
from workbench.common.errors import (
    AuditCancelled,
    AuditError,
    InterventionError,
    ModelError,
    NotIdentifiableError,
)
from workbench.datasets import (
    Equation,
    SampleWorld,
    StructuralCausalModel,
)
from workbench.methods.estimator import Estimator
from workbench.methods.fuzzing.propagation import fit_equations


@pytest.fixture(scope="module")
def cases() -> dict[tuple[str, str], tuple[SampleWorld, AuditCase]]:
    return fitted_cases()


def one(case: AuditCase, feature: str, a, b, **options):
    target = options.pop("target", UnlearningTarget.feature(feature))
    return fuzzed_effects(case, target, intervention=Contrast(a, b), **options)[feature]


# ---- truth ---------------------------------------------------------------------------------


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


# ---- several features ----------------------------------------------------------------------


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


# ---- interaction ---------------------------------------------------------------------------


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


# ---- the paper's variant -------------------------------------------------------------------


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


# ---- standard errors -----------------------------------------------------------------------


def categorical_case(data: pd.DataFrame) -> AuditCase:
    def score(rows: pd.DataFrame):
        level = rows["g"].map({"u": 0.0, "v": 0.8, "w": -0.6}).astype(float)
        return special.expit(0.5 * rows["m"] + level + 0.3 * rows["a"])

    return AuditCase(
        data=data,
        model=BlackBoxModel(score, features=["a", "g", "m"], output="probability"),
        graph=CausalGraph([("a", "g"), ("a", "m"), ("g", "m")]),
    )


def categorical_data(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    log_odds = np.stack([0 * a, 1.2 * a, -np.tanh(a)], axis=1)
    g = np.array(["u", "v", "w"])[np.argmax(log_odds + rng.gumbel(size=(n, 3)), axis=1)]
    m = a**2 / 2 + 1.0 * (g == "v") - 0.5 * (g == "w") + rng.normal(size=n)
    return pd.DataFrame({"a": a, "g": g, "m": m})


def test_standard_errors_are_those_of_the_bootstrap() -> None:
    """Through a category; 60 resamples know an error to about 9 %."""
    n = 800
    data = categorical_data(n, 3)
    entry = one(categorical_case(data), "a", -0.7, 0.9)
    rng = np.random.default_rng(1)
    again = [
        one(
            categorical_case(data.iloc[rng.integers(0, n, n)].reset_index(drop=True)),
            "a", -0.7, 0.9, seed=seed,
        )
        for seed in range(60)
    ]  # fmt: skip
    ratios = {}
    for part in ("total", "direct", "indirect", "pure_indirect"):
        spread = np.std([getattr(e, part).value for e in again], ddof=1)
        ratios[part] = getattr(entry, part).standard_error / spread
    assert np.mean(list(ratios.values())) == pytest.approx(1.0, abs=0.15), ratios
    assert all(0.78 < ratio < 1.28 for ratio in ratios.values()), ratios


def test_the_noise_of_one_row_is_part_of_its_interval() -> None:
    """At one row a category's noise is drawn; other seeds must stay within what is claimed."""
    case = categorical_case(categorical_data(3000, 5))
    target = UnlearningTarget.datapoints([4], ["a"])
    found = [one(case, "a", -0.7, 0.9, target=target, seed=s).total for s in range(12)]
    spread = np.std([e.value for e in found], ddof=1)
    assert spread < 1.3 * np.mean([e.standard_error for e in found])


# ---- identification ------------------------------------------------------------------------


def test_a_latent_confounder_is_named() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["f", "m", "other"])
    graph = CausalGraph(
        [("wealth", "f"), ("wealth", "m"), ("f", "m")], nodes=["other"], latents=["wealth"]
    )
    case = AuditCase(data=data, model=lambda rows: rows["m"], features=["m"], graph=graph)
    with pytest.raises(NotIdentifiableError, match=r"equation of 'm'.*'wealth' was never") as found:
        fuzzed_effects(case, UnlearningTarget.feature("f"))
    assert found.value.confounders == ("wealth",)
    # What the latent does not reach is not refused.
    assert fuzzed_effects(case, UnlearningTarget.feature("other"))["other"].total.value == 0.0
    assert fuzzed_effects(case, UnlearningTarget.feature("m"))["m"].total.value > 0


def test_latents_that_do_no_harm() -> None:
    """A latent mediator, and a latent cause shared with a column that does not move."""
    rng = np.random.default_rng(6)
    wealth, x = rng.normal(size=(2, 4000))
    x = x + wealth
    w = wealth + 0.5 * rng.normal(size=4000)
    m = 0.9 * (0.5 * x + rng.normal(size=4000)) + rng.normal(size=4000)
    graph = CausalGraph(
        [("wealth", "x"), ("wealth", "w"), ("x", "mood"), ("mood", "m")],
        latents=["wealth", "mood"],
    )
    case = AuditCase(
        data=pd.DataFrame({"x": x, "w": w, "m": m}),
        model=lambda rows: 2 * rows["m"] + rows["w"],
        features=["m", "w"],
        graph=graph,
    )
    entry = one(case, "x", 0.0, 1.0)
    assert abs(entry.total.value - 0.9) < 4 * entry.total.standard_error
    assert entry.direct.value == 0.0


def test_logged_predictions_cannot_be_fuzzed(cases) -> None:
    world, case = cases["loan", "linear"]
    logged = AuditCase(
        data=world.data,
        model=BlackBoxModel.from_predictions(case.predictions, world.features),
        graph=world.graph,
        outcome=world.outcome,
    )
    with pytest.raises(ModelError, match=r"logged predictions and cannot be asked .* cafe_effects"):
        fuzzed_effects(logged, UnlearningTarget.feature("zip_code"))


# ---- shared equations, input, progress -----------------------------------------------------


def test_equations_can_be_shared(cases) -> None:
    _, case = cases["loan", "linear"]
    names = ["zip_code", "race"]
    shared = fit_equations(case, names)
    for feature in names:
        target = UnlearningTarget.feature(feature)
        alone = fuzzed_effects(case, target)[feature]
        again = fuzzed_effects(case, target, equations=shared)[feature]
        assert again.total.value == pytest.approx(alone.total.value, abs=1e-12)


def test_shared_equations_that_leave_out_what_moves(cases) -> None:
    """Equations of another feature's mediators must not make an indirect effect vanish."""
    _, case = cases["loan", "linear"]
    foreign = fit_equations(case, ["income"])
    target = UnlearningTarget.feature("zip_code")
    try:
        found = fuzzed_effects(case, target, equations=foreign)["zip_code"]
    except AuditError:
        return
    assert found.total.value == pytest.approx(fuzzed_effects(case, target)["zip_code"].total.value)


def test_shared_equations_say_which_variant_they_are(cases) -> None:
    _, case = cases["loan", "linear"]
    dropped = fit_equations(case, ["zip_code"], residuals="drop")
    entry = fuzzed_effects(case, UnlearningTarget.feature("zip_code"), equations=dropped)
    assert entry["zip_code"].estimator == Estimator("fuzzing", residuals="drop")


def test_unknown_residuals_are_refused(cases) -> None:
    _, case = cases["loan", "linear"]
    with pytest.raises(AuditError, match="'keep'"):
        fuzzed_effects(case, UnlearningTarget.feature("zip_code"), residuals="keep")


def test_constant_features_and_unseen_levels() -> None:
    data = pd.DataFrame({"g": ["lo", "hi"] * 50, "fixed": 1.0, "x": np.arange(100.0)})
    case = AuditCase(
        data=data,
        model=lambda rows: rows["x"] + rows["fixed"],
        features=["x", "fixed"],
        graph=CausalGraph([("g", "x"), ("fixed", "x")]),
    )
    with pytest.raises(InterventionError, match="'fixed' has the same value in every row"):
        fuzzed_effects(case, UnlearningTarget.feature("fixed"))
    with pytest.raises(InterventionError, match=r"'g' never takes the level 'hig'.*mean 'hi'\?"):
        one(case, "g", "lo", "hig")
    # A constant cause of something that moves is no obstacle.
    assert np.isfinite(one(case, "g", "lo", "hi").total.value)


def test_a_level_that_the_model_has_never_seen() -> None:
    """In the data, but not in the model's training: it fails, and in the auditor's words."""

    def score(rows: pd.DataFrame):
        if ((rows["g"] == "hi") & (rows["x"] > 90)).any():
            raise ValueError("Found unknown categories ['hi']")
        return (rows["g"] == "lo") * 0.5

    data = pd.DataFrame({"g": ["lo", "hi"] * 40 + ["lo"] * 20, "x": np.arange(100.0)})
    case = AuditCase(
        data=data, model=score, features=["g", "x"], graph=CausalGraph([], nodes=["g", "x"])
    )
    target = UnlearningTarget.datapoints([95, 96], ["g"])
    with pytest.raises(ModelError, match=r"failed when asked .* unknown categories \['hi'\]"):
        fuzzed_effects(case, target, intervention=Contrast("lo", "hi"))


def test_a_model_that_fails_when_asked_again() -> None:
    calls = []

    def score(rows: pd.DataFrame):
        calls.append(len(rows))
        if len(calls) > 1:
            return np.full(len(rows), np.nan)
        return rows["a"]

    data = pd.DataFrame({"a": np.arange(50.0)})
    case = AuditCase(data=data, model=score, features=["a"], graph=CausalGraph([], nodes=["a"]))
    with pytest.raises(ModelError, match=r"answered 98 of 98 rows with NaN or infinity"):
        fuzzed_effects(case, UnlearningTarget.feature("a"))


def test_the_person_can_stop_it(cases) -> None:
    _, case = cases["loan", "forest"]
    steps: list[tuple[str, float]] = []
    target = UnlearningTarget.features(["zip_code", "race", "income"])
    fuzzed_effects(case, target, progress=lambda step, share: steps.append((step, share)))
    assert steps and all(0 <= share <= 1 for _, share in steps)
    for stop_at in range(len(steps)):
        seen = 0

        def stop(step: str, share: float, stop_at: int = stop_at) -> None:
            nonlocal seen
            seen += 1
            if seen > stop_at:
                raise AuditCancelled("stopped")

        with pytest.raises(AuditCancelled):
            fuzzed_effects(case, target, progress=stop)


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
