"""What was found: total, direct and indirect effects of the target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from workbench.checks.verdict.explained_change import direction_of
from workbench.common.against_threshold import exceeds
from workbench.common.blocks import (
    PLAIN_LEVEL,
    About,
    Block,
    Bullets,
    Cell,
    Column,
    Figure,
    Number,
    Section,
    Sentence,
    Table,
    Term,
    Tile,
    Tiles,
)
from workbench.common.charts import ForestChart, ForestRow, Mark
from workbench.common.wording import listing, rows_said, signed
from workbench.methods.effects import EFFECT_PARTS, Effect, EffectTable, FeatureEffects
from workbench.methods.names import entry_name
from workbench.report.findings import AuditFindings
from workbench.report.outline.decided import as_decided, claims_shown, other_methods
from workbench.report.outline.moved import average_over, moved_words

__all__ = ["effect_figure", "effect_table", "effect_tiles", "effects"]

DRAWN = 8
"""Features in the chart; the table has them all."""
OPEN = 12
"""Rows of a table that stands open; a longer one is folded away."""
MOST_ALONE = 12
"""Estimates of the annex's table."""
MOST_SAID = 6
"""Features that get a sentence of their own in the open."""
ALONE = (
    "Here every change stands by itself. The verdict’s number of the same change can differ a "
    "little, since it is estimated together with all other levels; that number leads elsewhere."
)
LONG = 160
"""Characters of an intervention that are still read at a glance."""


def effects(report: AuditFindings) -> tuple[Block, ...]:
    """Return the effects of the target: in words, large, drawn and in a table."""
    if not len(report.effects):
        return (Sentence("No causal method ran, so this report holds no effects."),)
    return tuple(_blocks(report))


def _blocks(report: AuditFindings) -> Iterator[Block]:
    about = report.about()
    shown = as_decided(report)
    main = _main_entry(report, shown)
    words = moved_words(report)
    if main is not None and not main.combination:
        yield Sentence(words[0])
        words = words[1:]
    if main is not None:
        if main.combination:
            levels = f" ({main.intervention})" if len(main.intervention) <= LONG else ""
            everybody = report.target.rows is None and report.target.condition is None
            yield Sentence(
                f"Setting {listing(report.features)} together{levels} moves the prediction by "
                f"{signed(main.total.value)} {average_over(main.n_rows, everybody)}."
            )
        if main.combination and (apart := _added_up(main, shown, report)):
            yield Sentence(apart)
        if other := _another_change(main, report):
            yield Sentence(other)
        yield effect_tiles([main], report.about())
        yield from _estimators(main, report)
    yield from _in_words(words)
    if report.provenance.table_rows is not None:
        yield Sentence(
            f"These totals and indirect effects rest on a random sample of "
            f"{report.provenance.n_rows:,} of the table's {report.provenance.table_rows:,} rows."
        )
    mark = "the effect at this row" if about.n_rows == 1 else "an average over the target’s rows"
    yield effect_figure(shown, about, caption=f"Each mark is {mark}.")
    table = effect_table(_ordered(shown, report), about)
    if len(table.rows) > OPEN:
        title = f"All {len(table.rows)} estimates in numbers"
        yield Section("estimates", title, (table,), folded=True)
    else:
        yield table
    if about.level != PLAIN_LEVEL:
        yield _alone(report)
    if any(entry.pure_indirect for entry in report.effects):
        yield _interaction(report, about)


def _alone(report: AuditFindings) -> Section:
    """Return each estimate by itself: for experts, with the interval of that one number."""
    about = replace(report.about(), level=PLAIN_LEVEL)
    entries = _ordered(report.effects, report)
    more = len(entries) - MOST_ALONE
    rest = f" The saved report and the table of effects have {more} more." if more > 0 else ""
    return Section(
        "alone",
        "Each estimate by itself, with its 95 % interval",
        (Sentence(f"{ALONE}{rest}"), effect_table(entries[:MOST_ALONE], about)),
        folded=True,
        audience="annex",
    )


def _in_words(words: tuple[str, ...]) -> Iterator[Block]:
    if words:
        yield Bullets(words[:MOST_SAID])
    if more := words[MOST_SAID:]:
        title = f"{len(more)} more features"
        yield Section("moved-more", title, (Bullets(more),), folded=True, audience="annex")


