"""What is said of a change of models: removed, carried by the world, left above that."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan

from workbench.checks.change.finding import ModelChange
from workbench.checks.change.one_effect import ChangeFinding, Difference
from workbench.checks.change.utility import BEFORE, ModelUtility
from workbench.checks.change.utility_measures import title
from workbench.common.against_threshold import without_rounding
from workbench.common.blocks import (
    About,
    Block,
    Bullets,
    Cell,
    Column,
    Figure,
    Note,
    Number,
    Section,
    Sentence,
    Table,
    Tile,
    Tiles,
)
from workbench.common.charts import ChangeChart, ChangeRow, Mark
from workbench.common.wording import held, listing, rate, signed, stated
from workbench.methods.effects import Effect

__all__ = ["outline"]

DRAWN = 4
"""Effects in the picture; the table has them all."""
CLIFF = "Performance cliff: "


def outline(change: ModelChange, about: About) -> tuple[Block, ...]:
    """Return the three findings, their picture and table, and what unlearning cost."""
    return tuple(_blocks(change, about))


def _blocks(change: ModelChange, about: About) -> Iterator[Block]:
    kind = "none" if change.decision == "unknown" else change.decision
    why = (change.explanation,) if change.explanation else ()
    yield Note(kind, change.headline, why, audience="headline")
    if both := _together(change, about):
        yield Note("info", "Both findings hold.", (both,))
    asked = "" if about.decision is None else "The verdict asks whether the influence is there. "
    yield Sentence(
        f"{asked}A model that never saw the target may have it too, because the world itself "
        "carries it: with one feature gone, another still reveals it. So three things are kept "
        "apart: what unlearning removed; the world’s share, which a model retrained without the "
        "target still carries; and the residue, which is left above that.",
        audience="annex",
    )
    yield from _tiles(change)
    yield from _figures(change, about)
    utility = change.utility.sentences() if change.utility is not None else ()
    told = change.sentences()
    if said := told[: len(told) - len(utility)]:
        yield Bullets(said)
    main = [f for f in change.main_findings() if f.part in ("total", "prediction")]
    others = [f for f in change.findings if not any(f is one for one in main)]
    if main:
        caption = (
            "The models’ effects beside each other"
            if change.not_retrained
            else "What was removed, what the world carries, what is left"
        )
        yield _table(change, main, caption, about)
    if others:
        title_ = f"{len(others)} more: direct and indirect effects, and the other estimator"
        table = _table(change, others, "The other effects", about)
        yield Section("change-others", title_, (table,), folded=True, audience="annex")
    if change.utility is not None:
        cost = "What it cost: how well the models still predict"
        title_ = cost if "before" in change.roles else "How well the models predict"
        yield Section("utility", title_, tuple(_utility(change.utility)))
    for name, reason in change.left_out.items():
        yield Note("warning", f"Left out: {name}.", (reason,))


def _together(change: ModelChange, about: About) -> str:
    """Say how this finding and the verdict go together where they seem to contradict each other."""
    retrained = (
        "a model that was retrained without it"
        if change.known
        else "the model that was handed in as retrained"
    )
    if (about.decision, change.decision) == ("above", "below"):
        unread = not set(about.features) & set(about.reads)
        where = (
            f"through other features than {listing(about.features)}"
            if unread
            else "in what the model learns from all the other data"
        )
        return (
            f"The influence is there, and {retrained} has it too: then it comes from the world, "
            f"{where}. The unlearning left no more than retraining would. Less "
            f"influence needs another model, not another unlearning."
        )
    if (about.decision, change.decision) == ("below", "above"):
        return (
            f"The influence that is there is small, and yet the model differs from {retrained}: "
            f"part of what was to be forgotten was not, or more was taken away than retraining "
            f"would."
        )
    return ""


def _tiles(change: ModelChange) -> Iterator[Block]:
    """Put the three findings about the feature with most left beside each other."""
    totals = [f for f in change.main_findings() if f.part == "total"]
    means = [f for f in change.main_findings() if f.part == "prediction"]
    if not totals and not means:
        return
    finding = min(totals or means, key=_weight)
    removed, residue = finding.removed, finding.residue
    world = finding.world if finding.honest else None
    yield Tiles(
        "The three findings",
        (
            _tile(
                "1. Removed by unlearning",
                removed,
                "before − now",
                "the model before was",
                change.level,
            ),
            _tile(
                "2. Carried by the world",
                world,
                "a model retrained without the target carries it too",
                "no retrained model was",
                change.level,
            ),
            _tile(
                "3. Left above that: the residue",
                residue,
                "now − retrained",
                "no retrained model was",
                change.level,
            ),
        ),
        audience="annex",
    )
    name = finding.feature if finding.part == "total" else finding.name
    most = "; here the most is left" if len(totals) > 1 and residue is not None else ""
    yield Sentence(
        f"For {name}, by {finding.estimator.name}{most}; below a number its "
        f"{rate(change.level)} interval.",
        quiet=True,
        audience="annex",
    )


def _tile(
    name: str, found: Effect | Difference | None, note: str, lacking: str, level: float
) -> Tile:
    if found is None:
        no = "no" if lacking.startswith("no ") else "not"
        given = "given" if no == "no" else "not given"
        return Tile(name, "–", f"not known: {lacking} {given}")
    return Tile(name, _number(found, level), note)


def _number(found: Effect | Difference, level: float) -> Number:
    """Return a number and its interval; what is only the rounding of sums is exactly 0."""
    low, high = found.interval(level)
    if not any(map(without_rounding, (found.value, low, high))):
        return Number(0.0, (0.0, 0.0))
    return Number(found.value, (low, high))


def _weight(finding: ChangeFinding) -> tuple[float, ...]:
    """Sort by what is left, then by what was removed, then by what is there."""
    sizes = (finding.residue, finding.removed, finding.after)
    return tuple(-abs(size.value) if size is not None else 0.0 for size in sizes)


def _figures(change: ModelChange, about: About) -> Iterator[Figure]:
    found = change.main_findings()
    totals = sorted((f for f in found if f.part == "total"), key=_weight)
    means = [f for f in found if f.part == "prediction"]
    drawn = (
        (totals[:DRAWN], "Total effect in each model", about.axis),
        (means, "Mean prediction of each model", about.score),
    )
    caption = f"Bars start at 0; thin lines are {rate(change.level)} intervals."
    if change.n_retrained > 1:
        caption += (
            f" The ticks in the retrained bar are its {change.n_retrained} models one by one: they "
            f"differ by the chance in training."
        )
    if (more := len(totals) - DRAWN) > 0:
        smaller = " with a smaller residue" if change.residues else ""
        caption += f" {more} more{smaller}: see the table."
    tau = change.threshold if change.residues else None
    some = [one for one in drawn if one[0]]
    for place, (findings, name, axis) in enumerate(some):
        chart = ChangeChart(tuple(_bar(f, change.level) for f in findings), name, axis, tau)
        yield Figure(chart, title=name, caption=caption if place == len(some) - 1 else "")


def _bar(finding: ChangeFinding, level: float) -> ChangeRow:
    named = (("before", finding.before), ("now", finding.after), ("retrained", finding.world))
    several = len(finding.retrained) > 1
    return ChangeRow(
        finding.name,
        tuple(_mark(name, found, level) for name, found in named if found is not None),
        tuple(effect.value for effect in finding.retrained) if several else (),
        None if finding.removed is None else _mark("removed", finding.removed, level),
        None if finding.residue is None else _mark("residue", finding.residue, level),
        shared=finding.part != "prediction",
    )


def _mark(name: str, found: Effect | Difference, level: float) -> Mark:
    return Mark(name, found.value, *found.interval(level))


def _table(change: ModelChange, findings: list[ChangeFinding], caption: str, about: About) -> Table:
    claims = {(c.feature, c.part, c.estimator): c for c in change.residues}
    columns = dict(_columns(change))
    rows: list[tuple[Cell, ...]] = []
    for finding in findings:
        found = (getattr(finding, key) for key in columns)
        cells: list[Cell] = [None if one is None else _number(one, change.level) for one in found]
        if claims:
            claim = claims.get((finding.feature, finding.part, finding.estimator))
            cells.append(None if claim is None else held(claim.above, claim.below))
        rows.append((finding.name, *cells))
    against = (
        f" Above or below: the residue compared with {stated(change.threshold)}, after "
        f"correction for "
        f"{len(claims)} residues."
        if claims
        else ""
    )
    last = (Column("finding", number=False),) if claims else ()
    return Table(
        f"{caption} ({about.score}), with {rate(change.level)} intervals of each number by "
        f"itself.{against}",
        (Column("effect", number=False), *columns.values(), *last),
        tuple(rows),
        name=caption,
    )


def _columns(change: ModelChange) -> Iterator[tuple[str, Column]]:
    """Yield what a finding holds, with the head of its column."""
    roles = change.roles
    if "before" in roles:
        yield "before", Column("before")
    yield "after", Column("now", "the audited model")
    if "retrained" in roles:
        many = change.n_retrained
        one = "as handed in" if change.not_retrained else "the world’s share"
        yield "world", Column("retrained", f"mean of {many}" if many > 1 else one)
    if "before" in roles:
        yield "removed", Column("removed", "before − now")
    if change.residues:
        yield "residue", Column("residue", "now − retrained")


def _utility(utility: ModelUtility) -> Iterator[Block]:
    """Say what the models are good for, with every cliff in sight."""
    said = utility.sentences()
    if utility.cliffs:
        cliffs = tuple(cliff.sentence(utility.level) for cliff in utility.cliffs)
        yield Note("alarm", "Performance cliff", cliffs)
    if rest := tuple(text for text in said if not text.startswith(CLIFF)):
        yield Bullets(rest)
    models = list(dict.fromkeys(utility.table["model"]))
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    counts: dict[tuple[str, str], int] = {}
    for record in utility.table.to_dict("records"):
        key = str(record["group"]), str(record["metric"])
        changed = record["change"] if record["model"] != BEFORE else nan
        note = "" if changed != changed else f"({signed(changed)})"
        bounds = (record["low"], record["high"])
        cell = Number(record["value"], bounds, form="plain", note=note)
        rows.setdefault(key, {})[str(record["model"])] = cell
        counts[key] = int(record["n_rows"])
    table = Table(
        f"How well each model predicts the recorded outcome, with {rate(utility.level)} "
        f"intervals; in brackets the change against the model before, on the same rows.",
        (
            Column("group and measure", number=False),
            Column("rows"),
            *(Column("now" if model == "after" else str(model)) for model in models),
        ),
        tuple(
            (
                f"{key[0]}: {title(key[1], capital=True)}",
                counts[key],
                *(cells.get(str(model)) for model in models),
            )
            for key, cells in rows.items()
        ),
        name="Utility",
    )
    yield Section(
        "utility-numbers", "All figures, by group", (table,), folded=True, audience="annex"
    )
