"""An audit's report as one HTML page: inline CSS and SVG, no script, no network.

This module words and groups the numbers; ``page.html.j2`` lays them out. The templates
escape whatever they print, and only SVG drawn here is passed through as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from workbench.common.wording import listing, points, share, signed, span
from workbench.graph.causal_graph import PREDICTION
from workbench.graph.picture.drawing import draw_graph
from workbench.methods.comparison import NAMES
from workbench.methods.effects import Effect, FeatureEffects
from workbench.report.charts.charts import (
    BarRow,
    Estimate,
    ForestRow,
    bar_chart,
    forest_chart,
)
from workbench.report.findings import AuditFindings
from workbench.report.page.change import change_section
from workbench.report.page.checks import association_section, graph_section, hidden_section
from workbench.report.page.further import (
    actions_section,
    further_sections,
    leaks_section,
    membership_section,
    unsectioned,
)
from workbench.report.page.groups import spread_section, subgroup_section
from workbench.report.page.methods import (
    agreement,
    compared,
    fairness_groups,
    methods_shown,
    ranking,
)
from workbench.report.saved.document import SAVED_NOTE

__all__ = ["render_page"]

AXES = {"probability": "change of the predicted probability", "log-odds": "change in log-odds"}
DRAWN_ENTRIES = 8
"""Features in the forest chart; the table has them all."""
DRAWN_PATHS = 10
"""Paths in the bar chart."""
LISTED_PATHS = 15
"""Paths in the open table; the others are folded."""
LONG = 160
"""Characters of an intervention that are still read at a glance."""
PARTS = ("total", "direct", "indirect")


def render_page(report: AuditFindings, *, rows: bool = False) -> str:
    """Write a report as one self-contained HTML page.

    Parameters
    ----------
    report : AuditFindings
    rows : bool, default False
        Whether example rows of the data stand on it.

    Returns
    -------
    str
        HTML text in UTF-8's repertoire; the same for the same report. Names and levels from the
        user's data appear only escaped.
    """
    comparison = report.comparison()
    own = {
        "remembered": membership_section(report),
        "next": actions_section(report, rows=rows),
        "leaks": leaks_section(report),
    }
    places = _places(report)
    page = _template().render(
        report=report,
        verdict=report.verdict,
        unit=report.unit,
        asked=_asked(report),
        cards=_cards(report),
        threshold_said=_threshold(report),
        sentences=comparison.sentences,
        forest=_forest(report),
        effect_rows=_effect_rows(report),
        groups=subgroup_section(report, _axis(report)),
        spread=spread_section(report, _axis(report)),
        saved_note=SAVED_NOTE,
        graph=_graph(report),
        paths=_paths(report),
        ranking=ranking(comparison, report),
        methods=methods_shown(comparison),
        compared=compared(comparison),
        agreement=agreement(comparison),
        associations=association_section(report),
        hidden=hidden_section(report),
        other_graphs=graph_section(report),
        fairness=fairness_groups(report),
        change=change_section(report, _axis(report)),
        remembered=own["remembered"],
        next=own["next"],
        leaks=own["leaks"],
        further=further_sections(report),
        places=places,
        claims=report.verdict.to_frame().to_dict("records") if report.verdict else [],
        disagreement=report.diagnostics.disagreement.to_dict("records"),
        equations=report.diagnostics.equations.to_dict("records"),
        overlap=report.diagnostics.overlap.to_dict("records"),
        adjustment=report.diagnostics.adjustment.to_dict("records"),
        steps=_steps(report),
        names=NAMES,
        titles=_titles(),
        regressed=any(not entry.estimator.asks_direct for entry in report.effects),
        estimators={entry.estimator.kind for entry in report.effects},
        mark=_margin_text(report),
        code=report.to_code(),
    )
    # A lone surrogate in a column's name could not be written to a file.
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(
            lambda name: (
                resources.files("workbench.report.page").joinpath(name).read_text(encoding="utf-8")
            )
        ),
    )
    environment.filters |= {"signed": signed, "span": span, "points": points, "share": share}
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["chance"] = lambda p: "< 0.001" if p < 0.001 else f"{p:.3f}"
    return environment.get_template("page.html.j2")


SECTIONS = {
    "change": "What unlearning changed",
    "remembered": "Is it still remembered?",
    "found": "What was found",
    "next": "What to do next",
    "ways": "Which way it travels",
    "others": "What other methods say",
    "sure": "How sure are we",
    "leaks": "How small a leak would this audit have caught?",
    "how": "How it was done",
}
"""The sections in their order; those on what was not asked for are left out."""


def _titles() -> dict[str, str]:
    """Return the titles of all sections; checks without a section of their own before the last."""
    found = dict(SECTIONS)
    last = found.popitem()
    return found | {check.key: check.title for check in unsectioned()} | dict([last])


def _places(report: AuditFindings) -> dict[str, int]:
    """Return the numbers of the sections that this report has."""
    asked = {
        "change": report.change is not None,
        "remembered": report.membership is not None or "membership" in report.skipped,
        "next": report.next_actions is not None or "next actions" in report.skipped,
        "leaks": report.planted_leaks is not None or "planted leaks" in report.skipped,
    }
    asked |= {
        check.key: check.name in report.checks or check.step in report.skipped
        for check in unsectioned()
    }
    there = [key for key in _titles() if asked.get(key, True)]
    return {key: place for place, key in enumerate(there, start=1)}


def _asked(report: AuditFindings) -> dict[str, Any]:
    """Say what was to be forgotten, and where."""
    target, n = report.target, report.n_target_rows
    many = len(report.features) > 1
    rows = f"all {n:,} rows of the data"
    note = ""
    if target.rows is not None:
        labels = listing([str(label) for label in target.rows])
        rows = f"the row{'s' if n > 1 else ''} labelled {labels}"
        note = (
            "This is the effect at these rows: how the model treats their inputs. It does not "
            "say whether the rows were among the training data."
        )
    elif target.condition is not None:
        rows = f"the {n:,} of {report.provenance.n_rows:,} rows where {target.condition.text}"
    names = listing(report.features)
    if not target.names and many:
        names = f"all {len(report.features)} features that the model reads"
    return {
        "names": names,
        "short": names if len(names) <= 60 else f"these {len(report.features)} features",
        "many": many,
        "rows": rows,
        "note": note,
    }


def _threshold(report: AuditFindings) -> str:
    if report.verdict is None:
        return ""
    tau = report.verdict.threshold
    if report.unit == "probability":
        return f"{tau:g} ({100 * tau:g} percentage points of the predicted probability)"
    return f"{tau:g} (in the unit of the prediction, {report.unit})"


def _entry_name(entry: FeatureEffects, report: AuditFindings) -> str:
    if not entry.combination:
        return entry.feature
    how = "set together" if entry.combination == "joint" else "effects added up"
    if len(report.features) <= 3:
        return f"{entry.feature} ({how})"
    return f"all {len(report.features)} features ({how})"


def _main_entry(report: AuditFindings) -> FeatureEffects | None:
    """Pick the one entry that answers for the whole target, if there is one."""
    joint = [entry for entry in report.effects if entry.combination == "joint"]
    single = [entry for entry in report.effects if not entry.combination]
    if len(report.features) == 1:
        return single[0] if single else None
    return joint[0] if joint else None


def _cards(report: AuditFindings) -> dict[str, Any] | None:
    entry = _main_entry(report)
    if entry is None:
        return None
    others = [
        {"estimator": e.estimator.name, "value": e.total.value, "bounds": e.total.interval()}
        for e in report.effects
        if e is not entry and (e.feature, e.combination) == (entry.feature, entry.combination)
    ]
    return {
        "name": _entry_name(entry, report),
        "intervention": entry.intervention
        if len(entry.intervention) <= LONG
        else f"see section {_places(report)['how']}",
        "others": others,
        "disagree": bool(report.diagnostics.disagreement["differs"].any()),
        "estimator": entry.estimator.name,
        "n_rows": entry.n_rows,
        "parts": {part: _number(getattr(entry, part)) for part in PARTS},
        "read": entry.feature in report.reads if not entry.combination else True,
    }


def _number(effect: Effect | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    return {"value": effect.value, "bounds": effect.interval()}


def _effect_rows(report: AuditFindings) -> list[dict[str, Any]]:
    """Return what answers for the whole target first, then each feature's estimators together."""
    order = {name: place for place, name in enumerate(report.features)}
    entries = sorted(report.effects, key=lambda entry: order.get(entry.feature, -1))
    return [_effect_row(report, entry) for entry in entries]


