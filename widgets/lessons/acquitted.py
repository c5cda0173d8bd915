"""The walk through our own mistakes: three models, and what a careful auditor looks at.

The tables are drawn here, the models are formulas, and which answer is right is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

import workbench as wb
from widgets.lessons.lesson import Lesson, StoryQuestion, Told
from widgets.parts import markup
from workbench.common.arrays import FloatArray
from workbench.common.progress import Progress
from workbench.common.wording import points, share
from workbench.datasets.scm import sigmoid
from workbench.methods.profile.profile import FeatureProfile

__all__ = ["ACQUITTED", "Three", "measure"]

ROWS = 4_000
AGREED = 0.02
"""τ of all three audits."""
CLEAR = 0.1
MOST = 0.9
YOUNGEST, OLDEST = 20, 80
QUARTERS = (35, 65)
"""Ages between which a quarter of the drivers lies on either side."""
CODES = tuple("ABCD")
MARKED = "B"
LIFT = {"A": -0.03, "B": 1.2, "C": 0.02, "D": 0.0}
"""How much better the applicants of a zip code are, by their credit."""


@dataclass(frozen=True)
class Three:
    """What was measured for the walk.

    Attributes
    ----------
    ages, shift, codes : AuditReport
        An insurer's model by age, an employer's by shift, a bank's by zip code.
    means : mapping of str to float
        Mean prediction of the bank's model in each zip code.
    apart : mapping of (str, str) to float
        By how much the model's predictions differ between two zip codes for the same applicants.
    quarters : float
        By how much the mean prediction differs between the two ages of :data:`QUARTERS`.
    shifts : (float, float)
        Mean prediction with everybody on days, and with everybody on nights.
    moved : float
        Share of the employees whose prediction a change of shift moves by more than τ.
    """

    ages: wb.AuditReport
    shift: wb.AuditReport
    codes: wb.AuditReport
    means: Mapping[str, float]
    apart: Mapping[tuple[str, str], float]
    quarters: float
    shifts: tuple[float, float]
    moved: float


def measure(progress: Progress) -> Three:
    """Draw the three tables, ask the three models and audit them."""
    rng = np.random.default_rng(0)
    drivers = pd.DataFrame(
        {
            "age": rng.permutation(np.arange(ROWS) % (OLDEST - YOUNGEST + 1) + YOUNGEST),
            "miles": rng.normal(10, 3, ROWS),
        }
    )
    staff = pd.DataFrame(
        {
            "night_shift": rng.integers(0, 2, ROWS),
            "children": rng.integers(0, 2, ROWS),
            "tenure": rng.normal(8, 3, ROWS),
        }
    )
    code = rng.choice(CODES, ROWS)
    lift = pd.Series(code).map(LIFT).to_numpy()
    applicants = pd.DataFrame({"zip_code": code, "credit": rng.normal(size=ROWS) + lift})
    ages = _case(drivers, _claims, [])
    shift = _case(staff, _leaving, [])
    codes = _case(applicants, _credit, [("credit", "zip_code")])
    young, old = (float(ages.ask(drivers.assign(age=at)).mean()) for at in QUARTERS)
    night, day = (shift.ask(staff.assign(night_shift=at)) for at in (1, 0))
    asked = {name: float(codes.ask(applicants.assign(zip_code=name)).mean()) for name in CODES}
    predicted = pd.Series(codes.ask(applicants)).groupby(code).mean()
    return Three(
        _audited(ages, "age", progress),
        _audited(shift, "night_shift", progress),
        _audited(codes, "zip_code", progress),
        {str(name): float(value) for name, value in predicted.items()},
        {(one, other): asked[other] - asked[one] for one, other in combinations(CODES, 2)},
        old - young,
        (float(day.mean()), float(night.mean())),
        float(np.mean(np.abs(night - day) > AGREED)),
    )


def _claims(rows: pd.DataFrame) -> FloatArray:
    return sigmoid(((rows["age"] - 50) / 15) ** 2 - 2 + (rows["miles"] - 10) / 6)


def _leaving(rows: pd.DataFrame) -> FloatArray:
    turned = (2 * rows["night_shift"] - 1) * (2 * rows["children"] - 1)
    return sigmoid(turned + (8 - rows["tenure"]) / 3)


def _credit(rows: pd.DataFrame) -> FloatArray:
    marked = 0.45 + 0.15 * rows["credit"] - 0.18 * (rows["zip_code"] == MARKED)
    return np.asarray(marked.clip(0, 1))


def _case(
    table: pd.DataFrame,
    formula: Callable[[pd.DataFrame], FloatArray],
    arrows: list[tuple[str, str]],
) -> wb.AuditCase:
    names = list(table.columns)
    return wb.AuditCase(
        data=table,
        model=wb.BlackBoxModel(formula, features=names),
        graph=wb.CausalGraph(arrows, nodes=names),
    )


def _audited(case: wb.AuditCase, column: str, progress: Progress) -> wb.AuditReport:
    target = wb.UnlearningTarget.feature(column)
    return wb.audit(case, target, ("cafe", "fuzzing"), threshold=AGREED, progress=progress)


def _curve(found: Three) -> Told:
    gap = abs(found.quarters)
    profile = _profile(found.ages, "age")
    surest = profile.parts["total"].surest
    rows = [
        (level.label, points(level.effects["total"][0]) or "no difference")
        for level in profile.levels
    ]
    return Told(
        0 if gap < AGREED else (1 if gap <= CLEAR else 2),
        f"From {QUARTERS[0]} to {QUARTERS[1]}, the mean prediction differs by "
        f"{points(found.quarters) or 'nothing'}. From {surest.ends[0]} to {surest.ends[1]}, it "
        f"differs by {points(surest.value)}.",
        markup.table(
            rows,
            ["age of everybody", "mean prediction, from its average over all ages"],
            caption="The whole range, as the audit looked at it",
            numeric=(1,),
        )
        + markup.paragraph(
            "The model asks more of the young and of the old. Two ages that lie on either side of "
            "the bottom show nothing of the curve between them, or beyond."
        ),
        "Two levels are two points of a curve. A careful auditor looks at the whole range, and "
        "names the levels that show an influence.",
    )


def _both(found: Three) -> str:
    day, night = found.shifts
    return markup.table(
        [("day", share(day)), ("night", share(night))],
        ["everybody on this shift", "mean predicted chance of leaving"],
        caption="Mean prediction by shift",
        numeric=(1,),
    )


def _people(found: Three) -> Told:
    moved = _profile(found.shift, "night_shift").people["total"]
    return Told(
        0 if found.moved < 1 - MOST else (1 if found.moved <= MOST else 2),
        f"A change of shift moves the prediction of {share(found.moved)} of the employees by more "
        f"than {points(AGREED).removeprefix('+')}, and the mean by "
        f"{points(found.shifts[1] - found.shifts[0]) or 'nothing'}.",
        markup.paragraph(
            f"Who has children is moved one way and who has none the other, by the same amount; "
            f"the average over both is nothing. The audit followed {moved.asked:,} people one by "
            f"one and found {moved.moved:,} of them moved."
        ),
        "An average says nothing of how many people are moved. A careful auditor counts people, "
        "and looks for the group in which the influence has one direction.",
    )


def _by_code(found: Three) -> str:
    return markup.table(
        [(name, share(value)) for name, value in found.means.items()],
        ["zip code", "mean predicted chance of a loan"],
        caption="Mean prediction by zip code",
        numeric=(1,),
    )


def _pairs(found: Three) -> Told:
    (one, other), value = max(found.apart.items(), key=lambda pair: abs(pair[1]))
    right = 2 if abs(value) < AGREED else (1 if MARKED in (one, other) else 0)
    rows = [
        (" and ".join(pair), points(gap) or "no difference") for pair, gap in found.apart.items()
    ]
    return Told(
        right,
        f"Moving the same applicants from {one} to {other} moves the mean prediction by "
        f"{points(value)}.",
        markup.table(
            rows,
            ["zip codes", "difference for the same applicants"],
            caption="Every pair, with the same applicants in both",
            numeric=(1,),
        )
        + markup.paragraph(
            f"The model marks everybody in {MARKED} down. The applicants of {MARKED} have better "
            f"credit, which hides it: their mean prediction ends up among the others."
        ),
        "Means of groups compare different people. A careful auditor compares every pair of "
        "categories with the same people in both.",
    )


def _again(found: Three) -> Told:
    reports = (found.ages, found.shift, found.codes)
    verdicts = [report.verdict for report in reports if report.verdict is not None]
    above = sum(verdict.decision == "above" for verdict in verdicts)
    names = ("The insurer", "The employer", "The bank")
    said = [f"{name}: {one.headline}" for name, one in zip(names, verdicts, strict=True)]
    return Told(
        above,
        f"Above the limit: {above} of {len(verdicts)}.",
        markup.bullets(said)
        + markup.paragraph("What a careful auditor looks at, before saying “none found”:")
        + markup.bullets(
            (
                "the whole range of a number, and not two of its levels;",
                "people one by one, and not their mean alone;",
                "every pair of categories, the same people in both;",
                "how small an influence this audit could have found at all;",
                "what was not looked at: a verdict names it.",
            )
        ),
        "“None found” is a statement about a search. Ask what was searched before you believe it.",
    )


def _profile(report: wb.AuditReport, feature: str) -> FeatureProfile:
    assert report.profile is not None
    return report.profile[feature]


ACQUITTED = Lesson(
    key="averages",
    title="Three models, three averages",
    opening=(
        "An insurer, an employer and a bank have one column each that must not decide. Each model "
        "is audited for it; a change of more than 2 percentage points is agreed to be too much. "
        "All people are simulated, and the models are formulas that we know."
    ),
    questions=(
        StoryQuestion(
            "The insurer and age",
            "A model predicts the chance of a claim from a driver's age, 20 to 80, and the miles "
            f"driven. An auditor sets everybody's age to {QUARTERS[0]}, then to {QUARTERS[1]} (a "
            "quarter of the drivers is younger than the one, a quarter older than the other) and "
            "compares the mean predictions.",
            "By how much do the two means differ?",
            (
                "By less than 2 percentage points",
                "By 2 to 10 percentage points",
                "By more than 10 percentage points",
            ),
            _curve,
        ),
        StoryQuestion(
            "The employer and the night shift",
            "A model predicts who will leave the firm. These are its mean predictions with the "
            "same employees all on days, and all on nights.",
            "For how many employees does a change of shift move the prediction by more than 2 "
            "percentage points?",
            (
                "For hardly anybody, less than 10 %",
                "For some, 10 % to 90 %",
                "For nearly all, more than 90 %",
            ),
            _people,
            _both,
        ),
        StoryQuestion(
            "The bank and the zip code",
            "A model predicts who should get a loan. These are its mean predictions for the "
            "applicants of each zip code.",
            "Between which zip codes does the zip code itself make a difference for the model?",
            ("A and C", f"{MARKED} and any other", "None of them"),
            _pairs,
            _by_code,
        ),
        StoryQuestion(
            "Audited again",
            "All three stand in the list of our own mistakes. An earlier version of this workbench "
            "compared one pair of averages for each and said of all three: no influence above 2 "
            "percentage points found. The version that you use now audited them when this lesson "
            "was opened.",
            "Of how many of the three does it say that the influence lies above the limit?",
            ("None", "One", "Two", "All three"),
            _again,
        ),
    ),
    measure=measure,
    closing=(
        "What to keep: we were wrong three times with correct averages. An audit that finds "
        "nothing has to say what it looked at, how small an influence it could have seen, and "
        "what it left out; and whoever reads it should ask."
    ),
    notebook="03_subgroups_and_cancellation",
)
"""A lesson from our own mistakes: models that an average acquits."""
