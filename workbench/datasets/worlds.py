"""Three sample worlds with known structural equations, for learning, tests and benchmarks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.common.arrays import FloatArray
from workbench.datasets.dataset import SampleWorld
from workbench.datasets.scm import Equation, StructuralCausalModel, Values

__all__ = ["heart_disease", "loan", "performance"]


# The prefix keeps a zip code text when a CSV is read back; a bare 02121 would become a number.
ZIP_CODES = ("MA 02121", "MA 02136", "MA 02138", "MA 02467")
ZIP_SHARES = {"Black": (0.45, 0.30, 0.15, 0.10), "White": (0.10, 0.25, 0.30, 0.35)}
NEIGHBORHOOD_BASE = {"MA 02121": 42.0, "MA 02136": 65.0, "MA 02138": 88.0, "MA 02467": 125.0}


def loan(n: int = 5000, seed: int = 0) -> SampleWorld:
    """Return loan applications in which a zip code that no model reads still decides.

    Example 1.1 of the paper. ``zip_code`` stands in for ``race`` and shapes
    ``neighborhood_income``, which the bank's model reads; the model sees neither ``race`` nor
    ``zip_code``. Money is in thousands of dollars a year, times in years, ``debt_ratio`` is debt
    over income, ``approved`` is 0 or 1. U is uniform on [0, 1), N standard normal, one of each
    per row and node::

        race = 'Black' if U < 0.4 else 'White'
        zip_code = the level at U in P(zip_code | race)
        neighborhood_income = base(zip_code) + 6·N
        employment_years = 25·U^1.5
        income = 40 + 2·employment_years + 12·N
        credit_score = 610 + 4·employment_years + 0.5·neighborhood_income + 35·N
        debt_ratio = 0.65 - 0.004·income + 0.08·N
        approved = [U < logistic(log_odds)]
        log_odds = 0.4 + 0.025·(neighborhood_income - 80) + 0.012·(credit_score - 680)
                   + 0.02·(income - 60) - 4·(debt_ratio - 0.4)

    with P(zip_code | race) over MA 02121, MA 02136, MA 02138, MA 02467 of .45, .30, .15, .10
    (Black) and .10, .25, .30, .35 (White), and base(zip_code) of 42, 65, 88, 125.

    Parameters
    ----------
    n : int, default 5000
        Rows.
    seed : int, default 0

    Returns
    -------
    SampleWorld
        Outcome ``approved``; ``features`` leaves ``race`` and ``zip_code`` out.

    Examples
    --------
    >>> world = loan(n=100)
    >>> world.data["zip_code"].nunique(), "zip_code" in world.features
    (4, False)
    """

    def race(_: Values, noise: FloatArray) -> npt.NDArray[np.str_]:
        return np.where(noise < 0.4, "Black", "White")

    def zip_code(values: Values, noise: FloatArray) -> npt.NDArray[np.str_]:
        below = {r: np.cumsum(shares)[:-1] for r, shares in ZIP_SHARES.items()}
        black = np.searchsorted(below["Black"], noise, side="right")
        white = np.searchsorted(below["White"], noise, side="right")
        return np.array(ZIP_CODES)[np.where(values["race"] == "Black", black, white)]

    def neighborhood_income(values: Values, noise: FloatArray) -> FloatArray:
        base = np.array([NEIGHBORHOOD_BASE[z] for z in ZIP_CODES])
        level = np.searchsorted(ZIP_CODES, values["zip_code"])
        return np.asarray(base[level] + 6 * noise)

    def log_odds(v: Values) -> FloatArray:
        return np.asarray(
            0.4
            + 0.025 * (v["neighborhood_income"] - 80)
            + 0.012 * (v["credit_score"] - 680)
            + 0.02 * (v["income"] - 60)
            - 4 * (v["debt_ratio"] - 0.4)
        )

    mechanism = StructuralCausalModel(
        {
            "race": Equation("race = 'Black' if U < 0.4 else 'White'", (), race, "uniform"),
            "zip_code": Equation(
                "zip_code = the level at U in P(zip_code | race)", ("race",), zip_code, "uniform"
            ),
            "neighborhood_income": Equation(
                "neighborhood_income = base(zip_code) + 6·N", ("zip_code",), neighborhood_income
            ),
            "employment_years": Equation(
                "employment_years = 25·U^1.5",
                (),
                lambda _, noise: np.asarray(25 * noise**1.5),
                "uniform",
            ),
            "income": Equation.linear("income", {"employment_years": 2}, intercept=40, noise_sd=12),
            "credit_score": Equation.linear(
                "credit_score",
                {"employment_years": 4, "neighborhood_income": 0.5},
                intercept=610,
                noise_sd=35,
            ),
            "debt_ratio": Equation.linear(
                "debt_ratio", {"income": -0.004}, intercept=0.65, noise_sd=0.08
            ),
            "approved": Equation.bernoulli(
                "approved",
                ("neighborhood_income", "credit_score", "income", "debt_ratio"),
                log_odds,
                "log_odds",
            ),
        }
    )
    return SampleWorld.draw(
        mechanism,
        n,
        seed,
        name="loan",
        outcome="approved",
        features=(
            "neighborhood_income",
            "employment_years",
            "income",
            "credit_score",
            "debt_ratio",
        ),
        protected=("race",),
        description=(
            "Loan applications (generated). The zip code stands in for race and shapes the "
            "neighborhood's income; models read the income and never the zip code."
        ),
        tiers=(
            ("race",),
            ("zip_code",),
            ("neighborhood_income", "employment_years"),
            ("income", "credit_score", "debt_ratio"),
            ("approved",),
        ),
    )


def heart_disease(n: int = 10_000, seed: int = 0) -> SampleWorld:
    """Return patients whose smoking raises the risk score only through other features.

    ``smoking`` has no direct effect and the largest total one; ``exercise`` protects through
    ``bmi``; the indirect effect of ``bmi``, through ``blood_pressure``, grows beyond the age of
    50 while its direct effect is the same at every age. Ages are in whole years, ``exercise`` in
    hours a week, ``bmi`` in kg/m², ``blood_pressure`` in mmHg, ``risk`` in points (the higher the
    worse). U is uniform on [0, 1), N standard normal, one of each per row and node::

        age = floor(30 + 50·U)
        smoking = [U < logistic(-0.8)]
        exercise = 7.5 - 0.04·age - 1·smoking + 1·N
        bmi = 29.5 + 3·smoking - 1·exercise + 2·N
        blood_pressure = 105 + 0.25·age + 14·smoking + (0.3 + 0.1·max(age - 50, 0))·(bmi - 25) + 5·N
        risk = -44 + 0.06·age + 0.6·bmi + 0.35·blood_pressure + 2·N

    The risk is linear, so that a direct effect is one number; only the equation of
    ``blood_pressure`` is not.

    Parameters
    ----------
    n : int, default 10,000
        Rows.
    seed : int, default 0

    Returns
    -------
    SampleWorld
        Outcome ``risk``, a number; all five other columns are ``features``.

    Examples
    --------
    >>> world = heart_disease(n=100)
    >>> world.linear_truth(None, "smoking", 0, 1).direct
    Traceback (most recent call last):
        ...
    workbench.common.errors.DataError: The equation of 'blood_pressure' is not linear, so the \
