"""A report as text that a person reads in a terminal, at 80 columns and without colour too."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workbench.checks.registry import CHECKS
from workbench.methods.effects import Effect, FeatureEffects
from workbench.report.findings import AuditFindings

__all__ = ["print_report"]

TOP_PATHS = 8
TOP_FEATURES = 15
TOP_CONTEXTS = 5
PRINTED_APART = ("subgroups", "graph", "change")
"""Checks with a part of their own in the terminal; of any other, the sentences are printed."""
HEADS = {
    "cafe_total": "CAFÉ total",
    "cafe_direct": "CAFÉ direct",
    "cafe_indirect": "CAFÉ indirect",
    "fuzzing_total": "fuzzing total",
    "shap": "SHAP",
    "permutation": "permu- tation",
    "fairtest": "Fair- Test",
}
"""Methods of the comparison by heads that break into two short lines."""
COLOURS = {"above": "bold red", "below": "bold green", "inconclusive": "bold yellow"}


def print_report(report: AuditFindings, console: Console) -> None:
    """Print the verdict, the effects, the paths, the comparison and the warnings.

    Parameters
    ----------
    report : AuditFindings
    console : rich.console.Console
        Decides width and colour.
    """
    verdict = report.verdict
    _line(console, f"Audit of {report.target.describe()}", "bold")
    if verdict is None:
        _line(console, "No verdict: no causal method ran.")
    else:
        _line(console, verdict.headline, COLOURS[verdict.decision])
        _line(console, verdict.explanation)
        for cancellation in verdict.cancellations:
            _line(console, cancellation.sentence(verdict.threshold), "bold red")
    _print_change(report, console)
    for entries in _grouped(report.effects):
        _print_effects(entries, report, console)
    _print_subgroups(report, console)
    _print_paths(report, console)
    comparison = report.comparison()
    _print_ranks(report, console)
    _print_sentences("In words", comparison.sentences, console)
    _print_associations(report, console)
    _print_fairness(report, console)
    _print_checks(report, console)
    _print_sentences("Warnings", report.diagnostics.warnings, console, "yellow")
    skipped = [f"{name}: {reason}" for name, reason in report.skipped.items()]
    _print_sentences("Left out", skipped, console)
    _print_origin(report, console)


def _print_change(report: AuditFindings, console: Console) -> None:
    change = report.change
    if change is None:
        return
    _heading(console, "What unlearning changed")
    _line(console, change.headline, COLOURS.get(change.decision, ""))
    if change.explanation:
        _line(console, change.explanation)
    columns = {
        "before": "before",
        "after": "now",
        "world": "retrained",
        "removed": "removed",
        "residue": "residue",
    }
    roles = {"before": ("before", "removed"), "retrained": ("world", "residue")}
    lacking = {key for role, keys in roles.items() if role not in change.roles for key in keys}
    shown = [key for key in columns if key not in lacking]
    table = _table("", *(columns[key] for key in shown))
    for finding in change.main_findings():
        if finding.part in ("total", "prediction"):
            values = [getattr(finding, key) for key in shown]
            cells = ("–" if found is None else _number(found.value) for found in values)
            table.add_row(_clean(finding.name), *cells)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    for sentence in change.sentences():
        console.print(Padding(Text(_clean(sentence)), (0, 0, 0, 2), expand=False))


def _print_effects(
    entries: Sequence[FeatureEffects], report: AuditFindings, console: Console
) -> None:
    first = entries[0]
    how = {"sum": " (effects added up)", "joint": " (set together)"}.get(first.combination, "")
    _heading(console, f"{first.feature}{how}: {first.intervention}")
    rows = f"{first.n_rows:,} row{'' if first.n_rows == 1 else 's'}"
    _line(console, f"Effect on the prediction ({report.unit}) with 95 % interval, {rows}")
    table = _table("", *(entry.estimator.name for entry in entries))
    for kind in ("total", "direct", "indirect"):
        effects = [getattr(entry, kind) for entry in entries]
        table.add_row(kind, *(_interval(effect) for effect in effects))
    if all(entry.sizes for entry in entries):
        sizes = [entry.sizes["total"] for entry in entries]
        table.add_row("mean |row effect|", *(_number(size).lstrip("+") for size in sizes))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _print_subgroups(report: AuditFindings, console: Console) -> None:
    frame = report.subgroup_frame()
    for feature, rows in frame[frame["combination"] == ""].groupby("feature", sort=False):
        _heading(console, f"{feature} in the groups that were named (CAFÉ)")
        table = _table("group", "rows", "total", "difference to the whole")
        for row in rows.to_dict("records"):
            shown = [
                f"{_number(row[part])} ({_number(row[f'{part}_low'])} to "
                f"{_number(row[f'{part}_high'])})"
                for part in ("total", "total_difference")
            ]
            table.add_row(_clean(row["subgroup"]), f"{row['n_rows']:,}", *shown)
        console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _print_paths(report: AuditFindings, console: Console) -> None:
    paths = [path for path in report.path_effects if len(path.path) > 2]
    if not paths:
        return
    paths.sort(key=lambda path: -abs(path.effect.value))
    _heading(console, "Paths to the prediction")
    table = _table("effect", "path")
    for path in paths[:TOP_PATHS]:
        table.add_row(_interval(path.effect), _clean(" → ".join(path.path)))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    left_out = len(paths) - TOP_PATHS + sum({p.feature: p.left_out for p in paths}.values())
    if left_out > 0:
        _line(console, f"  and {left_out:,} more")


def _print_ranks(report: AuditFindings, console: Console) -> None:
    ranks = report.comparison().table.pivot(index="feature", columns="method", values="rank")
    methods = [method for method in HEADS if method in ranks and ranks[method].notna().any()]
    if not methods or len(ranks) < 2:
        return
    order = ranks[methods[0]].rank(method="first").to_dict()
    own = set(report.features)
    names = sorted(ranks.index, key=lambda name: (name not in own, order[name], str(name)))
    _heading(console, "Rank of each feature by each method (1 = most influence)")
    table = _table("feature", *(HEADS[method] for method in methods))
    for column, method in zip(table.columns[1:], methods, strict=True):
        column.max_width = max(map(len, HEADS[method].split()))
    table.columns[0].min_width = min(28, max(len(str(name)) for name in names[:TOP_FEATURES]))
    for name in names[:TOP_FEATURES]:
        cells = [ranks.at[name, method] for method in methods]
        style = "bold" if name in own else ""
        table.add_row(_clean(name), *(_rank(cell) for cell in cells), style=style)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    if len(names) > TOP_FEATURES:
        _line(console, f"  and {len(names) - TOP_FEATURES} more features")


def _print_associations(report: AuditFindings, console: Console) -> None:
    found = report.associations
    if found is None:
        return
    own = found.table[found.table["feature"].isin(report.features)]
    if len(own):
        _heading(console, "Associations with the prediction (FairTest; an association is no cause)")
        table = _table("feature", "metric", "value and 95 % interval")
        for row in own.to_dict("records"):
            table.add_row(_clean(row["feature"]), _clean(row["metric"]), _estimate(row))
        console.print(Padding(table, (0, 0, 0, 2), expand=False))
    if len(found.contexts):
        _heading(console, "Where the association is stronger")
        table = _table("context", "feature", "value and 95 % interval", "over all")
        for row in found.contexts.head(TOP_CONTEXTS).to_dict("records"):
            cells = (_clean(row["context"]), _clean(row["feature"]), _estimate(row))
            table.add_row(*cells, _number(row["whole"]))
        console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _print_checks(report: AuditFindings, console: Console) -> None:
    hidden, sensitivity = report.hidden_subgroups, report.graph_sensitivity
    if hidden is not None:
        sentences = hidden.sentences()
        more = len(sentences) - TOP_CONTEXTS
        _print_sentences("Where the influence hides", sentences[:TOP_CONTEXTS], console)
        if more > 0:
            _line(console, f"  and {more} more")
    if sensitivity is not None:
        _print_sentences("What if the graph is wrong", sensitivity.sentences(), console)
    for check in CHECKS:
        found = report.checks.get(check.name)
        if found is not None and check.name not in PRINTED_APART:
            _print_sentences(check.title, found.sentences(), console)


def _estimate(row: dict[Hashable, Any]) -> str:
    return f"{_number(row['value'])} ({_number(row['low'])} to {_number(row['high'])})"


def _print_fairness(report: AuditFindings, console: Console) -> None:
    if report.fairness is None:
        return
    own = report.fairness[report.fairness["feature"].isin(report.features)]
    for feature, metrics in own.groupby("feature", sort=False):
        groups = f"{metrics['unprivileged'].iloc[0]} against {metrics['privileged'].iloc[0]}"
        _heading(console, f"Group fairness of the decisions (AIF360): {feature}, {groups}")
        table = _table("metric", "value and 95 % interval", "equal treatment")
        for row in metrics.to_dict("records"):
            value = _number(row["value"])
            if math.isfinite(row["value"]) and math.isfinite(row["low"]):
                value += f" ({_number(row['low'])} to {_number(row['high'])})"
            table.add_row(_clean(row["metric"]), value, f"{row['ideal']:g}")
        console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _print_sentences(
    title: str, sentences: Iterable[str], console: Console, style: str = ""
) -> None:
    said = list(sentences)
    if not said:
        return
    _heading(console, title)
    for sentence in said:
        console.print(Padding(Text(_clean(sentence), style), (0, 0, 0, 2), expand=False))


def _print_origin(report: AuditFindings, console: Console) -> None:
    origin = report.provenance
    queries = sum(origin.queries.values())
    console.print()
    _line(
        console,
        f"{origin.n_rows:,} rows, data {origin.data_fingerprint[:12]}; {origin.model}, model "
        f"{origin.model_fingerprint[:12]}, {queries:,} rows asked in "
        f"{sum(origin.seconds.values()):.1f} s; seed {origin.seed}; {origin.created}",
        "dim",
    )


def _grouped(entries: Iterable[FeatureEffects]) -> list[list[FeatureEffects]]:
    """Put the estimators of the same effect side by side."""
    groups: dict[tuple[str, str], list[FeatureEffects]] = {}
    for entry in entries:
        groups.setdefault((entry.feature, entry.combination), []).append(entry)
    return list(groups.values())


def _table(first: str, *heads: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(first, overflow="fold")
    for head in heads:
        table.add_column(_clean(head), overflow="fold")
    return table


def _interval(effect: Effect) -> str:
    if effect.value == 0 and effect.standard_error == 0:
        return "0 exactly"
    return f"{_number(effect.value)} ({_number(effect.low)} to {_number(effect.high)})"


def _number(value: float) -> str:
    return f"{value:+#.3g}".rstrip(".") if math.isfinite(value) else "–"


def _rank(value: object) -> str:
    rank = float(str(value))
    return f"{rank:.0f}" if math.isfinite(rank) else "–"


def _heading(console: Console, text: str) -> None:
    console.print()
    _line(console, text, "bold")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(_clean(text), style))


def _clean(text: object) -> str:
    """Take out what a terminal would obey: names of columns come from files."""
    return "".join(c if c.isprintable() else "?" for c in str(text))
