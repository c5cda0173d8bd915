"""The audit from end to end: Example 1.1, what is skipped and why, and the report's tables."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import workbench as wb
from workbench.auditing.audit import default_threshold
from workbench.common.wording import signed
from workbench.methods.registry import METHOD_NAMES
from workbench.report.outline.audit import outline_of


def loan_case(n: int = 2_000) -> wb.AuditCase:
    world = wb.datasets.loan(n=n, seed=0)
    names = list(world.features)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(world.data[names], world.data[world.outcome])
    return wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)


@pytest.fixture(scope="module")
def report() -> wb.AuditReport:
    return wb.audit(loan_case(), wb.UnlearningTarget.feature("zip_code"), seed=1)


def test_example_1_1_attribution_says_zero_and_the_causal_view_does_not(
    report: wb.AuditReport,
) -> None:
    by_method = {a.method: a.values for a in report.attributions}
    assert by_method["shap"]["zip_code"] == 0.0
    assert by_method["permutation"]["zip_code"] == 0.0
    for entry in report.effects:
        assert entry.direct.value == 0.0
        assert entry.total.low > 0.2
    assert report.verdict is not None
    assert report.verdict.decision == "above"
    first = report.comparison().sentences[0]
    assert first.startswith("SHAP and permutation importance give zip_code 0 because")
    assert "neighborhood_income" in first
    assert signed(report.effects["zip_code"].indirect.value) in first


def test_every_method_left_something(report: wb.AuditReport) -> None:
    assert report.skipped == {}
    assert report.methods == METHOD_NAMES
    assert {e.estimator.label for e in report.effects} == {"debiased", "cafe", "fuzzing"}
    assert report.fairness is not None
    assert set(report.fairness["feature"]) == set(report.comparison().to_frame().index)
    assert len(report.paths) == 2
    assert not report.diagnostics.disagreement["differs"].any()
    assert (report.diagnostics.equations["held_out_fit"] > 0.2).all()


def test_comparison_has_a_value_and_a_rank_for_every_feature_and_method(
    report: wb.AuditReport,
) -> None:
    frame = report.comparison().to_frame()
    assert set(frame.index) == {"zip_code", "race", *report.reads}
    for method in ("cafe_total", "shap", "permutation"):
        assert frame[method].notna().all()
        size = frame[method].abs()
        assert (frame.loc[frame[f"{method}_rank"] == 1, method].abs() == size.max()).all()
    agreement = report.comparison().agreement
    assert np.allclose(np.diag(agreement.dropna(how="all").dropna(axis=1, how="all")), 1.0)


def test_the_json_holds_the_numbers_and_is_strict(report: wb.AuditReport, tmp_path) -> None:
    path = tmp_path / "report.json"
    report.to_json(path)
    document = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert document["effects"][0]["total"] == report.effects.entries[0].total.value
    assert document["verdict"]["decision"] == "above"
    assert document["provenance"]["seed"] == 1
    assert document["effects"][0]["pure_indirect"] is not None
    assert document["effects"][1]["pure_indirect"] is None


def test_same_seed_same_report_and_another_seed_differs_only_in_draws() -> None:
    case = loan_case(1_000)
    target = wb.UnlearningTarget.feature("zip_code")
    runs = [wb.audit(case, target, methods=["cafe", "fuzzing"], seed=s) for s in (3, 3, 4)]
    pd.testing.assert_frame_equal(runs[0].to_frame(), runs[1].to_frame())
    assert runs[0].effects.entries[0].total.value == runs[2].effects.entries[0].total.value


def test_the_printed_code_repeats_the_audit(report: wb.AuditReport) -> None:
    code = report.to_code(
        load=(
            "from sklearn.linear_model import LogisticRegression\n"
            "from sklearn.pipeline import make_pipeline\n"
            "from sklearn.preprocessing import StandardScaler\n"
            "world = wb.datasets.loan(n=2000, seed=0)\n"
            "data = world.data\n"
            "model = make_pipeline(StandardScaler(), LogisticRegression())\n"
            "model.fit(data[list(world.features)], data[world.outcome])"
        )
    )
    code += "print(repr(report.effects['zip_code'].total.value))\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *said, last = done.stdout.splitlines()
    assert float(last) == report.effects["zip_code"].total.value
    assert "All" in said[-1] and "NOT THE SAME" not in done.stdout


def test_logged_predictions_are_audited_without_asking() -> None:
    world = wb.datasets.loan(n=2_000, seed=0)
    case = loan_case(2_000)
    logged = wb.BlackBoxModel.from_predictions(case.predictions, features=world.features)
    case = wb.AuditCase(data=world.data, model=logged, graph=world.graph, outcome=world.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("zip_code"))
    assert "cannot be asked" in report.skipped["fuzzing"]
    assert set(report.skipped) == {"fuzzing", "shap", "permutation"}
    assert [e.estimator.label for e in report.effects] == [
        "debiased (direct by regression)",
        "cafe (direct by regression)",
    ]
    assert report.effects["zip_code"].queries == 0
    assert report.verdict is not None
    assert report.verdict.decision == "above"
    assert sum(report.provenance.queries.values()) == 0


def test_the_debiased_estimate_alone_is_judged(report: wb.AuditReport) -> None:
    assert report.verdict is not None
    names = [claim.name for claim in report.verdict.claims]
    assert {f"zip_code, {part} effect (debiased)" for part in ("total", "indirect")} <= set(names)
    assert not any("(cafe" in name or "(fuzzing" in name for name in names)
    assert report.effects["zip_code"].form is not None


def test_a_question_is_put_once_in_an_audit() -> None:
    """CAFÉ's direct effect asks what the debiased estimate asked before."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.integers(0, 2, 500), "b": rng.normal(size=500)})
    told: list[pd.DataFrame] = []

    def score(asked: pd.DataFrame) -> np.ndarray:
        told.append(asked)
        return (asked["a"] + asked["b"]).to_numpy(dtype=float)

    model = wb.BlackBoxModel(score, features=["a", "b"])
    case = wb.AuditCase(data=rows, model=model, graph=wb.CausalGraph([], nodes=["a", "b"]))
    told.clear()
    methods = ["debiased", "cafe", "fuzzing"]
    report = wb.audit(case, wb.UnlearningTarget.feature("a"), methods=methods)
    about_a = [asked for asked in told if (asked["b"].to_numpy() == rows["b"][asked.index]).all()]
    again = report.provenance.queries["same answers"]  # half as they are, half under other labels
    assert again == 400
    at_the_end = report.provenance.queries["same answers at the end"]
    assert at_the_end == 200
    as_they_are = again // 2 + at_the_end
    assert sum(map(len, about_a)) == 500 + as_they_are  # each row at its other level, once
    assert {entry.total.value for entry in report.effects} == {1.0}


