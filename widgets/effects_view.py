"""Step 5: the verdict, the effects and the paths."""

from __future__ import annotations

import ipywidgets as W

import workbench as wb
from widgets import markup
from widgets.figures import MOST_PATHS, effects_figure, mimebundle, paths_figure
from widgets.jobs import words_for
from widgets.session import AuditSession
from workbench.effects import FeatureEffects
from workbench.graph import PREDICTION
from workbench.wording import listing, signed, span

__all__ = ["EffectsView", "plain_words"]

ESTIMATORS = {"cafe": "CAFÉ", "fuzzing": "causal fuzzing"}
SYMBOLS = {"above": "▲", "below": "●", "inconclusive": "?"}


class EffectsView(W.VBox):
    """Shows what the session's report found; nothing while there is none.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._verdict = W.HTML()
        self._effects, self._paths = W.Output(), W.Output()
        for plot in (self._effects, self._paths):
            plot.add_class("wb-plot")
        self._table, self._path_table, self._path_head = W.HTML(), W.HTML(), W.HTML()
        super().__init__(
            [
                self._verdict,
                self._effects,
                self._table,
                self._path_head,
                self._paths,
                self._path_table,
            ]
        )
        session.observe(lambda _: self._draw(), "report")
        self._draw()

    def _draw(self) -> None:
        report = self._session.report
        self._clear()
        if report is None:
            self._verdict.value = markup.paragraph(
                "The result appears here when an audit has run.", "wb-muted"
            )
            return
        try:
            self._verdict.value = _banner(report) + markup.bullets(plain_words(report))
            if not len(report.effects):
                return
            words = " ".join(plain_words(report))
            self._effects.outputs = (mimebundle(effects_figure(report), words),)
            self._table.value = _effect_table(report)
            if report.path_effects:
                self._path_head.value = markup.heading("By which way it gets through")
                self._paths.outputs = (mimebundle(paths_figure(report), words),)
                self._path_table.value = _path_table(report)
        except Exception as error:  # the component's boundary
            self._verdict.value = markup.notice(words_for(error), "problem")

    def _clear(self) -> None:
        for part in (self._verdict, self._table, self._path_head, self._path_table):
            part.value = ""
        self._effects.outputs = self._paths.outputs = ()


def plain_words(report: wb.AuditReport) -> tuple[str, ...]:
    """Say in sentences what moved the prediction, and how far."""
    unit = "probability" if report.unit == "probability" else "prediction"
    which = "all" if _everybody(report) else "these"
    rows = f"on average over {which} {report.n_target_rows:,} rows"
    if report.n_target_rows == 1:
        rows = "for this row"
    found = []
    done = set()
    for entry in report.effects:
        if entry.combination or entry.feature in done:
            continue
        done.add(entry.feature)
        levels = entry.intervention.replace(" → ", " to ", 1)
        found.append(
            f"Changing {entry.feature} from {levels} moves the model's {unit} by "
            f"{signed(entry.total.value)} {rows}: {_split(report, entry)}."
        )
    return tuple(found)


def _split(report: wb.AuditReport, entry: FeatureEffects) -> str:
    """Say how a total comes apart into direct and indirect."""
    direct = "0 directly, as it is not read"
    if entry.feature in report.reads:
        direct = f"{signed(entry.direct.value)} directly"
    route = _route(report, entry.feature)
    if not route:
        return f"{direct}, and the graph gives it no other way"
    return f"{direct}, and {signed(entry.indirect.value)} through {listing(route)}"


def _route(report: wb.AuditReport, feature: str) -> tuple[str, ...]:
    """Return the mediators of a feature, those on the strongest paths first."""
    weight = dict.fromkeys(report.audit_graph.mediators(feature, PREDICTION), 0.0)
    for path in report.path_effects:
        if path.feature == feature:
            for node in path.path[1:-1]:
                weight[node] += abs(path.effect.value)
    return tuple(sorted(weight, key=lambda node: -weight[node]))


def _everybody(report: wb.AuditReport) -> bool:
    return report.target.rows is None and report.target.condition is None


def _banner(report: wb.AuditReport) -> str:
    verdict = report.verdict
    target = markup.paragraph(f"Asked to be forgotten: {report.target.describe()}", "wb-target")
    if verdict is None:
        return target + markup.notice("No causal method was chosen, so there is no verdict.")
    title = f"{SYMBOLS[verdict.decision]} {verdict.headline}"
    parts = [target, markup.notice(verdict.explanation, f"verdict wb-{verdict.decision}", title)]
    parts += [
        markup.notice(c.sentence(verdict.threshold), "warning", "Cancellation:")
        for c in verdict.cancellations
    ]
    parts += [markup.notice(text, "warning") for text in report.diagnostics.warnings]
    return "".join(parts)


def _effect_table(report: wb.AuditReport) -> str:
    rows = []
    for entry in report.effects:
        who = entry.estimator.split(" ")[0]
        name = f"{entry.feature} ({entry.combination})" if entry.combination else entry.feature
        rows.append(
            (
                name,
                ESTIMATORS.get(who, entry.estimator),
                entry.intervention,
                *(_with_interval(getattr(entry, part)) for part in ("total", "direct", "indirect")),
            )
        )
    return markup.table(
        rows,
        ["feature", "estimated by", "changed from → to", "total", "direct", "indirect"],
        caption=f"Effects on the {_unit(report)}, with 95 % intervals",
        numeric=(3, 4, 5),
    )


def _path_table(report: wb.AuditReport) -> str:
    paths = sorted(report.path_effects, key=lambda p: -abs(p.effect.value))
    rows = [(" → ".join(path.path), _with_interval(path.effect)) for path in paths]
    left = sum({p.feature: p.left_out for p in paths}.values())
    more = f"; {left:,} more were too many to follow" if left else ""
    drawn = f", the {MOST_PATHS} largest drawn" if len(paths) > MOST_PATHS else ""
    return markup.table(
        rows,
        ["path", "effect along it"],
        caption=f"{len(paths)} path{'s' if len(paths) != 1 else ''}{drawn}{more}",
        numeric=(1,),
    )


def _with_interval(effect: wb.Effect) -> str:
    if effect.standard_error == 0:
        return signed(effect.value) if effect.value else "0 (exactly)"
    return f"{signed(effect.value)} ({span((effect.low, effect.high))})"


def _unit(report: wb.AuditReport) -> str:
    return {"probability": "predicted probability", "log-odds": "predicted log-odds"}.get(
        report.unit, "prediction"
    )
