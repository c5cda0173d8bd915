"""The fairness metrics by hand, by aif360 row by row, and on Adult's recorded incomes."""

from __future__ import annotations

import logging
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.case.audit_case import AuditCase
from workbench.case.target import UnlearningTarget
from workbench.common.errors import AuditCancelled, AuditError
from workbench.datasets import adult
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.baselines import fairness_metrics as measured_metrics
from workbench.methods.baselines.fairness import METRICS
from workbench.methods.baselines.fairness_intervals import metrics_of_tables
from workbench.methods.baselines.quiet_import import quiet_import
from workbench.models.black_box import BlackBoxModel

SCORE = BlackBoxModel(lambda rows: rows["score"], features=["score"], output="probability")
fairness_metrics = partial(measured_metrics, smallest_group=0)  # of tables small enough for hands
EVERYWHERE = UnlearningTarget.feature("score")


def applicants(cells: dict[tuple[str, str, float], int]) -> pd.DataFrame:
    rows = [key for key, count in cells.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=["group", "repaid", "score"])


def small_table() -> pd.DataFrame:
    """10 men (6 accepted: 4 of 5 who repaid, 2 of 5 who did not), 8 women (2: 1 of 4, 1 of 4)."""
    return applicants(
        {
            ("man", "yes", 0.9): 4,
            ("man", "yes", 0.1): 1,
            ("man", "no", 0.9): 2,
            ("man", "no", 0.1): 3,
            ("woman", "yes", 0.9): 1,
            ("woman", "yes", 0.1): 3,
            ("woman", "no", 0.9): 1,
            ("woman", "no", 0.1): 3,
        }
    )


def case_of(frame: pd.DataFrame, **options: object) -> AuditCase:
    model = options.pop("model", SCORE)
    return AuditCase(frame, model, CausalGraph([("group", "score")]), **options)


def of(table: pd.DataFrame, feature: str, column: str = "value") -> pd.Series:
    return table[table["feature"] == feature].set_index("metric")[column]


def test_ratios_of_a_small_table_by_hand() -> None:
    found = fairness_metrics(case_of(small_table(), outcome="repaid"), EVERYWHERE)
    expected = [2 / 8 - 6 / 10, (2 / 8) / (6 / 10), 1 / 4 - 4 / 5]
    expected.append(((1 / 4 - 2 / 5) + (1 / 4 - 4 / 5)) / 2)
    assert of(found, "group").to_numpy() == pytest.approx(expected, abs=1e-12)
    recorded = of(found, "group", "recorded_value").to_numpy()
    assert recorded[:2] == pytest.approx([4 / 8 - 5 / 10, (4 / 8) / (5 / 10)], abs=1e-12)
    assert np.isnan(recorded[2:]).all()
    first = found[found["feature"] == "group"].iloc[0]
    assert (first["privileged"], first["unprivileged"]) == ("man", "woman")
    assert (first["n_privileged"], first["n_unprivileged"]) == (10, 8)
    assert of(found, "group", "ideal").to_dict() == METRICS
    assert "probability above 0.5; repaid is yes" in first["split"]
    assert set(found["feature"]) == {"group", "score"}


def random_people(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "group": rng.choice(["a", "b", "c", "rare"], n, p=[0.5, 0.3, 0.18, 0.02]),
            "age": rng.integers(18, 80, n).astype(float),
            "score": rng.random(n),
            "repaid": rng.integers(0, 2, n),
        }
    )
    frame.loc[frame["group"] == "rare", "score"] = 0.99
    frame.loc[::10, "age"] = np.nan
    return frame


def test_every_feature_equals_aif360_row_by_row() -> None:
    frame = random_people()
    target = UnlearningTarget.subgroup("score > 0.2", ["score"])
    graph = CausalGraph([("group", "score"), ("age", "score")])
    case = AuditCase(frame, SCORE, graph, outcome="repaid")
    found = fairness_metrics(case, target, threshold=0.6)
    aif360 = quiet_import("aif360.sklearn.metrics")
    rows = frame[frame["score"] > 0.2]
    for feature in ("group", "age"):
        name = of(found, feature, "privileged").iloc[0]
        if feature == "group":
            assert name != "rare"
            groups, kept = rows["group"] == name, rows
        else:
            kept = rows[rows["age"].notna()]
            median = kept["age"].median()
            groups = kept["age"] > median
            groups = groups if name == f"above {median:g}" else ~groups
            split = of(found, feature, "split").iloc[0]
            assert f"{rows['age'].isna().sum()} rows without a value left out" in split
        y = pd.Series(kept["repaid"].to_numpy(), index=pd.Index(groups.astype(int), name="g"))
        decided = (kept["score"] > 0.6).astype(int).to_numpy()
        theirs = [
            aif360.statistical_parity_difference(y, decided, prot_attr="g"),
            aif360.disparate_impact_ratio(y, decided, prot_attr="g"),
            aif360.equal_opportunity_difference(y, decided, prot_attr="g"),
            aif360.average_odds_difference(y, decided, prot_attr="g"),
        ]
        assert theirs[0] <= 0
        assert of(found, feature).to_numpy() == pytest.approx(theirs, abs=1e-12)
        recorded = of(found, feature, "recorded_value").to_numpy()
        assert recorded[0] == pytest.approx(aif360.statistical_parity_difference(y, prot_attr="g"))
        assert recorded[1] == pytest.approx(aif360.disparate_impact_ratio(y, prot_attr="g"))
        counts = np.zeros((2, 3, 2), dtype=np.intp)
        np.add.at(counts, (groups.astype(int), kept["repaid"], decided), 1)
        assert metrics_of_tables(counts[None])[0] == pytest.approx(theirs, abs=1e-12)


