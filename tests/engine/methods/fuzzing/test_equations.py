"""Structural equations: abduction keeps rows, gradients are derivatives, errors are honest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import special

from workbench import AuditCase, CausalGraph
from workbench.common.errors import DataError
from workbench.methods.fuzzing.equation_terms import MOST_TERMS, ROWS_PER_TERM, choose_terms
from workbench.methods.fuzzing.equations import CategoricalEquation, NumericEquation, fit_equation
from workbench.methods.fuzzing.propagation import Propagation, fit_equations
from workbench.tables.columns import Column, encode_column

N = 2000


def column(name: str, values) -> Column:
    return encode_column(name, pd.Series(values))


def causes(rng: np.random.Generator, n: int = N) -> list[Column]:
    return [
        column("x", rng.normal(size=n)),
        column("k", rng.integers(0, 9, size=n)),
        column("g", rng.choice(["u", "v", "w"], p=[0.5, 0.3, 0.2], size=n)),
    ]


def numeric(rng: np.random.Generator, *, whole: bool = False, n: int = N) -> NumericEquation:
    x, k, g = causes(rng, n)
    v = np.sin(x.values) + 0.2 * k.values + 0.5 * (g.values == 2) * x.values
    v = v + 0.5 * rng.normal(size=n)
    equation = fit_equation(column("v", np.round(5 * v).astype(int) if whole else v), [x, k, g])
    assert isinstance(equation, NumericEquation)
    return equation


def categorical(rng: np.random.Generator, levels: int = 4, n: int = N) -> CategoricalEquation:
    x, k, g = causes(rng, n)
    slopes = np.linspace(-1.5, 1.5, levels)
    log_odds = slopes * x.values[:, None] + 0.1 * np.cos(np.arange(levels)) * k.values[:, None]
    log_odds += 0.5 * (g.values == 1)[:, None] * (np.arange(levels) % 2)
    drawn = np.argmax(log_odds + rng.gumbel(size=(n, levels)), axis=1)
    equation = fit_equation(column("v", [f"level {d}" for d in drawn]), [x, k, g])
    assert isinstance(equation, CategoricalEquation)
    return equation


def observed(equation, rows=slice(None)) -> dict[str, np.ndarray]:
    return {p.name: p.values[rows] for p in equation.parents}


def moved(equation, now, *, rows=slice(None), seed: int = 0, residuals="abduct"):
    was = observed(equation, rows)
    values = equation.column.values[rows]
    uniform = np.random.default_rng(seed).random(len(values))
    return equation.move(values, equation.expected(was), equation.expected(now), uniform, residuals)


# ---- what the equations learn --------------------------------------------------------------


def test_a_numeric_equation_learns_a_curve_and_an_interaction(rng: np.random.Generator) -> None:
    equation = numeric(rng, n=8000)
    x = np.linspace(-1.8, 1.8, 61)
    for code, factor in ((0, 0.0), (1, 0.0), (2, 0.5)):
        at = {"x": x, "k": np.full(61, 4.0), "g": np.full(61, code)}
        expected = np.sin(x) + 0.8 + factor * x
        np.testing.assert_allclose(equation.expected(at), expected, atol=0.09)


def test_a_categorical_equation_learns_probabilities(rng: np.random.Generator) -> None:
    n = 20_000
    x, g = column("x", rng.normal(size=n)), column("g", rng.choice(["u", "v"], size=n))
    log_odds = np.stack([0 * x.values, x.values + 0.5 * g.values, -x.values], axis=1)
    truth = special.softmax(log_odds, axis=1)
    drawn = (rng.random(n)[:, None] > np.cumsum(truth, axis=1)).sum(axis=1)
    equation = fit_equation(column("v", np.array(["a", "b", "c"])[drawn]), [x, g])
    cumulative = equation.expected(observed(equation))
    np.testing.assert_allclose(cumulative[:, -1], 1.0)
    inner = np.abs(x.values) < 2
    error = np.abs(np.diff(cumulative, axis=1, prepend=0.0) - truth)[inner]
    assert error.mean() < 0.012 and error.max() < 0.06


def test_abducted_averages_are_those_of_the_equation(rng: np.random.Generator) -> None:
    """Coupling through the row's noise changes who moves, not how many are where."""
    for levels in (2, 4):
        equation = categorical(rng, levels)
        now = {**observed(equation), "x": np.clip(observed(equation)["x"] + 0.7, -3, 3)}
        shares = np.diff(equation.expected(now), axis=1, prepend=0.0).mean(axis=0)
        found = np.bincount(moved(equation, now), minlength=levels) / N
        np.testing.assert_allclose(found, shares, atol=4 * 0.5 / np.sqrt(N))
    whole = numeric(rng, whole=True)
    now = {**observed(whole), "x": np.zeros(N)}
    change = moved(whole, now) - whole.column.values
    expected = whole.expected(now) - whole.expected(observed(whole))
    inside = np.abs(whole.column.values - whole.column.values.mean()) < 2 * whole.column.scale
    assert change[inside].mean() == pytest.approx(expected[inside].mean(), abs=0.05)