def test_the_search_for_unexplained_groups_is_part_of_a_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at: list[str] = []
    during: list[str] = []
    monkeypatch.setattr(
        "workbench.auditing.estimates.unexplained_group", lambda *_, **__: during.append(at[-1])
    )
    target = wb.UnlearningTarget.feature("zip_code")
    methods = ["debiased"]
    wb.audit(loan_case(1_000), target, methods, progress=lambda step, _: at.append(step))
    assert during == ["checks"]


def test_baselines_alone_give_no_verdict() -> None:
    report = wb.audit(
        loan_case(500), wb.UnlearningTarget.feature("zip_code"), methods=["permutation"]
    )
    assert report.verdict is None
    assert len(report.effects) == 0
    assert report.comparison().to_frame()["permutation"].notna().all()


def test_several_features_have_a_sum_and_a_joint_effect() -> None:
    report = wb.audit(
        loan_case(1_000),
        wb.UnlearningTarget.features(["zip_code", "income"]),
        methods=["cafe", "fuzzing"],
    )
    frame = report.to_frame()
    assert set(frame["combination"]) == {"", "sum", "joint"}
    parts = frame[(frame["combination"] == "") & (frame["estimator"] == "fuzzing")]
    total = frame[(frame["combination"] == "sum") & (frame["estimator"] == "fuzzing")]
    assert total["total"].item() == pytest.approx(parts["total"].sum())
    assert report.verdict is not None
    assert any("together" in claim.name for claim in report.verdict.claims)
    assert not any("sum" in claim.name for claim in report.verdict.claims)


