"""Innocent models whose confounders act in a way that equations of curves do not follow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.methods.debiased.missed_confounding import Expected, expectations
from workbench.methods.debiased.simulator import Simulator
from workbench.methods.fuzzing.propagation import fit_equations
from workbench.tables.columns import encode_column


def audited(data: dict[str, np.ndarray], seed: int) -> wb.AuditReport:
    """Audit x: the model reads m alone, and all else causes both."""
    frame = pd.DataFrame(data)
    causes = frame.columns.difference(["x", "m"])
    edges = [(cause, effect) for cause in causes for effect in "xm"]
    case = wb.AuditCase(
        data=frame,
        model=wb.BlackBoxModel(
            lambda rows: 1 / (1 + np.exp(1 - rows["m"])), ["m"], output="probability"
        ),
        graph=wb.CausalGraph([*edges, ("x", "m")]),
    )
    return wb.audit(case, wb.UnlearningTarget.feature("x"), ("debiased",), seed=seed)


def teeth(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    c = rng.uniform(0, 10, n)
    tooth = np.floor(3 * c) % 2
    return {
        "c": c,
        "x": tooth + 0.3 * rng.normal(size=n),
        "m": 2 * tooth + 0.3 * rng.normal(size=n),
    }


def spread(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The confounder says how far from its middle x lies, and nothing of its mean."""
    c = rng.uniform(0, 10, n)
    tooth = np.floor(1.5 * c) % 2
    return {
        "c": c,
        "x": (0.3 + 1.5 * tooth) * rng.normal(size=n),
        "m": 2 * tooth + 0.4 * rng.normal(size=n),
    }