def test_bootstrap_interval_is_that_of_resampled_rows() -> None:
    frame = random_people()
    found = fairness_metrics(case_of(frame, outcome="repaid"), EVERYWHERE, resamples=4_000)
    name = of(found, "group", "privileged").iloc[0]
    rng = np.random.default_rng(1)
    differences = []
    for _ in range(2_000):
        drawn = frame.iloc[rng.integers(0, len(frame), len(frame))]
        accepted, privileged = drawn["score"] > 0.5, drawn["group"] == name
        differences.append(accepted[~privileged].mean() - accepted[privileged].mean())
    low, high = np.quantile(differences, [0.025, 0.975])
    assert of(found, "group", "low").iloc[0] == pytest.approx(low, abs=0.01)
    assert of(found, "group", "high").iloc[0] == pytest.approx(high, abs=0.01)


def test_the_interval_of_recorded_outcomes_is_that_of_resampled_rows() -> None:
    frame = random_people()
    frame["repaid"] = frame["repaid"].where(np.arange(len(frame)) % 3 > 0)
    found = fairness_metrics(case_of(frame, outcome="repaid"), EVERYWHERE, resamples=4_000)
    name = of(found, "group", "privileged").iloc[0]
    rng = np.random.default_rng(1)
    differences, ratios = [], []
    for _ in range(2_000):
        drawn = frame.iloc[rng.integers(0, len(frame), len(frame))]
        rates = drawn["repaid"].groupby(drawn["group"] == name).mean()
        differences.append(rates[False] - rates[True])
        ratios.append(rates[False] / rates[True])
    for m, values in enumerate((differences, ratios)):
        expected = list(np.quantile(values, [0.025, 0.975]))
        bounds = [of(found, "group", f"recorded_{end}").iloc[m] for end in ("low", "high")]
        assert bounds == pytest.approx(expected, abs=0.3 * np.std(values))
    assert of(found, "group", "recorded_low").iloc[2:].isna().all()


def test_recorded_incomes_of_adult_by_sex(shared_data: Path) -> None:
    data = adult(folder=shared_data)
    model = BlackBoxModel(lambda r: r["education-num"] / 16, features=["education-num"])
    case = AuditCase(data.data, model, data.graph, outcome="income")
    target = UnlearningTarget.feature("sex")
    found = fairness_metrics(case, target, threshold=0.8, resamples=200)
    assert of(found, "sex", "privileged").iloc[0] == "Male"
    recorded = of(found, "sex", "recorded_value")
    assert recorded["statistical parity difference"] == pytest.approx(-0.1945, abs=5e-5)
    # In the original table 9,918 of 32,650 men and 1,769 of 16,192 women earn more.
    ratio = (1_769 / 16_192) / (9_918 / 32_650)
    assert recorded["disparate impact ratio"] == pytest.approx(ratio, abs=1e-12)


def test_without_an_outcome_only_two_metrics() -> None:
    found = fairness_metrics(case_of(small_table().drop(columns="repaid")), EVERYWHERE)
    assert of(found, "group").index.tolist() == list(METRICS)[:2]
    assert of(found, "group").iloc[0] == pytest.approx(2 / 8 - 6 / 10)
    assert found["recorded_value"].isna().all()


def test_missing_outcomes_count_for_decisions_only() -> None:
    frame = small_table()
    frame["repaid"] = frame["repaid"].where(frame["score"] > 0.5)
    found = fairness_metrics(case_of(frame, outcome="repaid"), EVERYWHERE)
    assert of(found, "group").to_numpy()[:3] == pytest.approx([2 / 8 - 6 / 10, 2.5 / 6, 0.0])
    recorded = of(found, "group", "recorded_value")
    assert recorded["statistical parity difference"] == pytest.approx(1 / 2 - 4 / 6)


