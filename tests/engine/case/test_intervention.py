"""What a feature is set to: inside its observed domain, reproducibly, and by sensible defaults."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import AuditCase, CausalGraph, UnlearningTarget, cafe_effects, fuzzed_effects
from workbench.case.intervention import Contrast, Resample, Shift, Variation, vary
from workbench.common.errors import AuditError, InterventionError, TargetError
from workbench.tables.columns import Column, encode_column

RNG = np.random.default_rng(11)
N = 400


def column(values, name: str = "f") -> Column:
    return encode_column(name, pd.Series(values))


def varied(
    values, intervention=None, *, rows=None, predictions=None, parents=(), seed=0
) -> Variation:
    encoded = column(values)
    n = len(encoded.values)
    chosen = np.arange(n) if rows is None else np.asarray(rows)
    scores = np.zeros(n) if predictions is None else np.asarray(predictions, dtype=float)
    return vary(encoded, intervention, chosen, predictions=scores, parents=parents, seed=seed)


# ---- Contrast ------------------------------------------------------------------------------


def test_a_contrast_sets_every_row_to_both_levels() -> None:
    found = varied(list("abcd") * 5, Contrast("b", "d"), rows=[0, 7, 19])
    assert found.text == "b → d" and found.feature == "f"
    assert found.before.tolist() == [1, 1, 1] and [a.tolist() for a in found.after] == [[3, 3, 3]]
    assert found.levels.tolist() == [1, 3]
    numbers = varied(np.arange(10.0), Contrast(2, 7.5), rows=[4, 5])
    assert numbers.before.tolist() == [2.0, 2.0] and numbers.after[0].tolist() == [7.5, 7.5]


@pytest.mark.parametrize(
    ("values", "contrast", "message"),
    [
        (np.arange(10.0), Contrast(-1, 5), r"-1 lies outside the observed range of 'f', 0 to 9"),
        (np.arange(10.0), Contrast(1, 9.01), r"9.01 lies outside the observed range"),
        (np.arange(10.0), Contrast(1, "many"), r"'f' holds numbers, but .* names 'many'"),
        (np.arange(10.0), Contrast(1, True), r"'f' holds numbers, but .* names True"),
        (np.arange(10.0), Contrast(1, np.nan), r"nan lies outside the observed range"),
        (np.arange(10.0), Contrast(3, 3.0), r"from 3 to the same level. Name two different"),
        (list("abc") * 3, Contrast("a", "A"), r"'f' never takes the level 'A' in the data"),
        (["red", "green"] * 3, Contrast("red", "grene"), r"Did you mean 'green'\?"),
        (["red", "green"] * 3, Contrast("red", None), r"never takes the level None"),
        ([False, True] * 3, Contrast(False, 0), r"to the same level"),
    ],
)
def test_a_contrast_outside_the_domain_is_refused(values, contrast, message: str) -> None:
    with pytest.raises(InterventionError, match=message):
        varied(values, contrast)


def test_a_constant_feature_cannot_be_varied() -> None:
    for values in (np.ones(9), ["x"] * 9, [True] * 9):
        for intervention in (None, Contrast(1, 2), Resample(3), Shift(1)):
            with pytest.raises(InterventionError, match="'f' has the same value in every row"):
                varied(values, intervention)


def test_a_number_or_nothing_is_told_from_a_constant() -> None:
    with pytest.raises(
        InterventionError, match=r"'f' is 1 in every row that has a number; .*'category'"
    ):
        varied(np.r_[np.ones(8), np.nan])


def test_what_is_no_intervention_is_refused() -> None:
    for wrong in ("up", 3, (0, 1), [Contrast(0, 1)]):
        with pytest.raises(InterventionError, match=r"is no intervention. Use wb.Contrast"):
            varied(np.arange(10.0), wrong)


# ---- defaults ------------------------------------------------------------------------------


def test_default_of_two_levels_is_low_to_high() -> None:
    falling = -np.arange(40.0)  # the direction must not follow the predictions
    for values in ([0, 1], [False, True], ["no", "yes"], [2.5, 7.0]):
        found = varied(values * 20, predictions=falling)
        assert (found.before[0], found.after[0][0]) == (0, 1)
    declared = pd.Categorical(["low", "high"] * 20, categories=["low", "high"], ordered=True)
    assert varied(declared).text == "low → high"


def test_default_of_two_levels_and_missing_is_low_to_high() -> None:
    values = np.array([0.0, 1.0, np.nan, 1.0] * 10)
    found = varied(values, predictions=np.where(values == 1, 0.0, 1.0))
    assert found.text == "0 → 1"


def test_default_of_numbers_is_from_the_first_to_the_third_quartile() -> None:
    values = RNG.normal(size=N)
    found = varied(values)
    low, high = found.before[0], found.after[0][0]
    assert {low, high} <= set(values)  # observed levels, nothing in between
    assert (values <= low).mean() == pytest.approx(0.25, abs=1 / N)
    assert (values <= high).mean() == pytest.approx(0.75, abs=1 / N)
    gaps = values.copy()
    gaps[::7] = np.nan
    again = varied(gaps)
    assert np.nanmean(gaps <= again.before[0]) == pytest.approx(0.25 * 6 / 7, abs=0.01)


def test_default_of_numbers_that_rarely_move_still_moves() -> None:
    capital_gain = np.r_[np.zeros(90), np.arange(1, 11) * 1000.0]
    found = varied(capital_gain)
    # About the median of the others, 5,000: not to the last digit what one person has.
    assert found.before[0] == 0 and found.after[0][0] == pytest.approx(5_000, rel=0.01)
    rarer = np.r_[np.zeros(997), 5.0, 7.0, 9.0]
    found = varied(rarer)
    assert (found.before[0], found.after[0][0]) == (0.0, 7.0)
    below = np.r_[np.full(90, 40.0), np.arange(10, 20)]
    assert varied(below).text == "14 → 40"  # low to high, whichever is the common one


def test_default_of_categories_is_the_widest_contrast_of_common_levels() -> None:
    counts = {"a": 40, "b": 30, "c": 26, "rare": 4}
    values = np.repeat(list(counts), list(counts.values()))
    score = {"a": 0.5, "b": 0.2, "c": 0.9, "rare": 99.0}
    found = varied(values, predictions=[score[v] for v in values])
    assert found.text == "b → c"  # 'rare' lies further out, but holds 4 % of the rows
    flipped = varied(values, predictions=[-score[v] for v in values])
    assert flipped.text == "c → b"
    at_five = np.repeat(["a", "b", "c", "rare"], [39, 30, 26, 5])
    assert varied(at_five, predictions=[score[v] for v in at_five]).text == "b → rare"


def test_missing_is_never_a_default_level() -> None:
    values = np.array(["a", "b", "c", None] * 10, dtype=object)
    score = [{"a": 0.1, "b": 0.2, "c": 0.3, None: 9.0}[v] for v in values]
    assert varied(values, predictions=score).text == "a → c"
    mostly = np.array(["a", "b", "c", *[None] * 97], dtype=object)
    assert "missing" not in varied(mostly, predictions=np.arange(100.0)).text


def test_one_level_and_missing_has_no_default() -> None:
    """Nobody can be set to "missing": the auditor must ask for that contrast by name."""
    values = np.array(["yes", None] * 10, dtype=object)
    try:
        found = varied(values)
    except InterventionError:
        return
    assert "missing" not in found.text


def test_a_constant_model_still_gets_a_contrast_of_two_levels() -> None:
    found = varied(list("abcd") * 10)
    assert found.before[0] != found.after[0][0]


def test_defaults_are_those_of_all_rows_not_of_the_target() -> None:
    values = np.arange(100.0)
    assert varied(values, rows=[99]).text == varied(values).text == "24 → 74"


# ---- Shift ---------------------------------------------------------------------------------


@given(st.floats(-50, 50).filter(bool), st.integers(0, 99))
def test_a_shift_never_leaves_the_observed_range(delta: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=30)
    found = varied(values, Shift(delta))
    (after,) = found.after
    np.testing.assert_array_equal(found.before, values)
    assert values.min() <= after.min() and after.max() <= values.max()
    inside = (values + delta >= values.min()) & (values + delta <= values.max())
    np.testing.assert_array_equal(after[inside], (values + delta)[inside])


def test_a_shift_keeps_whole_numbers_whole_and_missing_missing() -> None:
    found = varied(np.array([1, 2, 3, 9]), Shift(2))
    assert found.after[0].tolist() == [3, 4, 5, 9] and found.text == "shifted by +2"
    gaps = varied(np.array([1.5, np.nan, 3.0, 9.0]), Shift(-1))
    np.testing.assert_array_equal(gaps.after[0], [1.5, np.nan, 2.0, 8.0])


def test_shifts_that_make_no_sense() -> None:
    for wrong in (0, 0.0, np.nan, np.inf, "1", True, None):
        with pytest.raises(InterventionError, match="Shift takes a number other than 0"):
            Shift(wrong)
    with pytest.raises(InterventionError, match="holds whole numbers; shift it by a whole"):
        varied(np.arange(9), Shift(0.5))
    with pytest.raises(InterventionError, match=r"not a number that could be shifted. Use Contr"):
        varied(list("abc") * 3, Shift(1))


def test_numpy_numbers_are_numbers() -> None:
    assert varied(np.arange(9), Shift(np.int64(2))).after[0].tolist()[:2] == [2, 3]
    assert len(varied(np.arange(9), Resample(np.int64(4))).after) == 4


# ---- Resample ------------------------------------------------------------------------------


def test_resampling_draws_from_the_feature_and_nothing_else() -> None:
    values = np.r_[RNG.normal(size=N - 3), [50.0, 51.0, 52.0]]
    found = varied(values, Resample(25), rows=np.arange(200))
    np.testing.assert_array_equal(found.before, values[:200])
    assert len(found.after) == 25 and all(a.shape == (200,) for a in found.after)
    drawn = np.concatenate(found.after)
    assert set(drawn) <= set(values)
    assert drawn.max() >= 50  # of all rows, not of the target's
    error = values.std() / np.sqrt(len(drawn))
    assert abs(drawn.mean() - values.mean()) < 4 * error
    assert "all rows, 25 draws" in found.text


def test_resampling_is_the_same_for_the_same_seed() -> None:
    values = RNG.normal(size=N)
    one, two = (varied(values, Resample(3), seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.after, two.after)
    assert not np.array_equal(one.after, varied(values, Resample(3), seed=6).after)
    first, second = one.after[:2]
    assert not np.array_equal(first, second)


def test_two_features_are_not_resampled_from_the_same_rows() -> None:
    values = np.arange(float(N))
    rows = np.arange(N)
    a, b = (
        vary(column(values, name), Resample(1), rows, predictions=np.zeros(N)).after[0]
        for name in "ab"
    )
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.2


def test_given_parents_draws_from_similar_rows() -> None:
    parent = RNG.normal(size=2000)
    values = 3 * parent + 0.1 * RNG.normal(size=2000)
    causes = [column(parent, "p")]
    near = varied(values, Resample(5, given="parents"), parents=causes)
    far = varied(values, Resample(5), parents=causes)
    moved_near = np.abs(np.stack(near.after) - values)
    moved_far = np.abs(np.stack(far.after) - values)
    assert moved_near.mean() < 0.3 < 2 < moved_far.mean()
    assert "similar parents" in near.text
    assert set(np.concatenate(near.after)) <= set(values)
    inner = np.abs(parent) < 1  # dense there: 50 neighbours are all near
    assert moved_near[:, inner].max() < 1.0


def test_given_parents_respects_categories() -> None:
    group = np.repeat(["u", "v", "w", None], 300)
    values = np.repeat([0.0, 10.0, 20.0, 30.0], 300) + RNG.normal(size=1200)
    found = varied(values, Resample(4, given="parents"), parents=[column(group, "g")])
    assert np.abs(np.stack(found.after) - values).max() < 9
    # All rows of a group are equally near: the draws must not all come from the same few.
    assert len(np.unique(np.stack(found.after)[:, :300])) >= 45


def test_given_parents_without_parents_draws_from_all_rows() -> None:
    found = varied(np.arange(50.0), Resample(2, given="parents"))
    assert "all rows" in found.text


def test_resamples_that_make_no_sense() -> None:
    for draws in (0, -1, 1001, 2.5, "3", None):
        with pytest.raises(InterventionError, match="Resample takes 1 to 1,000 draws"):
            Resample(draws)
    with pytest.raises(InterventionError, match="only 'parents' is known"):
        Resample(3, given="children")


# ---- through the two estimators ------------------------------------------------------------


def small_case() -> AuditCase:
    rng = np.random.default_rng(3)
    a = rng.normal(size=300)
    b = a + rng.normal(size=300)
    c = a - b + rng.normal(size=300)
    data = pd.DataFrame({"a": a, "b": b, "c": c})
    return AuditCase(
        data=data,
        model=lambda rows: rows["a"] + 2 * rows["b"] - rows["c"],
        graph=CausalGraph([("a", "b"), ("a", "c"), ("b", "c")]),
        features=["a", "b", "c"],
    )


@pytest.mark.parametrize("estimate", [cafe_effects, fuzzed_effects])
class TestBothEstimators:
    def test_each_feature_gets_its_own(self, estimate) -> None:
        chosen = {"a": Contrast(0, 1), "b": Shift(0.5)}
        table = estimate(
            small_case(), UnlearningTarget.features(["a", "b", "c"]), intervention=chosen
        )
        assert table["a"].intervention == "0 → 1" and table["b"].intervention == "shifted by +0.5"
        assert "→" in table["c"].intervention  # the default

    def test_a_shift_of_a_linear_model_is_its_coefficient(self, estimate) -> None:
        table = estimate(small_case(), UnlearningTarget.feature("c"), intervention=Shift(-0.1))
        rows = table.row_effects("c")["direct"]
        assert rows.median() == pytest.approx(0.1) and rows.min() >= -1e-12

    def test_resampling_averages_to_nothing_and_its_size_does_not(self, estimate) -> None:
        """Signed differences of draws from the marginal cancel; that is why sizes are reported."""
        entry = estimate(small_case(), UnlearningTarget.feature("a"), intervention=Resample(20))[
            "a"
        ]
        sizes = entry.rows.total_size
        assert abs(entry.total.value) < 0.3 * sizes.mean() and sizes.mean() > 1
        assert (sizes >= np.abs(entry.rows.total) - 1e-12).all()


def test_fuzzing_refuses_an_intervention_on_a_feature_outside_the_target() -> None:
    with pytest.raises(TargetError, match="'zap', which is not in the target"):
        fuzzed_effects(
            small_case(), UnlearningTarget.feature("a"), intervention={"zap": Contrast(0, 1)}
        )


def test_cafe_refuses_an_intervention_on_a_feature_outside_the_target() -> None:
    with pytest.raises(TargetError, match="'zap', which is not in the target"):
        cafe_effects(
            small_case(), UnlearningTarget.feature("a"), intervention={"zap": Contrast(0, 1)}
        )


def test_any_mapping_is_checked_not_only_a_dict() -> None:
    with pytest.raises(TargetError, match="'zap', which is not in the target"):
        fuzzed_effects(
            small_case(),
            UnlearningTarget.feature("a"),
            intervention=MappingProxyType({"zap": Contrast(0, 1)}),
        )


def test_cafe_takes_different_numbers_of_draws_together() -> None:
    chosen = {"a": Contrast(0, 1), "b": Resample(3)}
    table = cafe_effects(small_case(), UnlearningTarget.features(["a", "b"]), intervention=chosen)
    assert np.isfinite(table.to_frame()["total"]).all()


def test_a_seed_that_numpy_does_not_take_is_refused_in_words() -> None:
    for estimate in (cafe_effects, fuzzed_effects):
        with pytest.raises(AuditError, match="seed"):
            estimate(small_case(), UnlearningTarget.feature("a"), intervention=Resample(2), seed=-1)
