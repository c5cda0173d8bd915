"""CAFÉ against known truth: nonlinear worlds, subgroups, direct effects, identification, input."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import special
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from tests.engine.fitted_worlds import LEVELS, MODELS, fitted, fitted_cases
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
from workbench.common.errors import (
    AuditCancelled,
    AuditError,
    InterventionError,
    ModelError,
    NotIdentifiableError,
    TargetError,
)
from workbench.datasets import SampleWorld, loan
from workbench.methods.estimator import Estimator


@pytest.fixture(scope="module")
def cases() -> dict[tuple[str, str], tuple[SampleWorld, AuditCase]]:
    return fitted_cases()


# ---- nonlinear truth -----------------------------------------------------------------------


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


# ---- direct effects without the model ------------------------------------------------------


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


# ---- adjustment ----------------------------------------------------------------------------


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


# ---- standard errors -----------------------------------------------------------------------


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


# ---- input ---------------------------------------------------------------------------------


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


def test_the_person_can_stop_it(cases) -> None:
    _, case = cases["loan", "forest"]
    steps: list[tuple[str, float]] = []
    target = UnlearningTarget.features(["zip_code", "credit_score", "income"])
    cafe_effects(case, target, progress=lambda step, share: steps.append((step, share)))
    assert all(0 <= share <= 1 for _, share in steps)
    for stop_at in range(len(steps)):
        seen = 0

        def stop(step: str, share: float, stop_at: int = stop_at) -> None:
            nonlocal seen
            seen += 1
            if seen > stop_at:
                raise AuditCancelled("stopped")

        with pytest.raises(AuditCancelled):
            cafe_effects(case, target, progress=stop)


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