def test_a_hidden_common_cause_is_named_and_nothing_is_estimated() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=400)
    data = pd.DataFrame({"a": hidden + rng.normal(size=400)})
    data["b"] = data["a"] + hidden + rng.normal(size=400)
    case = wb.AuditCase(
        data=data,
        model=wb.BlackBoxModel(lambda rows: rows["b"], features=["b"], output="value"),
        graph=wb.CausalGraph([("u", "a"), ("u", "b"), ("a", "b")], latents=["u"]),
    )
    with pytest.raises(wb.NotIdentifiableError, match="'u'") as caught:
        wb.audit(case, wb.UnlearningTarget.feature("a"), methods=["cafe", "fuzzing"])
    assert caught.value.confounders == ("u",)


@pytest.mark.parametrize(
    ("methods", "message"),
    [(["cafee"], "Unknown methods: 'cafee'"), ([], "No method is named")],
)
def test_methods_are_checked(methods: list[str], message: str) -> None:
    with pytest.raises(wb.TargetError, match=message):
        wb.audit(loan_case(300), wb.UnlearningTarget.feature("zip_code"), methods=methods)


def test_cancelling_stops_the_audit_at_once() -> None:
    asked: list[str] = []

    def stop(step: str, share: float) -> None:
        asked.append(step)
        if step == "fuzzing":
            raise wb.AuditCancelled

    with pytest.raises(wb.AuditCancelled):
        wb.audit(loan_case(500), wb.UnlearningTarget.feature("zip_code"), progress=stop)
    assert asked[-1] == "fuzzing"


def test_default_threshold_follows_the_unit_of_the_prediction() -> None:
    assert default_threshold(loan_case(300)) == 0.02
    world = wb.datasets.performance(n=1_000, seed=0)
    names = list(world.features)
    model = LinearRegression().fit(world.data[names], world.data[world.outcome])
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    low, high = np.quantile(case.predictions, [0.05, 0.95])
    assert default_threshold(case) == pytest.approx(0.02 * (high - low), rel=0.06)


def test_a_small_subgroup_is_said_to_be_small() -> None:
    case = loan_case(2_000)
    poorest = float(case.data["neighborhood_income"].nsmallest(12).max())
    target = wb.UnlearningTarget.subgroup(f"neighborhood_income <= {poorest!r}", ["income"])
    report = wb.audit(case, target, methods=["cafe"])
    assert report.n_target_rows == 12
    assert any("only 12 rows" in warning for warning in report.diagnostics.warnings)


