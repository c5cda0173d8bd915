"""The sample worlds: what their descriptions claim holds in truth and in fitted models."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

from tests.engine.datasets.true_effects import (
    MODELS,
    WORLDS,
    ZIPS,
    contrast,
    effects,
    fitted,
    ranked,
    true_score,
)
from workbench.datasets import SampleWorld, loan

# ---- every world ----------------------------------------------------------------------------


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


# ---- loan -----------------------------------------------------------------------------------


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


# ---- heart disease --------------------------------------------------------------------------


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


# ---- performance ----------------------------------------------------------------------------


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
