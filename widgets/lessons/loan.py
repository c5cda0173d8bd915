"""The walk through Example 1.1: what is measured, what is asked, and what is told afterwards.

Every number that a reader sees is measured here by the engine, and which answer is right follows
from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

import workbench as wb
from widgets.lessons import shown
from widgets.lessons.lesson import Lesson, StoryQuestion, Told
from widgets.parts import markup
from workbench.common.progress import Progress
from workbench.common.wording import listing, points, share, signed, span
from workbench.methods.effects import FeatureEffects
from workbench.models.trained_here import train_model

__all__ = [
    "ARROW",
    "FORGOTTEN",
    "LOAN",
    "QUESTIONS",
    "Findings",
    "about",
    "drawn",
    "measure",
]

FORGOTTEN = "zip_code"
TARGET = wb.UnlearningTarget.feature(FORGOTTEN)
ARROW = (FORGOTTEN, "neighborhood_income")
PERSON = 10
"""The row of the applicant who is looked at twice."""
STORY_METHODS = ("cafe", "fuzzing", "shap", "permutation")
NEGLIGIBLE = 0.005
"""Below this, two chances of approval are called the same."""


@dataclass(frozen=True)
class Findings:
    """What was measured for the walk.

    Attributes
    ----------
    case : AuditCase
        The bank's applicants, its model, which no longer reads the zip code, and the graph.
    report : AuditReport
        CAFÉ's effects of the zip code, SHAP and permutation importance.
    without_arrow : FeatureEffects
        The same effects where the graph lacks :data:`ARROW`.
    twins : DataFrame
        One applicant under two zip codes: what changed, and the chance of approval.
    """

    case: wb.AuditCase
    report: wb.AuditReport
    without_arrow: FeatureEffects
    twins: pd.DataFrame

    @property
    def effects(self) -> FeatureEffects:
        """CAFÉ's effects of the zip code."""
        return self.report.effects.of("cafe")[FORGOTTEN]

    @property
    def threshold(self) -> float:
        """The influence that counts as negligible."""
        assert self.report.verdict is not None
        return self.report.verdict.threshold

    @property
    def twin_difference(self) -> float:
        """How far the chances of the two applicants lie apart."""
        low, high = self.chances
        return high - low

    @property
    def chances(self) -> tuple[float, float]:
        """The two applicants' chances of approval."""
        low, high = self.twins.columns
        told = self.twins.T[CHANCE]
        return float(told[low]), float(told[high])


CHANCE = "chance of approval, by the model"


def measure(progress: Progress) -> Findings:
    """Train the bank's model and measure everything that the walk tells."""
    progress("drawing applicants", 0.0)
    world = wb.datasets.loan()
    progress("training the bank's model", 0.1)
    model = train_model(world.data, world.features, world.outcome)
    case = wb.AuditCase(data=world.data, model=model, graph=world.graph, outcome=world.outcome)
    progress("auditing", 0.3)
    report = wb.audit(case, TARGET, STORY_METHODS, progress=progress)
    cut = case.with_graph(case.graph.remove_edge(*ARROW))
    without = wb.cafe_effects(cut, TARGET, progress=progress)[FORGOTTEN]
    low, high = report.effects.of("cafe")[FORGOTTEN].intervention.split(" → ")
    both = pd.concat(
        [world.counterfactual({FORGOTTEN: code}).loc[[PERSON]] for code in (low, high)]
    )
    twins = both.drop(columns=world.outcome).set_index(FORGOTTEN).T.astype(object)
    twins.loc[CHANCE] = case.ask(both)
    return Findings(case, report, without, twins)


def _shap(findings: Findings) -> Told:
    values = _attribution(findings, "shap")
    own = values[FORGOTTEN]
    first = max(values, key=lambda name: values[name])
    right = 0 if own == 0 else (2 if first == FORGOTTEN else 1)
    rows = sorted(values.items(), key=lambda pair: -pair[1])
    permuted = _attribution(findings, "permutation")
    return Told(
        right,
        f"SHAP gives {FORGOTTEN} {shown.importance(own)}. The largest is {first}, with "
        f"{shown.importance(values[first])}.",
        markup.table(
            [
                (name, shown.importance(value), shown.importance(permuted[name]))
                for name, value in rows
            ],
            ["column", "SHAP", "permutation importance"],
            caption="How much each column matters to the model, by the usual tools",
            numeric=(1, 2),
        )
        + markup.paragraph(
            "Both tools are right about what they measure: which columns the model reads. By them "
            "the bank has done its duty. Whether the zip code still decides is another question."
        ),
        "SHAP looks at the columns that a model reads. A column that is not read gets zero, "
        "whatever it does to the others.",
    )


