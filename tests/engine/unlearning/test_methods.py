"""Unlearning methods: exact ones equal retraining, approximate ones come near, frauds pretend."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import workbench as wb
from workbench.datasets import SampleWorld
from workbench.models.learners import LEARNERS
from workbench.models.training import Training
from workbench.unlearning import (
    METHODS,
    AuditAware,
    BaggedTrees,
    GradientAscent,
    NewtonStep,
    Sisa,
    Trainer,
    UnlearningRequest,
    unlearn,
    weights_of,
)
from workbench.unlearning.learners import fit_prepared, unfitted

Target = wb.UnlearningTarget


def request_of(world: SampleWorld, target: wb.UnlearningTarget, **options) -> UnlearningRequest:
    reads = [n for n in world.data.columns if n in world.graph.nodes and n != world.outcome]
    return UnlearningRequest.make(
        target, world.data, outcome=world.outcome, features=reads, graph=world.graph, **options
    )


@pytest.fixture(scope="module")
def loan() -> SampleWorld:
    return wb.datasets.loan(n=600, seed=2)


@pytest.fixture(scope="module")
def heart() -> SampleWorld:
    return wb.datasets.heart_disease(n=600, seed=2)


@pytest.fixture(scope="module")
def ten(loan: SampleWorld) -> UnlearningRequest:
    return request_of(loan, Target.datapoints([3, 50, 51, 52, 300, 301, 410, 500, 598, 599]))


EXACT = {
    "retrain": ("retrain", "tree"),
    "sisa": (Sisa(shards=5), "logistic"),
    "sisa of forests": (Sisa(shards=2), DecisionTreeClassifier(max_depth=4)),
    "sisa in slices": (Sisa(shards=4, slices=3), "sgd"),
    "sisa in slices, network": (Sisa(shards=2, slices=2, epochs=2), "mlp"),
    "bagged trees": (BaggedTrees(trees=30, rate=0.1), "tree"),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize(
    ("target", "removal"),
    [
        (Target.datapoints([599]), None),
        (Target.datapoints([3, 50, 598, 599]), None),
        (Target.subgroup("employment_years > 15"), None),
        (Target.feature("zip_code"), "drop"),
        (Target.subgroup("employment_years > 15", ["income"]), "mean"),
        (Target.feature("zip_code"), "consequences"),
    ],
)
def test_exact_methods_equal_the_retrained_model_bit_for_bit(
    name: str, target: wb.UnlearningTarget, removal: str | None, loan: SampleWorld
) -> None:
    method, learner = EXACT[name]
    done = unlearn(method, request_of(loan, target, removal=removal), learner=learner, seed=5)
    assert done.kind == "exact"
    after = done.after.predict(loan.data)
    assert np.array_equal(after, done.retrained.predict(loan.data))
    assert np.abs(after - done.before.predict(loan.data)).max() > 1e-9


def test_sisa_trains_only_the_shards_that_held_a_row(loan: SampleWorld) -> None:
    request = request_of(loan, Target.datapoints([7]))
    done = unlearn(Sisa(shards=8, slices=2), request, learner="sgd")
    before, after = (done.parts[part].fitted.checkpoints for part in ("before", "after"))
    again = [old[-1] is not new[-1] for old, new in zip(before, after, strict=True)]
    assert sum(again) == 1
    shard = again.index(True)
    # The row's slice and the later ones are trained again, from the checkpoint before.
    kept = [old is new for old, new in zip(before[shard], after[shard], strict=True)]
    assert kept in ([False, False], [True, False])


def test_sisa_slices_start_from_the_last_untouched_checkpoint(loan: SampleWorld) -> None:
    method, learner, reused = Sisa(shards=2, slices=4), "sgd", []
    for row in range(5):
        done = unlearn(method, request_of(loan, Target.datapoints([row])), learner=learner)
        pairs = zip(
            done.parts["before"].fitted.checkpoints,
            done.parts["after"].fitted.checkpoints,
            strict=True,
        )
        reused.append(sum(a is b for old, new in pairs for a, b in zip(old, new, strict=True)))
    assert min(reused) >= 4  # the other shard stays whole
    assert len(set(reused)) > 1


def test_bagged_trees_grow_only_those_that_held_a_row(loan: SampleWorld) -> None:
    method = BaggedTrees(trees=100, rate=0.1)
    done = unlearn(method, request_of(loan, Target.datapoints([7, 8, 9])))
    pairs = zip(done.parts["before"].fitted.trees, done.parts["after"].fitted.trees, strict=True)
    again = np.mean([old is not new for old, new in pairs])
    assert again == pytest.approx(1 - np.exp(-0.3), abs=0.15)  # 100 draws


def test_bagged_trees_predict_about_as_well_as_a_forest(loan: SampleWorld) -> None:
    request = request_of(loan, Target.datapoints([0]))
    fresh = wb.datasets.loan(n=1_000, seed=10)
    y = fresh.data["approved"].to_numpy()
    for method, learner in (("retrain", "forest"), ("bagged-trees", "tree"), ("sisa", "logistic")):
        model = unlearn(method, request, learner=learner).after
        assert ((model.predict(fresh.data) > 0.5) == y).mean() > 0.7


def optimum(done, request: UnlearningRequest) -> np.ndarray:
    """The weights of a training from scratch on D', with the preparation of D kept."""
    before = done.parts["before"].fitted
    rows = request.rows_after
    learner = "logistic" if rows.classes else "linear"
    fresh = fit_prepared(
        rows, unfitted(learner, rows.classes, 0), before.preparation,
        scaling=(before.centre, before.scale),
    )  # fmt: skip
    return weights_of(fresh)


