"""Mediation analyses whose answers others have published, with the same models and data.

The data are not copied: those of `framing` stand in the installed statsmodels, and of pingouin's
example only means and covariances are written here, which decide a linear answer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
from scipy.stats import norm

import workbench as wb

COVARIATES = ["age", "educ", "gender", "income"]
READS = ["emo", "treat", *COVARIATES]
FRAMING = {"total": 0.0968, "ACME": (0.0842, 0.0852), "ADE": (0.0116, 0.0126)}
"""Brader, Valentino and Suhay (2008), as of the R package mediation's vignette: a probit of the
message to Congress, and a linear regression of the emotion; plug-in estimates."""
PINGOUIN = {"total": 0.396, "direct": 0.0396, "indirect": 0.357}
"""``pingouin.mediation_analysis(data=read_dataset("mediation"), x="X", m="M", y="Y")``."""
MEANS = [5.99, 4.86, 5.23]
COVARIANCE = [
    [3.040303, 1.705657, 1.204343],
    [1.705657, 3.616566, 2.365859],
    [1.204343, 2.365859, 4.158687],
]
"""Of X, M and Y in that data of 100 rows: ``.mean()`` and ``.cov()``."""


def design(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The regressors of R's formula: an intercept, numbers, and levels but the first."""
    levels = {
        "educ": ["high school", "less than high school", "some college"],
        "gender": ["male"],
    }
    out = {"intercept": np.ones(len(rows))}
    for name in names:
        if name in levels:
            out |= {f"{name} {v}": (rows[name] == v).to_numpy(float) for v in levels[name]}
        else:
            out[name] = rows[name].to_numpy(float)
    return pd.DataFrame(out)


@pytest.fixture(scope="module")
def framing() -> tuple[wb.AuditCase, dict[str, tuple[float, float]]]:
    """The case, and the plug-in estimates: with the treatment's other half at 0 and at 1."""
    file = Path(statsmodels.__file__).parent / "stats" / "tests" / "results" / "framing.csv"
    if not file.exists():
        pytest.skip("This build of statsmodels ships no test data.")
    data = pd.read_csv(file)
    assert len(data) == 265
    probit = sm.families.Binomial(link=sm.families.links.Probit())
    fit = sm.GLM(data["cong_mesg"].to_numpy(), design(data, READS), family=probit).fit(atol=1e-11)
    through = ["treat", *COVARIATES]
    emotion = sm.OLS(data["emo"].to_numpy(), design(data, through)).fit()
    means = [emotion.predict(design(data.assign(treat=t), through)) for t in (0, 1)]
    weight = fit.params["emo"]
    spread = np.sqrt(1 + weight**2 * emotion.scale)

    def chance(treat: int, felt: int) -> float:
        rest = design(data.assign(treat=treat, emo=0.0), READS) @ fit.params
        return float(norm.cdf((rest + weight * means[felt]) / spread).mean())

    plugged = {
        "total": (chance(1, 1) - chance(0, 0),) * 2,
        "ACME": (chance(0, 1) - chance(0, 0), chance(1, 1) - chance(1, 0)),
        "ADE": (chance(1, 0) - chance(0, 0), chance(1, 1) - chance(0, 1)),
    }
    model = wb.BlackBoxModel(
        lambda rows: np.asarray(fit.predict(design(rows, READS))),
        features=READS,
        output="probability",
    )
    edges = [(cause, "emo") for cause in through]
    case = wb.AuditCase(
        data=data[[*READS, "cong_mesg"]],
        model=model,
        graph=wb.CausalGraph(edges),
        outcome="cong_mesg",
    )
    return case, plugged


def test_the_published_figures_are_those_of_the_models(framing) -> None:
    _, plugged = framing
    assert plugged["total"][0] == pytest.approx(FRAMING["total"], abs=2e-4)
    assert plugged["ACME"] == pytest.approx(FRAMING["ACME"], abs=2e-4)
    assert plugged["ADE"] == pytest.approx(FRAMING["ADE"], abs=2e-4)


@pytest.mark.parametrize("estimate", [wb.cafe_effects, wb.fuzzed_effects, wb.debiased_effects])
def test_framing_is_answered_as_others_answer_it(estimate, framing) -> None:
    case, plugged = framing
    target, change = wb.UnlearningTarget.feature("treat"), wb.Contrast(0, 1)
    found = estimate(case, target, intervention=change)["treat"]
    # asked of the model; the emotion stands as felt, between the two of the plug-in estimate
    assert plugged["ADE"][0] - 1e-3 < found.direct.value < plugged["ADE"][1] + 1e-3
    # 265 rows leave a standard error of 0.025; emotions beyond the scale are clipped to it
    assert found.total.value == pytest.approx(FRAMING["total"], abs=0.015)
    assert found.total.low < FRAMING["total"] < found.total.high
    assert found.indirect.low < FRAMING["ACME"][0] < found.indirect.high


def test_pingouins_example_is_answered_as_pingouin_answers_it() -> None:
    """100 rows with the example's means and covariances of X, M and Y."""
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(100, 3))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False))).T
    rows = white @ np.linalg.cholesky(np.array(COVARIANCE)).T + np.array(MEANS)
    data = pd.DataFrame(rows, columns=["X", "M", "Y"])
    fit = sm.OLS(data["Y"], sm.add_constant(data[["X", "M"]])).fit().params
    model = wb.BlackBoxModel(
        lambda rows: fit["const"] + fit["X"] * rows["X"] + fit["M"] * rows["M"],
        features=["X", "M"],
        output="value",
    )
    case = wb.AuditCase(data=data, model=model, graph=wb.CausalGraph([("X", "M")]), outcome="Y")
    target, change = wb.UnlearningTarget.feature("X"), wb.Contrast(5.5, 6.5)
    linear = wb.cafe_effects(case, target, intervention=change, basis="linear")["X"]
    for part, known in PINGOUIN.items():
        assert getattr(linear, part).value == pytest.approx(known, abs=6e-4), part
    for estimate in (wb.cafe_effects, wb.fuzzed_effects, wb.debiased_effects):
        found = estimate(case, target, intervention=change)["X"]
        assert found.direct.value == pytest.approx(PINGOUIN["direct"], abs=6e-4)
        assert found.total.low < PINGOUIN["total"] < found.total.high