def _twins(findings: Findings) -> Told:
    gap = findings.twin_difference
    right = 0 if abs(gap) < NEGLIGIBLE else (1 if abs(gap) <= 0.05 else 2)
    low, high = findings.twins.columns
    chances = findings.chances
    changed = [
        str(name)
        for name, row in findings.twins.iterrows()
        if name != CHANCE and row[low] != row[high]
    ]
    followed = (
        f"What follows the zip code here: {listing(changed)}." if changed else "Nothing followed."
    )
    return Told(
        right,
        f"Living in {low}, the applicant is approved with a chance of {share(chances[0])}; in "
        f"{high}, with {share(chances[1])}: {points(gap) or 'no difference'}.",
        markup.table(
            [(name, *map(_cell, row)) for name, row in findings.twins.iterrows()],
            ["column", low, high],
            caption="One applicant, two zip codes",
            numeric=(1, 2),
        )
        + markup.paragraph(
            f"{followed} We can see both lives of one person because these applicants are "
            f"simulated; of a real person we only ever see one."
        ),
        "A model can tell apart two people who differ only in a column that it never saw, when "
        "that column shapes what it does see.",
    )


WAYS = ("neighborhood_income", "race", "employment_years")


def _ways(findings: Findings) -> Told:
    ways = sorted(findings.report.path_effects, key=lambda path: -abs(path.effect.value))
    entry = findings.effects
    by = ways[0].path[1] if ways and abs(entry.indirect.value) >= findings.threshold else ""
    right = WAYS.index(by) + 1 if by in WAYS else 0
    return Told(
        right,
        f"Moving everybody from {entry.intervention.replace(' → ', ' to ')} moves the predicted "
        f"chance by {shown.effect(entry, 'total')}: {signed(entry.direct.value)} directly, and "
        f"{signed(entry.indirect.value)} through other columns.",
        shown.drawn(findings.case, TARGET, lit=True)
        + markup.table(
            [
                (" → ".join(way.path), f"{signed(way.effect.value)} "
                 f"({span((way.effect.low, way.effect.high))})")
                for way in ways
            ],
            ["way", "effect along it"],
            caption="How much gets through by each way, with 95 % intervals",
            numeric=(1,),
        )
        + markup.paragraph(
            "Direct: what the model makes of the column itself. Indirect: what comes through the "
            "columns that it shapes. The front door is locked; the back door is open."
        ),
        "Influence follows the arrows forward: from a cause to what it shapes, and on to the "
        "prediction. It never runs back along an arrow.",
    )  # fmt: skip


def _arrow(findings: Findings) -> Told:
    whole, cut = findings.effects.total, findings.without_arrow.total
    kept = abs(cut.value / whole.value) if whole.value else 1.0
    right = 0 if kept > 0.9 else (1 if abs(cut.value) < findings.threshold else 2)
    gap = points(findings.twin_difference).strip("+−") or "nothing"
    return Told(
        right,
        f"With the arrow, the total effect is {shown.effect(findings.effects, 'total')}. "
        f"Without it, the same audit reports {shown.effect(findings.without_arrow, 'total')}.",
        markup.paragraph(
            f"The model and the applicants are the same as before, and the two lives of our "
            f"applicant still lie {gap} apart. Only the statement about the world has changed. An "
            f"audit follows the ways that its graph draws and no others: that is why the graph "
            f"stands in every report, and why it is the first thing to question."
        ),
        "An audit is only as good as its graph. A missing arrow hides an influence; it does not "
        "remove it.",
    )


