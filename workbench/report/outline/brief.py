"""The first page, which stands alone: effects by level, how many people move, what it rests on.

It follows the question and the verdict, and repeats nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.common.blocks import Block, Bullets, Section
from workbench.common.wording import share, stated
from workbench.methods.profile.profile import FeatureProfile, PeopleProfile
from workbench.report.findings import AuditFindings
from workbench.report.outline.lead_sentence import size_in_words
from workbench.report.outline.meaning import means_not
from workbench.report.outline.overturn import LEADING, assumptions, in_short
from workbench.report.outline.profile import profile_figure

__all__ = ["brief"]


def brief(report: AuditFindings) -> Section:
    """Return what a reader needs beside the verdict to file the first page by itself."""
    return Section("brief", "In brief", tuple(_blocks(report)))


def _blocks(report: AuditFindings) -> Iterator[Block]:
    leading = _leading(report)
    if leading is not None:
        yield profile_figure(leading, report, ", in brief")
        if people := _people(leading, report):
            yield Section("brief-people", "How many people, by how much", (Bullets(people),))
    if report.verdict is not None:
        found = tuple(in_short(one) for one in assumptions(report)[:LEADING])
        yield Section("brief-rests", "What it rests on, the weakest first", (Bullets(found),))
    yield Section("brief-not", "What it does not mean", (Bullets(means_not(report)),))


def _leading(report: AuditFindings) -> FeatureProfile | None:
    """Pick the profile of the feature that decided, else the one with the clearest change."""
    if report.profile is None or report.profile.scope == "change":
        return None
    drawn = [
        one
        for one in report.profile
        if not one.combination and "total" in one.parts and len(one.levels) > 1
    ]
    deciding = report.verdict.deciding if report.verdict is not None else None
    named = [one for one in drawn if deciding is not None and one.feature == deciding.feature]
    ordered = named or sorted(drawn, key=lambda one: -one.parts["total"].floor)
    return ordered[0] if ordered else None


def _noise(people: PeopleProfile, unit: str) -> str:
    if people.inflation == 0:
        return ""
    most = size_in_words(min(people.inflation, people.mean_size), unit)
    return f" Noise in the equations may make up {most} of that, and enlarge the share."


def _people(found: FeatureProfile, report: AuditFindings) -> tuple[str, ...]:
    assert report.profile is not None
    if report.n_target_rows == 1:
        return ()  # how far this one row is moved, the verdict says
    tau = stated(report.profile.threshold)
    said = []
    ways = {
        "total": "with what follows from it",
        "direct": "with everything else left as it is",
    }
    for part, way in ways.items():
        people = found.people.get(part)
        if people is None:
            continue
        if people.moved == 0 and people.mean_size == 0:
            said.append(
                f"Set to another tested level, {way}, {found.feature} moves none of the "
                f"{people.asked:,} rows asked about."
            )
            continue
        said.append(
            f"Set to some tested level, {way}, {found.feature} moves {share(people.share)} of the "
            f"{people.asked:,} rows asked about by more than {tau}. A change to a level drawn from "
            f"the data moves a row’s prediction by {size_in_words(people.mean_size, report.unit)} "
            f"on average, up or down.{_noise(people, report.unit)}"
        )
    return tuple(said)
