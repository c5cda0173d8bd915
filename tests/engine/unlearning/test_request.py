"""The change from D to D', and what the deployed model does to its input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

import workbench as wb
from workbench.datasets import SampleWorld
from workbench.unlearning import (
    REMOVALS,
    BaggedTrees,
    Sisa,
    Trainer,
    UnlearningRequest,
    unlearn,
)
from workbench.unlearning.rows import Preparation, Rows

Target = wb.UnlearningTarget


@pytest.fixture(scope="module")
def loan() -> SampleWorld:
    return wb.datasets.loan(n=3_000, seed=1)


@pytest.fixture(scope="module")
def heart() -> SampleWorld:
    return wb.datasets.heart_disease(n=3_000, seed=1)


def request_of(world: SampleWorld, target: wb.UnlearningTarget, **options) -> UnlearningRequest:
    reads = [n for n in world.data.columns if n in world.graph.nodes and n != world.outcome]
    return UnlearningRequest.make(
        target, world.data, outcome=world.outcome, features=reads, graph=world.graph, **options
    )


def test_rows_without_features_are_erased(loan: SampleWorld) -> None:
    request = request_of(loan, Target.datapoints([0, 7]))
    assert request.removal is None
    assert np.flatnonzero(request.erased).tolist() == [0, 7]
    assert not request.changed.any()
    pd.testing.assert_frame_equal(request.after, request.before.drop(index=[0, 7]))
    assert request.rows_after.places[:8].tolist() == [1, 2, 3, 4, 5, 6, 8, 9]


def test_a_subgroup_is_erased_or_neutralised(loan: SampleWorld) -> None:
    condition = "employment_years > 8"
    inside = (loan.data["employment_years"] > 8).to_numpy()
    erased = request_of(loan, Target.subgroup(condition))
    assert (erased.erased == inside).all()
    assert len(erased.after) == (~inside).sum()
    neutral = request_of(loan, Target.subgroup(condition, ["income"]))
    assert neutral.removal == "mean"
    assert not neutral.erased.any()
    assert (neutral.changed == inside).all()
    mean = loan.data["income"].mean()
    assert neutral.after["income"][inside].to_numpy() == pytest.approx(mean)
    assert (neutral.after["income"][~inside] == loan.data["income"][~inside]).all()


def test_a_permuted_column_keeps_its_values_and_loses_its_rows(loan: SampleWorld) -> None:
    request = request_of(loan, Target.feature("income"), removal="permutation", seed=3)
    old, new = request.before["income"].to_numpy(), request.after["income"].to_numpy()
    assert np.array_equal(np.sort(old), np.sort(new))
    assert abs(np.corrcoef(old, new)[0, 1]) < 0.1
    assert request.changed.mean() > 0.99


def test_a_dropped_column_is_gone(loan: SampleWorld) -> None:
    request = request_of(loan, Target.feature("zip_code"))
    assert request.removal == "drop"
    assert "zip_code" not in request.after
    assert "zip_code" not in request.inputs.reads
    assert request.changed.all()


def test_consequences_lose_what_the_equation_gave_them(heart: SampleWorld) -> None:
    request = request_of(heart, Target.feature("smoking"), removal="consequences")
    old, new = heart.data, request.after
    assert new["smoking"].nunique() == 1
    assert (new["age"] == old["age"]).all()  # a cause of nothing that smoking does
    for mediator in ("exercise", "bmi", "blood_pressure"):
        by_level = new[mediator].groupby(old["smoking"]).mean()
        was = old[mediator].groupby(old["smoking"]).mean()
        assert abs(by_level.diff().iloc[1]) < 0.1 * abs(was.diff().iloc[1])
    stayed = (old["smoking"] == new["smoking"]).to_numpy()
    assert (request.changed == ~stayed).all()


def test_a_categorical_consequence_takes_the_reference_distribution(loan: SampleWorld) -> None:
    request = request_of(loan, Target.feature("race"), removal="consequences")
    race, reference = loan.data["race"], loan.data["race"].mode()[0]
    assert (request.after["race"] == reference).all()
    was = pd.crosstab(race, loan.data["zip_code"], normalize="index")
    now = pd.crosstab(race, request.after["zip_code"], normalize="index")
    assert np.abs(was - was.loc[reference]).to_numpy().max() > 0.2
    assert np.abs(now - was.loc[reference]).to_numpy().max() < 0.05


@pytest.mark.parametrize("removal", ["mean", "permutation"])
def test_a_neutralised_input_has_no_direct_effect(heart: SampleWorld, removal: str) -> None:
    target = Target.feature("bmi")
    done = unlearn("retrain", request_of(heart, target, removal=removal))
    assert "bmi" in (done.after.features or ())
    case = wb.AuditCase(heart.data, done.after, heart.graph, outcome=heart.outcome)
    assert wb.fuzzed_effects(case, target)["bmi"].direct.value == 0.0
    old = wb.AuditCase(heart.data, done.before, heart.graph, outcome=heart.outcome)
    assert abs(wb.fuzzed_effects(old, target)["bmi"].direct.value) > 0.5


def test_a_subgroup_is_neutralised_when_the_model_is_asked(heart: SampleWorld) -> None:
    done = unlearn("retrain", request_of(heart, Target.subgroup("age > 50", ["bmi"])))
    low, high = heart.data.assign(bmi=20.0), heart.data.assign(bmi=30.0)
    move = np.abs(done.after.predict(high) - done.after.predict(low))
    old = (heart.data["age"] > 50).to_numpy()
    assert (move[old] == 0).all()
    assert (move[~old] > 0.5).all()


@pytest.mark.parametrize(
    ("name", "feature", "low", "high", "learner"),
    [
        ("loan", "zip_code", "MA 02121", "MA 02467", None),
        ("loan", "race", "Black", "White", None),
        ("heart", "smoking", 0, 1, None),
        ("heart", "smoking", 0, 1, "tree"),
        ("heart", "exercise", 2.0, 4.0, None),
    ],
)
def test_undoing_consequences_removes_the_true_total_effect(
    name: str,
    feature: str,
    low: object,
    high: object,
    learner: str | None,
    request: pytest.FixtureRequest,
) -> None:
    world: SampleWorld = request.getfixturevalue(name)
    target, move = Target.feature(feature), wb.Contrast(low, high)
    models = {
        removal: unlearn("retrain", request_of(world, target, removal=removal), learner=learner)
        for removal in ("drop", "consequences")
    }
    truths = {
        removal: world.truth(done.after, feature, low, high, n=5_000).total
        for removal, done in models.items()
    }
    assert abs(truths["drop"]) > (0.05 if name == "loan" else 1.0)
    # Undoing is as precise as the equations are, which the oracle's interval tells.
    case = wb.AuditCase(world.data, models["drop"].after, world.graph, outcome=world.outcome)
    total = wb.fuzzed_effects(case, target, intervention=move)[feature].total
    assert abs(truths["consequences"]) < total.high - total.low
    assert abs(truths["consequences"]) < 0.15 * abs(truths["drop"])
    # Its own equations are the ones that were undone, so the oracle finds next to nothing.
    case = wb.AuditCase(
        world.data, models["consequences"].after, world.graph, outcome=world.outcome
    )
    found = wb.fuzzed_effects(case, target, intervention=move)[feature].total
    assert abs(found.value) < 0.02 * abs(truths["drop"])


def test_single_rows_are_neutralised_in_training_only(loan: SampleWorld) -> None:
    request = request_of(loan, Target.datapoints([4, 9], ["income"]))
    assert np.flatnonzero(request.changed).tolist() == [4, 9]
    done = unlearn("retrain", request)
    assert np.abs(done.after.predict(loan.data.assign(income=50.0)) - done.after.predict(
        loan.data.assign(income=90.0))).min() > 0  # fmt: skip
    assert "told from other inputs" in " ".join(done.sentences())


def test_sentences_say_what_the_removal_means(loan: SampleWorld) -> None:
    said = {
        removal: " ".join(
            unlearn(
                "retrain", request_of(loan, Target.feature("race"), removal=removal)
            ).sentences()
        )
        for removal in REMOVALS
    }
    assert len(set(said.values())) == 4
    assert "must be told" in said["consequences"]


def test_the_answer_to_a_row_does_not_depend_on_the_other_rows(loan: SampleWorld) -> None:
    for removal in ("mean", "permutation", "consequences"):
        done = unlearn("retrain", request_of(loan, Target.feature("race"), removal=removal))
        rows = loan.data.iloc[:60]
        together = done.after.predict(rows)
        shuffled = done.after.predict(rows.iloc[::-1])[::-1]
        alone = [done.after.predict(rows.iloc[[at]])[0] for at in range(12)]
        assert together == pytest.approx(shuffled, abs=1e-12)
        assert together[:12] == pytest.approx(alone, abs=1e-12)


def test_a_level_that_was_never_seen_is_named(loan: SampleWorld) -> None:
    request = request_of(loan, Target.feature("zip_code"), removal="consequences")
    model = unlearn("retrain", request).after
    with pytest.raises(wb.AuditError, match="'Atlantis'"):
        model.predict(loan.data.iloc[:3].assign(zip_code="Atlantis"))


def test_preparation_of_missing_and_unknown_values() -> None:
    table = pd.DataFrame(
        {"n": [1.0, 3.0, np.nan, 2.0], "t": ["a", "b", "a", None], "y": [0, 1, 0, 1]}
    )
    rows = Rows.of(table, "y", table)
    prepared = Preparation.fit(rows)
    got = prepared(pd.DataFrame({"n": [2.0, np.nan], "t": ["b", "new"]}))
    assert got.tolist() == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    lacking = prepared(pd.DataFrame({"n": [3.0]}))
    assert lacking[0, 1:].tolist() == [0.5, 0.25]
    assert lacking[0, 0] == pytest.approx(1 / np.std([1.0, 3.0, 2.0]))


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (Target.datapoints([0]), {"removal": "mean"}, "names no feature"),
        (Target.subgroup("income > 0 or income <= 0"), {}, "nothing would be left"),
        (Target.subgroup("income > 50", ["income"]), {"removal": "drop"}, "on some rows only"),
        (Target.feature("income"), {"removal": "erase"}, "removal='erase' is unknown"),
        (Target.feature("incom"), {}, "Did you mean 'income'"),
        (Target.feature("income"), {"removal": "consequences", "graph": None}, "causal graph"),
        (Target.subgroup("approved == 1", ["income"]), {}, "told by the outcome"),
        (Target.feature("income"), {"features": ["race"]}, "does not read 'income'"),
        (Target.feature("income"), {"features": ["income"]}, "read nothing"),
        (Target.feature("income"), {"features": ["approved"]}, "is the outcome"),
        (Target.feature("income"), {"outcome": "nothing"}, "no column 'nothing'"),
    ],
)
def test_mistakes_are_named(
    loan: SampleWorld, target: wb.UnlearningTarget, options: dict, message: str
) -> None:
    given = {"outcome": "approved", "features": ["race", "income"], "graph": loan.graph, **options}
    with pytest.raises(wb.AuditError, match=message):
        UnlearningRequest.make(target, loan.data, **given)


def test_the_request_of_a_case_takes_what_its_model_reads(loan: SampleWorld) -> None:
    model = wb.BlackBoxModel(lambda rows: rows["income"] * 0.0, features=["income", "race"])
    case = wb.AuditCase(loan.data, model, loan.graph, outcome="approved")
    trained_on = np.arange(loan.data.shape[0]) < 100
    request = UnlearningRequest.from_case(case, Target.datapoints([5]), rows=trained_on)
    assert request.features == ("income", "race")
    assert len(request.before) == 100
    assert len(request.after) == 99


def _small(**columns: object) -> pd.DataFrame:
    number = np.arange(40.0)
    text = np.where(number % 2 > 0, "x", "z")
    return pd.DataFrame({"age": number, "town": text, "ill": number % 3}).assign(**columns)


@pytest.mark.parametrize(
    ("table", "target", "says"),
    [
        (_small(ill=[0, "a"] * 20), Target.datapoints([1]), "mixes text and numbers"),
        (
            _small(town=pd.Series([None] * 40, dtype=object)),
            Target.subgroup("age > 5", ["town"]),
            "no value in any row",
        ),
    ],
)
def test_a_table_that_cannot_be_learned_is_told_in_a_sentence(
    table: pd.DataFrame, target: wb.UnlearningTarget, says: str
) -> None:
    with pytest.raises(wb.AuditError, match=says):
        request = UnlearningRequest.make(target, table, outcome="ill", features=["age", "town"])
        unlearn("retrain", request)


@pytest.mark.parametrize("outcome", [[0, 1, None, 1], ["n", "y", None, "y"]])
def test_an_outcome_that_is_missing_is_told_where_models_are_trained(outcome: list) -> None:
    with pytest.raises(wb.AuditError, match="missing in some rows"):
        Trainer("ill", ("age",))(_small(ill=outcome * 10), 0)


def test_designs_without_a_model_are_refused() -> None:
    for settings in ({"shards": 0}, {"slices": 0}, {"epochs": -1}):
        with pytest.raises(wb.AuditError, match="at least 1 shard"):
            Sisa(**settings)
    for settings in ({"trees": 0}, {"rate": 0.0}):
        with pytest.raises(wb.AuditError, match="at least 1 tree"):
            BaggedTrees(**settings)


def test_a_step_of_a_singular_curvature_is_told() -> None:
    request = UnlearningRequest.make(
        Target.datapoints([1]), _small(age=0.0), outcome="ill", features=["age"]
    )
    with pytest.raises(wb.AuditError, match="singular"):
        unlearn("newton-step", request, learner=Ridge(alpha=0.0))