def _effect_row(report: AuditFindings, entry: FeatureEffects) -> dict[str, Any]:
    size = entry.sizes
    return {
        "name": _entry_name(entry, report),
        "estimator": entry.estimator.name,
        "intervention": entry.intervention if len(entry.intervention) <= LONG else "",
        "parts": [
            {**(_number(getattr(entry, part)) or {}), "size": size.get(part)} for part in PARTS
        ],
        "pure": _number(entry.pure_indirect),
        "interaction": _number(entry.interaction),
    }


def _forest(report: AuditFindings) -> dict[str, Any] | None:
    """Draw the entries with the largest totals, both estimators of one feature together."""
    groups: dict[str, list[FeatureEffects]] = {}
    for entry in report.effects:
        groups.setdefault(_entry_name(entry, report), []).append(entry)
    if not groups:
        return None

    def weight(name: str) -> tuple[bool, float]:
        entries = groups[name]
        return entries[0].combination == "", -max(abs(e.total.value) for e in entries)

    chosen = sorted(groups, key=weight)[:DRAWN_ENTRIES]
    rows = [
        ForestRow(
            name,
            part,
            tuple(
                Estimate(e.estimator.name, effect.value, effect.low, effect.high)
                for e in groups[name]
                for effect in (getattr(e, part),)
            ),
        )
        for name in chosen
        for part in PARTS
    ]
    drawn = forest_chart(
        rows,
        threshold=report.verdict.threshold if report.verdict else None,
        title="Effects on the prediction with 95 % intervals",
        axis=_axis(report),
    )
    return {"svg": drawn, "left_out": len(groups) - len(chosen)}


