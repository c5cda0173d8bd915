"""What has intervals in a report, as one CSV text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import scipy

from workbench.checks.registry import CHECKS
from workbench.checks.verdict import as_judged
from workbench.common.blocks import PLAIN_LEVEL
from workbench.common.printable import printable
from workbench.methods.effects import EFFECT_PARTS, EffectTable
from workbench.methods.registry import BASELINES
from workbench.report.findings import AuditFindings
from workbench.report.outline.decided import as_decided

__all__ = ["csv_text", "union_csv_text"]

CSV_HEAD = (
    "section",
    "name",
    "feature",
    "estimator",
    "part",
    "n_rows",
    "value",
    "low",
    "high",
    "level",
)
WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *WIDE)
"""First characters that spreadsheets take for a formula, or skip to find one."""


def csv_text(report: AuditFindings) -> str:
    """Return what has intervals as CSV; see :meth:`AuditReport.to_csv`."""
    return _written(CSV_HEAD, _csv_rows(report))


def union_csv_text(reports: Mapping[str, AuditFindings]) -> str:
    """Return the rows of several reports as one CSV, with the block of rows each is about first."""
    rows = ((name, *row) for name, report in reports.items() for row in _csv_rows(report))
    return _written(("block", *CSV_HEAD), rows)


def _written(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    # A lone surrogate in a column's name could not be written to a file.
    return out.getvalue().encode("utf-8", "replace").decode("utf-8")


def _csv_rows(report: AuditFindings) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a report, each with the level of its interval where it has one.

    Effects and paths have the verdict's numbers and intervals, as on the page.
    """
    for row in _effects(report):
        yield *row, _level(row, report.interval_level)
    for row in _own_rows(report):
        yield *row, _level(row, report.level)
    for method in BASELINES:
        if method.name in report.baselines:
            for row in method.csv_rows(report.baselines[method.name]):
                yield *row, _level(row, PLAIN_LEVEL)
    for check in CHECKS:
        if check.name in report.checks:
            found = report.checks[check.name]
            for row in check.csv_rows(found):
                yield *row, _level(row, getattr(found, "level", PLAIN_LEVEL))


def _level(row: tuple[object, ...], level: float) -> object:
    low = row[-2]
    none = low is None or low == "" or (isinstance(low, float) and np.isnan(low))
    return "" if none else round(level, 12)


def _effects(report: AuditFindings) -> Iterator[tuple[object, ...]]:
    if report.audited_class is not None:
        # Every value below is of this class: a reader of a spreadsheet sees no other page.
        yield "audited", report.about().score, "", "", "", report.n_target_rows, "", "", ""
    level = report.interval_level
    yield from _effect_rows("effect", "", as_decided(report), level)
    for path in as_judged(report.path_effects, report.effects):
        effect = path.effect
        about = (" → ".join(path.path), path.feature, "fuzzing", "path", "")
        yield "path", *about, effect.value, *effect.interval(level)


def _own_rows(report: AuditFindings) -> Iterator[tuple[object, ...]]:
    level = report.level
    for name, table in report.subgroups.items():
        yield from _effect_rows("subgroup", name, table, level)
    for row in report.subgroup_frame().to_dict("records"):
        for part in EFFECT_PARTS:
            found = (row[f"{part}_difference{end}"] for end in ("", "_low", "_high"))
            about = (row["subgroup"], row["feature"], "cafe", part, row["n_rows"])
            yield "subgroup minus whole", *about, *found
    if report.whole_table is not None:
        yield from _effect_rows("all rows of the table", "", report.whole_table, level)
    yield from _effect_rows("other feature", "", report.context, level)
    yield from _ranking_rows(report)


def _effect_rows(
    section: str, name: str, table: EffectTable, level: float
) -> Iterator[tuple[object, ...]]:
    for entry in table:
        feature = entry.feature + (f" ({entry.combination})" if entry.combination else "")
        for part, effect in entry.parts().items():
            about = (section, name, feature, entry.estimator.label, part, entry.n_rows)
            yield *about, effect.value, *effect.interval(level)


def _ranking_rows(report: AuditFindings) -> Iterator[tuple[object, ...]]:
    """Rows of the target's features, in the order of how much the prediction varies with them."""
    if report.profile is None:
        return
    ranked = report.profile.ranking()
    ties = ranked["rank"].duplicated(keep=False)
    for row, tied in zip(ranked.to_dict("records"), ties, strict=True):
        found = report.profile[row["feature"]]
        place = f"rank {row['rank']}{' (tie)' if tied else ''}"
        about = (row["feature"], found.estimator, "total", found.n_rows)
        values = (row[f"spread{end}"] for end in ("", "_low", "_high"))
        yield "standard deviation over levels", place, *about, *values
        if "total" in found.people:
            people = found.people["total"]
            half = float(scipy.stats.norm.isf(report.profile.alpha / 2)) * people.error
            low = max(people.mean_size - half - people.inflation, 0.0)
            ends = (low, people.mean_size + half)
            yield "mean size at single rows", place, *about, people.mean_size, *ends


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if np.isnan(value) else repr(float(value))
    if not isinstance(value, str):
        return value
    start = "'" if value.lstrip(" ").startswith(FORMULA) else ""
    return start + printable(value, keep="\t\r\n", mark="\ufffd")