# ---- abduction -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["number", "whole number", "two levels", "five levels"])
def test_nothing_moves_when_no_cause_moved(kind: str, rng: np.random.Generator) -> None:
    equation = {
        "number": lambda: numeric(rng),
        "whole number": lambda: numeric(rng, whole=True),
        "two levels": lambda: categorical(rng, 2),
        "five levels": lambda: categorical(rng, 5),
    }[kind]()
    for seed in range(3):
        same = moved(equation, observed(equation), seed=seed)
        np.testing.assert_array_equal(same, equation.column.values)
        assert same.dtype == equation.column.values.dtype
    dropped = moved(equation, observed(equation), residuals="drop")
    assert (dropped != equation.column.values).mean() > 0.1  # the paper moves untouched rows


def test_numbers_keep_their_residual(rng: np.random.Generator) -> None:
    equation = numeric(rng)
    now = {**observed(equation), "x": np.full(N, 0.3)}
    found = moved(equation, now)
    kept = equation.column.values - equation.expected(observed(equation))
    inside = (found > equation.column.low) & (found < equation.column.high)
    assert inside.mean() > 0.97
    np.testing.assert_allclose(
        (found - equation.expected(now))[inside], kept[inside], rtol=0, atol=1e-12
    )
    assert equation.column.low <= found.min() and found.max() <= equation.column.high
    dropped = moved(equation, now, residuals="drop")
    np.testing.assert_allclose(
        dropped, np.clip(equation.expected(now), equation.column.low, equation.column.high)
    )


def test_dropping_the_noise_of_a_category_takes_its_most_probable_level(
    rng: np.random.Generator,
) -> None:
    equation = categorical(rng)
    now = {**observed(equation), "x": np.full(N, 2.0)}
    chances = np.diff(equation.expected(now), axis=1, prepend=0.0)
    np.testing.assert_array_equal(
        moved(equation, now, residuals="drop"), np.argmax(chances, axis=1)
    )


def test_whole_numbers_stay_whole_and_in_range(rng: np.random.Generator) -> None:
    equation = numeric(rng, whole=True)
    for value in (-2.5, 0.0, 2.5):
        found = moved(equation, {**observed(equation), "x": np.full(N, value)})
        np.testing.assert_array_equal(found, np.rint(found))
        assert equation.column.low <= found.min() and found.max() <= equation.column.high


def test_two_levels_move_one_way_only(rng: np.random.Generator) -> None:
    """The coupling is monotone: when a level's chance grows, nobody leaves it."""
    equation = categorical(rng, 2)
    was = observed(equation)
    now = {**was, "x": np.clip(was["x"] + 0.5, -3, 3)}
    rises = equation.expected(now)[:, 0] < equation.expected(was)[:, 0]
    found = moved(equation, now)
    assert rises.mean() > 0.5
    assert (found[rises] >= equation.column.values[rises]).all()
    assert (found[~rises] <= equation.column.values[~rises]).all()