def test_a_missing_edge_shows_as_disagreement_of_the_estimators() -> None:
    """As sex → relationship on Adult: a mediator that is drawn as a bystander is adjusted away."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=3_000)
    data = pd.DataFrame({"a": a, "b": a + rng.normal(size=3_000)})
    data["c"] = a + data["b"] + rng.normal(size=3_000)
    model = wb.BlackBoxModel(
        lambda rows: rows["b"] + rows["c"], features=["b", "c"], output="value"
    )
    target = wb.UnlearningTarget.feature("a")
    graphs = {
        "as it is": wb.CausalGraph([("a", "b"), ("a", "c"), ("b", "c")]),
        "a → b missing": wb.CausalGraph([("a", "c")], nodes=["b"]),
    }
    differs = {}
    for name, graph in graphs.items():
        case = wb.AuditCase(data=data, model=model, graph=graph)
        report = wb.audit(case, target, methods=["cafe", "fuzzing"])
        differs[name] = bool(report.diagnostics.disagreement["differs"].item())
        told = any("differ by more than chance about a " in w for w in report.diagnostics.warnings)
        assert told == differs[name]
    assert differs == {"as it is": False, "a → b missing": True}


def test_overlap_warns_where_a_level_is_never_seen() -> None:
    rng = np.random.default_rng(1)
    n = 4_000
    z = rng.normal(size=n)
    treated = (rng.random(n) < 1 / (1 + np.exp(-6 * z))).astype(int)
    data = pd.DataFrame({"z": z, "f": treated})
    model = wb.BlackBoxModel(lambda rows: 0.1 * rows["f"] + rows["z"], features=["f", "z"])
    case = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([("z", "f")]))
    report = wb.audit(case, wb.UnlearningTarget.feature("f"), methods=["cafe"])
    assert (report.diagnostics.overlap["unsupported"] > 0.2).any()
    assert any("hardly ever seen" in warning for warning in report.diagnostics.warnings)


def test_adult_end_to_end(shared_data) -> None:
    """Real data: sex reaches a logistic regression directly and through marital status."""
    adult = wb.datasets.adult(shared_data)
    names = list(adult.features)
    data = adult.data.iloc[::8].reset_index(drop=True)
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), make_column_selector(dtype_include="number")),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore"),
                make_column_selector(dtype_exclude="number"),
            ),
        ]
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=500))
    model.fit(data[names], data[adult.outcome])
    case = wb.AuditCase(data=data, model=model, graph=adult.graph, outcome=adult.outcome)
    report = wb.audit(case, wb.UnlearningTarget.feature("sex"))
    assert report.skipped == {}
    assert report.verdict is not None
    assert report.verdict.decision == "above"
    paths = report.paths.set_index("path")["effect"]
    assert len(paths) == 16
    assert paths["sex", "marital-status", "prediction"] > 0.05
    assert any("neither causes nor effects" in w for w in report.diagnostics.warnings)


def test_the_verdict_stands_before_other_methods_are_asked() -> None:
    seen: list[wb.AuditReport] = []
    options = {"methods": ["cafe", "permutation", "fairtest"], "checks": ["graph"], "seed": 1}
    report = wb.audit(
        loan_case(400), wb.UnlearningTarget.feature("zip_code"), early=seen.append, **options
    )
    first = seen[0]
    assert first.verdict is not None and report.verdict is not None
    assert first.verdict.headline == report.verdict.headline
    assert first.pending == ("permutation", "fairtest", "graph")
    assert not first.baselines and not first.checks
    waits = list(dict.fromkeys(found.pending for found in seen))
    assert waits == [("permutation", "fairtest", "graph"), ("fairtest", "graph"), ("graph",)]
    assert report.pending == () and set(report.checks) == {"graph"}
    assert [*report.baselines] == ["permutation", "fairtest"]


def test_half_an_audit_says_what_is_to_come_and_is_not_handed_on() -> None:
    seen: list[wb.AuditReport] = []
    wb.audit(
        loan_case(400),
        wb.UnlearningTarget.feature("zip_code"),
        ["cafe", "shap"],
        checks=["graph"],
        early=seen.append,
    )
    half = seen[0]
    for form in (half.to_json, half.to_html, half.to_csv):
        with pytest.raises(wb.TargetError, match="'shap', 'graph' to come"):
            form()
    said = str(outline_of(half))
    assert "Still being asked: SHAP." in said and "still being measured" in said
    stopped = half.stopped()
    assert stopped.skipped == dict.fromkeys(
        ["shap", "graph sensitivity"], "The audit was cancelled before this was measured."
    )
    assert "was cancelled before" in stopped.to_html()
