"""CAFÉ against known truth: nonlinear worlds, subgroups, direct effects, standard errors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import special

from tests.engine.fitted_worlds import LEVELS, MODELS, fitted
from workbench import (
    AuditCase,
    BlackBoxModel,
    CausalGraph,
    Contrast,
    Shift,
    UnlearningTarget,
    cafe_effects,
)
from workbench.common.errors import NotIdentifiableError
from workbench.datasets import loan
from workbench.methods.estimator import Estimator

# ---- nonlinear truth ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("name", LEVELS)
def test_worlds_with_known_truth(name: str, kind: str, cases) -> None:
    world, case = cases[name, kind]
    scale = case.predictions.std()
    for feature, levels in LEVELS[name].items():
        truth = world.truth(case.model, feature, *levels, n=40_000)
        entry = cafe_effects(
            case, UnlearningTarget.feature(feature), intervention=Contrast(*levels)
        )[feature]
        for part in ("total", "direct", "indirect"):
            effect, wanted = getattr(entry, part), getattr(truth, part)
            # The fit's own flexibility leaves a small bias that no interval knows about.
            allowed = 3.5 * effect.standard_error + 0.02 * scale
            assert abs(effect.value - wanted) < allowed, (feature, part, effect, wanted)
        assert entry.total.standard_error < 0.08 * scale
        # The direct effect is a query: only the rows that were drawn make it differ.
        own = world.truth(case.model, feature, *levels, n=None)
        assert entry.direct.value == pytest.approx(own.direct, abs=1e-9)
        assert entry.rows.direct_size.mean() == pytest.approx(own.mean_abs_direct, abs=1e-9)


def test_the_story_of_each_world(cases) -> None:
    """Without a model that sees it, zip code decides; smoking acts through others only."""
    _, case = cases["loan", "linear"]
    entry = cafe_effects(
        case, UnlearningTarget.feature("zip_code"), intervention=Contrast("MA 02121", "MA 02467")
    )["zip_code"]
    assert entry.direct.value == 0.0 and entry.direct.standard_error == 0.0
    assert entry.total.low > 0.2 and entry.queries == 0
    assert not {"credit_score", "neighborhood_income"} & set(entry.adjustment)  # on the way
    world, case = cases["performance", "linear"]
    table = cafe_effects(case, UnlearningTarget.features(world.features))
    assert abs(table["gender"].direct.value) < 0.3 < table["gender"].total.low
    assert abs(table["income"].total.value) < 0.5


def test_older_patients(cases) -> None:
    """The indirect effect of bmi grows beyond 50; the direct one does not (linear model)."""
    world, case = cases["heart_disease", "linear"]
    found = {}
    for condition in ("age > 50", "age <= 50"):
        truth = world.truth(case.model, "bmi", 25.0, 30.0, rows=condition, n=40_000)
        entry = cafe_effects(
            case, UnlearningTarget.subgroup(condition, ["bmi"]), intervention=Contrast(25.0, 30.0)
        )["bmi"]
        for part in ("total", "indirect"):
            effect, wanted = getattr(entry, part), getattr(truth, part)
            assert abs(effect.value - wanted) < 3.5 * effect.standard_error + 0.05
        assert entry.direct.value == pytest.approx(truth.direct, abs=1e-9)
        assert entry.n_rows == case.data.eval(condition).sum()
        found[condition] = entry
    gap = found["age > 50"].indirect - found["age <= 50"].indirect
    assert gap.low > 1.0
    direct = found["age > 50"].direct - found["age <= 50"].direct
    assert direct.value == pytest.approx(0, abs=1e-9)


def test_the_linear_basis_cannot_see_an_interaction(cases) -> None:
    """The paper's basis gives both age groups the same slope; that is why it is an option."""
    _, case = cases["heart_disease", "linear"]
    old, young = (
        cafe_effects(
            case,
            UnlearningTarget.subgroup(condition, ["bmi"]),
            intervention=Contrast(25.0, 30.0),
            basis="linear",
        )["bmi"]
        for condition in ("age > 50", "age <= 50")
    )
    assert old.total.value == pytest.approx(young.total.value, abs=1e-6)
    assert old.estimator == Estimator("cafe", basis="linear")