def checkers(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Two confounders act together only, on a category of three levels."""
    a, b = rng.integers(0, 8, (2, n))
    field = (a + b) % 3
    x = np.where(rng.random(n) < 0.75, field, rng.integers(0, 3, n))
    return {
        "a": a,
        "b": b,
        "x": np.array(list("uvw"))[x],
        "m": np.array([0.0, 2.0, 0.7])[field] + 0.5 * rng.normal(size=n),
    }


@pytest.mark.parametrize("world", [teeth, spread, checkers])
def test_what_the_form_misses_accuses_nobody(world) -> None:
    report = audited(world(300, np.random.default_rng(0)), 0)
    assert report.verdict is not None
    assert report.verdict.decision == "inconclusive"
    assert "form of the equations for the effect of x does not fit" in report.verdict.reason
    assert "with 300 rows nothing firm is said" in report.verdict.reason
    assert not any(claim.above for claim in report.verdict.claims)
    (form,) = (entry.form for entry in report.effects if entry.form is not None)
    assert form.missed > 0.2
    assert not form.holds
    assert any("does not fit" in warning for warning in report.diagnostics.warnings)


def test_a_step_of_a_sum_is_followed_where_no_single_confounder_tells_it() -> None:
    rng = np.random.default_rng(720_001)
    a, b, c, d = rng.normal(size=(4, 1000))
    acts = 2.0 * (a - b + 0.7 * c - d > 0.3)
    data = {"a": a, "b": b, "c": c, "d": d, "x": 0.8 * acts + 0.9 * rng.normal(size=1000)}
    frame = pd.DataFrame({**data, "m": 0.9 * acts + 0.5 * rng.normal(size=1000)})
    edges = [(cause, effect) for cause in "abcd" for effect in "xm"]
    model = wb.BlackBoxModel(lambda rows: 1 / (1 + np.exp(-rows["m"])), ["m"], output="probability")
    case = wb.AuditCase(data=frame, model=model, graph=wb.CausalGraph([*edges, ("x", "m")]))
    total = wb.debiased_effects(case, wb.UnlearningTarget.feature("x"))["x"].total
    assert abs(total.value) < min(0.06, 2 * total.standard_error)


@pytest.mark.parametrize("sums", [False, True])
def test_what_is_expected_does_not_depend_on_the_unit_of_a_confounder(sums: bool) -> None:
    a, b, noise = np.random.default_rng(3).normal(size=(3, 400))
    x = encode_column("x", pd.Series(2.0 * (a + b > 0) + 0.3 * noise))
    metres, nanometres = (
        [encode_column(name, pd.Series(unit * part)) for name, part in (("a", a), ("b", b))]
        for unit in (1.0, 1e-9)
    )
    found, small = (expectations(x, given, sums=sums) for given in (metres, nanometres))
    assert len(found) == len(small) == 2
    for one, other in zip(found, small, strict=True):
        np.testing.assert_allclose(one.values, other.values, atol=0.05)


def test_a_number_beside_a_constant_is_no_sum() -> None:
    a, noise = np.random.default_rng(3).normal(size=(2, 400))
    x = encode_column("x", pd.Series(a + noise))
    given = [encode_column("a", pd.Series(a)), encode_column("b", pd.Series(np.full(400, 0.1)))]
    assert expectations(x, given)
    assert expectations(x, given, sums=True) == ()


def test_no_row_helps_to_predict_itself_and_gaps_are_not_learned_from() -> None:
    rng = np.random.default_rng(1)
    data = teeth(1500, rng)
    noise = data["x"] - np.floor(3 * data["c"]) % 2
    x = np.where(np.arange(1500) < 50, np.nan, data["x"])
    found = Expected.of(
        encode_column("x", pd.Series(x)), [encode_column("c", pd.Series(data["c"]))], data["m"]
    )
    where, _ = found.columns
    tooth = np.floor(3 * data["c"]) % 2
    assert np.corrcoef(where.values, tooth)[0, 1] > 0.9
    assert abs(np.corrcoef(where.values - where.values.mean(), noise)[0, 1]) < 0.1
    assert found.p < 1e-6


def test_models_of_the_same_data_share_what_is_expected_and_not_what_it_says_of_them() -> None:
    data = pd.DataFrame(teeth(300, np.random.default_rng(3)))
    graph = wb.CausalGraph([("c", "x"), ("c", "m"), ("x", "m")])
    models = [wb.BlackBoxModel(lambda d, name=name: d[name], ["m", "c"]) for name in ("m", "c")]
    cases = [wb.AuditCase(data=data, model=model, graph=graph) for model in models]
    plain = fit_equations(cases[0], ["x"])
    one, other = (Simulator.of(case, ["x"], [], plain=plain).expected("x", ["c"]) for case in cases)
    assert one.columns and one.columns is other.columns
    assert one.p != other.p


def test_what_is_learned_serves_another_case_of_the_same_columns_only() -> None:
    frame = pd.DataFrame(teeth(300, np.random.default_rng(4)))
    graph = wb.CausalGraph([("c", "x"), ("c", "m"), ("x", "m")])
    model = wb.BlackBoxModel(lambda rows: rows["m"] * 1.0, ["m"], output="value")

    def simulator(data: pd.DataFrame) -> Simulator:
        case = wb.AuditCase(data=data, model=model, graph=graph)
        return Simulator.of(case, ["x"], [])

    first = simulator(frame)
    told = first.expected("x", ["c"]).columns
    same, other = simulator(frame.assign(m=-frame["m"])), simulator(frame.assign(c=-frame["c"]))
    for each in (same, other):
        each.take_over(first.learned)
    assert same.expected("x", ["c"]).columns is told
    assert not np.array_equal(other.expected("x", ["c"]).columns[0].values, told[0].values)


def test_curves_that_the_equations_follow_are_not_doubted() -> None:
    rng = np.random.default_rng(2)
    c = rng.normal(size=600)
    x = np.sin(c) + rng.normal(size=600)
    m = np.cos(c) + 0.5 * x + 0.5 * rng.normal(size=600)
    report = audited({"c": c, "x": x, "m": m}, 2)
    assert report.verdict is not None
    assert report.verdict.decision == "above"
    assert all(entry.form.missed == 0 for entry in report.effects if entry.form)


def test_features_set_together_carry_what_each_may_have_missed() -> None:
    rng = np.random.default_rng(5)
    data = teeth(300, rng)
    tooth = np.floor(1.7 * data["c"]) % 2
    data["w"] = tooth + 0.3 * rng.normal(size=300)
    data["m"] = data["m"] + 2 * tooth
    edges = [("c", "x"), ("c", "w"), ("c", "m"), ("x", "m"), ("w", "m")]
    case = wb.AuditCase(
        data=pd.DataFrame(data),
        model=wb.BlackBoxModel(lambda rows: rows["m"], ["m"]),
        graph=wb.CausalGraph(edges),
    )
    x, w, _, joint = wb.debiased_effects(case, wb.UnlearningTarget.features(["x", "w"]))
    missed = [entry.form.missed for entry in (x, w) if entry.form is not None]
    assert joint.combination == "joint" and min(missed) > 0
    assert joint.total.standard_error > sum(missed)
    assert joint.indirect.standard_error > sum(missed)
