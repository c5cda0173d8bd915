"""The sample worlds: what their descriptions claim holds in truth and in fitted models."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.common.errors import AuditError, DataError
from workbench.datasets import (
    Equation,
    SampleWorld,
    StructuralCausalModel,
    heart_disease,
    linear_world,
    loan,
    performance,
    random_world,
)
from workbench.graph.causal_graph import CausalGraph

ROOT = Path(__file__).resolve().parents[3]
WORLDS = (loan, heart_disease, performance)
ZIPS = ("MA 02121", "MA 02467")
MODELS = ("linear", "forest", "network")


def contrast(column: pd.Series) -> tuple[float, float]:
    """The default intervention: low to high for two levels, else the quartiles."""
    if column.nunique() == 2:
        return float(column.min()), float(column.max())
    return float(column.quantile(0.25)), float(column.quantile(0.75))


def true_score(world: SampleWorld):
    """The outcome's own linear equation as a model."""
    weights = world.equations[world.outcome].coefficients

    def score(frame: pd.DataFrame) -> np.ndarray:
        return sum(w * frame[v].to_numpy(float) for v, w in weights.items())

    return score


def fitted(world: SampleWorld, kind: str):
    if kind == "linear":
        model = LinearRegression()
    elif kind == "forest":
        model = RandomForestRegressor(40, min_samples_leaf=10, random_state=0)
    else:
        network = MLPRegressor(
            hidden_layer_sizes=(16,), early_stopping=True, max_iter=500, random_state=0
        )
        model = TransformedTargetRegressor(
            make_pipeline(StandardScaler(), network), transformer=StandardScaler()
        )
    return model.fit(world.data[list(world.features)], world.data[world.outcome])


def effects(world: SampleWorld, model, n: int | None) -> pd.DataFrame:
    """Total and direct effects of every feature's default contrast."""
    truths = {
        f: world.truth(model, f, *contrast(world.data[f]), n=n, seed=5) for f in world.features
    }
    return pd.DataFrame({f: {"total": t.total, "direct": t.direct} for f, t in truths.items()}).T


def ranked(column: pd.Series) -> list[str]:
    return column.abs().sort_values(ascending=False).index.tolist()


@pytest.fixture(scope="module")
def heart() -> SampleWorld:
    return heart_disease()


@pytest.fixture(scope="module")
def staff() -> SampleWorld:
    return performance()


@pytest.fixture(scope="module")
def loans() -> SampleWorld:
    return loan()


@pytest.fixture(scope="module")
def bank(loans: SampleWorld):
    x, y = loans.data[list(loans.features)], loans.data["approved"]
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)


# ---- every world ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", WORLDS)
def test_same_seed_same_data_and_another_seed_other_data(make):
    assert make(50, 3).data.equals(make(50, 3).data)
    assert not make(50, 3).data.equals(make(50, 4).data)


@pytest.mark.parametrize("make", WORLDS)
def test_docstring_prints_every_equation(make):
    printed = " ".join(inspect.getdoc(make).split())
    for equation in make(2).equations.values():
        assert str(equation) in printed


@pytest.mark.parametrize("make", WORLDS)
def test_world_is_a_case_in_itself(make):
    world = make(200)
    assert set(world.graph.nodes) == set(world.data.columns)
    assert world.outcome not in world.features
    assert set(world.features) <= set(world.data.columns)
    assert set(world.protected) <= set(world.data.columns)
    assert sorted(v for tier in world.tiers for v in tier) == sorted(world.data.columns)
    order = {v: i for i, tier in enumerate(world.tiers) for v in tier}
    assert all(order[cause] <= order[effect] for cause, effect in world.graph.edges)
    assert not world.data.isna().any().any()


def test_default_sizes():
    assert [len(make().data) for make in WORLDS] == [5_000, 10_000, 10_000]


@pytest.mark.parametrize("make", WORLDS)
def test_nothing_moves_when_nothing_is_changed(make):
    world = make(300)
    assert world.counterfactual({}).equals(world.data)
    for name in world.data.columns:
        held = world.counterfactual({name: world.data[name].to_numpy()})
        assert held.equals(world.data)


@pytest.mark.parametrize("make", WORLDS)
def test_only_descendants_move(make):
    world = make(300)
    for name in world.features:
        high = contrast(world.data[name])[1]
        moved = world.counterfactual({name: high})
        still = [c for c in world.data if c not in {name, *world.graph.descendants(name)}]
        assert moved[still].equals(world.data[still])
        assert (moved[name] == high).all()


