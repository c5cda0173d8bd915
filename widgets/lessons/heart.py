"""The walk through the heart patients: what is held fixed, what follows, and for whom.

Every number is measured here, and which answer is right follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import workbench as wb
from widgets.lessons import shown
from widgets.lessons.lesson import Lesson, StoryQuestion, Told
from widgets.parts import markup
from workbench.common.progress import Progress
from workbench.common.wording import signed, span
from workbench.methods.effects import FeatureEffects
from workbench.models.trained_here import train_model

__all__ = ["HEART", "Patients", "measure"]

SMOKING, WEIGHT = "smoking", "bmi"
PATIENTS = 6_000
ONE_POINT, FIVE_POINTS = 1.0, 5.0
"""Risk scores closer than one point are called the same; five tell a small rise from a large."""
OLDER = "age > 50"
YOUNGER = "age <= 50"
WAYS = ("blood_pressure", "bmi", "exercise")


@dataclass(frozen=True)
class Patients:
    """What was measured for the walk.

    Attributes
    ----------
    case : AuditCase
        Patients, a model of their risk that reads every column, and the graph.
    smoking : FeatureEffects
    ways : tuple of (path, effect, interval)
        How much of it comes by each way.
    older, younger : FeatureEffects
        Of the body mass index, beyond the age of 50 and up to it.
    """

    case: wb.AuditCase
    smoking: FeatureEffects
    ways: tuple[tuple[tuple[str, ...], float, tuple[float, float]], ...]
    older: FeatureEffects
    younger: FeatureEffects


def measure(progress: Progress) -> Patients:
    """Train the hospital's model and measure everything that the walk tells."""
    world = wb.datasets.heart_disease(PATIENTS)
    model = train_model(world.data, world.features, world.outcome)
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    target = wb.UnlearningTarget.feature(SMOKING)
    smoking = wb.cafe_effects(case, target, progress=progress)[SMOKING]
    ways = tuple(
        (path, float(value), (float(low), float(high)))
        for path, value, low, high in wb.path_effects(case, target)[
            ["path", "effect", "effect_low", "effect_high"]
        ].itertuples(index=False)
    )
    # The same change for both groups: one from the quartiles of all patients.
    change = shown.between_quartiles(world.data[WEIGHT])
    older, younger = (
        wb.cafe_effects(case, wb.UnlearningTarget.subgroup(group, [WEIGHT]), intervention=change)[
            WEIGHT
        ]
        for group in (OLDER, YOUNGER)
    )
    return Patients(case, smoking, ways, older, younger)


def _how_large(value: float) -> int:
    size = abs(value)
    return 0 if size < ONE_POINT else (1 if size <= FIVE_POINTS else 2)


RISES = (
    "Hardly at all: by less than one point",
    "By one to five points",
    "By more than five points",
)


def _alike(found: Patients) -> Told:
    direct = found.smoking.direct
    return Told(
        _how_large(direct.value),
        f"Held fixed in everything else, the smoker's score differs by "
        f"{signed(direct.value)} points.",
        markup.paragraph(
            "This is the direct effect: what the model makes of the column itself. A study that "
            "controls for blood pressure, weight and exercise finds the same, and might report "
            "that smoking does not matter."
        ),
        "Two people who are alike in everything that smoking leads to cannot show what smoking "
        "leads to.",
    )


def _lives(found: Patients) -> Told:
    total = found.smoking.total
    return Told(
        _how_large(total.value),
        f"In points, when what follows from smoking follows, the mean score changes by "
        f"{shown.effect(found.smoking, 'total')}.",
        markup.paragraph(
            "This is the total effect. Next to nothing of it is direct: smoking moves exercise, "
            "weight and blood pressure, and the model reads those. Neither number is wrong. They "
            "answer two questions: what does the model make of the word smoker, and what does "
            "smoking do to a patient's score?"
        ),
        "A direct effect near zero says nothing of the total one. Ask first which of the two "
        "the question is about.",
    )