def test_groups_without_rows_give_nan_and_no_warning() -> None:
    frame = small_table().assign(flat="x")
    frame = frame[(frame["group"] == "man") | (frame["repaid"] == "no")].reset_index(drop=True)
    graph = CausalGraph([("group", "score"), ("flat", "score")])
    case = AuditCase(frame, SCORE, graph, outcome="repaid")
    found = fairness_metrics(case, EVERYWHERE)
    group = of(found, "group")
    assert group.isna().tolist() == [False, False, True, True]
    assert of(found, "flat").isna().all()
    assert of(found, "flat", "low").isna().all()
    assert of(found, "flat", "unprivileged").iloc[0] == "nobody"
    one_row = fairness_metrics(case, UnlearningTarget.datapoints([2]))
    assert one_row["value"].isna().all()
    refused = fairness_metrics(case, EVERYWHERE, threshold=0.95)
    assert of(refused, "group").isna().tolist() == [False, True, True, True]
    assert of(refused, "group").iloc[0] == 0.0


def test_values_are_split_at_their_medians() -> None:
    frame = pd.DataFrame({"group": list("aabbab"), "amount": [1.0, 2, 3, 4, 5, 6]})
    model = BlackBoxModel(
        lambda rows: (rows["group"] == "a") * 10.0, features=["group"], output="value"
    )
    case = AuditCase(frame, model, CausalGraph([("group", "amount")]), outcome="amount")
    found = fairness_metrics(case, UnlearningTarget.feature("group"))
    assert of(found, "group").tolist() == [-1.0, 0.0, -1.0, -1.0]
    assert of(found, "group", "recorded_value").iloc[0] == pytest.approx(2 / 3 - 1 / 3)
    split = of(found, "group", "split").iloc[0]
    assert "predictions above their median, 5" in split
    assert "amount above its median, 3.5" in split


def test_log_odds_are_cut_at_zero() -> None:
    frame = small_table()
    frame["score"] = frame["score"] - 0.5
    model = BlackBoxModel(lambda r: r["score"], features=["score"], output="log-odds")
    found = fairness_metrics(case_of(frame, model=model, outcome="repaid"), EVERYWHERE)
    assert of(found, "group").iloc[0] == pytest.approx(2 / 8 - 6 / 10)
    assert "log-odds above 0" in found["split"].iloc[0]


def test_same_seed_same_table_and_progress_can_cancel() -> None:
    case = case_of(small_table(), outcome="repaid")
    shares: list[float] = []
    first = fairness_metrics(case, EVERYWHERE, progress=lambda _, share: shares.append(share))
    assert shares == [0.0, 0.5, 1.0]
    pd.testing.assert_frame_equal(first, fairness_metrics(case, EVERYWHERE))
    other = fairness_metrics(case, EVERYWHERE, seed=1)
    assert first["value"].equals(other["value"])
    assert not first["low"].equals(other["low"])
    assert fairness_metrics(case, EVERYWHERE, resamples=0)["low"].isna().all()
    with pytest.raises(AuditError, match="resamples of 0 or more, not -1"):
        fairness_metrics(case, EVERYWHERE, resamples=-1)

    def stop(step: str, share: float) -> None:
        raise AuditCancelled

    with pytest.raises(AuditCancelled):
        fairness_metrics(case, EVERYWHERE, progress=stop)


def test_nothing_reaches_the_user(capfd: pytest.CaptureFixture[str]) -> None:
    before = (list(logging.root.handlers), list(warnings.filters), np.geterr())
    fairness_metrics(case_of(small_table(), outcome="repaid"), EVERYWHERE)
    assert (list(logging.root.handlers), list(warnings.filters), np.geterr()) == before
    assert capfd.readouterr() == ("", "")


def test_a_handful_of_rows_makes_no_group() -> None:
    case = case_of(small_table(), outcome="repaid")
    with pytest.raises(AuditError, match="at least 10 rows on either side"):
        measured_metrics(case, EVERYWHERE)


def test_the_favoured_side_follows_what_the_auditor_states():
    score = np.r_[np.full(60, 0.9), np.full(40, 0.1), np.full(20, 0.9), np.full(80, 0.1)]
    data = pd.DataFrame({"group": ["a"] * 100 + ["b"] * 100, "score": score, "bad": score > 0.5})
    case = AuditCase(
        data=data,
        model=BlackBoxModel(lambda rows: rows["score"].to_numpy(), features=["group", "score"]),
        graph=CausalGraph([("group", "score")]),
        outcome="bad",
    )
    target = UnlearningTarget.feature("group")
    tables = {
        said: fairness_metrics(case, target, favourable=said, resamples=0)
        for said in (None, "higher", "lower")
    }
    first = {said: table[table["feature"] == "group"].iloc[0] for said, table in tables.items()}
    assert {said: row["privileged"] for said, row in first.items()} == {
        None: "a",
        "higher": "a",
        "lower": "b",
    }
    assert "favour" not in first[None]["split"]
    assert "favourable: probability not above 0.5; bad is not True" in first["lower"]["split"]
    assert first["lower"]["value"] == pytest.approx(0.4 - 0.8)
    assert first["lower"]["recorded_value"] == pytest.approx(0.4 - 0.8)