def test_counterfactual_of_a_row_is_its_own_equation(staff: SampleWorld):
    moved = staff.counterfactual({"education_years": staff.data["education_years"] + 2})
    np.testing.assert_allclose(moved.experience_years - staff.data.experience_years, 2 * 1.6)
    np.testing.assert_allclose(moved.score - staff.data.score, 2 * (3.3 + 1.6 * 1.3))


# ---- loan ----------------------------------------------------------------------------------


def test_bank_never_sees_zip_code_and_race(loans: SampleWorld):
    assert not {"zip_code", "race"} & set(loans.features)
    assert loans.protected == ("race",)
    assert set(ZIPS) <= set(loans.data["zip_code"])


def test_equal_applicants_from_two_zip_codes_differ(loans: SampleWorld, bank):
    truth = loans.truth(bank, "zip_code", *ZIPS)
    assert truth.total >= 0.2
    assert truth.direct == 0.0
    assert truth.se < 0.001
    rows = loans.row_effects(bank, "zip_code", *ZIPS)
    assert (rows["total"] >= 0).all()
    assert (rows["total"] >= 0.2).mean() > 0.9
    # A concrete pair: the same noise everywhere, so equal but for what the zip code brings.
    poor, rich = (
        loans.mechanism.intervene(loans.noise[:1] * 0 + 0.5, {"zip_code": z}) for z in ZIPS
    )
    same = ["employment_years", "income", "debt_ratio"]
    assert poor[same].equals(rich[same])
    p, q = (bank.predict_proba(x[list(loans.features)])[0, 1] for x in (poor, rich))
    assert q - p >= 0.2


def test_zip_code_acts_through_neighborhood_income_only(loans: SampleWorld, bank):
    effect = loans.row_effects(
        bank, ["zip_code", "neighborhood_income"], (ZIPS[0], 80.0), (ZIPS[1], 80.0)
    )
    assert (effect == 0).all().all()


def test_zip_code_stands_in_for_race(loans: SampleWorld, bank):
    shares = pd.crosstab(loans.data["zip_code"], loans.data["race"], normalize="columns")
    assert shares.loc[ZIPS[0], "Black"] > 3 * shares.loc[ZIPS[0], "White"]
    race = loans.truth(bank, "race", "Black", "White")
    assert race.total > 0.1
    assert race.direct == 0.0
    held = loans.row_effects(bank, ["race", "zip_code"], ("Black", ZIPS[0]), ("White", ZIPS[0]))
    assert (held == 0).all().all()


def test_categorical_noise_follows_the_stated_shares():
    world = loan(50_000, 1)
    black = world.data.loc[world.data["race"] == "Black", "zip_code"].value_counts(normalize=True)
    assert black.sort_index().to_numpy() == pytest.approx([0.45, 0.30, 0.15, 0.10], abs=0.01)
    assert (world.data["race"] == "Black").mean() == pytest.approx(0.4, abs=0.01)


# ---- heart disease -------------------------------------------------------------------------


def test_heart_truth(heart: SampleWorld):
    found = effects(heart, true_score(heart), 50_000)
    assert found.loc["smoking", "direct"] == 0.0
    assert ranked(found["total"])[0] == "smoking"
    assert found.loc["exercise", "direct"] == 0.0
    assert found.loc["exercise", "total"] < -1


def test_exercise_protects_through_bmi_alone(heart: SampleWorld):
    held = heart.row_effects(true_score(heart), ["exercise", "bmi"], (3, 25), (6, 25))
    assert (held["total"] == 0).all()


def test_bmi_acts_indirectly_above_50_and_directly_alike(heart: SampleWorld):
    low, high = contrast(heart.data["bmi"])
    score = true_score(heart)
    old = heart.truth(score, "bmi", low, high, rows="age > 50")
    young = heart.truth(score, "bmi", low, high, rows=lambda d: d["age"] <= 50)
    assert old.direct == pytest.approx(young.direct, abs=1e-12)
    assert old.direct == pytest.approx(0.6 * (high - low))
    assert old.indirect > 2 * young.indirect
    # By hand: 0.35 · (0.3 + 0.1 · max(age - 50, 0)) per unit of bmi.
    assert young.indirect == pytest.approx(0.35 * 0.3 * (high - low))
    mean_excess = np.mean(np.arange(51, 80) - 50)
    assert old.indirect == pytest.approx(0.35 * (0.3 + 0.1 * mean_excess) * (high - low), rel=0.01)