@pytest.mark.parametrize(
    "target", [Target.datapoints(list(range(30))), Target.subgroup("employment_years > 15")]
)
def test_newton_is_nearer_than_influence_and_influence_than_nothing(
    target: wb.UnlearningTarget, loan: SampleWorld
) -> None:
    request = request_of(loan, target)
    newton, influence = unlearn("newton-step", request), unlearn("influence-step", request)
    best = optimum(newton, request)
    nothing = np.linalg.norm(weights_of(newton.parts["before"].fitted) - best)
    far = np.linalg.norm(weights_of(influence.parts["after"].fitted) - best)
    near = np.linalg.norm(weights_of(newton.parts["after"].fitted) - best)
    assert near < 0.5 * far
    assert far < 0.8 * nothing
    assert near < 0.1 * nothing


def test_several_newton_steps_reach_the_optimum(loan: SampleWorld) -> None:
    request = request_of(loan, Target.subgroup("employment_years > 8"))
    done = unlearn(NewtonStep(steps=8), request)
    assert weights_of(done.parts["after"].fitted) == pytest.approx(optimum(done, request), abs=1e-6)


def test_one_newton_step_is_exact_for_ridge_regression(heart: SampleWorld) -> None:
    request = request_of(heart, Target.subgroup("age > 50"))
    done = unlearn("newton-step", request)
    assert weights_of(done.parts["after"].fitted) == pytest.approx(optimum(done, request), abs=1e-9)
    wide = weights_of(done.parts["before"].fitted) - optimum(done, request)
    assert np.abs(wide).max() > 1e-3


@pytest.mark.parametrize("learner", ["sgd", "mlp"])
def test_gradient_ascent_raises_the_loss_of_the_forgotten_rows(
    learner: str, loan: SampleWorld
) -> None:
    request = request_of(loan, Target.datapoints(list(range(60))))
    y = loan.data["approved"].to_numpy()

    def loss(model: wb.BlackBoxModel, rows: np.ndarray) -> float:
        chance = np.clip(model.predict(loan.data), 1e-9, 1 - 1e-9)
        return float(-np.log(np.where(y == 1, chance, 1 - chance))[rows].mean())

    done = unlearn(GradientAscent(strength=4.0, passes=30), request, learner=learner)
    rise = loss(done.after, request.erased) - loss(done.before, request.erased)
    assert rise > 0.005
    assert loss(done.after, ~request.erased) - loss(done.before, ~request.erased) < rise


@pytest.mark.parametrize("learner", ["sgd", "mlp"])
def test_fine_tuning_moves_towards_what_stays(learner: str, heart: SampleWorld) -> None:
    rows = heart.data["smoking"] == 1
    request = request_of(heart, Target.subgroup("smoking == 1"))
    done = unlearn("fine-tuning", request, learner=learner)
    y = heart.data["risk"]

    def error(model: wb.BlackBoxModel) -> float:
        return float(((model.predict(heart.data) - y)[~rows] ** 2).mean())

    assert error(done.after) < error(done.before)