def _main_entry(report: AuditFindings, shown: EffectTable) -> FeatureEffects | None:
    """Pick the one entry that answers for the whole target, if there is one."""
    joint = [entry for entry in shown if entry.combination == "joint"]
    single = [entry for entry in shown if not entry.combination]
    if len(report.features) == 1:
        return single[0] if single else None
    return joint[0] if joint else None


def effect_tiles(entries: Sequence[FeatureEffects], about: About) -> Tiles:
    """Return large numbers: of one entry its three effects, of several the total of each.

    Parameters
    ----------
    entries : sequence of FeatureEffects
        At least one.
    about : About
    """
    if len(entries) > 1:
        totals = (Tile(f"{entry_name(e)}, in all", _number(e.total, about)) for e in entries)
        return Tiles("Effects", tuple(totals), audience="annex")
    entry = entries[0]
    read = entry.feature in about.reads or bool(entry.combination)
    notes = ("", "" if read else "the model does not read it", "")
    names = ("in all (total)", "directly", "through other features (indirect)")
    shown = (entry.total, entry.direct, entry.indirect)
    return Tiles(
        "Effects",
        tuple(
            Tile(name, _number(effect, about), note)
            for name, effect, note in zip(names, shown, notes, strict=True)
        ),
        audience="annex",  # the table has the same numbers
    )


def _another_change(main: FeatureEffects, report: AuditFindings) -> str:
    """Say that what decided is another change than the one that is explained here; "" if not."""
    claim = None if report.verdict is None else report.verdict.deciding
    if claim is None or " → " not in claim.change or claim.feature not in report.features:
        joint = claim is not None and " → " in claim.change
        if not (joint and main.combination == "joint") or claims_shown(main, report):
            return ""
    elif main.feature != claim.feature or direction_of(claim, main):
        return ""
    return (
        "The verdict rests on another change, the one that its first sentence names; what is "
        "explained here and below is this one."
    )


def _added_up(main: FeatureEffects, shown: EffectTable, report: AuditFindings) -> str:
    """Say why single effects added up are not the effect of setting the features together."""
    if report.verdict is None:
        return ""
    for entry in shown:
        same = (entry.feature, entry.estimator) == (main.feature, main.estimator)
        if not same or entry.combination != "sum":
            continue
        if not exceeds(entry.total.value - main.total.value, report.verdict.threshold):
            return ""
        graph = report.audit_graph
        target = set(report.features)
        within = {name for name in target if not target.isdisjoint(graph.ancestors(name))}
        why = (
            f"{listing(sorted(within))} would follow another of these features, but set together "
            f"each keeps the value that it is set to"
            if within
            else "the model answers differently when they are set together than for each alone"
        )
        return (
            f"Added up, the effects of the single features are {signed(entry.total.value)}, which "
            f"is not the effect of any one change: {why}."
        )
    return ""


def _estimators(main: FeatureEffects, report: AuditFindings) -> Iterator[Sentence]:
    """Name the estimator, and what the others say of the same effect."""
    units = " pp: percentage points." if report.unit == "probability" else ""
    said = f"{main.estimator.name[:1].upper()}{main.estimator.name[1:]}; {_below(report)}.{units}"
    if others := other_methods(main, report):
        said += f" {others}"
    yield Sentence(said, quiet=True)
    # At a named row they answer differently by design: only fuzzing keeps the row's own noise.
    differs = report.diagnostics.disagreement["differs"].any() and report.target.rows is None
    if others and differs:
        yield Sentence(
            "The warnings say what that may mean.",
            lead="▲ CAFÉ and causal fuzzing differ from each other by more than chance.",
            see="sure",
        )


def _below(report: AuditFindings) -> str:
    """Say what stands below a number."""
    about = report.about()
    if about.level == PLAIN_LEVEL:
        return "below a number its 95 % interval"
    many = report.verdict is not None and report.verdict.scope != "change"
    holds = ", which holds for all tested levels at once" if many else ""
    return f"below a number an interval as wide as the verdict’s{holds}"