effect of 'smoking', 'exercise', 'bmi' has no closed form: ask `truth`, which simulates it.
    >>> def risk(frame):
    ...     return 0.06 * frame["age"] + 0.6 * frame["bmi"] + 0.35 * frame["blood_pressure"]
    >>> truth = world.truth(risk, "smoking", 0, 1)
    >>> truth.direct, round(truth.total)
    (0.0, 9)
    """

    def blood_pressure(v: Values, noise: FloatArray) -> FloatArray:
        slope = 0.3 + 0.1 * np.maximum(v["age"] - 50, 0)
        return np.asarray(
            105 + 0.25 * v["age"] + 14 * v["smoking"] + slope * (v["bmi"] - 25) + 5 * noise
        )

    mechanism = StructuralCausalModel(
        {
            "age": Equation(
                "age = floor(30 + 50·U)",
                (),
                lambda _, noise: np.floor(30 + 50 * noise).astype(np.int64),
                "uniform",
            ),
            "smoking": Equation.bernoulli("smoking", (), lambda _: -0.8, "-0.8"),
            "exercise": Equation.linear(
                "exercise", {"age": -0.04, "smoking": -1}, intercept=7.5, noise_sd=1
            ),
            "bmi": Equation.linear(
                "bmi", {"smoking": 3, "exercise": -1}, intercept=29.5, noise_sd=2
            ),
            "blood_pressure": Equation(
                "blood_pressure = 105 + 0.25·age + 14·smoking"
                " + (0.3 + 0.1·max(age - 50, 0))·(bmi - 25) + 5·N",
                ("age", "smoking", "bmi"),
                blood_pressure,
            ),
            "risk": Equation.linear(
                "risk",
                {"age": 0.06, "bmi": 0.6, "blood_pressure": 0.35},
                intercept=-44,
                noise_sd=2,
            ),
        }
    )
    return SampleWorld.draw(
        mechanism,
        n,
        seed,
        name="heart_disease",
        outcome="risk",
        features=("age", "smoking", "exercise", "bmi", "blood_pressure"),
        protected=("age",),
        description=(
            "Patients and a risk score (generated). Smoking acts only through other features; "
            "the indirect effect of bmi grows beyond the age of 50."
        ),
        tiers=(("age",), ("smoking",), ("exercise",), ("bmi",), ("blood_pressure",), ("risk",)),
    )


def performance(n: int = 10_000, seed: int = 0) -> SampleWorld:
    """Return employees whose score depends on experience most directly, on education most in all.

    ``gender`` acts only through ``education_years``, which also brings ``experience_years``.
    Experience has the largest direct effect of all and the third largest total one, after
    education and age and before gender; ``income`` follows from education and experience and
    causes nothing. The paper contradicts itself on experience; ``estimands.md``,
    "Contradictions in the paper that the sample data must settle", follows its text. ``gender``
    is 0 (female) or 1 (male), ``income`` in thousands of dollars a year, ``score`` in points. U
    is uniform on [0, 1), N standard normal, one of each per row and node::

        gender = [U < logistic(0)]
        age = floor(30 + 35·U)
        education_years = 14 + 1·gender + 2·N
        experience_years = -24 + 0.4·age + 1.6·education_years + 3·N
        income = -20 + 3·education_years + 2·experience_years + 8·N
        score = 10 + 0.3·age + 3.3·education_years + 1.3·experience_years + 4·N

    Every equation after the roots is linear: `SampleWorld.linear_truth` and
    `SampleWorld.path_truth` are exact for linear models.

    Parameters
    ----------
    n : int, default 10,000
        Rows.
    seed : int, default 0

    Returns
    -------
    SampleWorld
        Outcome ``score``, a number; all five other columns are ``features``.

    Examples
    --------
    >>> world = performance(n=100)
    >>> truth = world.linear_truth(None, "gender", 0, 1)
    >>> truth.direct, round(truth.total, 2)
    (0.0, 5.38)
    """
    mechanism = StructuralCausalModel(
        {
            "gender": Equation.bernoulli("gender", (), lambda _: 0.0, "0"),
            "age": Equation(
                "age = floor(30 + 35·U)",
                (),
                lambda _, noise: np.floor(30 + 35 * noise).astype(np.int64),
                "uniform",
            ),
            "education_years": Equation.linear(
                "education_years", {"gender": 1}, intercept=14, noise_sd=2
            ),
            "experience_years": Equation.linear(
                "experience_years",
                {"age": 0.4, "education_years": 1.6},
                intercept=-24,
                noise_sd=3,
            ),
            "income": Equation.linear(
                "income",
                {"education_years": 3, "experience_years": 2},
                intercept=-20,
                noise_sd=8,
            ),
            "score": Equation.linear(
                "score",
                {"age": 0.3, "education_years": 3.3, "experience_years": 1.3},
                intercept=10,
                noise_sd=4,
            ),
        }
    )
    return SampleWorld.draw(
        mechanism,
        n,
        seed,
        name="performance",
        outcome="score",
        features=("gender", "age", "education_years", "experience_years", "income"),
        protected=("gender", "age"),
        description=(
            "Employees and a performance score (generated). Gender acts only through education; "
            "experience matters most directly, education most in total."
        ),
        tiers=(
            ("gender", "age"),
            ("education_years",),
            ("experience_years",),
            ("income",),
            ("score",),
        ),
    )
