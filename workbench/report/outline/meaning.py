"""What the finding means, what it does not mean, and what it rests on: for a lay reader."""

from __future__ import annotations

from workbench.common.blocks import Bullets, Section
from workbench.common.wording import amount, listing, stated
from workbench.report.findings import AuditFindings

__all__ = ["meaning", "means_not"]


def meaning(report: AuditFindings) -> Section:
    """Return the finding in plain words, under three titles."""
    told = (
        ("means", "What it means", _means(report)),
        ("means-not", "What it does not mean", means_not(report)),
        ("rests-on", "What it rests on", _rests_on(report)),
    )
    return Section(
        "meaning",
        "The finding in plain words",
        tuple(Section(key, title, (Bullets(said),), audience="annex") for key, title, said in told),
        audience="annex",
    )


def _means(report: AuditFindings) -> tuple[str, ...]:
    verdict, names = report.verdict, listing(report.features)
    if verdict is None:
        return ("No causal method ran, so nothing can be said about influence.",)
    tau = stated(verdict.threshold)
    if report.unit == "probability":
        tau += f" ({stated(100 * verdict.threshold)} percentage points)"
    found: tuple[str, ...]
    if verdict.decision == "above":
        found = (
            f"The model's answers still depend on {names}, directly or through other features, by "
            f"more than the threshold of {tau}.",
            "Taking a feature out of the model does not take out what other features carry of it.",
        )
    elif verdict.decision == "below":
        found = (
            f"No influence of {names} above the threshold of {tau} was found: neither in "
            f"total, nor directly or through other features, nor along a single path.",
            "This holds at this precision. An influence smaller than the threshold may remain.",
        )
    else:
        found = (
            f"These data do not decide whether the influence of {names} is above or below the "
            f"threshold of {tau}.",
            f"With this audit, a threshold of {amount(verdict.smallest_threshold)} could have been "
            f"confirmed. More rows make it smaller.",
        )
    if verdict.cancellations:
        found += ("Influences in opposite directions cancel. The average hides them.",)
    if report.change is not None:
        found += (f"Beside the other models: {report.change.headline}",)
    if report.membership is not None:
        found += (report.membership.finding,)
    return found


def means_not(report: AuditFindings) -> tuple[str, ...]:
    """Return what must not be read into the finding."""
    return (
        "It does not show that a person's data were, or were not, used to train the model. It "
        "shows how the model answers."
        if report.membership is None
        else "What attacks find of the rows is evidence, not certainty: other attacks may find "
        "more, and finding nothing does not show that nothing is remembered.",
        "It does not decide whether an influence is lawful or fair. That is a judgement about "
        "purpose and context.",
        "An audit finds influence; it cannot show that there is none at all.",
        "It says nothing about another model, other data or other interventions than those named "
        "here. If the model is trained again, audit it again.",
    )


def _rests_on(report: AuditFindings) -> tuple[str, ...]:
    latents = report.graph.latents
    hidden = (
        f"Hidden causes that were drawn ({listing(latents)}) are taken into account; there are no "
        f"others that act on two features at once."
        if latents
        else "No hidden cause acts on two features at once; none is drawn in the graph."
    )
    return (
        "The graph is right: every arrow that matters is drawn, and points the right way.",
        hidden,
        "The fitted regressions are close to the truth.",
        "The interventions (below) make sense for the people in the table.",
        f"{_chance(report)} They do not show what a wrong graph would do.",
    )


def _chance(report: AuditFindings) -> str:
    if report.target.rows is None:
        return "Intervals show the chance in drawing these rows from a larger population."
    return (
        "The named rows are taken as they are: intervals show the chance in the rows from which "
        "equations and regressions were fitted."
    )