@pytest.mark.parametrize("kind", MODELS)
def test_heart_facts_hold_for_fitted_models(heart: SampleWorld, kind: str):
    model = fitted(heart, kind)
    found = effects(heart, model, None)
    assert ranked(found["total"])[0] == "smoking"
    assert abs(found.loc["smoking", "direct"]) < 0.02 * found.loc["smoking", "total"]
    assert found.loc["exercise", "total"] < -1
    assert abs(found.loc["exercise", "direct"]) < 0.1
    low, high = contrast(heart.data["bmi"])
    old, young = (
        heart.truth(model, "bmi", low, high, rows=(heart.data["age"] > 50).to_numpy() == side)
        for side in (True, False)
    )
    assert old.indirect > 2 * young.indirect
    # A forest blurs a sum of terms; the direct effects differ by far less than the indirect ones.
    assert abs(old.direct - young.direct) < (0.4 if kind == "forest" else 0.05) * (
        old.indirect - young.indirect
    )


# ---- performance ---------------------------------------------------------------------------


def test_performance_truth(staff: SampleWorld):
    exact = {f: staff.linear_truth(None, f, *contrast(staff.data[f])) for f in staff.features}
    total = pd.Series({f: t.total for f, t in exact.items()})
    direct = pd.Series({f: t.direct for f, t in exact.items()})
    assert ranked(direct)[0] == "experience_years"
    assert ranked(total) == ["education_years", "age", "experience_years", "gender", "income"]
    assert direct["gender"] == 0.0
    assert total["income"] == 0.0
    assert total["gender"] == pytest.approx(1 * (3.3 + 1.6 * 1.3))
    assert staff.graph.children("gender") == ("education_years",)
    assert ("education_years", "experience_years") in staff.graph.edges


def test_gender_acts_through_education_alone(staff: SampleWorld):
    for path in staff.path_truth(None, "gender", 0, 1):
        assert path[1] == "education_years"


@pytest.mark.parametrize("kind", MODELS)
def test_performance_facts_hold_for_fitted_models(staff: SampleWorld, kind: str):
    found = effects(staff, fitted(staff, kind), None)
    assert ranked(found["direct"])[0] == "experience_years"
    assert ranked(found["total"])[:4] == ["education_years", "age", "experience_years", "gender"]
    assert abs(found.loc["gender", "direct"]) < 0.05 * found.loc["gender", "total"]


# ---- truth ---------------------------------------------------------------------------------


@pytest.mark.parametrize("feature", ["gender", "age", "education_years", "experience_years"])
def test_closed_form_equals_simulation_in_performance(staff: SampleWorld, feature: str):
    low, high = contrast(staff.data[feature])
    exact = staff.linear_truth(None, feature, low, high)
    drawn = staff.truth(true_score(staff), feature, low, high, n=2_000)
    assert drawn.total == pytest.approx(exact.total, abs=1e-9)
    assert drawn.direct == pytest.approx(exact.direct, abs=1e-9)
    assert drawn.indirect == pytest.approx(exact.indirect, abs=1e-9)
    assert drawn.pure_indirect == pytest.approx(exact.indirect, abs=1e-9)
    assert drawn.se < 1e-9


@settings(max_examples=40)
@given(seed=st.integers(0, 1_000), n_features=st.integers(1, 9))
def test_closed_form_equals_simulation_in_random_linear_worlds(seed: int, n_features: int):
    world = linear_world(n=20, seed=seed, n_features=n_features)
    weights = world.equations["y"].coefficients
    for feature in world.features:
        exact = world.linear_truth(None, feature, -1.0, 0.5)
        paths = world.path_truth(None, feature, -1.0, 0.5)
        drawn = world.truth(true_score(world), feature, -1.0, 0.5, n=None)
        assert drawn.total == pytest.approx(exact.total, abs=1e-9)
        assert exact.direct == pytest.approx(1.5 * weights.get(feature, 0.0))
        assert sum(paths.values()) == pytest.approx(exact.total, abs=1e-9)
        assert set(paths) == {
            (*path[:-1], "prediction") for path in world.graph.directed_paths(feature, "y")
        }