QUESTIONS = (
    StoryQuestion(
        "The column is gone",
        "The bank had to make its model forget the zip code, which stands in for race. It took the "
        "column away and trained the model again; the model now reads neither of the two. "
        "Auditors often ask SHAP which columns matter to a model.",
        "What will SHAP say of zip code?",
        ("Exactly zero", "A little more than zero", "It matters most of all columns"),
        _shap,
    ),
    StoryQuestion(
        "One person, two addresses",
        "Take one applicant and let them live in another neighborhood. Everything that the zip "
        "code does not shape stays: the same work, the same income, the same luck. What it does "
        "shape follows. Ask the model about both lives.",
        "What will the model answer?",
        (
            "The same chance of approval both times",
            "Chances up to 5 percentage points apart",
            "Chances more than 5 percentage points apart",
        ),
        _twins,
    ),
    StoryQuestion(
        "By which way?",
        "This is what causes what among these applicants. An arrow says: change the first, and the "
        "second changes. The arrows into prediction are the columns that the model reads.",
        "By which way does the zip code mainly reach the prediction?",
        ("It does not: the model does not read it", *(f"Through {name}" for name in WAYS)),
        _ways,
        lambda findings: shown.drawn(findings.case, TARGET, lit=False),
    ),
    StoryQuestion(
        "An auditor forgets an arrow",
        f"Now be a careless auditor: take the arrow {ARROW[0]} → {ARROW[1]} out of the graph. The "
        f"model, the applicants and the method stay as they are.",
        "What total effect will the same audit report?",
        (
            "The same: the model is the same",
            "Close to zero",
            "Less than before, but not close to zero",
        ),
        _arrow,
    ),
)
"""The steps that are the same for every reader; the last one, :func:`about`, the reader chooses."""


def about(feature: str) -> StoryQuestion:
    """Return the question about a feature of the reader's choice."""

    def tell(findings: Findings) -> Told:
        target = wb.UnlearningTarget.feature(feature)
        entry = wb.cafe_effects(findings.case, target)[feature]
        direct, indirect = abs(entry.direct.value), abs(entry.indirect.value)
        hardly = max(direct, indirect) < findings.threshold
        read = "reads it" if feature in findings.case.reads else "does not read it"
        return Told(
            0 if hardly else (1 if direct >= indirect else 2),
            f"Moving {feature} from {entry.intervention.replace(' → ', ' to ')} moves the "
            f"predicted chance by {shown.effect(entry, 'total')}: {signed(entry.direct.value)} "
            f"directly and {signed(entry.indirect.value)} indirectly. The model {read}.",
            "",
            f"{feature}: what a model reads and what moves it are two things. Direct and indirect "
            f"effects can be of different size, even of different sign.",
        )

    return StoryQuestion(
        f"Another column: {feature}",
        "",
        f"How does {feature} act on the prediction?",
        (
            "Hardly at all",
            "Mainly directly: the model reads it",
            "Mainly indirectly: through other columns",
        ),
        tell,
    )


def drawn(findings: Findings, *, arrow: bool) -> str:
    """Return the graph as it is, or as the careless auditor left it."""
    case = findings.case
    left = case if arrow else case.with_graph(case.graph.remove_edge(*ARROW))
    return shown.drawn(left, TARGET, lit=True)


def _attribution(findings: Findings, method: str) -> Mapping[str, float]:
    found = next(a for a in findings.report.attributions if a.method == method)
    return {str(name): float(value) for name, value in found.values.items()}


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)


LOAN = Lesson(
    key="loan",
    title="Has the model forgotten the zip code?",
    opening=(
        "A bank decides about loans with a model. The zip code of an applicant stands in for race, "
        "so the bank was told to make its model forget it. This is Example 1.1 of Mazhar and "
        "Galhotra, Causal Fuzzing for Verifying Machine Unlearning (CAFÉ, 2025), on simulated "
        "applicants."
    ),
    questions=(*QUESTIONS, about("employment_years"), about("debt_ratio")),
    measure=measure,
    closing=(
        "What to keep: taking a column away does not take its influence away. Tools that look "
        "at what a model reads cannot see that. A causal audit can, as far as its graph is "
        "right. And what to make of an influence, whether it is lawful or fair, is for people "
        "to decide."
    ),
    notebook="01_first_audit",
)
"""The walk as a class takes it: two columns stand for those that a lone reader chooses."""
