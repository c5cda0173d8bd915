"""The attacks and their figures on arrays whose answers are known."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from workbench.checks.membership.attacks import calibrated, lira, lira_offline, loss_threshold, rmia
from workbench.checks.membership.figures import attack_figures, clopper_pearson, delong_auc
from workbench.checks.membership.one_run import epsilon_lower_bound, one_run_p_value
from workbench.checks.membership.reference_models import balanced_parts
from workbench.checks.membership.signals import Signals, difficulty
from workbench.checks.membership.trace_tests import (
    difficulty_strata,
    excess,
    record_p_values,
    trace_tests,
)
from workbench.common.errors import DataError, ModelError


def logit(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))


def shadow_world(seed: int, models: int = 40, n: int = 2_000, memory: float = 1.0):
    """Records of very different difficulty; a model that saw one raises its log-odds a little."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 2, n)
    seen = balanced_parts(models, n, 0.5, rng)
    inside = np.arange(n) < n // 2
    noise = rng.normal(0, 0.5, (models + 1, n))
    odds = hard + memory * np.vstack([inside, seen]) + noise
    outcome = rng.integers(0, 2, n).astype(float)
    chance = 1 / (1 + np.exp(-odds))
    scores = np.where(outcome > 0, chance, 1 - chance)
    return Signals(outcome, "probability"), scores[0], scores[1:], seen, inside


def test_attacks_with_references_beat_the_loss_where_difficulty_hides_memory() -> None:
    signals, own, others, seen, inside = shadow_world(1)
    out = np.flatnonzero(~inside)
    found = {
        "loss": loss_threshold(signals, own),
        "lira": lira(signals, own, others, seen),
        "offline": lira_offline(signals, own, others, seen),
        "rmia": rmia(signals, own, others, seen, out),
    }
    auc = {name: roc_auc_score(inside, scores) for name, scores in found.items()}
    # The best that can be done at a shift of 1 with a spread of 0.5 is Φ(1 / (0.5 √2)) = 0.921.
    best = stats.norm.cdf(1 / (0.5 * np.sqrt(2)))
    assert auc["lira"] == pytest.approx(best, abs=0.015)
    assert auc["offline"] == pytest.approx(best, abs=0.02)
    assert auc["rmia"] > auc["loss"] + 0.1
    assert auc["loss"] < 0.7


def test_no_memory_no_attack() -> None:
    signals, own, others, seen, inside = shadow_world(2, memory=0.0)
    out = np.flatnonzero(~inside)
    for scores in (
        loss_threshold(signals, own),
        lira(signals, own, others, seen),
        lira_offline(signals, own, others, seen),
        rmia(signals, own, others, seen, out),
    ):
        estimate = delong_auc(scores[inside], scores[~inside], level=0.999)
        assert estimate.low < 0.5 < estimate.high


def test_lira_is_the_likelihood_ratio_of_the_records_own_gaussians() -> None:
    signals = Signals(np.ones(1), "log-odds")
    inside, outside = np.array([2.0, 3.0, 4.0]), np.array([-1.0, 0.0, 1.0])
    others = np.concatenate([inside, outside])[:, None]
    seen = np.array([True] * 3 + [False] * 3)[:, None]
    asked = np.array([1.7])
    expected = stats.norm.logpdf(1.7, 3, 1) - stats.norm.logpdf(1.7, 0, 1)
    for shared in (True, False):
        value = lira(signals, asked, others, seen, shared_spread=shared)
        assert value == pytest.approx(expected)
    assert lira_offline(signals, asked, others, seen) == pytest.approx(1.7)


def test_each_record_has_its_own_spread_when_asked_for() -> None:
    signals = Signals(np.ones(2), "log-odds")
    others = np.array([[0.0, 0.0], [2.0, 20.0], [-2.0, -20.0]])
    seen = np.zeros((3, 2), dtype=bool)
    own = lira_offline(signals, np.array([2.0, 20.0]), others, seen, shared_spread=False)
    assert own == pytest.approx([1.0, 1.0])
    shared = lira_offline(signals, np.array([2.0, 20.0]), others, seen, shared_spread=True)
    assert shared[1] == pytest.approx(10 * shared[0])


