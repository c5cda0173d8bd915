"""Figures to explore with the mouse: pure functions from a report to a plotly figure.

The page's own figures are SVG (:mod:`widgets.results.figures`); these are for who wants to zoom,
hover and reuse them in a notebook. Names come from users and plotly reads a kind of HTML in every
text, so that all of them are escaped here. Figures are small: a report is tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

import workbench as wb
from workbench.common.wording import stated, with_interval
from workbench.methods.comparison import NAMES as METHOD_NAMES
from workbench.methods.effects import EFFECT_PARTS, Effect, FeatureEffects
from workbench.methods.estimator import ESTIMATOR_NAMES
from workbench.report.outline.decided import as_decided

__all__ = ["effects_plot", "paths_plot", "ranks_plot"]

INK, MUTED, GRID = "#1f2933", "#52606d", "#e4e7eb"
ACCENT, QUIET = "#a83e00", "#9aa5b1"
ESTIMATORS = {
    "debiased": ("#3d6b21", "square"),
    "cafe": ("#1b5a9e", "circle"),
    "fuzzing": ("#a83e00", "diamond"),
    "asked": ("#52606d", "cross"),
}
BESIDE = 0.22
"""From one estimator's mark to the next one's, where a part's marks are 1 apart."""
MOST_PATHS = 12
LONGEST = 34
"""Characters of a name on an axis."""


def effects_plot(report: wb.AuditReport) -> go.Figure:
    """Draw total, direct and indirect effects with the verdict's intervals, and the band of ±τ."""
    figure, level = _figure(report), report.interval_level
    shown = as_decided(report)
    groups = list(dict.fromkeys((e.feature, e.combination) for e in shown))
    rows = [
        (feature, combination, part) for feature, combination in groups for part in EFFECT_PARTS
    ]
    places = {row: -place for place, row in enumerate(rows)}
    drawn = [who for who in ESTIMATORS if shown.of(who).entries]
    for who in drawn:
        entries, (colour, symbol) = shown.of(who), ESTIMATORS[who]
        points = [(e, part, getattr(e, part)) for e in entries for part in EFFECT_PARTS]
        shift = BESIDE * ((len(drawn) - 1) / 2 - drawn.index(who))
        figure.add_trace(
            go.Scatter(
                x=[effect.value for _, _, effect in points],
                y=[places[e.feature, e.combination, part] + shift for e, part, _ in points],
                error_x=_bars([effect for _, _, effect in points], colour, level),
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 10},
                name=ESTIMATOR_NAMES[who],
                text=[_hover(e, part, effect, level) for e, part, effect in points],
                hoverinfo="text",
            )
        )
    names = [
        f"{_short(feature)}{f' ({combination})' if combination else ''}, {part}"
        if len(groups) > 1
        else part
        for feature, combination, part in rows
    ]
    figure.update_yaxes(tickvals=list(places.values()), ticktext=names, zeroline=False)
    figure.update_layout(height=130 + 46 * len(rows))
    return figure


def paths_plot(report: wb.AuditReport) -> go.Figure:
    """Draw the largest path effects with the verdict's intervals, and the band of ±τ."""
    figure, level = _figure(report), report.interval_level
    paths = sorted(report.path_effects, key=lambda p: -abs(p.effect.value))[:MOST_PATHS]
    names = [" → ".join(_short(node, 22) for node in path.path) for path in paths]
    places = [-place for place in range(len(paths))]
    figure.add_trace(
        go.Bar(
            x=[path.effect.value for path in paths],
            y=places,
            orientation="h",
            width=0.5,
            marker={"color": [ACCENT if p.effect.value >= 0 else "#1b5a9e" for p in paths]},
            error_x=_bars([path.effect for path in paths], INK, level),
            text=[
                f"{name}<br>{_numbers(path.effect, level)}"
                for name, path in zip(names, paths, strict=True)
            ],
            textposition="none",
            hoverinfo="text",
            showlegend=False,
        )
    )
    # Long names stand above their bar, where they have the whole width.
    for place, name in zip(places, names, strict=True):
        figure.add_annotation(
            x=0, xref="paper", y=place + 0.42, text=name, showarrow=False, xanchor="left"
        )
    figure.update_yaxes(showticklabels=False, zeroline=False, range=[-len(paths) + 0.4, 0.8])
    figure.update_layout(height=110 + 52 * len(paths), margin_l=16)
    return figure


