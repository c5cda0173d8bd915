"""Membership evidence from the training function to the finding."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

import workbench as wb
from workbench.checks.membership import (
    MembershipEvidence,
    membership_evidence,
    one_run_audit,
    u_lira,
)
from workbench.checks.membership.outline import outline
from workbench.checks.membership.reference_models import train_models
from workbench.common.blocks import About
from workbench.common.errors import AuditCancelled, DataError, ModelError, TargetError
from workbench.models.training import Training

N = 600
FEATURES = ["a", "b"]


def table(seed: int = 0, n: int = N) -> pd.DataFrame:
    """Outcomes that the features tell little about, so that only memory tells them surely."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    y = (a + rng.logistic(size=n) > 0).astype(int)
    return pd.DataFrame({"a": a, "b": b, "y": y, "cost": a + rng.normal(size=n)})


def remember(rows: pd.DataFrame, seed: int) -> Any:
    """The nearest rows, the very row first: a model that knows its rows by heart."""
    known = rows[rows["y"].notna()]
    near = KNeighborsClassifier(5, weights="distance")
    return near.fit(known[FEATURES], known["y"])


def ignore(rows: pd.DataFrame, seed: int) -> Any:
    """What does not depend on the rows at all, but on the seed a little."""
    tilt = 1 + np.random.default_rng(seed).normal() / 20
    return wb.BlackBoxModel(
        lambda asked: 1 / (1 + np.exp(-tilt * asked["a"])), features=FEATURES, output="probability"
    )


def world(
    train: Callable[[pd.DataFrame, int], Any],
    *,
    seed: int = 0,
    n_erased: int = 60,
    model: Any = None,
    outcome: str = "y",
) -> tuple[wb.AuditCase, wb.UnlearningTarget, Training, np.ndarray]:
    """Half of the rows were trained on; some of these are to be erased, and are not yet."""
    data = table(seed)
    rng = np.random.default_rng([seed, 1])
    rows = rng.permutation(N) < N // 2
    erased = np.zeros(N, dtype=bool)
    erased[rng.choice(np.flatnonzero(rows), n_erased, replace=False)] = True
    training = Training(train, rows)
    case = wb.AuditCase(
        data,
        training.fit(data, features=FEATURES) if model is None else model,
        wb.CausalGraph([("a", "b")]),
        outcome=outcome,
        features=None if model is None else FEATURES,
    )
    return case, wb.UnlearningTarget.datapoints(data.index[erased]), training, erased


def with_model(case: wb.AuditCase, model: Any) -> wb.AuditCase:
    return wb.AuditCase(case.data, model, case.graph, outcome=case.outcome)


def quickly(*asked: Any, **options: Any) -> MembershipEvidence:
    return membership_evidence(*asked, **({"references": 8, "workers": 1} | options))


def test_a_model_that_kept_the_records_shows_traces() -> None:
    case, target, training, _ = world(remember)
    found = quickly(case, target, training, attacks=["loss", "lira", "lira-offline", "rmia"])
    assert found.decision == "traces"
    assert found.chance == 1.0
    for attack in found.attacks:
        assert attack.power.auc.value > 0.75
        assert attack.result.auc.low > 0.6
    assert "Traces of the erased records found" in found.sentences()[0]
    assert "proved" not in " ".join(found.sentences())


def by_heart(rows: pd.DataFrame, seed: int) -> Any:
    """Certain of every row it was given, and knows nothing of any other."""
    known = dict(zip(rows["b"], rows["y"] * 0.98 + 0.01, strict=True))
    return wb.BlackBoxModel(
        lambda asked: asked["b"].map(known).fillna(0.5), features=FEATURES, output="probability"
    )


def test_every_attack_sees_a_model_that_learns_by_heart() -> None:
    case, target, training, erased = world(by_heart)
    found = quickly(case, target, training, attacks=["loss", "lira", "lira-offline", "rmia"])
    for attack in found.attacks:
        assert attack.power.auc.value == attack.result.auc.value == 1.0
        assert attack.power.tpr_01.value == attack.chance == 1.0
    clean = training.fit(case.data, training.rows & ~erased, features=FEATURES)
    found = quickly(with_model(case, clean), target, training)
    assert found.decision == "not found" and found.chance == 1.0


