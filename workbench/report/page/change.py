"""What the report page says about a change of models, worded and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.checks.change.finding import ModelChange
from workbench.checks.change.one_effect import ChangeFinding, Difference
from workbench.checks.change.utility import ModelUtility
from workbench.checks.change.utility_measures import title
from workbench.methods.effects import Effect
from workbench.report.charts.change_chart import ChangeRow, change_chart
from workbench.report.charts.charts import Estimate
from workbench.report.findings import AuditFindings

__all__ = ["change_section"]

DRAWN = 4
"""Effects in the picture; the table has them all."""
LEVELS = {"probability": "predicted probability", "log-odds": "predicted log-odds"}


def change_section(report: AuditFindings, axis: str) -> dict[str, Any] | None:
    """Word and draw what unlearning changed; None when no model was held beside the audited one."""
    change = report.change
    if change is None:
        return None
    utility = change.utility.sentences() if change.utility is not None else ()
    told = change.sentences()
    main = sorted((f for f in change.main_findings() if f.part == "total"), key=_weight)
    rows = list(_rows(change))
    own = {id(f) for f in change.main_findings() if f.part in ("total", "prediction")}
    level = LEVELS.get(report.unit, "predicted value")
    held = change.threshold if change.residues else None
    figures = [_figure(main[:DRAWN], held, "Total effect in each model", axis)] if main else []
    means = [f for f in change.main_findings() if f.part == "prediction"]
    if means:
        figures.append(_figure(means, held, "Mean prediction of each model", level))
    return {
        "change": change,
        "sentences": told[: len(told) - len(utility)],
        "figures": figures,
        "left_out_of_picture": max(len(main) - DRAWN, 0),
        "open": [row for f, row in rows if id(f) in own],
        "folded": [row for f, row in rows if id(f) not in own],
        "columns": list(_columns(change)),
        "utility": None if change.utility is None else _utility(change.utility),
        "others": [model for model in change.models if model.role != "after"],
    }


def _columns(change: ModelChange) -> Iterator[tuple[str, str, str]]:
    """Yield the columns of the table of findings: key, head and note."""
    roles = change.roles
    if "before" in roles:
        yield "before", "before", ""
    yield "after", "now", "the audited model"
    if "retrained" in roles:
        many = change.n_retrained
        yield "world", "retrained", "mean of " + str(many) if many > 1 else "the world’s share"
    if "before" in roles:
        yield "removed", "removed", "before − now"
    if "retrained" in roles:
        yield "residue", "residue", "now − retrained"


def _weight(finding: ChangeFinding) -> tuple[float, ...]:
    """Sort by what is left, then by what was removed, then by what is there."""
    sizes = (finding.residue, finding.removed, finding.after)
    return tuple(-abs(size.value) if size is not None else 0.0 for size in sizes)


def _rows(change: ModelChange) -> Iterator[tuple[ChangeFinding, dict[str, Any]]]:
    claims = {(c.feature, c.part, c.estimator): c for c in change.residues}
    for finding in change.findings:
        claim = claims.get((finding.feature, finding.part, finding.estimator))
        held = ""
        if claim is not None:
            held = "▲ above" if claim.above else ("▽ below" if claim.below else "◇ open")
        cells = {
            key: _cell(getattr(finding, key))
            for key in ("before", "after", "world", "removed", "residue")
        }
        yield finding, {"name": finding.name, "held": held, "cells": cells}


def _cell(found: Effect | Difference | None) -> dict[str, Any] | None:
    return None if found is None else {"value": found.value, "bounds": found.interval()}


def _figure(
    findings: list[ChangeFinding], threshold: float | None, called: str, axis: str
) -> dict[str, str]:
    rows = []
    for finding in findings:
        named = (("before", finding.before), ("now", finding.after), ("retrained", finding.world))
        several = len(finding.retrained) > 1
        rows.append(
            ChangeRow(
                finding.name,
                tuple(_estimate(name, found) for name, found in named if found is not None),
                tuple(e.value for e in finding.retrained) if several else (),
                None if finding.removed is None else _estimate("removed", finding.removed),
                None if finding.residue is None else _estimate("residue", finding.residue),
                shared=finding.part != "prediction",
            )
        )
    drawn = change_chart(rows, threshold=threshold, title=called, axis=axis)
    return {"title": called, "svg": drawn}


def _estimate(name: str, found: Effect | Difference) -> Estimate:
    return Estimate(name, found.value, *found.interval())


def _utility(utility: ModelUtility) -> dict[str, Any]:
    """Put the models' figures side by side, group by group."""
    models = list(dict.fromkeys(utility.table["model"]))
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for record in utility.table.to_dict("records"):
        key = record["group"], record["metric"]
        row = rows.setdefault(key, {"group": key[0], "n_rows": record["n_rows"], "cells": {}})
        row["metric"] = title(key[1], capital=True)
        row["cells"][record["model"]] = record
    advice = utility.sentences()
    return {
        "models": models,
        "rows": list(rows.values()),
        "cliffs": [cliff.sentence() for cliff in utility.cliffs],
        "sentences": [s for s in advice if not s.startswith("Performance cliff")],
        "level": utility.level,
    }
