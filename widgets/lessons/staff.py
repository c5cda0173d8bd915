"""The walk through the employees' scores: weight, influence, correlation, and a column taken away.

Every number is measured here, and which answer is right follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

import workbench as wb
from widgets.lessons import shown
from widgets.lessons.lesson import Lesson, StoryQuestion, Told
from widgets.parts import markup
from workbench.common.progress import Progress
from workbench.common.wording import signed, span
from workbench.methods.effects import EffectTable, FeatureEffects
from workbench.models.trained_here import train_model

__all__ = ["STAFF", "Staff", "measure"]

EMPLOYEES = 6_000
GENDER, PAY = "gender", "income"
COLUMNS = ("education_years", "experience_years", "age", PAY)
ONE_POINT = 1.0
"""Scores closer than this are called the same."""
KEPT = 0.75
"""More than this share of an effect, and it is called as large as before."""


@dataclass(frozen=True)
class Staff:
    """What was measured for the walk.

    Attributes
    ----------
    case : AuditCase
        Employees, a model of their score that reads every column, and the graph.
    effects : EffectTable
        Of every column, each from its lower quartile to its upper one.
    correlation : float
        Of income with the model's score.
    gender_before, gender_after : FeatureEffects
        Of gender, before its column was taken away and after.
    """

    case: wb.AuditCase
    effects: EffectTable
    correlation: float
    gender_before: FeatureEffects
    gender_after: FeatureEffects


def measure(progress: Progress) -> Staff:
    """Train the firm's model twice and measure everything that the walk tells."""
    world = wb.datasets.performance(EMPLOYEES)
    model = train_model(world.data, world.features, world.outcome)
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    changes = {name: shown.between_quartiles(world.data[name]) for name in COLUMNS}
    effects = wb.cafe_effects(
        case, wb.UnlearningTarget.features(COLUMNS), intervention=changes, progress=progress
    )
    score = pd.Series(case.model.predict(world.data), index=world.data.index)
    gender = wb.UnlearningTarget.feature(GENDER)
    kept = [name for name in world.features if name != GENDER]
    without = wb.AuditCase(
        data=world.data,
        model=train_model(world.data, kept, world.outcome),
        graph=world.graph,
        outcome=world.outcome,
    )
    return Staff(
        case,
        effects,
        float(world.data[PAY].corr(score)),
        wb.cafe_effects(case, gender)[GENDER],
        wb.cafe_effects(without, gender)[GENDER],
    )


def _rows(found: Staff) -> str:
    rows = [
        (
            name,
            found.effects[name].intervention,
            *map(shown.bounded, (found.effects[name].direct, found.effects[name].total)),
        )
        for name in COLUMNS
    ]
    return markup.table(
        rows,
        ["column", "change", "direct", "total"],
        caption="Effect on the mean score, in points, with 95 % intervals",
        numeric=(2, 3),
    )


def _largest(found: Staff, part: str) -> int:
    sizes = [abs(getattr(found.effects[name], part).value) for name in COLUMNS]
    return sizes.index(max(sizes))


def _weight(found: Staff) -> Told:
    right = _largest(found, "direct")
    return Told(
        right,
        f"With everything else held fixed, {COLUMNS[right]} moves the mean score by "
        f"{signed(found.effects[COLUMNS[right]].direct.value)} points.",
        markup.paragraph(
            "Each column was moved from its lower quartile to its upper one, and nothing else "
            "with it. This is what the model's own weights tell, and what tools that explain a "
            "model look at."
        ),
        "What a model weighs most is a question about the model, and about how widely a column "
        "varies.",
    )


def _influence(found: Staff) -> Told:
    right = _largest(found, "total")
    return Told(
        right,
        f"When what follows follows, {COLUMNS[right]} moves the mean score by "
        f"{signed(found.effects[COLUMNS[right]].total.value)} points.",
        shown.drawn(found.case, wb.UnlearningTarget.feature(COLUMNS[right]), lit=True)
        + _rows(found),
        "The column with the largest weight need not have the largest influence: a cause of "
        "causes acts by all of their ways.",
    )


def _pay(found: Staff) -> Told:
    entry = found.effects[PAY]
    size = abs(entry.total.value)
    right = 0 if size < ONE_POINT else (1 if entry.total.value > 0 else 2)
    return Told(
        right,
        f"A rise from {entry.intervention.replace(' → ', ' to ')} thousand dollars moves the mean "
        f"score by {signed(entry.total.value)} points.",
        markup.paragraph(
            f"Income and score go together (correlation {found.correlation:.2f}) since education "
            f"and experience bring both. The model has seen enough employees to tell that income "
            f"itself adds nothing, and nothing follows from income."
        ),
        "What goes together with a score need not move it. A common cause is enough.",
    )


def _gone(found: Staff) -> Told:
    before, after = found.gender_before.total, found.gender_after.total
    kept = abs(after.value / before.value) if before.value else 1.0
    right = 2 if kept > KEPT else (0 if abs(after.value) < ONE_POINT else 1)
    return Told(
        right,
        f"Before, men scored {signed(before.value)} points on average because they are men, all "
        f"ways taken together ({span((before.low, before.high))}); with the column gone, "
        f"{shown.bounded(after)}.",
        markup.paragraph(
            "In these data gender acts through education alone, and the model never needed the "
            "column. To take it away changes what the model reads and nothing of what reaches it. "
            "Whether an influence that comes through education is to be removed is no question of "
            "measurement: people decide it, and say so."
        ),
        "A model can obey the order to drop a column and still pass on all of its influence.",
    )


CHOICES = ("Years of education", "Years of experience", "Age", "Income")

STAFF = Lesson(
    key="staff",
    title="What moves an employee's score",
    opening=(
        "A firm scores its employees with a model that reads gender, age, years of education, "
        "years of experience and income. The employees are simulated, so that what causes what "
        "is known. Scores are in points; more is better."
    ),
    questions=(
        StoryQuestion(
            "What the model weighs",
            "Move one column from its lower quartile to its upper one, and hold all others fixed.",
            "Which of these moves the mean score most?",
            CHOICES,
            _weight,
        ),
        StoryQuestion(
            "What moves the score",
            "Move the columns by as much again, and this time let follow what follows, along the "
            "arrows of this graph.",
            "Which of these moves the mean score most now?",
            CHOICES,
            _influence,
            lambda found: shown.drawn(
                found.case, wb.UnlearningTarget.feature(COLUMNS[0]), lit=False
            ),
        ),
        StoryQuestion(
            "A rise in pay",
            "Employees who earn more have higher scores. The firm raises everybody's income from "
            "the lower quartile to the upper one, and changes nothing else.",
            "What happens to the mean score of the model?",
            ("It stays within one point", "It rises", "It falls"),
            _pay,
        ),
        StoryQuestion(
            "The order to forget",
            "The firm is told to make its model forget gender. It takes the column away and trains "
            "the model again.",
            "How much of gender's total effect on the score is left?",
            ("Next to nothing", "A part of it", "All of it, or nearly"),
            _gone,
        ),
    ),
    measure=measure,
    closing=(
        "What to keep: the weight of a column, its influence, and how it goes together with the "
        "score are three things. An order to forget has to say which of them is meant, and an "
        "audit which of them it measured."
    ),
    notebook="06_right_to_be_forgotten",
)
"""Weight, influence and correlation, and what dropping a column does."""