def ranks_plot(report: wb.AuditReport) -> go.Figure:
    """Draw each feature's rank by each method that ranks them all; the target's stand out."""
    figure = go.Figure(layout=_layout())
    ranks = report.comparison().table.pivot(index="feature", columns="method", values="rank")
    # Direct and indirect are in the effects' figure; here, one causal answer beside each other one.
    compared = [m for m in METHOD_NAMES if m not in ("cafe_direct", "cafe_indirect")]
    methods = [m for m in compared if m in ranks and ranks[m].notna().all()]
    ranks = ranks.sort_values(methods[0], kind="stable") if methods else ranks
    used: dict[tuple[int, float], int] = {}
    for feature, own in ranks[methods].iterrows():
        aimed, read = feature in report.features, feature in report.reads
        name = _short(str(feature), 20)
        figure.add_trace(
            go.Scatter(
                x=list(range(len(methods))),
                y=[float(rank) for rank in own],
                mode="lines+markers",
                line={
                    "color": ACCENT if aimed else QUIET,
                    "width": 4 if aimed else 1.5,
                    "dash": "solid" if read else "dot",
                },
                marker={"size": 11 if aimed else 8, "symbol": "circle" if read else "circle-open"},
                name=name,
                hovertemplate=f"{name}: rank %{{y}}<extra></extra>",
                showlegend=False,
            )
        )
        for place in {0, len(methods) - 1} if methods else ():
            rank = float(own.iloc[place])
            # Features that share a rank are named below each other.
            line = used[place, rank] = used.get((place, rank), -1) + 1
            figure.add_annotation(
                x=place,
                y=rank,
                text=f"<b>{name}</b>" if aimed else name,
                font={"color": ACCENT if aimed else MUTED, "size": 12},
                xanchor="left" if place else "right",
                xshift=12 if place else -12,
                yshift=-13 * line,
                showarrow=False,
            )
    figure.update_xaxes(
        tickvals=list(range(len(methods))),
        ticktext=[escape(METHOD_NAMES[m]) for m in methods],
        range=[-0.9, max(len(methods), 1) - 0.1],
        side="top",
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(
        range=[len(ranks) + 0.6, 0.4],
        tick0=1,
        dtick=max(1, len(ranks) // 10),
        showticklabels=False,
    )
    figure.update_layout(height=130 + 34 * len(ranks), margin_t=50)
    return figure


def _layout() -> dict[str, Any]:
    return {
        "template": "none",
        "autosize": True,
        "font": {"family": "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif", "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "margin": {"l": 16, "r": 24, "t": 40, "b": 48},
        "xaxis": {"gridcolor": GRID, "automargin": True},
        "yaxis": {"gridcolor": GRID, "automargin": True},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        "hoverlabel": {"bgcolor": "#ffffff", "font": {"color": INK}},
    }


def _figure(report: wb.AuditReport) -> go.Figure:
    """Start a figure of effects: zero line, and the band in which influence is negligible."""
    figure = go.Figure(layout=_layout())
    if report.verdict is not None:
        tau = report.verdict.threshold
        figure.add_vrect(x0=-tau, x1=tau, fillcolor="#e3e9ec", line_width=0, layer="below")
        figure.add_annotation(
            x=0,
            y=0,
            yref="paper",
            yshift=-34,
            text=f"grey: within ±{stated(tau)} · bars: {report.about().intervals}",
            showarrow=False,
            font={"color": MUTED, "size": 12},
        )
    figure.add_vline(x=0, line_color=INK, line_width=1, layer="below")
    figure.update_xaxes(zeroline=False, tickformat="+.3~g")
    return figure


def _bars(effects: Sequence[Effect], colour: str, level: float) -> Mapping[str, Any]:
    ends = [effect.interval(level) for effect in effects]
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - effect.value for effect, (_, high) in zip(effects, ends, strict=True)],
        "arrayminus": [effect.value - low for effect, (low, _) in zip(effects, ends, strict=True)],
        "color": colour,
        "thickness": 2,
        "width": 5,
    }


def _hover(entry: FeatureEffects, part: str, effect: Effect, level: float) -> str:
    return f"{_short(entry.feature)}, {part}<br>{_numbers(effect, level)}"


def _numbers(effect: Effect, level: float) -> str:
    return with_interval(effect.value, effect.interval(level), what="")


def _short(name: str, longest: int = LONGEST) -> str:
    """Cut and escape a name."""
    return escape(name if len(name) <= longest else name[: longest - 1] + "…")