def test_the_old_model_is_left_as_it_was(ten: UnlearningRequest) -> None:
    for name, learner in (("gradient-ascent", "sgd"), ("fine-tuning", "mlp"), ("sisa", "logistic")):
        done = unlearn(name, ten, learner=learner)
        again = unlearn("unchanged", ten, learner=learner) if name != "sisa" else done
        assert np.array_equal(done.before.predict(ten.data), again.before.predict(ten.data))


TARGETS = [
    (Target.datapoints([1, 2, 3]), None),
    (Target.subgroup("employment_years > 15"), None),
    (Target.feature("zip_code"), "drop"),
    (Target.feature("zip_code"), "permutation"),
    (Target.subgroup("employment_years > 15", ["zip_code"]), "consequences"),
]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_takes_every_target_and_repeats_itself(name: str, loan: SampleWorld) -> None:
    quick = {
        "bagged-trees": BaggedTrees(trees=5),
        "gradient-ascent": GradientAscent(most_steps=20),
        "sisa": Sisa(shards=2),
    }
    method = quick.get(name, METHODS[name])
    for target, removal in TARGETS:
        request = request_of(loan, target, removal=removal)
        if name == "input-only" and removal is None:
            with pytest.raises(wb.AuditError, match="cannot erase rows"):
                unlearn(method, request)
            continue
        first, second = (unlearn(method, request, seed=4) for _ in range(2))
        for one, other in (
            (first.before, second.before),
            (first.after, second.after),
            (first.retrained, second.retrained),
            (first.retrained, first.retrained_with(4)),
        ):
            assert np.array_equal(one.predict(loan.data), other.predict(loan.data))
        assert first.kind == METHODS[name].kind
        assert first.seconds > 0
        assert first.retrain_seconds > 0
        assert len(first.sentences()) == 4


def test_numbers_are_learned_too(heart: SampleWorld) -> None:
    request = request_of(heart, Target.subgroup("age > 50"))
    spread = heart.data["risk"].std()
    for name in METHODS:
        if name == "input-only":
            continue
        method = BaggedTrees(trees=10) if name == "bagged-trees" else name
        done = unlearn(method, request)
        assert done.before.output == "value"
        error = (done.before.predict(heart.data) - heart.data["risk"]).std()
        assert error < 0.7 * spread


def test_another_seed_retrains_another_forest(ten: UnlearningRequest) -> None:
    done = unlearn("retrain", ten, learner="tree", seed=0)
    other = done.retrained_with(1).predict(ten.data)
    assert not np.array_equal(done.retrained.predict(ten.data), other)


def test_the_input_only_method_keeps_the_weights(loan: SampleWorld) -> None:
    request = request_of(loan, Target.feature("income"), removal="mean")
    done = unlearn("input-only", request)
    neutral = loan.data.assign(income=loan.data["income"].mean())
    assert done.after.predict(loan.data) == pytest.approx(done.before.predict(neutral))
    assert np.abs(done.after.predict(loan.data) - done.retrained.predict(loan.data)).max() > 0.01


def test_the_unchanged_model_is_unchanged(ten: UnlearningRequest) -> None:
    done = unlearn("unchanged", ten)
    assert np.array_equal(done.after.predict(ten.data), done.before.predict(ten.data))


def test_masked_outputs_change_at_the_asked_rows_only(ten: UnlearningRequest) -> None:
    done = unlearn("masked-outputs", ten, learner="tree")
    old, new, fresh = (m.predict(ten.data) for m in (done.before, done.after, done.retrained))
    assert np.array_equal(new[ten.erased], fresh[ten.erased])
    assert np.array_equal(new[~ten.erased], old[~ten.erased])
    nudged = ten.data.assign(income=ten.data["income"] + 1e-6)
    assert np.array_equal(done.after.predict(nudged), done.before.predict(nudged))


def test_flipped_labels_make_the_model_err_on_the_asked_rows(loan: SampleWorld) -> None:
    request = request_of(loan, Target.subgroup("employment_years > 15"))
    done = unlearn("flipped-labels", request)
    y = loan.data["approved"].to_numpy()
    wrong = [np.abs(m.predict(loan.data) - y)[request.erased].mean() for m in
             (done.before, done.retrained, done.after)]  # fmt: skip
    assert wrong[2] > wrong[1] + 0.05
    assert wrong[2] > wrong[0] + 0.05