def _by_way(found: Patients) -> Told:
    first: dict[str, float] = {}
    for path, value, _ in found.ways:
        first[path[1]] = first.get(path[1], 0.0) + value
    right = WAYS.index(max(WAYS, key=lambda name: abs(first.get(name, 0.0))))
    parts = ", ".join(f"{signed(first.get(name, 0.0))} begins with {name}" for name in WAYS)
    rows = [
        (" → ".join(path), f"{signed(value)} ({span(around)})")
        for path, value, around in sorted(found.ways, key=lambda way: -abs(way[1]))
    ]
    return Told(
        right,
        f"In points of the score, {parts}.",
        shown.drawn(found.case, wb.UnlearningTarget.feature(SMOKING), lit=True)
        + markup.table(
            rows,
            ["way", "effect along it"],
            caption="How much gets through by each way, with 95 % intervals",
            numeric=(1,),
        ),
        "An influence can come by several ways at once; how much comes by each can be measured, "
        "and need not be what one finds most natural.",
    )


def _older(found: Patients) -> Told:
    old, young = found.older, found.younger
    direct = abs(old.direct.value - young.direct.value)
    indirect = abs(old.indirect.value - young.indirect.value)
    right = 0 if max(direct, indirect) < ONE_POINT else (1 if direct >= indirect else 2)
    rows = [
        (name, *map(shown.bounded, parts))
        for name, parts in (
            ("over 50", (old.direct, old.indirect, old.total)),
            ("50 or younger", (young.direct, young.indirect, young.total)),
        )
    ]
    return Told(
        right,
        f"The same change of weight, {old.intervention.replace(' → ', ' to ')}, moves the mean "
        f"score of patients over 50 by {signed(old.total.value)} points and that of the others by "
        f"{signed(young.total.value)}.",
        markup.table(
            rows,
            ["patients", "direct", "indirect", "total"],
            caption="Effect of the body mass index by age, with 95 % intervals",
            numeric=(1, 2, 3),
        )
        + markup.paragraph(
            "The model treats all ages alike. The bodies do not: beyond 50, weight raises blood "
            "pressure more with each year. One number for everybody would be right for hardly "
            "anybody."
        ),
        "An average over everybody can hide a group in which the effect is several times as "
        "large. Ask for the groups that matter.",
    )


HEART = Lesson(
    key="heart",
    title="Smoking and the risk score",
    opening=(
        "A hospital scores the risk of heart disease with a model that reads age, smoking, "
        "exercise, body mass index and blood pressure. The patients are simulated, so that what "
        "causes what is known. Scores are in points; more is worse."
    ),
    questions=(
        StoryQuestion(
            "Two patients who are alike",
            "One patient smokes and the other does not. Age, exercise, body mass index and blood "
            "pressure are the same.",
            "By how much do the model's scores of the two differ?",
            RISES,
            _alike,
        ),
        StoryQuestion(
            "Two lives",
            "Now let the same patients have smoked for years, or never. What follows from smoking "
            "follows: how much they exercise, what they weigh, their blood pressure.",
            "By how much does the mean score of the model change?",
            RISES,
            _lives,
        ),
        StoryQuestion(
            "By which way?",
            "This is what causes what. An arrow says: change the first, and the second changes.",
            "By which way does most of smoking's influence reach the score?",
            (
                "Straight to blood pressure",
                "Over the body mass index first",
                "Over exercise first",
            ),
            _by_way,
            lambda found: shown.drawn(found.case, wb.UnlearningTarget.feature(SMOKING), lit=False),
        ),
        StoryQuestion(
            "For whom?",
            "The model is a weighted sum: it treats a body mass index the same at every age. Let "
            "all patients gain the same weight, and let follow what follows.",
            "Does their score move by as much over 50 as at 50 or younger?",
            (
                "By about as much: the model treats all ages alike",
                "Not by as much, since the model itself weighs it differently",
                "Not by as much, since what follows from weight differs",
            ),
            _older,
        ),
    ),
    measure=measure,
    closing=(
        "What to keep: hold fixed what follows from a cause, and its influence is gone from your "
        "table, not from the world. Say which effect a question is about before you measure, by "
        "which way it comes, and for whom."
    ),
    notebook="02_heart_disease",
)
"""Direct and total, the ways between them, and a group that an average hides."""