def test_going_and_coming_back(rng: np.random.Generator) -> None:
    equation = categorical(rng)
    was, now = observed(equation), {**observed(equation), "x": np.full(N, -1.0)}
    uniform = np.random.default_rng(3).random(N)
    there = equation.move(
        equation.column.values, equation.expected(was), equation.expected(now), uniform, "abduct"
    )
    unit = np.abs(equation.expected(now) - equation.expected(was)).max(axis=1)
    # The share that moved is the probability mass that moved.
    assert (there != equation.column.values).mean() <= unit.mean() * 3 + 0.02


# ---- missing values ------------------------------------------------------------------------


def test_missing_numbers_stay_missing_and_others_never_become_so(rng) -> None:
    x = rng.normal(size=N)
    v = 2 * x + rng.normal(size=N)
    x_gaps, v_gaps = x.copy(), v.copy()
    x_gaps[::10], v_gaps[3::10] = np.nan, np.nan
    for whole in (False, True):
        values = np.round(v_gaps) if whole else v_gaps
        equation = fit_equation(column("v", values), [column("x", x_gaps)])
        same = moved(equation, observed(equation))
        np.testing.assert_array_equal(same, values)
        for residuals in ("abduct", "drop"):
            found = moved(equation, {"x": np.full(N, 0.5)}, residuals=residuals)
            np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
        influence = equation.influences(np.ones(equation.terms.width)[None])[0]
        assert np.isfinite(influence).all() and (influence[3::10] == 0).all()
    slope = moved(equation, {"x": np.full(N, 1.0)}) - moved(equation, {"x": np.full(N, 0.0)})
    assert np.nanmean(slope) == pytest.approx(2.0, abs=0.2)


def test_a_missing_category_is_a_level_and_rows_without_change_keep_it(rng) -> None:
    x = rng.normal(size=N)
    v = np.where(rng.random(N) < 0.2, None, np.where(x + rng.normal(size=N) > 0, "up", "down"))
    gaps = np.where(rng.random(N) < 0.1, np.nan, x)
    equation = fit_equation(column("v", v), [column("x", gaps)])
    assert equation.column.levels == ("down", "up", None)
    np.testing.assert_array_equal(moved(equation, observed(equation)), equation.column.values)


# ---- propagation ---------------------------------------------------------------------------


def chain_case(rng: np.random.Generator, n: int = 600) -> AuditCase:
    a = rng.normal(size=n)
    k = np.round(a + rng.normal(size=n)).astype(int)
    g = np.where(rng.random(n) < special.expit(a + 0.3 * k), "yes", "no")
    m = a + 0.5 * k + (g == "yes") + rng.normal(size=n)
    m[::9] = np.nan
    side = rng.normal(size=n)
    data = pd.DataFrame({"a": a, "k": k, "g": g, "m": m, "side": side})
    edges = [("a", "k"), ("a", "g"), ("k", "g"), ("a", "m"), ("k", "m"), ("g", "m"), ("side", "m")]

    def score(rows: pd.DataFrame) -> pd.Series:
        return rows["m"].fillna(0) + rows["k"] + (rows["g"] == "yes")

    return AuditCase(data=data, model=score, features=["m", "k", "g"], graph=CausalGraph(edges))