def test_a_retrained_model_treats_them_as_never_seen() -> None:
    case, target, training, erased = world(remember)
    clean = training.fit(case.data, training.rows & ~erased)
    found = quickly(with_model(case, clean), target, training)
    assert found.decision == "not found"
    assert found.chance > 0.9
    for attack in found.attacks:
        assert attack.power.auc.low > 0.6
        assert attack.result.auc.low < 0.5 < attack.result.auc.high
    assert "never seen, as far as these attacks can see" in found.finding
    # Where only one side was asked, the words do not cover the other.
    one_side = tuple(test for test in found.tests if test.question == "higher")
    assert 0 < len(one_side) < len(found.tests)
    said = replace(found, tests=one_side).finding
    assert "No traces" in said and "was not asked" in said and "never seen" not in said


def test_a_model_without_memory_gives_no_evidence_either_way() -> None:
    case, target, training, _ = world(ignore)
    found = quickly(case, target, training)
    assert found.decision == "no evidence"
    assert found.chance < 0.3
    for attack in found.attacks:
        assert attack.power.auc.low < 0.5 < attack.power.auc.high
    assert found.finding.startswith("No evidence either way: these attacks hardly recognise")
    assert "AUC 0.5" in found.finding or "AUC 0.4" in found.finding


def test_flipped_labels_are_found_as_pushed_away() -> None:
    case, target, training, erased = world(remember)
    wrong = case.data.copy()
    wrong.loc[erased, "y"] = 1 - wrong.loc[erased, "y"]
    found = quickly(with_model(case, training.fit(wrong)), target, training)
    assert found.decision == "pushed away"
    assert "worse than equally hard records" in found.finding


def test_one_record_is_not_enough_unless_memory_is_total() -> None:
    case, _, training, erased = world(remember)
    row = int(np.flatnonzero(erased)[0])
    target = wb.UnlearningTarget.datapoints(row)
    clean = training.fit(case.data, training.rows & (np.arange(N) != row))
    found = quickly(with_model(case, clean), target, training)
    assert found.decision in ("no evidence", "not found")
    assert (found.decision == "not found") == (found.chance >= 0.8)
    assert found.records is not None and list(found.records.index) == [row]
    if found.decision == "no evidence":
        assert "not surely enough" in found.finding or "hardly" in found.finding
    said = " ".join(found.sentences())
    assert "Loss threshold: AUC" in said and "of the 1 erased record no AUC can be measured" in said
    assert "these 1 records" not in said and "at an error rate of 5 %" in said
    rates = found.to_frame().set_index("records")["auc"]
    assert rates["target"].isna().all() and rates["known members"].notna().all()
    shown = repr(outline(found, About(("x",), ("x",), "probability", 1)))
    assert "no rate can be measured" in shown
    marks = shown.split("Mark(")[1:]
    assert len(marks) == 3 and all(mark.startswith("series='known") for mark in marks)


def test_the_answer_does_not_depend_on_the_workers() -> None:
    # A lambda in a local variable: what a notebook would pass.
    train = lambda rows, seed: remember(rows, seed)  # noqa: E731
    case, target, training, _ = world(train)
    one = quickly(case, target, training, references=8)
    two = quickly(case, target, training, references=8, workers=2)
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    pd.testing.assert_frame_equal(one.records, two.records)
    again = quickly(case, target, training, references=8, seed=1)
    assert not one.to_frame().equals(again.to_frame())


