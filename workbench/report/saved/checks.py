"""The associations and the further checks in a saved report, read back part by part.

What follows from other numbers (a difference, a share, whether a graph changes the finding) is
made again, never read; :mod:`saved.reading` then compares it with what the file says.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from workbench.case.condition import Condition
from workbench.checks.graph_sensitivity.hidden_confounder import Confounding
from workbench.checks.graph_sensitivity.sensitivity import GraphSensitivity, share_of_flips
from workbench.checks.subgroups.hidden import HiddenSubgroups
from workbench.checks.verdict import Decision, Verdict
from workbench.common.errors import DataError
from workbench.common.strict_json import Part
from workbench.graph.causal_graph import CausalGraph
from workbench.methods.attribution import Attribution
from workbench.methods.baselines.associations import Associations
from workbench.report.saved.estimates import Columns, altered, read_frame

__all__ = ["read_associations", "read_graph_sensitivity", "read_hidden_subgroups"]

MEASURED: Columns = {"value": "number", "low": "number", "high": "number", "p_value": "number"}
TABLE: Columns = {"feature": "text", "metric": "text", **MEASURED, "n_rows": "count"}
CONTEXTS: Columns = {
    "feature": "text",
    "context": "text",
    "metric": "text",
    **MEASURED,
    "whole": "number",
    "n_rows": "count",
}
SUBGROUPS: Columns = {
    "feature": "text",
    "part": "text",
    "subgroup": "text",
    "value": "number",
    "low": "number",
    "high": "number",
    "whole": "number",
    "difference_low": "number",
    "difference_high": "number",
    "p_value": "number",
    "n_rows": "count",
}
IMPLICATIONS: Columns = {
    "x": "text",
    "y": "text",
    "given": "texts",
    "p_value": "number",
    "correlation": "number",
}
EDITS: Columns = {
    "edit": "text",
    "kind": "text",
    "decision": "text",
    "total": "number",
    "change": "number",
}
SHARES: Columns = {"graphs": "text", "n": "count", "flipped": "count", "unidentified": "count"}
COVARIATES: Columns = {"covariate": "text", "with_feature": "number", "with_prediction": "number"}

RANGES = {
    "NMI": (0.0, 1.0),
    "correlation": (-1.0, 1.0),
    "difference": (-1.0, 1.0),
    "ratio": (0.0, float("inf")),
}
"""Metrics of association and what values they can have."""
DECISIONS: tuple[Decision, ...] = ("below", "above", "inconclusive")
CAUSES = 500
"""Features whose hidden common causes are read."""
ARROW = " → "
MOST_ARROWS = 20
"""Arrows in the names of two features that are told apart from the one between them."""
SLACK = 1e-6
"""By how much a number may leave its range, for rounding."""


def read_associations(
    part: Part, attributions: Sequence[Attribution], n_rows: int
) -> Associations | None:
    """Read the associations, whose ranks stand among the attributions.

    Raises
    ------
    DataError, ConditionError
        When they are malformed, or do not agree with the rest of the report.
    """
    own = [attribution for attribution in attributions if attribution.method == "fairtest"]
    if len(own) != (part.value is not None):
        raise altered("associations and their ranks belong together, and one of them is missing")
    if part.value is None:
        return None
    table, contexts = read_frame(part["table"], TABLE), read_frame(part["contexts"], CONTEXTS)
    for frame, place in ((table, part["table"]), (contexts, part["contexts"])):
        _known(frame["feature"], own[0].values.index, place)
        _known(frame["metric"], RANGES, place)
        for row in frame.to_dict("records"):
            low, high = RANGES[str(row["metric"])]
            _between(place, low, row["value"], high)
        _measured(frame, place, n_rows)
    if table.duplicated(["feature", "metric"]).any():
        raise part["table"].error("measures a feature twice.")
    _conditions(contexts["context"])
    if not (contexts["value"] > contexts["whole"]).all():
        raise altered("a context is not more strongly associated than the whole")
    return Associations(own[0], table, contexts, part["notes"].texts())


def read_hidden_subgroups(
    part: Part, features: Sequence[str], n_rows: int, verdict: Verdict | None
) -> HiddenSubgroups | None:
    """Read the subgroups whose effect differs from the whole.

    Raises
    ------
    DataError, ConditionError
        When they are malformed, or do not agree with the rest of the report.
    """
    if part.value is None:
        return None
    searched, tested = part["n_searched"].count(), part["n_tested"].count()
    if searched + tested != n_rows:
        raise altered("the two halves of the search do not make up the target's rows")
    place = part["table"]
    table = read_frame(place, SUBGROUPS)
    table.insert(7, "difference", table["value"] - table["whole"])
    _known(table["feature"], set(features), place)
    _known(table["part"], ("direct", "indirect"), place)
    _conditions(table["subgroup"])
    _measured(table, place, tested)
    for row in table.to_dict("records"):
        _between(place, row["difference_low"], row["difference"], row["difference_high"])
        if verdict is not None:
            _between(place, 0.0, row["p_value"], verdict.alpha)
    if not table["difference"].abs().round(9).is_monotonic_decreasing:
        raise altered("its subgroups are not in the order of their differences")
    return HiddenSubgroups(table, searched, tested)


def read_graph_sensitivity(
    part: Part, graph: CausalGraph, features: Sequence[str], verdict: Verdict | None
) -> GraphSensitivity | None:
    """Read what the finding owes to the graph.

    Raises
    ------
    DataError
        When it is malformed, or does not agree with the rest of the report.
    """
    if part.value is None:
        return None
    decision = next(d for d in DECISIONS if d == part["decision"].choice(*DECISIONS))
    tau, alpha = part["threshold"].finite(), part["alpha"].finite()
    if verdict is not None and (tau, alpha) != (verdict.threshold, verdict.alpha):
        raise altered("other graphs were judged by another threshold or error rate")
    return GraphSensitivity(
        decision,
        tau,
        alpha,
        _implications(part["implications"], graph, alpha),
        _edits(part["edits"], graph, decision),
        _shares(part["shares"]),
        tuple(
            _confounding(found, graph, features, tau) for found in part["confounding"].items(CAUSES)
        ),
    )


def _implications(part: Part, graph: CausalGraph, alpha: float) -> pd.DataFrame:
    table = read_frame(part, IMPLICATIONS)
    names = set(graph.nodes)
    for row in table.to_dict("records"):
        _known((row["x"], row["y"], *row["given"]), names, part)
        _between(part, 0.0, row["p_value"], 1.0)
        _between(part, 0.0, row["correlation"], 1.0)
    return table.assign(rejected=table["p_value"] <= alpha)


def _edits(part: Part, graph: CausalGraph, drawn: Decision) -> pd.DataFrame:
    table = read_frame(part, EDITS)
    names, edges = set(graph.nodes), set(graph.edges)
    _known(table["kind"], ("add", "remove", "reverse"), part)
    _known(table["decision"], DECISIONS, part)
    for row in table.to_dict("records"):
        _between(part, -float("inf"), row["total"], float("inf"))
        _between(part, -float("inf"), row["change"], float("inf"))
        if not _is_edit(str(row["edit"]), str(row["kind"]), names, edges):
            raise part.error("names a change of an arrow that the graph does not allow.")
    return table.assign(flips=table["decision"] != drawn)


def _is_edit(text: str, kind: str, names: set[str], edges: set[tuple[str, str]]) -> bool:
    """Whether a text names an arrow that may be added, or is there to be removed or reversed."""
    parts = text.removeprefix(f"{kind} ").split(ARROW, MOST_ARROWS)
    ends = ((ARROW.join(parts[:i]), ARROW.join(parts[i:])) for i in range(1, len(parts)))
    return text.startswith(f"{kind} ") and any(
        one in names and other in names and ((one, other) in edges) != (kind == "add")
        for one, other in ends
    )


def _shares(part: Part) -> pd.DataFrame:
    table = read_frame(part, SHARES)
    if (table["flipped"] > table["n"]).any():
        raise altered("more graphs change the finding than were tried")
    found = [share_of_flips(int(row["flipped"]), int(row["n"])) for row in table.to_dict("records")]
    for place, name in enumerate(("share", "low", "high")):
        table.insert(3 + place, name, [shares[place] for shares in found])
    return table


def _confounding(
    part: Part, graph: CausalGraph, features: Sequence[str], threshold: float
) -> Confounding:
    feature, spread = part["feature"].text(), part["spread"].finite()
    _known((feature,), features, part)
    _between(part, 0.0, spread, float("inf"))
    if part["threshold"].finite() != threshold:
        raise altered("a hidden cause was held against another threshold")
    measured = read_frame(part["measured"], COVARIATES)
    _known(measured["covariate"], set(graph.nodes), part["measured"])
    for name in ("with_feature", "with_prediction"):
        for value in measured[name]:
            _between(part["measured"], 0.0, value, 1.0)
    return Confounding(feature, part["effect"].finite(), threshold, spread, measured)


def _measured(frame: pd.DataFrame, place: Part, n_rows: int) -> None:
    """Check what every estimate with an interval and a p-value must keep to."""
    for row in frame.to_dict("records"):
        _between(place, row["low"], row["value"], row["high"])
        _between(place, 0.0, row["p_value"], 1.0)
        _between(place, 0.0, row["n_rows"], n_rows)
        if "whole" in row:
            _between(place, -float("inf"), row["whole"], float("inf"))


def _between(place: Part, low: float, value: float, high: float) -> None:
    if not low - SLACK * (1 + abs(value)) <= value <= high + SLACK * (1 + abs(value)):
        raise DataError(f"{place.error('holds a number outside its range')}: {value:g}.")


def _known(names: Collection[str] | pd.Series, known: Collection[str], place: Part) -> None:
    if lost := [name for name in names if name not in known]:
        raise DataError(f"{place.error('names what is not in this report')}: {lost[0]!r:.60}.")


def _conditions(texts: pd.Series) -> None:
    for text in texts:
        Condition(text)
