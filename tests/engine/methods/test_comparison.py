"""Methods side by side: ranks, agreement, and the plain sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.methods.baselines import Attribution
from workbench.methods.comparison import compare
from workbench.methods.effects import Effect, EffectTable, FeatureEffects
from workbench.methods.estimator import Estimator

ROWS = 50


def entry(feature: str, total: float, direct: float, *, error: float = 0.001) -> FeatureEffects:
    noise = np.full(ROWS, error * np.sqrt(ROWS))
    return FeatureEffects(
        feature, Estimator("cafe"), "low → high", Effect(total, noise), Effect(direct, 0 * noise)
    )


def table(*entries: FeatureEffects) -> EffectTable:
    return EffectTable(entries, pd.RangeIndex(ROWS), "probability", 0)


def shap(**values: float) -> Attribution:
    return Attribution("shap", pd.Series(values), None, None, "probability", "", ROWS, 0, True)


def test_an_unread_feature_with_a_route_gets_the_sentence_of_the_mission() -> None:
    found = compare(
        table(entry("zip", 0.31, 0.0), entry("income", 0.4, 0.4)),
        [shap(zip=0.0, income=0.2)],
        target=["zip"],
        reads=["income"],
        routes={"zip": ["income"]},
    )
    assert found.sentences == (
        "SHAP gives zip 0 because the model does not read it; +0.310 reaches the prediction "
        "through income.",
    )


def test_an_association_of_zero_is_not_said_to_come_from_an_unread_column() -> None:
    none = Attribution(
        "fairtest", pd.Series({"zip": 0.0}), None, None, "correlation", "", ROWS, 0, True
    )
    found = compare(
        table(entry("zip", 0.31, 0.0)),
        [shap(zip=0.0), none],
        target=["zip"],
        reads=[],
        routes={"zip": ["income"]},
    )
    assert found.sentences[0].startswith("SHAP gives zip 0 because")
    assert set(found.table["method"]) >= {"shap", "fairtest"}


def test_without_a_route_nothing_is_said_to_travel() -> None:
    found = compare(
        table(entry("zip", 0.31, 0.0)), [shap(zip=0.0)], target=["zip"], reads=[], routes={}
    )
    assert found.sentences == ()


def test_an_indirect_effect_within_noise_is_not_told() -> None:
    found = compare(
        table(entry("zip", 0.02, 0.0, error=0.02), entry("income", 0.4, 0.4)),
        [shap(zip=0.0, income=0.2)],
        target=["zip"],
        reads=["income"],
        routes={"zip": ["income"]},
    )
    assert found.sentences == ()


def test_ranks_far_apart_are_explained_by_the_mediators() -> None:
    entries = [entry("smoking", 0.9, 0.01)]
    entries += [entry(name, size, size) for name, size in zip("abc", (0.5, 0.4, 0.3), strict=True)]
    found = compare(
        table(*entries),
        [shap(smoking=0.01, a=0.5, b=0.4, c=0.3)],
        target=["smoking"],
        reads=["smoking", "a", "b", "c"],
        routes={"smoking": ["bmi", "pressure"]},
    )
    (sentence,) = found.sentences
    assert sentence.startswith("SHAP ranks smoking 4, CAFÉ's total effect ranks it 1 of 4")
    assert "through bmi and pressure" in sentence


def test_opposite_ways_are_told() -> None:
    found = compare(
        table(entry("education", 0.05, 0.3)),
        [shap(education=0.3)],
        target=["education"],
        reads=["education"],
        routes={"education": ["age"]},
    )
    (sentence,) = found.sentences
    assert "acts in two opposite ways" in sentence
    assert "+0.300 directly and −0.250 through age, which leaves +0.0500 in all" in sentence


def test_the_targets_features_come_first() -> None:
    found = compare(
        table(entry("a", 0.3, 0.0), entry("b", 0.3, 0.0)),
        [shap(a=0.0, b=0.0)],
        target=["b"],
        reads=[],
        routes={"a": ["m"], "b": ["m"]},
    )
    assert [sentence.split()[2] for sentence in found.sentences] == ["b", "a"]


def test_ranks_share_the_better_place_and_missing_methods_stay_blank() -> None:
    found = compare(
        table(entry("a", -0.3, 0.0), entry("b", 0.1, 0.1)),
        [shap(a=0.0, b=0.0, c=0.2)],
        target=["a"],
        reads=["b", "c"],
        routes={},
    )
    frame = found.to_frame()
    assert frame["cafe_total_rank"].dropna().to_dict() == {"a": 1, "b": 2}
    assert frame["shap_rank"].to_dict() == {"a": 2, "b": 2, "c": 1}
    assert pd.isna(frame.loc["c", "cafe_total"])


def test_a_method_that_knows_few_features_is_not_ranked() -> None:
    fuzzed = FeatureEffects(
        "a", Estimator("fuzzing"), "", Effect(0.3, np.zeros(ROWS)), Effect(0, np.zeros(ROWS))
    )
    found = compare(
        table(entry("a", 0.3, 0.0), entry("b", 0.1, 0.1), fuzzed),
        [],
        target=["a"],
        reads=["b"],
        routes={},
    )
    frame = found.to_frame()
    assert frame["fuzzing_total_rank"].isna().all()
    assert frame.loc["a", "fuzzing_total"] == 0.3


def test_agreement_is_kendalls_tau_of_absolute_values() -> None:
    found = compare(
        table(entry("a", -0.3, 0.1), entry("b", 0.2, 0.2), entry("c", 0.1, 0.3)),
        [shap(a=3.0, b=2.0, c=1.0)],
        target=[],
        reads=["a", "b", "c"],
        routes={},
    )
    assert found.agreement.loc["cafe_total", "shap"] == pytest.approx(1.0)
    assert found.agreement.loc["cafe_direct", "shap"] == pytest.approx(-1.0)


def test_html_escapes_column_names() -> None:
    found = compare(
        table(entry("<script>", 0.3, 0.0)),
        [shap(**{"<script>": 0.0})],
        target=["<script>"],
        reads=[],
        routes={"<script>": ["<b>"]},
    )
    shown = found._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<b>" not in shown