def effect_figure(entries: Iterable[FeatureEffects], about: About, caption: str = "") -> Figure:
    """Draw the entries with the largest totals, the estimators of one feature together.

    Parameters
    ----------
    entries : iterable of FeatureEffects
        At least one.
    about : About
    caption : str
    """
    groups: dict[str, list[FeatureEffects]] = {}
    for entry in entries:
        groups.setdefault(entry_name(entry), []).append(entry)

    def weight(name: str) -> tuple[bool, float]:
        own = groups[name]
        return own[0].combination == "", -max(abs(e.total.value) for e in own)

    chosen = sorted(groups, key=weight)[:DRAWN]
    rows = tuple(
        ForestRow(name, part, tuple(_mark(e, getattr(e, part), about) for e in groups[name]))
        for name in chosen
        for part in EFFECT_PARTS
    )
    title = f"Effects on the prediction with {about.intervals}"
    if left_out := len(groups) - len(chosen):
        caption += f" The {left_out} smallest are left out of the picture; the table has them."
    return Figure(ForestChart(rows, title, about.axis, about.threshold), caption=caption.strip())


def _mark(entry: FeatureEffects, effect: Effect, about: About) -> Mark:
    return Mark(entry.estimator.name, effect.value, *effect.interval(about.level))


def effect_table(entries: Iterable[FeatureEffects], about: About) -> Table:
    """Return total, direct and indirect effects with their intervals and sizes per row."""
    rows: list[tuple[Cell, ...]] = []
    entries = tuple(entries)
    for entry in entries:
        note = entry.intervention if len(entry.intervention) <= LONG else ""
        cells = []
        for part in EFFECT_PARTS:
            size = entry.sizes.get(part)
            below = (
                "" if size is None or about.n_rows == 1 else f"mean size {signed(size).lstrip('+')}"
            )
            cells.append(_number(getattr(entry, part), about, below))
        name = Term(entry_name(entry), note)
        rows.append((name, entry.estimator.name, *cells))
    return Table(
        f"Effects on the {about.score} at this row, with {about.intervals}."
        if about.n_rows == 1
        else f"Effects on the {about.score}, averages over {rows_said(about.n_rows)} with "
        f"{about.intervals}; and, since gains and losses cancel in an average, the mean size of "
        f"{_of_rows(entries)}, up or down.",
        (
            Column("feature", "and intervention", number=False),
            Column("estimator", number=False),
            *map(Column, EFFECT_PARTS),
        ),
        tuple(rows),
        name="Effects",
    )


def _of_rows(entries: Iterable[FeatureEffects]) -> str:
    """Say of what the sizes at single rows are: asked, or read off a regression."""
    if any(entry.estimator.asks_direct for entry in entries):
        return "this change's effect at single rows"
    return "what the regression says of this change at rows like each"


def _number(effect: Effect, about: About, note: str = "") -> Number:
    bounds = effect.interval(about.level)
    return Number(effect.value, bounds, note=note, points=about.unit == "probability")


def _ordered(shown: EffectTable, report: AuditFindings) -> list[FeatureEffects]:
    """Return what answers for the whole target first, then each feature's estimators together."""
    order = {name: place for place, name in enumerate(report.features)}
    return sorted(shown, key=lambda entry: order.get(entry.feature, -1))


def _interaction(report: AuditFindings, about: About) -> Section:
    rows = tuple(
        (
            entry_name(entry),
            entry.estimator.name,
            _number(entry.pure_indirect, about),
            _number(entry.interaction, about),
        )
        for entry in _ordered(report.effects, report)
        if entry.pure_indirect is not None and entry.interaction is not None
    )
    return Section(
        "interaction",
        "Interaction: what a feature and its mediators do only together",
        (
            Sentence(
                "Indirect is total − direct. The pure indirect effect moves the mediators and "
                "leaves the feature; what remains is interaction."
            ),
            Table(
                f"Pure indirect effect and interaction ({about.score}), with {about.intervals}.",
                (
                    Column("feature", number=False),
                    Column("estimator", number=False),
                    Column("pure indirect"),
                    Column("interaction"),
                ),
                rows,
                name="Pure indirect effects and interaction",
            ),
        ),
        folded=True,
        audience="annex",
    )