def test_rows_whose_causes_did_not_move_are_untouched(rng: np.random.Generator) -> None:
    """Through whole numbers, categories and missing values, down a chain."""
    case = chain_case(rng)
    equations = fit_equations(case, ["a"], seed=4)
    assert list(equations.by_node) == ["k", "g", "m"]
    rows = Propagation(case.columns, equations, np.arange(case.n_rows))
    touched = np.arange(case.n_rows) % 2 == 0
    a = np.where(touched, 1.5, case.columns["a"].values)
    state = rows.carry({"a": a})
    assert set(state) == {"a", "k", "g", "m"}
    for name in ("k", "g", "m"):
        before, after = case.columns[name].values, state[name]
        np.testing.assert_allclose(after[~touched], before[~touched], rtol=0, atol=1e-12)
        both = before[touched], after[touched]
        assert np.nanmean(np.not_equal(*both)[~np.isnan(both[0].astype(float))]) > 0.2
    assert set(rows.carry({"side": np.zeros(case.n_rows)})) == {"side", "m"}
    assert set(rows.carry({"a": a}, through=["m"])) == {"a", "m"}  # k and g are held


def test_carrying_on_equals_carrying_from_the_start(rng: np.random.Generator) -> None:
    case = chain_case(rng)
    rows = Propagation(case.columns, fit_equations(case, ["a"]), np.arange(case.n_rows))
    fixed = {"a": np.full(case.n_rows, 0.7)}
    forced = np.full(case.n_rows, 2.0)
    through = ["k", "g", "m"]
    directly = rows.carry({**fixed, "k": forced})
    again = rows.carry_on(rows.carry(fixed), fixed, "k", forced, through)
    for name in directly:
        np.testing.assert_array_equal(directly[name], again[name])


def test_the_noise_belongs_to_the_row_not_to_the_target(rng: np.random.Generator) -> None:
    case = chain_case(rng)
    equations = fit_equations(case, ["a"], seed=1)
    everyone = Propagation(case.columns, equations, np.arange(case.n_rows))
    some = Propagation(case.columns, equations, np.array([5, 77, 300]))
    whole = everyone.carry({"a": np.full(case.n_rows, -1.0)})
    part = some.carry({"a": np.full(3, -1.0)})
    for name in part:
        np.testing.assert_allclose(part[name], whole[name][[5, 77, 300]], rtol=0, atol=1e-9)


# ---- gradients and influence ---------------------------------------------------------------


def finite_difference(value, coefficients: np.ndarray, size: float) -> np.ndarray:
    out = np.empty(coefficients.size)
    for place in range(coefficients.size):
        step = np.zeros(coefficients.size)
        step[place] = size
        step = step.reshape(coefficients.shape)
        out[place] = (value(coefficients + step) - value(coefficients - step)) / (2 * size)
    return out