def test_joint_closed_form_equals_simulation():
    world = linear_world(n=20, seed=4, n_features=7)
    names, low, high = ["x0", "x3", "x5"], (0.0, 1.0, -1.0), (1.0, -1.0, 2.0)
    exact = world.linear_truth(None, names, low, high)
    drawn = world.truth(true_score(world), names, low, high, n=None)
    assert drawn.total == pytest.approx(exact.total)
    assert drawn.direct == pytest.approx(exact.direct)


def test_joint_descendant_is_held_at_its_own_level():
    graph = CausalGraph([("a", "b"), ("b", "y")])
    world = linear_world(graph, {("a", "b"): 2.0, ("b", "y"): 3.0}, n=50)
    assert world.linear_truth(None, ["a", "b"], (0, 0), (5, 1)).total == pytest.approx(3.0)
    assert world.truth(true_score(world), ["a", "b"], (0, 0), (5, 1)).total == pytest.approx(3.0)


def test_effects_by_hand_with_interaction():
    # b = 2a; the model is a·b: total of a: 0 -> 1 is 2, direct is the mean of b, pure the rest's.
    world = SampleWorld.draw(
        StructuralCausalModel(
            {
                "a": Equation("a = 3", (), lambda _, noise: np.full(len(noise), 3.0)),
                "b": Equation.linear("b", {"a": 2.0}, noise_sd=0.0),
                "y": Equation.linear("y", {"b": 1.0}),
            }
        ),
        10,
        0,
        name="by hand",
        outcome="y",
        features=("a", "b"),
    )
    truth = world.truth(lambda d: d["a"] * d["b"], "a", 0.0, 1.0, n=None)
    assert truth.total == pytest.approx(2.0)
    assert truth.direct == pytest.approx(6.0)
    assert truth.indirect == pytest.approx(-4.0)
    assert truth.pure_indirect == pytest.approx(6.0)
    assert truth.interaction == pytest.approx(-10.0)


def test_standard_error_is_that_of_the_mean(loans: SampleWorld, bank):
    means = [loans.truth(bank, "race", "Black", "White", n=2_000, seed=s) for s in range(40)]
    spread = np.std([t.total for t in means], ddof=1)
    assert means[0].se == pytest.approx(spread, rel=0.4)


def test_a_mask_takes_the_own_rows(heart: SampleWorld):
    mask = (heart.data["age"] > 50).to_numpy()
    truth = heart.truth(true_score(heart), "bmi", 23, 28, rows=mask)
    assert truth.n_rows == mask.sum()
    rows = heart.row_effects(true_score(heart), "bmi", 23, 28)
    assert truth.total == pytest.approx(rows.loc[mask, "total"].mean())
    assert truth.mean_abs_total == pytest.approx(rows.loc[mask, "total"].abs().mean())


def test_a_model_that_ignores_everything_has_no_effects(heart: SampleWorld):
    rows = heart.row_effects(lambda frame: np.full(len(frame), 0.3), "smoking", 0, 1)
    assert (rows == 0).all().all()


# ---- drawn worlds --------------------------------------------------------------------------


def test_linear_world_keeps_what_it_is_given():
    graph = CausalGraph([("a", "b"), ("b", "y")], nodes=["a", "b", "lonely", "y"])
    world = linear_world(graph, {("a", "b"): 0.5}, {"b": 2.0}, n=20_000, seed=1)
    assert world.graph == graph
    assert world.features == ("a", "b", "lonely")
    assert world.equations["b"].coefficients == {"a": 0.5}
    assert 0.3 <= abs(world.equations["y"].coefficients["b"]) <= 1.0
    assert world.data["b"].std() == pytest.approx(np.hypot(2.0, 0.5), rel=0.05)


def test_linear_world_of_thirty_nodes():
    world = linear_world(n=100, seed=2, n_features=30, density=0.2)
    assert len(world.features) == 30
    assert world.data.std().max() < 10


@pytest.mark.parametrize("seed", range(12))
def test_random_world_has_the_stated_scale(seed: int):
    world = random_world(seed)
    assert world.data.equals(random_world(seed).data)
    assert set(world.data["y"].unique()) == {0, 1}
    assert 0.3 < world.data["y"].mean() < 0.7
    for name in world.features:
        column = world.data[name]
        if column.nunique() > 2:
            assert column.std() == pytest.approx(1.0, abs=0.05)
            assert column.mean() == pytest.approx(0.0, abs=0.05)
            assert column.kurtosis() < 5
    assert str(world.mechanism).count("\n") == 6