def test_results_are_tables() -> None:
    case, target, training, erased = world(remember)
    found = quickly(case, target, training, attacks="lira-offline")
    frame = found.to_frame()
    assert frame["records"].tolist() == ["known members", "target"]
    assert frame["n"].tolist() == [N // 2 - 60, 60] and frame["n_unseen"].tolist() == [N // 2] * 2
    assert (frame["auc_low"] < frame["auc"]).all() and (frame["auc"] < frame["auc_high"]).all()
    assert frame["p_value"].notna().tolist() == [False, True]
    records = found.records
    assert records is not None and records.index.tolist() == np.flatnonzero(erased).tolist()
    assert records["lira-offline p_value"].between(0, 1).all()
    assert records["lira-offline p_value"].median() < 0.2


def test_a_failing_reference_loses_no_other() -> None:
    def fussy(rows: pd.DataFrame, seed: int) -> Any:
        if seed % 4 == 1:
            raise ValueError("an odd seed")
        return remember(rows, seed)

    case, target, training, _ = world(fussy)
    found = quickly(case, target, training)
    assert 0 < len(found.failures) < 8 and found.n_references + len(found.failures) == 8
    assert found.decision == "traces"
    assert any("an odd seed" in sentence for sentence in found.sentences())

    broken = Training(lambda rows, seed: 1 / 0, training.rows)
    with pytest.raises(ModelError, match="None of the 8 models"):
        quickly(case, target, broken)


def killed_at(places: set[int]) -> Callable[..., Any]:
    def make(data: pd.DataFrame, rows: np.ndarray, seed: int) -> Any:
        if seed in places:
            os._exit(3)
        return wb.BlackBoxModel(
            lambda asked: np.full(len(asked), seed / 10), features=["a"], output="value"
        )

    return make


def test_a_worker_that_dies_takes_no_other_model_with_it() -> None:
    data, seeds = table(n=20), range(3)
    done = train_models(
        killed_at({1}),
        data,
        [(np.ones(20, dtype=bool), seed) for seed in seeds],
        np.arange(3),
        features=["a"],
        output="value",
        workers=2,
        progress=lambda step, share: None,
        step="",
    )
    assert done.numbers.tolist() == [0, 2]
    assert done.scores.tolist() == [[0.0] * 3, [0.2] * 3]
    assert [failure.number for failure in done.failures] == [1]
    assert "its process ended" in done.failures[0].reason


def test_cancelling_ends_the_workers_at_once(tmp_path: Any) -> None:
    started = tmp_path / "started"

    def slow(rows: pd.DataFrame, seed: int) -> Any:
        with open(started, "a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(60)

    case, target, training, _ = world(remember)

    def stop(step: str, share: float) -> None:
        if started.exists() and started.read_text().count("\n") == 2:
            raise AuditCancelled

    clock = time.monotonic()
    with pytest.raises(AuditCancelled):
        membership_evidence(case, target, Training(slow, training.rows), workers=2, progress=stop)
    assert time.monotonic() - clock < 30
    for pid in map(int, started.read_text().split()):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_progress_ends_at_one_and_never_goes_back_within_a_step() -> None:
    case, target, training, _ = world(ignore)
    seen: dict[str, list[float]] = {}
    quickly(
        case, target, training, progress=lambda step, share: seen.setdefault(step, []).append(share)
    )
    assert list(seen) == ["Membership: reference models"]
    for shares in seen.values():
        assert shares == sorted(shares) and shares[-1] == 1


def test_a_function_that_no_process_can_get_is_refused_in_words() -> None:
    case, target, training, _ = world(remember)
    lock = threading.Lock()
    held = Training(lambda rows, seed: lock, training.rows)
    with pytest.raises(ModelError, match="workers=1"):
        membership_evidence(case, target, held, workers=2)


def test_values_are_attacked_by_their_errors() -> None:
    def near(rows: pd.DataFrame, seed: int) -> Any:
        return KNeighborsRegressor(5, weights="distance").fit(rows[FEATURES], rows["cost"])

    case, target, training, erased = world(near, outcome="cost")
    found = quickly(case, target, training)
    assert [attack.attack for attack in found.attacks] == ["loss", "lira"]
    assert found.decision == "traces"
    clean = training.fit(case.data, training.rows & ~erased)
    assert quickly(with_model(case, clean), target, training).decision == "not found"
    with pytest.raises(ModelError, match="RMIA compares probabilities"):
        quickly(case, target, training, attacks=["rmia"])


def test_log_odds_and_text_outcomes_mean_the_same() -> None:
    def odds(rows: pd.DataFrame, seed: int) -> Any:
        chance = ignore(rows, seed)
        return wb.BlackBoxModel(
            lambda asked: np.log(chance.predict(asked) / (1 - chance.predict(asked))),
            features=FEATURES,
            output="log-odds",
        )

    case, target, training, _ = world(ignore)
    plain = quickly(case, target, training)
    other = Training(odds, training.rows)
    data = case.data.assign(y=np.where(case.data["y"] == 1, "yes", "no"))
    words = wb.AuditCase(data, other.fit(data), case.graph, outcome="y")
    same = quickly(words, target, other)
    pd.testing.assert_frame_equal(plain.to_frame(), same.to_frame())
    # Scores of two kinds would be compared without a word.
    with pytest.raises(ModelError, match=r"'probability'.*'log-odds'"):
        quickly(words, target, training)


def test_an_estimator_says_which_class_it_speaks_of() -> None:
    case, target, training, _ = world(remember)
    model = remember(case.data[training.rows], 0)
    other = wb.BlackBoxModel.from_estimator(model, positive=0)
    turned = quickly(with_model(case, other), target, training, attacks=["loss"])
    assert turned.power["loss"].auc.value > 0.9


def test_records_without_an_outcome_are_left_out_and_said() -> None:
    case, target, training, erased = world(remember)
    data = case.data.astype({"y": float})
    data.loc[np.flatnonzero(erased)[:10], "y"] = np.nan
    blank = wb.AuditCase(data, case.model, case.graph, outcome="y")
    found = quickly(blank, target, training, attacks=["loss"])
    assert found.result["loss"].n_records == 50
    assert any("10 erased records without an outcome" in note for note in found.notes)


def test_what_cannot_be_asked_is_refused_in_words() -> None:
    case, target, training, _ = world(remember)
    with pytest.raises(TargetError, match="whole records"):
        quickly(case, wb.UnlearningTarget.feature("a"), training)
    with pytest.raises(TargetError, match="whole records"):
        quickly(case, wb.UnlearningTarget.datapoints([1], ["a"]), training)
    stranger = int(np.flatnonzero(~training.rows)[0])
    with pytest.raises(TargetError, match="never trained on"):
        quickly(case, wb.UnlearningTarget.datapoints([stranger]), training)
    with pytest.raises(DataError, match="data has 600"):
        quickly(case, target, Training(remember, [True, True]))
    with pytest.raises(DataError, match="say the outcome"):
        quickly(wb.AuditCase(case.data, case.model, case.graph), target, training)
    with pytest.raises(DataError, match="0 records that were never trained on"):
        quickly(case, target, Training(remember, np.ones(N, dtype=bool)))
    with pytest.raises(ModelError, match="Did you mean 'lira'"):
        quickly(case, target, training, attacks=["lyra"])
    with pytest.raises(ModelError, match="at least 8"):
        quickly(case, target, training, references=2)
    with pytest.raises(ModelError, match="at least 1"):
        quickly(case, target, training, workers=0)


def noisy(rows: pd.DataFrame, seed: int) -> Any:
    """Remembers, and depends on its seed as a forest does."""
    rng = np.random.default_rng(seed)
    return remember(rows.iloc[np.unique(rng.integers(0, len(rows), len(rows)))], seed)


def test_u_lira_tells_a_fraud_from_retraining_and_retraining_from_nothing() -> None:
    case, target, training, _ = world(noisy, n_erased=30)
    options: Any = {"models": 8, "workers": 1, "share": 1.0}
    fraud = u_lira(case, target, training, lambda rows, erased, seed: noisy(rows, seed), **options)
    assert fraud.decision == "traces"
    assert fraud.result.auc.low > 0.6 and fraud.result.accuracy.low > 0.5
    honest = u_lira(
        case, target, training, lambda rows, erased, seed: noisy(rows[~erased], seed), **options
    )
    assert honest.decision == "not found"
    assert honest.result.auc.low < 0.5 < honest.result.auc.high
    assert honest.power.auc.low > 0.6
    assert honest.records is not None and len(honest.records) == 30
    assert honest.to_frame()["models"].tolist() == ["kept", "unlearned"]
    assert fraud.records is not None
    assert fraud.records["accuracy"].mean() == pytest.approx(fraud.result.accuracy.value)


def test_u_lira_is_two_sided() -> None:
    def flip(rows: pd.DataFrame, erased: np.ndarray, seed: int) -> Any:
        return noisy(rows.assign(y=np.where(erased, 1 - rows["y"], rows["y"])), seed)

    case, target, training, _ = world(noisy, n_erased=30)
    found = u_lira(case, target, training, flip, models=8, workers=1)
    assert found.decision == "pushed away"
    assert found.result.auc.low > 0.6
    assert "pushed away rather than forgotten" in found.finding


def test_u_lira_takes_models_that_were_delivered() -> None:
    case, target, training, erased = world(noisy, n_erased=30)
    kept = [training.fit(case.data, seed=seed) for seed in range(100, 108)]
    clean = [training.fit(case.data, training.rows & ~erased, seed) for seed in range(8)]
    found = u_lira(case, target, training, kept, retrained=clean, models=8, workers=1)
    assert found.decision == "traces"
    # One delivered model among 24 retrained ones: the least p-value is 1/25.
    single = u_lira(case, target, training, kept[:1], models=24, workers=1)
    assert np.isnan(single.result.auc.value)
    assert single.result.higher == pytest.approx(3 / 25, abs=0.02)
    assert single.decision == "not found"


def test_u_lira_without_memory_gives_no_evidence() -> None:
    case, target, training, _ = world(ignore, n_erased=30)
    found = u_lira(
        case, target, training, lambda rows, erased, seed: ignore(rows, seed), models=8, workers=1
    )
    assert found.decision == "no evidence"


def test_u_lira_needs_models_that_differ() -> None:
    def exact(rows: pd.DataFrame, seed: int) -> Any:
        return LinearRegression().fit(rows[FEATURES], rows["cost"])

    case, target, training, _ = world(exact, outcome="cost")
    with pytest.raises(ModelError, match="do not differ"):
        u_lira(case, target, training, lambda r, e, s: exact(r[~e], s), share=1.0, workers=1)


def test_one_run_bounds_a_total_leak_and_not_a_model_without_memory() -> None:
    case, _, training, _ = world(remember)
    leak = one_run_audit(case, training, canaries=400, workers=1)
    assert leak.n_canaries == 400 and leak.n_guesses == 80
    assert leak.n_correct > 70 and leak.epsilon > 1.5
    assert "not differentially private" in leak.sentences()[1]
    silent_model, _, its, _ = world(ignore)
    nothing = one_run_audit(silent_model, its, canaries=400, workers=1)
    assert nothing.epsilon < 0.5
    assert one_run_audit(case, training, canaries=400, workers=2).n_correct == leak.n_correct
    wrong = one_run_audit(case, training, canaries=400, workers=1, mislabelled=True)
    assert wrong.epsilon > 1.5
    assert leak.to_frame()["epsilon"].tolist() == [leak.epsilon]


@pytest.mark.slow
@pytest.mark.parametrize("chosen", ["at random", "the hardest", "by kind"])
def test_a_model_that_forgot_is_accused_no_more_often_than_alpha(chosen: str) -> None:
    repeats, found = 60, 0
    for seed in range(repeats):
        case, target, training, erased = world(remember, seed=seed, n_erased=30)
        if chosen != "at random":
            against = case.data["a"] * (1 - 2 * case.data["y"])
            kind = against if chosen == "the hardest" else case.data["b"]
            erased = case.data.index.isin(kind[training.rows].nlargest(30).index)
            target = wb.UnlearningTarget.datapoints(case.data.index[erased])
        clean = with_model(case, training.fit(case.data, training.rows & ~erased))
        found += quickly(clean, target, training).decision in ("traces", "pushed away")
    # 60 tosses at 5 % come out above 8 in 0.3 % of cases.
    assert found <= 8