@pytest.mark.parametrize("residuals", ["abduct", "drop"])
def test_gradient_of_a_number_is_the_slope_of_the_simulated_mean(residuals, rng) -> None:
    equation = numeric(rng, n=400)
    was = observed(equation)
    # Well inside the observed range: clipping has no part in this.
    now = {**was, "x": np.clip(was["x"], -1, 1) * 0.9, "g": np.zeros(400, dtype=np.intp)}
    slope = rng.normal(size=400)
    wide = replace(equation.column, low=-np.inf, high=np.inf)

    def mean(coefficients: np.ndarray) -> float:
        other = replace(equation, coefficients=coefficients, column=wide)
        return float(slope @ moved(other, now, residuals=residuals) / 400)

    found = equation.gradient(slope, now, was if residuals == "abduct" else None)
    np.testing.assert_allclose(
        found, finite_difference(mean, equation.coefficients, 1e-4), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_gradient_of_a_category_is_the_slope_of_the_simulated_mean(levels: int, rng) -> None:
    """Levels and noise of each row drawn from a fine grid, then moved under nudged coefficients."""
    equation = categorical(rng, levels)
    rows = rng.choice(N, size=5, replace=False)
    was = observed(equation, rows)
    now = {**was, "x": was["x"] * 0.3 + 0.4, "g": (was["g"] + 1) % 3}
    scores = rng.normal(size=(5, levels))
    grid = 40_001
    noise = (np.arange(grid) + 0.5) / grid
    chances = np.diff(equation.expected(was), axis=1, prepend=0.0)

    def mean(coefficients: np.ndarray) -> float:
        other = replace(equation, coefficients=coefficients)
        before, after = other.expected(was), other.expected(now)
        total = 0.0
        for i in range(5):
            for level in range(levels):
                found = other.move(
                    np.full(grid, level),
                    np.tile(before[i], (grid, 1)),
                    np.tile(after[i], (grid, 1)),
                    noise,
                    "abduct",
                )
                total += chances[i, level] * scores[i, found].mean()
        return total / 5

    found = equation.gradient(scores, now, was)
    some = [0, 1, 3, found.size // 2, found.size - 1]
    flat = equation.coefficients.ravel()
    for place in some:
        size = 0.02
        step = np.zeros(flat.size)
        step[place] = size
        step = step.reshape(equation.coefficients.shape)
        slope = mean(equation.coefficients + step) - mean(equation.coefficients - step)
        assert found[place] == pytest.approx(slope / (2 * size), abs=2e-3, rel=0.02)
    assert np.abs(found[some]).max() > 0.02  # something to compare with
    np.testing.assert_array_equal(equation.gradient(scores, now, None), 0.0)


def test_gradient_of_a_category_in_the_row_major_order_of_its_coefficients(rng) -> None:
    """An independent derivation by central differences of the coupling's exact expectation."""
    equation = categorical(rng, 4, n=500)
    was = observed(equation)
    now = {**was, "x": was["x"][::-1]}
    scores = rng.normal(size=(500, 4))
    base = equation.expected(was)
    weight = np.diff(base, axis=1, prepend=0.0)

    def mean(coefficients: np.ndarray) -> float:
        other = replace(equation, coefficients=coefficients)
        upper_was, upper_now = other.expected(was), other.expected(now)
        lower_was = np.hstack([np.zeros((500, 1)), upper_was[:, :-1]])
        lower_now = np.hstack([np.zeros((500, 1)), upper_now[:, :-1]])
        total = np.zeros(500)
        for v in range(4):
            for level in range(4):
                high = np.minimum(upper_was[:, v], upper_now[:, level])
                low = np.maximum(lower_was[:, v], lower_now[:, level])
                overlap = np.maximum(high - low, 0.0) / (upper_was[:, v] - lower_was[:, v])
                total += weight[:, v] * overlap * scores[:, level]
        return float(total.mean())

    expected = finite_difference(mean, equation.coefficients, 1e-5)
    np.testing.assert_allclose(equation.gradient(scores, now, was), expected, atol=2e-5)


def test_influence_gives_the_error_of_least_squares(rng: np.random.Generator) -> None:
    """Against the textbook sandwich on the equation's own regressors."""
    equation = numeric(rng, n=1000)
    regressors = equation.terms(observed(equation))
    gradient = rng.normal(size=equation.terms.width)
    bread = np.linalg.inv(regressors.T @ regressors)
    residual = equation.column.values - regressors @ equation.coefficients
    meat = (regressors * residual[:, None] ** 2).T @ regressors
    free = 1000 - equation.terms.width
    expected = np.sqrt(gradient @ bread @ meat @ bread @ gradient * 1000 / free)
    influence = equation.influences(gradient[None])[0]
    assert np.sqrt((influence**2).sum()) / 1000 == pytest.approx(expected, rel=0.02)
    assert abs(influence.mean()) < 0.05 * expected


@pytest.mark.parametrize("kind", ["number", "category"])
def test_influence_predicts_what_leaving_rows_out_does(kind: str, rng) -> None:
    """First order: without some rows, the estimate moves by minus their influence over n."""
    n = 2000
    x = rng.normal(size=n)
    drawn = np.where(rng.random(n) < special.expit(0.8 * x), "b", "a")
    values = drawn if kind == "category" else 2 * x + x**2 + rng.normal(size=n)

    def rise(equation) -> float:
        low, high = (equation.expected({"x": np.array([at])}).ravel()[0] for at in (-0.5, 0.8))
        if kind == "category":  # expected() is P(a); its log-odds are linear in the coefficients
            low, high = -special.logit(low), -special.logit(high)
        return float(high - low)

    whole = fit_equation(column("v", values), [column("x", x)])
    low, high = (whole.terms({"x": np.array([at])}).ravel() for at in (-0.5, 0.8))
    influence = whole.influences((high - low)[None])[0]
    predicted, found = [], []
    for _ in range(40):
        left = rng.choice(n, size=100, replace=False)
        kept = np.setdiff1d(np.arange(n), left)
        part = fit_equation(column("v", values[kept]), [column("x", x[kept])])
        found.append(rise(part) - rise(whole))
        predicted.append(-influence[left].sum() / n)
    assert np.corrcoef(predicted, found)[0, 1] > 0.9
    assert np.polyfit(predicted, found, 1)[0] == pytest.approx(1.0, abs=0.2)


# ---- how rich the equations are ------------------------------------------------------------


def test_terms_fit_the_number_of_rows(rng: np.random.Generator) -> None:
    rich = choose_terms(causes(rng, 5000), 5000)
    poor = choose_terms(causes(rng, 200), 200)
    assert rich.pairs and rich.width <= MOST_TERMS
    assert poor.width <= 200 // ROWS_PER_TERM and not poor.pairs
    assert rich.width == rich({c.name: c.values for c in causes(rng, 50)}).shape[1]
    both = [c for c in causes(rng, 50) if c.name != "g"]
    values = {c.name: c.values for c in both}
    small = choose_terms(both, 5000)
    main = small(values)
    assert np.linalg.matrix_rank(main.T @ main) <= small.width


def test_rare_levels_that_an_intervention_sets_are_kept(rng: np.random.Generator) -> None:
    levels = np.r_[["common"] * 300, ["other"] * 296, ["rare"] * 4]
    g = column("g", levels)
    v = (levels == "rare") * 5.0 + 0.1 * rng.normal(size=600)
    with_rare = fit_equation(column("v", v), [g], keep={"g": np.array([2])})
    change = with_rare.expected({"g": np.array([2])}) - with_rare.expected({"g": np.array([0])})
    assert change[0] == pytest.approx(5, abs=0.3)


def test_many_categories_in_few_rows(rng: np.random.Generator) -> None:
    """German-like: 300 rows, ten categorical causes with up to ten levels each."""
    n = 300
    parents = [
        column(f"p{i}", np.array([f"A{j}" for j in range(10)])[rng.integers(0, 3 + i % 8, n)])
        for i in range(10)
    ]
    for values in (rng.integers(0, 6, n).astype(str), rng.normal(size=n)):
        equation = fit_equation(column("v", values), parents)
        now = {p.name: np.roll(p.values, 1) for p in parents}
        found = moved(equation, now)
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(moved(equation, observed(equation)), equation.column.values)
        influence = equation.influences(np.ones(equation.coefficients.size)[None])[0]
        assert np.isfinite(influence).all()


def test_an_equation_of_very_many_levels_is_refused_with_how_many_would_do(rng) -> None:
    a = encode_column("a", pd.Series(rng.normal(size=6_000)))
    town = encode_column("town", pd.Series([f"town {i % 900}" for i in range(6_000)]))
    with pytest.raises(DataError, match=r"'town' has 900 levels.* at most (\d+) are left") as told:
        fit_equation(town, (a,))
    assert 100 < int(told.value.args[0].split("at most ")[1].split()[0]) < 900


def test_a_category_whose_causes_are_all_rare_levels_has_the_shares_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    shop = encode_column("shop", pd.Series([f"s{i}" for i in rng.integers(0, 1500, 2000)]))
    flag = encode_column("flag", pd.Series(np.arange(2000) % 4 == 0))
    equation = fit_equation(flag, [shop])
    chances = equation.expected({"shop": shop.values[:5]})
    np.testing.assert_allclose(chances[:, 0], 0.75, atol=0.01)