def _axis(report: AuditFindings) -> str:
    return AXES.get(report.unit, "change of the predicted value")


def _graph(report: AuditFindings) -> str:
    graph = report.audit_graph
    traced = [path.path for path in report.path_effects]
    on_paths = {node for path in traced for node in path[1:-1]}
    lit = {edge for path in traced for edge in pairwise(path)}
    if not traced and PREDICTION in graph:
        before = {*graph.ancestors(PREDICTION), PREDICTION}
        for name in report.features:
            after = {name, *graph.descendants(name)}
            on_paths |= (after & before) - {name, PREDICTION}
            lit |= {(a, b) for a, b in graph.edges if a in after and b in before}
    adjusted = {name for entry in report.effects for name in entry.adjustment}
    roles = {name: "unread" for name in graph.nodes if name not in report.reads}
    roles |= {name: "adjustment" for name in graph.nodes if name in adjusted}
    roles |= {name: "mediator" for name in graph.nodes if name in on_paths}
    roles |= {name: "latent" for name in graph.latents}
    roles |= {name: "target" for name in graph.nodes if name in report.features}
    roles |= {name: "prediction" for name in graph.nodes if name == PREDICTION}
    edges = set(graph.edges)
    return draw_graph(graph, roles=roles, lit=lit & edges, width=920)


def _paths(report: AuditFindings) -> dict[str, Any] | None:
    table = report.paths
    if table.empty:
        return None
    order = table["effect"].abs().sort_values(ascending=False, kind="stable").index
    records = table.loc[order].to_dict("records")
    rows = [{**record, "text": " → ".join(record["path"])} for record in records]
    drawn = bar_chart(
        [
            BarRow(r["text"], r["effect"], r["effect_low"], r["effect_high"], share(r["share"]))
            for r in rows[:DRAWN_PATHS]
        ],
        threshold=report.verdict.threshold if report.verdict else None,
        title="Effects along single paths with 95 % intervals",
        axis=_axis(report),
    )
    left_out = sum({p.feature: p.left_out for p in report.path_effects}.values())
    return {
        "svg": drawn,
        "drawn": min(len(rows), DRAWN_PATHS),
        "open": rows[:LISTED_PATHS],
        "folded": rows[LISTED_PATHS:],
        "left_out": left_out,
        "many": len(report.features) > 1,
    }


def _steps(report: AuditFindings) -> Iterator[tuple[str, float, int]]:
    origin = report.provenance
    for name, seconds in origin.seconds.items():
        yield name, seconds, origin.queries.get(name, 0)


def _margin_text(report: AuditFindings) -> str:
    """Return the foot of every printed page as a CSS string of harmless characters."""
    origin = report.provenance
    text = (
        f"data {origin.data_fingerprint[:12]} - model {origin.model_fingerprint[:12]} - "
        f"seed {origin.seed} - {origin.created}"
    )
    return '"' + re.sub(r"[^0-9A-Za-z :+.-]", "", text) + '"'