def test_rmia_counts_the_population_that_a_record_dominates() -> None:
    signals = Signals(np.ones(4), "probability")
    own = np.array([0.9, 0.4, 0.5, 0.6])
    others = np.full((2, 4), 0.5)
    seen = np.array([[True] * 4, [False] * 4])
    population = np.array([1, 2, 3])
    assert rmia(signals, own, others, seen, population).tolist() == [1, 0, 1 / 3, 2 / 3]
    assert rmia(signals, own, others, seen, population, gamma=2.0).tolist() == [1 / 3, 0, 0, 0]
    # a = 1 takes P(x) from the models that did not see x.
    others[0] = 0.9
    offline = rmia(signals, own, others, seen, population, offline=1.0)
    assert offline.tolist() == [1, 0, 1 / 3, 2 / 3]


def test_regression_works_on_errors_and_has_no_rmia() -> None:
    signals = Signals(np.array([1.0, 1.0]), "value")
    own = np.array([0.9, 0.2])
    others, seen = np.array([[0.0, 0.0], [0.4, 0.4]]), np.zeros((2, 2), dtype=bool)
    assert loss_threshold(signals, own) == pytest.approx([-0.01, -0.64])
    offline = lira_offline(signals, own, others, seen)
    assert offline[0] > 0 > offline[1] - 1e-9
    assert difficulty(signals, others, seen) == pytest.approx([-0.8, -0.8])
    with pytest.raises(ModelError, match="'lira-offline'"):
        rmia(signals, own, others, seen, np.array([0]))


def test_certain_votes_are_moved_inside_by_half_a_vote() -> None:
    signals = Signals(np.ones(3), "probability")
    (own,) = signals.shared(np.array([0.0, 0.1, 1.0]))
    assert own == pytest.approx(logit(np.array([0.05, 0.1, 0.95])))


def test_the_auc_is_sklearns_and_its_interval_covers() -> None:
    covered = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        mine, unseen = rng.normal(1, 1, 40), rng.normal(0, 1, 60)
        found = delong_auc(mine, unseen)
        covered += found.low <= stats.norm.cdf(1 / np.sqrt(2)) <= found.high
    labels = np.repeat([1, 0], [40, 60])
    assert found.value == pytest.approx(roc_auc_score(labels, np.concatenate([mine, unseen])))
    assert 0.92 <= covered / 400 <= 0.98


def test_strata_take_out_what_is_only_difficulty() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], 500), np.repeat([0, 1], [900, 100])
    mine = 3.0 * groups[0] + rng.normal(size=1_000)
    unseen = 3.0 * groups[1] + rng.normal(size=1_000)
    assert delong_auc(mine, unseen).value > 0.65
    assert delong_auc(mine, unseen, strata=groups).value == pytest.approx(0.5, abs=0.03)


def test_figures_of_total_and_of_no_separation() -> None:
    perfect = attack_figures(np.arange(100, 150.0), np.arange(2_000.0) / 100)
    assert perfect.auc.value == perfect.tpr_1.value == perfect.balanced_accuracy.value == 1.0
    assert 0.9 < perfect.auc.low < 1
    same = attack_figures(np.zeros(50), np.zeros(50))
    assert (same.auc.value, same.tpr_1.value, same.balanced_accuracy.value) == (0.5, 0.0, 0.5)
    # 20 of 2,000 others may be accused at 1 %, 2 at 0.1 %.
    spread = attack_figures(np.array([1_979.5, 1_997.5, 5.0]), np.arange(2_000.0))
    assert spread.tpr_1.value == pytest.approx(2 / 3)
    assert spread.tpr_01.value == pytest.approx(1 / 3)


def test_clopper_pearson_is_the_binomial_tests_inverse() -> None:
    low, high = stats.binomtest(7, 30).proportion_ci(0.95, "exact")
    assert clopper_pearson(7, 30).low == pytest.approx(low)
    assert clopper_pearson(7, 30).high == pytest.approx(high)


@pytest.mark.parametrize(("records", "clean"), [(1, 4), (50, 8)])
def test_trace_tests_keep_their_level_when_records_share_their_luck(
    records: int, clean: int
) -> None:
    rng = np.random.default_rng(0)
    repeats, false, found = 2_000, np.zeros(2), 0
    for _ in range(repeats):
        # Half of the variance is common to all records of one training.
        scores = rng.normal(size=(clean + 1, 1)) + rng.normal(size=(clean + 1, records))
        means = scores.mean(axis=1) / np.sqrt(2)
        false += np.array(trace_tests(means[0], means[1:], records)) <= 0.05
        found += trace_tests(means[0] + 6, means[1:], records)[0] <= 0.05
    assert (false / repeats <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)).all()
    assert (false / repeats > 0.003).all()  # it is careful with few records
    assert found / repeats > 0.9