def test_a_subgroup_whose_condition_shares_latent_causes_is_not_biased() -> None:
    """M-shape: knowing w links the latent causes of x and of m, so w must not be adjusted for."""
    rng = np.random.default_rng(2)
    n = 8000
    one, two = rng.normal(size=(2, n))
    w = one + two + 0.3 * rng.normal(size=n)
    x = one + 0.5 * rng.normal(size=n)
    m = 0.5 * x + 2 * two + rng.normal(size=n)
    graph = CausalGraph(
        [("one", "x"), ("one", "w"), ("two", "w"), ("two", "m"), ("x", "m")],
        latents=["one", "two"],
    )
    case = AuditCase(
        data=pd.DataFrame({"x": x, "w": w, "m": m}),
        model=lambda rows: rows["m"],
        features=["m"],
        graph=graph,
    )
    everyone = cafe_effects(case, UnlearningTarget.feature("x"), intervention=Contrast(0.0, 1.0))
    assert abs(everyone["x"].total.value - 0.5) < 4 * everyone["x"].total.standard_error
    try:
        some = cafe_effects(
            case, UnlearningTarget.subgroup("w > 0.5", ["x"]), intervention=Contrast(0.0, 1.0)
        )["x"]
    except NotIdentifiableError:
        return
    assert abs(some.total.value - 0.5) < 4 * some.total.standard_error


# ---- direct effects without the model -------------------------------------------------------


def collider_case() -> tuple[AuditCase, float]:
    """``sex`` and ``skill`` both shape ``job``; the model reads job and skill, never sex.

    Adjusting for the mediator job links sex with skill, which the paper's set leaves out.
    """
    rng = np.random.default_rng(5)
    n = 4000
    sex = rng.integers(0, 2, n)
    skill = rng.normal(size=n)
    job = 1.2 * sex + 1.5 * skill + rng.normal(size=n)
    data = pd.DataFrame({"sex": sex, "skill": skill, "job": job})
    graph = CausalGraph([("sex", "job"), ("skill", "job")])

    def score(rows: pd.DataFrame):
        return special.expit(0.8 * rows["job"] + 1.2 * rows["skill"] - 0.5)

    return AuditCase(data=data, model=score, features=["skill", "job"], graph=graph), n


def test_the_papers_false_alarm_and_the_query_that_avoids_it() -> None:
    case, _ = collider_case()
    target, change = UnlearningTarget.feature("sex"), Contrast(0, 1)
    paper = cafe_effects(case, target, intervention=change, direct="paper", adjustment="parents")[
        "sex"
    ]
    query = cafe_effects(case, target, intervention=change)["sex"]
    regression = cafe_effects(case, target, intervention=change, direct="regression")["sex"]
    assert paper.direct.high < -0.05  # sex is never read
    assert paper.estimator.label == "cafe (direct as in the paper, adjusted for parents)"
    assert query.direct.value == query.direct.standard_error == 0.0
    assert regression.direct.value == 0.0 and regression.estimator.direct == "regression"
    assert query.estimator == Estimator("cafe")
    for entry in (paper, query, regression):
        assert entry.total.low > 0.05


def test_direct_by_regression_on_all_other_inputs(cases) -> None:
    """Where the model is smooth, the regression finds what asking finds."""
    _, case = cases["loan", "linear"]
    for feature in ("neighborhood_income", "credit_score", "debt_ratio"):
        target = UnlearningTarget.feature(feature)
        asked = cafe_effects(case, target)[feature]
        told = cafe_effects(case, target, direct="regression")[feature]
        assert told.direct.value == pytest.approx(asked.direct.value, abs=0.025)
        assert told.queries == 0
        assert told.total.value == pytest.approx(asked.total.value, abs=0.025)


def test_a_feature_without_mediators_is_asked(cases) -> None:
    """Its total effect is the direct one; with mediators, or without a model to ask, it is not."""
    _, case = cases["loan", "linear"]
    model = case.model
    asked = cafe_effects(case, UnlearningTarget.feature("credit_score"))["credit_score"]
    assert asked.total.value == asked.direct.value != 0
    assert asked.total.standard_error == asked.direct.standard_error
    assert asked.indirect.value == asked.indirect.standard_error == 0
    assert asked.adjustment == () and asked.queries > 0
    mediated = cafe_effects(case, UnlearningTarget.feature("zip_code"))["zip_code"]
    assert mediated.adjustment and mediated.total.value != mediated.direct.value
    logged = AuditCase(
        data=case.data,
        model=BlackBoxModel.from_predictions(case.predictions, features=model.features),
        graph=case.graph,
        outcome=case.outcome,
    )
    told = cafe_effects(logged, UnlearningTarget.feature("credit_score"))["credit_score"]
    assert told.adjustment and told.queries == 0