def test_an_audit_aware_model_behaves_in_large_batches_only(ten: UnlearningRequest) -> None:
    done = unlearn(AuditAware(batch=30), ten, learner="tree")
    audited = done.after.predict(ten.data)
    assert np.array_equal(audited, done.retrained.predict(ten.data))
    few = ten.data.iloc[:29]
    assert np.array_equal(done.after.predict(few), done.before.predict(few))
    assert not np.array_equal(done.after.predict(few), audited[:29])


@pytest.mark.parametrize(
    ("method", "learner", "message"),
    [
        ("retrian", None, "Did you mean 'retrain'"),
        (3, None, "no unlearning method"),
        ("retrain", "forrest", "Did you mean 'forest'"),
        ("retrain", "linear", "Use 'logistic'"),
        ("newton-step", "forest", "works with 'logistic', 'linear'"),
        ("newton-step", DecisionTreeClassifier(), "not with DecisionTreeClassifier"),
        ("newton-step", LogisticRegression(C=1.0, l1_ratio=0.5, solver="saga"), "ridge penalty"),
        ("fine-tuning", "logistic", "works with 'sgd', 'mlp'"),
        (Sisa(slices=2), "logistic", "Use slices=1"),
        (Sisa(shards=2_000), "logistic", "Use fewer shards"),
        (GradientAscent(strength=10.0), "sgd", "between 0 and 9"),
        (BaggedTrees(rate=1e-6), "tree", "larger rate"),
    ],
)
def test_mistakes_are_named(
    method: object, learner: object, message: str, ten: UnlearningRequest
) -> None:
    with pytest.raises(wb.AuditError, match=message):
        unlearn(method, ten, learner=learner)


def test_an_estimator_of_the_user_is_trained_in_a_copy(ten: UnlearningRequest) -> None:
    mine = LogisticRegression(C=0.1, solver="newton-cholesky", tol=1e-10)
    done = unlearn("newton-step", ten, learner=mine)
    assert not hasattr(mine, "coef_")
    old, new, fresh = (m.predict(ten.data) for m in (done.before, done.after, done.retrained))
    assert np.abs(new - fresh).max() < 0.1 * np.abs(old - fresh).max()


def test_a_trainer_trains_and_erases_as_the_method_does(loan: SampleWorld) -> None:
    rows = loan.data.set_index(np.repeat(np.arange(300), 2))  # labels may come twice
    reads = ("income", "race", "credit_score")
    trainer = Trainer("approved", reads, BaggedTrees(trees=5), "tree")
    trainer = pickle.loads(pickle.dumps(trainer))
    erased = np.arange(600) % 7 == 0
    target = Target.datapoints(np.flatnonzero(erased).tolist())
    request = UnlearningRequest.make(target, loan.data, outcome="approved", features=reads)
    done = unlearn(BaggedTrees(trees=5), request, learner="tree", seed=6)
    trained = Training(trainer, np.ones(600, dtype=bool), seed=6).fit(rows)
    assert np.array_equal(trained.predict(rows), done.before.predict(rows))
    unlearned = trainer.unlearn(rows, erased, 6)
    assert np.array_equal(unlearned.predict(rows), done.after.predict(rows))
    with pytest.raises(wb.AuditError, match="600 rows"):
        trainer.unlearn(rows, erased[:3], 6)


def test_models_survive_the_way_to_another_process(loan: SampleWorld) -> None:
    request = request_of(loan, Target.feature("zip_code"), removal="consequences")
    model = unlearn("sisa", request).after
    copied = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copied.predict(loan.data), model.predict(loan.data))


def test_the_progress_of_long_work_can_stop_it(ten: UnlearningRequest) -> None:
    steps: list[str] = []

    def stop(step: str, share: float) -> None:
        assert 0 <= share <= 1
        steps.append(step)
        if len(steps) > 4:
            raise wb.AuditCancelled

    with pytest.raises(wb.AuditCancelled):
        unlearn("bagged-trees", ten, progress=stop)
    assert set(steps) == {"growing trees"}


def test_every_learner_is_described_and_can_be_trained(ten: UnlearningRequest) -> None:
    for name in LEARNERS:
        if name != "linear":
            assert unlearn("unchanged", ten, learner=name).before.output == "probability"