def test_the_trace_test_is_the_t_test_of_one_new_draw() -> None:
    clean = np.array([-2.0, 0.0, 1.0, 3.0, 0.5])
    higher, lower = trace_tests(4.0, clean, 10_000)
    expected = stats.ttest_ind([4.0], clean, alternative="greater").pvalue
    assert higher == pytest.approx(expected)
    assert higher + lower == pytest.approx(1)
    # Models that agree by luck do not make any difference a certain one.
    assert trace_tests(0.1, np.zeros(8), 4)[0] > 0.4


def test_excess_is_taken_among_equally_hard_records_that_the_model_did_not_see() -> None:
    mine = np.array([[3.0, 5.0]])
    unseen = np.array([[0.0, 2.0, 9.0, 4.0]])
    strata = np.array([0, 1]), np.array([0, 0, 0, 1])
    blind = np.array([[True, True, False, True]])
    assert excess(mine, unseen, blind, strata).tolist() == [(3 - 1) / 2 + (5 - 4) / 2]


def test_calibrated_scores_do_not_know_how_hard_a_record_is() -> None:
    signals, own, others, seen, inside = shadow_world(3, models=16)
    out = np.flatnonzero(~inside)
    hard = difficulty(signals, others, seen)
    raw = loss_threshold(signals, own)
    fair = calibrated("loss", signals, own, others, seen, out)
    assert fair.shape == (17, 2_000)
    assert abs(stats.spearmanr(raw[out], hard[out])[0]) > 0.9
    assert abs(stats.spearmanr(fair[0, out], hard[out])[0]) < 0.15
    assert roc_auc_score(inside, fair[0]) > roc_auc_score(inside, raw) + 0.1
    clean = fair[1:][~seen]
    assert abs(clean.mean()) < 1e-9 and 0.6 < clean.std() < 1.4


def test_a_records_p_value_is_its_place_among_equally_hard_ones() -> None:
    strata = np.array([0, 1]), np.array([0, 0, 0, 1])
    values = record_p_values(np.array([2.0, 2.0]), np.array([0.0, 1.0, 2.0, 9.0]), strata)
    assert values.tolist() == [2 / 4, 2 / 2]


def test_strata_without_an_unseen_record_join_a_neighbour() -> None:
    unseen = np.repeat([0.0, 1.0], 600)
    own, others = difficulty_strata(np.array([-5.0, 0.5, 0.0, 1.0, 7.0]), unseen)
    assert set(own) <= set(others)


def test_the_bound_on_epsilon_is_valid_for_randomised_response() -> None:
    @functools.cache
    def bound(right: int, delta: float) -> float:
        return epsilon_lower_bound(500, 500, right, delta=delta, confidence=0.95)

    for epsilon in (0.5, 2.0):
        chance = 1 / (1 + np.exp(-epsilon))
        rng = np.random.default_rng(7)
        bounds = [bound(int(right), 0.0) for right in rng.binomial(500, chance, 1_000)]
        assert np.mean(np.array(bounds) > epsilon) <= 0.06
        assert np.mean(bounds) > epsilon - 0.4
    # δ: with probability δ a canary tells everything.
    rng = np.random.default_rng(8)
    rights = rng.binomial(500, (1 - 0.01) / (1 + np.exp(-1.0)) + 0.01, 1_000)
    bounds = [bound(int(right), 0.01) for right in rights]
    assert np.mean(np.array(bounds) > 1.0) <= 0.05


def test_the_bound_says_nothing_of_luck_and_much_of_a_total_leak() -> None:
    assert epsilon_lower_bound(100, 100, 55) == 0.0
    assert epsilon_lower_bound(100, 100, 0) == 0.0
    assert epsilon_lower_bound(1_000, 200, 200) == pytest.approx(-np.log(0.05 ** (-1 / 200) - 1))
    assert epsilon_lower_bound(1_000, 200, 200, delta=1e-5) < epsilon_lower_bound(1_000, 200, 200)
    assert one_run_p_value(10, 10, 0, 0.0, delta=0.5) == 1.0
    with pytest.raises(DataError, match="impossible"):
        epsilon_lower_bound(10, 20, 5)
    with pytest.raises(DataError, match="delta"):
        epsilon_lower_bound(10, 5, 5, delta=1.0)