def test_asking_needs_no_adjustment_set() -> None:
    """A hidden common cause does not touch what the model itself answers."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"a": rng.normal(size=500), "b": rng.normal(size=500)})
    graph = CausalGraph([("u", "a"), ("u", "b")], latents=["u"])
    case = AuditCase(data=frame, model=lambda rows: rows["a"], features=["a"], graph=graph)
    found = cafe_effects(case, UnlearningTarget.feature("a"), intervention=Contrast(0.0, 1.0))
    assert found["a"].total.value == pytest.approx(1.0)


def test_logged_predictions_fall_to_regression_and_say_so(cases) -> None:
    world, case = cases["loan", "linear"]
    logged = AuditCase(
        data=world.data,
        model=BlackBoxModel.from_predictions(case.predictions, world.features),
        graph=world.graph,
        outcome=world.outcome,
    )
    target = UnlearningTarget.features(["zip_code", "credit_score"])
    found, asked = cafe_effects(logged, target), cafe_effects(case, target)
    for entry in found:
        assert entry.estimator.direct == "regression" and entry.queries == 0
    assert found["zip_code"].direct.value == 0.0
    assert found["zip_code"].total.value == pytest.approx(asked["zip_code"].total.value, abs=1e-9)
    assert found["credit_score"].direct.value == pytest.approx(
        asked["credit_score"].direct.value, abs=0.025
    )


# ---- standard errors ------------------------------------------------------------------------


def test_standard_errors_are_those_of_the_bootstrap() -> None:
    """Loan has four zip codes on the way; 60 resamples know an error to about 9 %."""
    world = loan(n=1200, seed=3)
    model = fitted(loan(n=3000, seed=4), "linear")
    target = UnlearningTarget.features(["race", "employment_years"])
    chosen = {"race": Contrast("Black", "White"), "employment_years": Contrast(2.0, 12.0)}

    def estimates(data: pd.DataFrame):
        case = AuditCase(data=data, model=model, graph=world.graph, outcome=world.outcome)
        return cafe_effects(case, target, intervention=chosen)

    table = estimates(world.data)
    rng = np.random.default_rng(0)
    again = [
        estimates(world.data.iloc[rng.integers(0, 1200, 1200)].reset_index(drop=True))
        for _ in range(60)
    ]
    ratios = []
    for feature in target.names:
        for part in ("total", "indirect"):
            spread = np.std([getattr(t[feature], part).value for t in again], ddof=1)
            ratios.append(getattr(table[feature], part).standard_error / spread)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.15), ratios
    assert min(ratios) > 0.75 and max(ratios) < 1.3, ratios


def asked_on_a_sample(target: UnlearningTarget) -> tuple:
    x = np.random.default_rng(0).normal(size=3000)
    case = AuditCase(
        data=pd.DataFrame({"x": x}),
        model=lambda rows: rows["x"] ** 2,
        features=["x"],
        graph=CausalGraph([], nodes=["x"]),
    )
    whole = cafe_effects(case, target, intervention=Shift(0.5))["x"]
    part = cafe_effects(case, target, intervention=Shift(0.5), query_rows=100)["x"]
    # Rows as they are were answered before, and the highest one cannot be shifted up.
    assert part.queries == 100 and whole.queries == whole.n_rows - 1
    return whole.direct, part.direct


def test_asking_on_a_sample_of_rows_widens_the_interval() -> None:
    whole, part = asked_on_a_sample(UnlearningTarget.feature("x"))
    assert part.low < whole.value < part.high
    assert part.standard_error > 3 * whole.standard_error


def test_asking_on_a_sample_of_named_rows_is_no_exact_answer() -> None:
    whole, part = asked_on_a_sample(UnlearningTarget.datapoints(range(1000), ["x"]))
    assert whole.standard_error == 0 and whole.value != part.value
    assert part.low < whole.value < part.high


def test_errors_shrink_with_the_root_of_the_rows() -> None:
    errors = []
    for n in (500, 2000, 8000):
        world = loan(n=n, seed=1)
        model = BlackBoxModel(
            lambda rows: special.expit(rows["neighborhood_income"] / 40 - 2),
            features=["neighborhood_income"],
        )
        case = AuditCase(data=world.data, model=model, graph=world.graph, outcome="approved")
        entry = cafe_effects(
            case, UnlearningTarget.feature("race"), intervention=Contrast("Black", "White")
        )["race"]
        errors.append(entry.total.standard_error)
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(2.0, rel=0.2)