def test_random_worlds_compute_what_they_print():
    seen = ""
    for world in (random_world(seed, n=50) for seed in range(12)):
        for name, equation in world.equations.items():
            seen += str(equation)
            noise = world.noise[name].to_numpy()
            code = str(equation).split(" = ")[1].removeprefix("[").removesuffix("]")
            code = re.sub(r"(x\d)²", r"\1**2", code).replace("·", "*").replace("tanh", "np.tanh")
            names = {v: world.data[v].to_numpy() for v in world.features}
            logistic = {"logistic": lambda x: 1 / (1 + np.exp(-x))}
            value = eval(code, {"np": np, "N": noise, "U": noise, **logistic, **names})
            np.testing.assert_allclose(value, world.data[name], rtol=1e-9, atol=1e-9)
    assert all(mark in seen for mark in ("tanh(1.5·", "²)", "·tanh(x", "[U < logistic("))


# ---- errors --------------------------------------------------------------------------------


def test_errors_say_what_would_be_right(heart: SampleWorld):
    score = true_score(heart)
    with pytest.raises(DataError, match=r"no node 'smokin'. Did you mean 'smoking'\?"):
        heart.truth(score, "smokin", 0, 1)
    with pytest.raises(DataError, match=r"not linear.*ask `truth`"):
        heart.linear_truth(None, "bmi", 20, 25)
    with pytest.raises(DataError, match="No row satisfies the condition"):
        heart.truth(score, "bmi", 20, 25, rows="age > 200", n=100)
    with pytest.raises(DataError, match=r"boolean mask of shape \(10000,\)"):
        heart.truth(score, "bmi", 20, 25, rows=[True, False])
    with pytest.raises(DataError, match="One level is needed for each of 'age', 'bmi'"):
        heart.truth(score, ["age", "bmi"], 1, 2, n=10)
    with pytest.raises(DataError, match="at least one row"):
        loan(0)
    with pytest.raises(DataError, match=r"no edge .'b', 'a'."):
        linear_world(CausalGraph([("a", "b"), ("b", "y")]), {("b", "a"): 1.0})
    with pytest.raises(DataError, match="must come last; it causes 'b'"):
        linear_world(CausalGraph([("y", "b")]))
    with pytest.raises(DataError, match="is not in the graph"):
        linear_world(CausalGraph([("a", "b")]))
    with pytest.raises(DataError, match="must come before it"):
        StructuralCausalModel({"b": Equation.linear("b", {"a": 1.0})})
    assert issubclass(DataError, AuditError)


# ---- the files in sample_data --------------------------------------------------------------


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample_data")
    runpy.run_path(str(ROOT / "sample_data" / "make_sample_data.py"))["main"](folder)
    return folder


@pytest.mark.parametrize("world", ["loan", "heart_disease"])
def test_sample_files_are_what_their_script_makes(remade: Path, world: str):
    for name in (f"{world}.csv", f"{world}_graph.json", f"{world}_graph.dagitty"):
        assert (remade / name).read_bytes() == (ROOT / "sample_data" / name).read_bytes(), name


def test_sample_model_reads_only_its_features(remade: Path):
    import skops.io

    path = ROOT / "sample_data" / "loan_model.skops"
    kept, made = (
        skops.io.load(p, trusted=skops.io.get_untrusted_types(file=p))
        for p in (path, remade / "loan_model.skops")
    )
    data = pd.read_csv(ROOT / "sample_data" / "loan.csv")
    features = list(loan(1).features)
    assert list(kept.feature_names_in_) == features
    np.testing.assert_allclose(
        kept.predict_proba(data[features]), made.predict_proba(data[features])
    )
    assert data["zip_code"].map(type).eq(str).all()


def test_sample_graphs_agree_with_their_tables():
    for make in (loan, heart_disease):
        name = make(1).name
        graph = CausalGraph.from_json((ROOT / f"sample_data/{name}_graph.json").read_text())
        other = CausalGraph.from_dagitty((ROOT / f"sample_data/{name}_graph.dagitty").read_text())
        table = pd.read_csv(ROOT / f"sample_data/{name}.csv")
        assert graph == other == make(1).graph
        assert set(graph.nodes) == set(table.columns)


def test_sample_data_stays_small():
    assert sum(p.stat().st_size for p in (ROOT / "sample_data").glob("*.*")) < 300_000
